"""Who comes back finds the training as it was: after a long absence, a reload, from elsewhere, in another language."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import TYPE_CHECKING

import pytest

from sklon.lab.page.application import ABSENCE
from sklon.lab.page.left import MOST, Left, Shelf
from sklon.lab.page.live import BACK
from sklon.lab.page.runs import Runs
from tests.lab.page.conftest import Served
from tests.lab.page.test_pages import open_page
from tests.lab.page.test_playground import PIXELS, TABLE, cut, give, press, slide, wait_for_points, wait_for_step

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Page

QUERY = "/en/playground?mode=step&batch_size=full"
SMALL = "points=60&width=4&depth=1&batch_size=full"


def turned(page: Page, served: Served) -> str:
    """Three steps, of which the last came after a change: no link says how it came about. Its picture."""
    open_page(page, served, QUERY)
    press(page, "Step", 2)
    wait_for_step(page, 2)
    page.locator("[name=optimizer]").select_option("sgd")
    page.wait_for_url("**optimizer=sgd**")
    press(page, "Step")
    wait_for_step(page, 3)
    return str(page.evaluate(PIXELS))


def is_back(page: Page, picture: str, language: str = "en") -> None:
    """The page shows the third step, says so, and has the two before."""
    wait_for_step(page, 3)
    page.wait_for_selector(f".notes:text-is('{getattr(BACK, language).format(step=3)}')")
    page.wait_for_function(f"picture => {PIXELS} === picture", arg=picture)
    wait_for_points(page, 3)
    assert page.locator("[name=optimizer]").input_value() == "sgd"
    slide(page, ".rewind input", 1)
    page.wait_for_url(lambda url: "optimizer" not in url)
    wait_for_step(page, 1)


@pytest.mark.browser
def test_a_browser_that_was_away_for_long_comes_back_to_its_step(page: Page, served: Served) -> None:
    picture = turned(page, served)
    cut(page, seconds=ABSENCE + 8)  # by then the server has given the page up
    page.wait_for_function("!window.stays && window.did_handshake && window.socket.connected")
    is_back(page, picture)


@pytest.mark.browser
@pytest.mark.parametrize(
    "leave",
    [
        lambda page: page.reload(),
        lambda page: (page.get_by_role("link", name="Faults").click(), page.wait_for_url("**museum"), page.go_back()),
    ],
    ids=["reload", "back"],
)
def test_a_new_page_in_the_tab_goes_on(leave: Callable[[Page], object], page: Page, served: Served) -> None:
    picture = turned(page, served)
    leave(page)
    is_back(page, picture)


@pytest.mark.browser
def test_the_other_language_goes_on_and_another_tab_begins(page: Page, served: Served, context: BrowserContext) -> None:
    picture = turned(page, served)
    other = context.new_page()
    other.goto(page.url)
    wait_for_step(other, 0)
    assert other.locator(".notes").inner_text() == ""
    other.close()
    page.get_by_role("link", name="Русский").click()
    page.wait_for_selector("html[lang=ru] [name=optimizer]")
    is_back(page, picture, "ru")


@pytest.mark.browser
def test_another_address_begins_another_training(page: Page, served: Served) -> None:
    turned(page, served)
    open_page(page, served, QUERY)
    wait_for_step(page, 0)
    assert page.locator(".notes").inner_text() == ""


@pytest.mark.browser
def test_one_whose_room_others_have_taken_begins_anew(page: Page, served: Served, context: BrowserContext) -> None:
    turned(page, served)
    page.evaluate("window.stays = true; window.socket.disconnect()")
    for _ in range(MOST + 1):
        other = context.new_page()
        open_page(other, served, f"/en/playground?mode=step&{SMALL}")
        wait_for_step(other, 0)
        other.close()
    page.evaluate("window.socket.connect()")
    page.wait_for_function("!window.stays && window.did_handshake && window.socket.connected")
    wait_for_step(page, 0)
    assert page.locator("[name=optimizer]").input_value() == "sgd" and page.locator(".notes").inner_text() == ""


@pytest.mark.browser
def test_two_runs_that_play_go_on_playing_on_own_data(page: Page, served: Served) -> None:
    open_page(page, served, "/en/playground?mode=step&b.optimizer=sgd&epochs=10000")
    page.locator("[name=which][value=both]").check()
    page.wait_for_selector("[data-which=both] [name=optimizer]")
    page.locator("details summary").first.click()
    give(page, TABLE)
    page.wait_for_selector("details .status:has-text('60 rows')")
    press(page, "Train on it")
    page.wait_for_url("**data=own**")
    press(page, "Go on")
    page.wait_for_function("+document.querySelector('[data-run=B] canvas').dataset.step > 20")
    page.reload()
    page.wait_for_function("+document.querySelector('[data-run=B] canvas')?.dataset.step > 30")
    assert page.get_by_role("button", name="Pause").is_visible()
    page.wait_for_selector(".notes:has-text('that you left at step')")
    assert "a from" in page.locator("[data-run=A] .caption").inner_text()
    page.wait_for_function("document.querySelector('[name=data]')?.value === 'own'")


class Paused:
    """What has paused already."""

    def __await__(self) -> Generator[None, None, None]:
        yield from ()


def left(query: dict[str, str]) -> Left:
    runs = Runs.of(SMALL, "fastest")
    return Left(runs=runs, query=query, playing=False, paused=Paused(), farthest=((), 0), own=(False,))


def test_only_so_many_wait_and_the_first_to_have_been_left_goes_first() -> None:
    shelf, kept = Shelf(2), [left({"seed": str(i)}) for i in range(3)]
    assert shelf.leave("a", kept[0]) == [] == shelf.leave("b", kept[1])
    assert shelf.leave("c", kept[2]) == [kept[0].runs]
    assert shelf.take("a") is None
    assert shelf.take("b", {"seed": "7"}) is None and shelf.take("b", {"seed": "1"}) is kept[1]
    assert shelf.take("b") is None and shelf.take("c") is kept[2]
    for one in kept:
        one.runs.close()
