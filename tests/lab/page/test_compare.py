"""Two runs side by side in a browser: opened, turned apart, in lock step, in one link, and left again."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from sklon.lab.page import compare_words, inside, takeaway, words
from sklon.lab.playground import RUNS
from sklon.lab.text import LANGUAGES, Language
from tests.lab.page.conftest import HEIGHT, NARROW, WIDE, Served
from tests.lab.page.test_pages import open_page, overflows, violations_by_day_and_night
from tests.lab.page.test_playground import press, slide, wait_for_step

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser

QUERY = "mode=step&batch_size=full&b.optimizer=sgd&b.learning_rate=0.3"
FILES = [name for _, name, _ in takeaway.FILES]


def wait_for_both(page: Page, step: int) -> None:
    """Until both pictures show a step."""
    for run in RUNS:
        page.wait_for_selector(f"[data-run={run}] canvas[data-step='{step}']")


def pictures(page: Page) -> list[str]:
    return [page.locator(f"[data-run={run}] canvas").evaluate("canvas => canvas.toDataURL()") for run in RUNS]


def wait_for_points(page: Page, first: int, second: int) -> None:
    """Until the curves of both have so many epochs."""
    page.wait_for_selector(f".two .drawing[data-points='{first}'][data-second='{second}']")


def choose(page: Page, run: str) -> None:
    """Let the controls be those of a run, or of both."""
    page.locator(f"[name=which][value={run}]").check()
    page.wait_for_selector(f"[data-which={run}] [name=optimizer]")


def row(page: Page, name: str) -> list[str]:
    """What the table says of both."""
    cells = page.locator(f".numbers tr:has(th:text-is('{name}')) td")
    return cells.all_inner_texts()


def test_a_second_run_opens_beside_the_first_and_is_turned_apart(page: Page, served: Served) -> None:
    open_page(page, served, "/en/playground?mode=step&batch_size=full")
    press(page, "Step", 2)
    wait_for_step(page, 2)
    press(page, "Compare")
    wait_for_both(page, 2)
    wait_for_points(page, 2, 2)
    one, other = pictures(page)
    assert one == other
    page.wait_for_url("**b=copy**")
    assert page.locator("[name=which]:checked").get_attribute("value") == "B"
    page.locator("[name=optimizer]").select_option("sgd")
    page.wait_for_url("**b.optimizer=sgd**")
    page.wait_for_selector(".numbers caption:has-text('Differs in: optimizer')")
    assert row(page, "optimizer") == ["adam", "sgd"]
    assert page.locator(".knob:has([name=optimizer]) .beside").inner_text() == "A: adam"
    press(page, "Step", 3)
    wait_for_both(page, 5)
    wait_for_points(page, 5, 5)
    one, other = pictures(page)
    assert one != other
    page.wait_for_function("document.querySelector('.numbers tbody:last-child td')?.innerText === '5'")
    assert row(page, "step") == ["5", "5"]
    losses = row(page, "test loss")
    assert len(set(losses)) == 2


def test_both_go_back_to_the_same_pictures_and_begin_anew_together(page: Page, served: Served) -> None:
    open_page(page, served, f"/en/playground?{QUERY}")
    wait_for_both(page, 0)
    press(page, "Step", 1)
    wait_for_both(page, 1)
    before = pictures(page)
    press(page, "Step", 2)
    wait_for_both(page, 3)
    after = pictures(page)
    assert not set(before) & set(after)
    page.wait_for_selector(".rewind input[max='3']")
    slide(page, ".rewind input", 1)
    wait_for_both(page, 1)
    wait_for_points(page, 1, 1)
    assert pictures(page) == before
    slide(page, ".rewind input", 3)
    wait_for_both(page, 3)
    assert pictures(page) == after
    press(page, "Restart")
    wait_for_both(page, 0)
    wait_for_points(page, 0, 0)


def test_back_before_a_change_each_run_has_the_settings_of_then(page: Page, served: Served) -> None:
    open_page(page, served, f"/en/playground?{QUERY}")
    press(page, "Step", 2)
    wait_for_both(page, 2)
    page.locator("[name=optimizer]").select_option("rmsprop")
    choose(page, "A")
    page.locator("[name=optimizer]").select_option("adagrad")
    page.wait_for_url(lambda url: "&optimizer=adagrad" in url and "b.optimizer=rmsprop" in url)
    press(page, "Step", 2)
    wait_for_both(page, 4)
    page.wait_for_selector(".rewind input[max='4']")
    slide(page, ".rewind input", 1)
    page.wait_for_url(lambda url: "&optimizer" not in url and "b.optimizer=sgd" in url)
    page.wait_for_selector(".beside:has-text('B: sgd')")
    assert page.locator("[name=optimizer]").input_value() == "adam"
    page.wait_for_function("document.querySelector('.numbers tbody td').innerText === 'adam'")
    assert row(page, "optimizer") == ["adam", "sgd"]


def test_keyboards_stay_where_they_were_when_a_run_comes_or_goes(page: Page, served: Served) -> None:
    open_page(page, served, "/en/playground?mode=step")
    for pressed, then in (("Compare", "Keep A"), ("Keep A", "Compare")):
        page.get_by_role("button", name=pressed, exact=True).focus()
        page.keyboard.press("Enter")
        page.get_by_role("button", name=then, exact=True).wait_for()
        page.wait_for_selector(".comparing:focus")
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.innerText") == then


def test_a_link_restores_both_and_is_kept_by_the_other_language(page: Page, served: Served) -> None:
    open_page(page, served, f"/en/playground?{QUERY}&b.width=9999&b.colour=red")
    wait_for_both(page, 0)
    notes = page.locator(".notes").inner_text()
    assert "B: width" in notes and "colour" in notes and "A:" not in notes
    page.get_by_role("link", name="Русский").click()
    page.wait_for_selector("html[lang=ru] [name=which]")
    values = {name: page.locator(f"[name={name}]").input_value() for name in ("optimizer", "width", "batch_size")}
    assert values == {"optimizer": "sgd", "width": "64", "batch_size": "full"}
    choose(page, "A")
    page.wait_for_selector(".beside:has-text('B: sgd')")
    values = {name: page.locator(f"[name={name}]").input_value() for name in ("optimizer", "width", "batch_size")}
    assert values == {"optimizer": "adam", "width": "8", "batch_size": "full"}


def test_the_controls_turn_the_first_the_second_or_both(page: Page, served: Served) -> None:
    open_page(page, served, f"/en/playground?{QUERY}")
    press(page, "Step", 2)
    wait_for_both(page, 2)
    choose(page, "A")
    page.wait_for_selector(".beside:has-text('B: sgd')")
    slide(page, "[name=momentum]", 50)
    page.wait_for_url("**momentum=0.5**b.momentum=0.9**")
    choose(page, "both")
    page.locator("[name=data]").select_option("circles")
    page.wait_for_url("**data=circles**")
    wait_for_both(page, 0)
    assert "b.data" not in page.url
    page.locator("[name=optimizer]").select_option("rmsprop")
    page.wait_for_url("**&optimizer=rmsprop**")
    assert "b.optimizer" not in page.url
    page.wait_for_function("!document.querySelector('.numbers caption').innerText.includes('optimizer')")


def test_both_train_by_themselves_and_what_begins_anew_catches_up(page: Page, served: Served) -> None:
    open_page(page, served, "/en/playground?b.optimizer=sgd")
    page.wait_for_function("+document.querySelector('[data-run=B] canvas').dataset.step > 20")
    page.locator("[name=batch_norm]").select_option("on")
    page.wait_for_url("**b.batch_norm=on**")
    press(page, "Pause")
    page.wait_for_selector("text=Go on")
    page.wait_for_function(
        "(([a, b]) => a > 20 && a === b)([...document.querySelectorAll('.run canvas')].map(c => +c.dataset.step))"
    )
    page.wait_for_function(
        "(d => +d.points > 1 && d.points === d.second)(document.querySelector('.two .drawing').dataset)"
    )


@pytest.mark.parametrize("place", [0, 1])
def test_one_of_them_is_kept(place: int, page: Page, served: Served) -> None:
    open_page(page, served, f"/en/playground?{QUERY}")
    press(page, "Step", 2)
    wait_for_both(page, 2)
    kept = pictures(page)[place]
    press(page, f"Keep {RUNS[place]}")
    page.wait_for_selector(".two", state="hidden")
    page.wait_for_url(lambda url: "b." not in url and ("optimizer=sgd" in url) == (place == 1))
    page.wait_for_selector(".views:not(.two) canvas[data-step='2']")
    assert page.locator("[name=which]").count() == 0
    assert page.locator("[name=optimizer]").input_value() == ("adam", "sgd")[place]
    press(page, "Compare")
    wait_for_both(page, 2)  # those of the pair before were of this step, too, and stand there for a moment
    page.wait_for_function(
        "kept => [...document.querySelectorAll('.run canvas')].every(canvas => canvas.toDataURL() === kept)", arg=kept
    )


def test_one_that_diverges_says_so_and_the_other_goes_on(page: Page, served: Served) -> None:
    query = "data=curve&optimizer=sgd&batch_size=full&momentum=0&depth=0&b.learning_rate=10&b.l2=1&pace=fastest"
    open_page(page, served, f"/en/playground?{query}")
    page.wait_for_selector(".ended[data-reason=diverged]:has-text('B: ')")
    page.wait_for_function(
        "(([a, b]) => a > b)([...document.querySelectorAll('.run canvas')].map(c => +c.dataset.step))"
    )
    assert page.locator(".stage > .status").inner_text() == "", "it has ended, and does not catch up"


@pytest.mark.parametrize("name", FILES)
def test_files_hold_both(name: str, page: Page, served: Served) -> None:
    open_page(page, served, f"/en/playground?{QUERY}")
    press(page, "Step")
    wait_for_both(page, 1)
    label = next(label.en for label, file, _ in takeaway.FILES if file == name)
    with page.expect_download() as waiting:
        press(page, label)
    content = Path(waiting.value.path()).read_bytes()
    if name.endswith(".csv"):
        rows = list(csv.DictReader(content.decode().splitlines()))
        assert {row["run"] for row in rows} == set(RUNS)
    elif name.endswith(".png"):
        assert content.startswith(b"\x89PNG")
    else:
        marks = {"py": (b"# A: ", b"# B: "), "json": (b'"A"', b'"B"'), "svg": (b"A: training", b"B: training")}
        assert all(mark in content for mark in marks[name.rsplit(".", 1)[1]])


@pytest.mark.parametrize("width", [WIDE, NARROW])
@pytest.mark.parametrize("language", LANGUAGES)
def test_all_of_it_can_be_used_by_everyone(language: Language, width: int, page: Page, served: Served) -> None:
    page.set_viewport_size({"width": width, "height": HEIGHT})
    open_page(
        page, served, f"/{language}/playground?{QUERY}&b.data=blobs&b.schedule=cosine&b.initialisation=kaiming_normal"
    )
    press(page, words.STEP.of(language), 2)
    wait_for_both(page, 2)
    for summary in page.locator("summary").all():
        summary.click()
    press(page, inside.DRAW.of(language))
    for kind in (".picture svg", ".map", ".bars"):
        page.wait_for_selector(f".inside h3:has-text('B') ~ * {kind}" if kind != ".map" else ".inside h3 ~ .maps .map")
    assert page.locator(".inside h3").count() == 6
    assert compare_words.DIFFERS.of(language).split(":")[0] in page.locator(".numbers caption").inner_text()
    page.locator("[name=which][value=A]").focus()
    page.keyboard.press("ArrowRight")
    assert page.locator("[name=which]:checked").count() == 1
    assert violations_by_day_and_night(page) == [] and not overflows(page)
