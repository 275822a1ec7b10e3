"""The README's pictures of the lab: ``python -m tests.lab.page.pictures`` walks the journeys and photographs them.

Each journey has one station of which a picture is kept, wide and narrow, in every language. The journeys assert what
they see, so a picture shows what the tests have seen; settings and seeds decide it, fonts are the system's.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from sklon.lab.text import LANGUAGES, Language
from tests.chromium import arguments, chromium
from tests.docs.markdown import ROOT
from tests.lab.page.conftest import NARROW, PATIENCE, WIDE, Served, serve, watched
from tests.lab.page.journeys import JOURNEYS, LOCALES, Visit

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

FOLDER = ROOT / "docs" / "pictures"
WIDTHS = {"wide": WIDE, "narrow": NARROW}
#: pixels of a picture from top to bottom
HEIGHT = 1000
#: the station of each journey that is photographed
STATIONS = {"study": "verdict", "table": "fitted", "engineer": "inside"}
#: colours of a picture, which keep it small
COLOURS = 128
#: pixels above what stands at the top
MARGIN = 14

#: brings an element to the top of the window, below what sticks there
SCROLL = """([top, margin]) => {
  document.activeElement.blur();
  const stage = document.querySelector(".stage"), stays = stage && getComputedStyle(stage).position === "sticky";
  const above = margin + (stays ? stage.offsetHeight : 0);
  window.scrollTo(0, document.querySelector(top).getBoundingClientRect().top + window.scrollY - above);
}"""


def names() -> Iterator[tuple[str, Language, str, Path]]:
    """Every picture: journey, language, width, file."""
    for journey in JOURNEYS:
        for language in LANGUAGES:
            for width in WIDTHS:
                yield journey, language, width, FOLDER / f"lab-{journey}-{language}-{width}.png"


def main() -> None:
    """Write all of them."""
    from playwright.sync_api import sync_playwright

    served = serve("--port", "0")
    with sync_playwright() as playwright, TemporaryDirectory() as folder:
        browser = playwright.chromium.launch(executable_path=chromium(), args=arguments())
        for journey, language, width, file in names():
            _walk(browser, served, Path(folder), journey, language, width, file)
            print(f"{file.relative_to(ROOT)}: {file.stat().st_size / 1000:.0f} kB")
        browser.close()
    served.end()


def _walk(
    browser: Browser, served: Served, folder: Path, journey: str, language: Language, width: str, file: Path
) -> None:
    served.progress.unlink(missing_ok=True)
    context = browser.new_context(viewport={"width": WIDTHS[width], "height": HEIGHT}, locale=LOCALES[language])
    context.set_default_timeout(1000 * PATIENCE)
    with watched(context.new_page(), served) as page:

        def seen(station: str, top: str) -> None:
            if station == STATIONS[journey]:
                _photograph(page, top, file)

        JOURNEYS[journey](Visit(page, served, language, folder, folder / "cache", seen))
    context.close()


def _photograph(page: Page, top: str, file: Path) -> None:
    """What a window shows that begins with an element, or with what stays above it."""
    from PIL import Image

    page.evaluate(SCROLL, [top, MARGIN])
    page.wait_for_timeout(300)  # until curves and canvases are drawn
    picture: Any = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    picture.quantize(COLOURS, dither=Image.Dither.NONE).save(file, optimize=True)


if __name__ == "__main__":
    main()
