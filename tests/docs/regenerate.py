"""Print the generated sections of pages anew: ``python -m tests.docs.regenerate``.

A section is the fenced block behind the line ``<!-- printed: NAME -->``; everything else there is written by hand.
"""

from __future__ import annotations

import re

from tests.docs.markdown import ROOT
from tests.docs.stages import SECTIONS

PAGE = ROOT / "docs" / "architecture.md"
PAGES = (PAGE, ROOT / "docs" / "howto" / "see-the-program.md")
_SECTION = re.compile(r"(<!-- printed: (\w+) -->\n```(\w+)\n)(.*?)(^```$)", re.MULTILINE | re.DOTALL)


def written() -> dict[str, str]:
    """The sections as the pages have them."""
    texts = (page.read_text(encoding="utf-8") for page in PAGES)
    return {name: body for text in texts for _, name, _, body, _ in _SECTION.findall(text)}


def regenerate() -> None:
    """Write the pages with their sections as the code prints them now."""
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        page.write_text(_SECTION.sub(lambda m: m[1] + SECTIONS[m[2]]() + m[5], text), encoding="utf-8")


if __name__ == "__main__":
    regenerate()
