"""Three kinds of people walk through the page, in both languages, wide and narrow, and get what they came for."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from sklon.lab.text import LANGUAGES, Language
from tests.lab.page.conftest import HEIGHT, NARROW, PATIENCE, WIDE, Served, serve, watched
from tests.lab.page.journeys import JOURNEYS, LOCALES, Visit, real_table
from tests.lab.page.test_pages import overflows, violations

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser

#: where axe looks, since it takes a while
AUDITED = (("en", WIDE), ("ru", NARROW))


@pytest.fixture(scope="module", name="served")
def _served() -> Iterator[Served]:
    """A server whose learner only this module is."""
    served = serve("--port", "0")
    yield served
    assert served.end() == 0 and served.said == ""


@pytest.fixture(scope="module", name="cache")
def _cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where programs that visitors run keep what they compile."""
    return tmp_path_factory.mktemp("cache")


@pytest.mark.parametrize("width", [WIDE, NARROW])
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", JOURNEYS)
def test_a_journey(
    name: str, language: Language, width: int, browser: Browser, served: Served, tmp_path: Path, cache: Path
) -> None:
    served.progress.unlink(missing_ok=True)
    context = browser.new_context(viewport={"width": width, "height": HEIGHT}, locale=LOCALES[language])
    context.set_default_timeout(1000 * PATIENCE)
    audited = (language, width) in AUDITED
    with watched(context.new_page(), served) as page:
        JOURNEYS[name](Visit(page, served, language, tmp_path, cache, lambda *_: for_everyone(page, audited)))
    context.close()


def test_the_command_trains_on_the_same_table(tmp_path: Path) -> None:
    rows = real_table(tmp_path / "clinic.csv")
    done = subprocess.run(
        [sys.executable, "-m", "sklon", "train", "clinic.csv", "--target", "progression", "--epochs", "20", "--json"],
        cwd=tmp_path, capture_output=True, text=True, timeout=120, check=True, env=os.environ | {"SKLON_CACHE": "off"},
    )  # fmt: skip
    said = json.loads(done.stdout)
    assert said["task"] == "regression", said
    assert (tmp_path / "clinic-run" / "report.html").exists() and len(rows) == 200


def for_everyone(page: Page, audited: bool) -> None:
    """What is shown fits, and can be used by everyone."""
    assert not overflows(page)
    assert not audited or violations(page) == []
