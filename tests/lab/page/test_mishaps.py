"""When the program itself fails, the page says so, and begins anew when it is told to."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from sklon._base.errors import InputError
from sklon.lab.page import inside, takeaway
from sklon.lab.page.mishap import STOPPED, UNMADE, mishap
from sklon.lab.text import LANGUAGES, Language
from tests.lab.page.conftest import HEIGHT, NARROW, Served, serve, watched
from tests.lab.page.test_pages import overflows

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Page

#: the command in a program that cannot compile a step of SGD, and draws nothing
BROKEN = """
from sklon._base.picture import Picture
from sklon.lab.playground.stretch import Programs
recorded = Programs._recorded
def fails(self, settings, feed):
    if settings["optimizer"] == "sgd":
        raise MemoryError("no room\\nfor more")
    return recorded(self, settings, feed)
def draws(self, *_):
    raise MemoryError("no ink")
Programs._recorded = fails
Picture.save = Picture._repr_html_ = draws
from sklon.cli import main
main()
"""
ADVANCES = "+document.querySelector('.boundary canvas').dataset.step > {0}"


@pytest.fixture(scope="module", name="broken")
def _broken() -> Iterator[Served]:
    served = serve("--port", "0", program=("-c", BROKEN))
    yield served
    assert served.end() == 0
    assert "Traceback" in served.said and "MemoryError" in served.said, "the log has all of it"


@pytest.fixture(name="page")
def _page(context: BrowserContext, broken: Served) -> Iterator[Page]:
    with watched(context.new_page(), broken) as page:
        yield page


def choose(page: Page, optimizer: str) -> None:
    page.locator("[name=optimizer]").select_option(optimizer)


@pytest.mark.browser
@pytest.mark.parametrize("runs", ["", "&b.seed=3"], ids=["one", "two"])
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_training_that_fails_says_so_and_begins_anew(
    language: Language, runs: str, page: Page, broken: Served
) -> None:
    page.set_viewport_size({"width": NARROW, "height": HEIGHT})
    page.goto(f"{broken.address}/{language}/playground?points=60&width=4&depth=1{runs}")
    page.wait_for_function(ADVANCES.format(5))
    choose(page, "sgd")
    said = page.locator(".stage .complaint")
    said.wait_for()
    assert said.inner_text() == f"{STOPPED.of(language)} MemoryError: no room"
    assert said.locator("[lang=en]").inner_text() == "MemoryError: no room" and not overflows(page)
    assert page.get_by_role("button", name="Go on" if language == "en" else "Продолжить").is_visible()
    choose(page, "adam")
    page.get_by_role("button", name="Restart" if language == "en" else "Начать заново").click()
    said.wait_for(state="hidden")
    page.get_by_role("button", name="Pause" if language == "en" else "Пауза").wait_for()
    page.wait_for_function(ADVANCES.format(5))


@pytest.mark.browser
def test_what_cannot_be_drawn_is_told_where_it_was_asked_for(page: Page, broken: Served) -> None:
    page.goto(f"{broken.address}/ru/playground?mode=step&points=60&width=4&depth=1")
    page.wait_for_selector(".boundary canvas[data-step='0']")
    page.get_by_role("button", name=dict((n, t) for t, n, _ in takeaway.FILES)["playground.svg"].ru).click()
    page.wait_for_selector(f".complaint:has-text('{UNMADE.ru} MemoryError: no ink')")
    page.get_by_text(inside.LANDSCAPE.ru).click()
    page.get_by_role("button", name=inside.DRAW.ru).click()
    page.wait_for_selector(f".inside-network .complaint:has-text('{UNMADE.ru} MemoryError: no ink')")
    assert page.get_by_role("button", name=inside.DRAW.ru).is_enabled()


def test_a_mishap_is_the_first_line_of_an_error_or_a_complaint() -> None:
    assert mishap(KeyError(), "en").detail == "KeyError" and mishap(ValueError("a\nb"), "ru").detail == "ValueError: a"
    assert mishap(InputError("{file} is empty", file="a.csv"), "ru").text == "Файл a.csv пуст"
    assert mishap(InputError("{file} is empty", file="a.csv"), "ru", STOPPED).text == f"{STOPPED.ru} Файл a.csv пуст"
