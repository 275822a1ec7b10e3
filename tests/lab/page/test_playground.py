"""The playground in a browser: what is turned acts, time goes both ways, links restore, files arrive."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from sklon.lab.page import inside, own, takeaway, words
from sklon.lab.playground import CONTROLS
from sklon.lab.text import LANGUAGES, Language
from tests.lab.page.conftest import HEIGHT, NARROW, WIDE, Served
from tests.lab.page.test_pages import open_page, overflows, violations_by_day_and_night

if TYPE_CHECKING:
    from playwright.sync_api import FilePayload, Page

pytestmark = pytest.mark.browser

CANVAS = ".boundary canvas"
PIXELS = f"document.querySelector('{CANVAS}').toDataURL()"
FILES = [name for _, name, _ in takeaway.FILES]
TABLE = "a,b,kind\n" + "".join(f"{i % 7},{i % 5},{'no' if i % 2 else 'yes'}\n" for i in range(60))


def wait_for_step(page: Page, step: int) -> None:
    page.wait_for_selector(f"{CANVAS}[data-step='{step}']")


def wait_for_points(page: Page, count: int) -> None:
    """Until the curves have so many epochs."""
    page.wait_for_selector(f".curve .drawing[data-points='{count}']")


def slide(page: Page, name: str, position: int) -> None:
    """Move a slider and let it go."""
    page.locator(name).evaluate(
        "(input, to) => { input.value = to; input.dispatchEvent(new Event('input')); "
        "input.dispatchEvent(new Event('change')); }",
        position,
    )


def press(page: Page, name: str, times: int = 1) -> None:
    for _ in range(times):
        page.get_by_role("button", name=name, exact=True).click()


def cut(page: Page, seconds: float) -> None:
    """Cut the connection, as a network does that is gone for so long; ``stays`` tells the page from the next one."""
    page.evaluate(
        "after => { window.stays = true; const manager = window.socket.io; manager.randomizationFactor(0); "
        "manager.reconnectionDelay(after); manager.reconnectionDelayMax(after); manager.engine.close(); }",
        1000 * seconds,
    )


def test_every_control_is_there_with_its_label_help_and_value(page: Page, served: Served) -> None:
    open_page(page, served, "/en/playground?mode=step")
    for row in CONTROLS:
        given = page.locator(f"[name={row.name}]")
        assert row.label.en in given.locator("xpath=ancestor::label").inner_text()
        assert page.locator(f"#{given.get_attribute('aria-describedby')}").inner_text() == row.help.en


def test_time_goes_forward_and_back_to_the_same_picture(page: Page, served: Served) -> None:
    open_page(page, served, "/en/playground?mode=step&batch_size=full")
    wait_for_step(page, 0)
    pictures = []
    for step in (1, 2, 3):
        press(page, "Step")
        wait_for_step(page, step)
        pictures.append(page.evaluate(PIXELS))
    assert len(set(pictures)) == 3
    wait_for_points(page, 3)
    page.wait_for_selector(".rewind input[max='3']")
    slide(page, ".rewind input", 1)
    wait_for_step(page, 1)
    wait_for_points(page, 1)
    assert page.evaluate(PIXELS) == pictures[0]
    slide(page, ".rewind input", 3)
    wait_for_step(page, 3)
    assert page.evaluate(PIXELS) == pictures[2]
    press(page, "Restart")
    wait_for_step(page, 0)
    wait_for_points(page, 0)


def test_a_control_acts_and_stands_in_the_address(page: Page, served: Served) -> None:
    open_page(page, served, "/en/playground?mode=step")
    wait_for_step(page, 0)
    press(page, "Step", 2)
    wait_for_step(page, 2)
    entries = page.evaluate("history.length")
    slide(page, "[name=learning_rate]", 200)
    page.wait_for_url("**learning_rate=10.0**")
    page.wait_for_selector(".stage .status:has-text('learning rate 10')")
    assert page.locator(CANVAS).get_attribute("data-step") == "2", "the weights stay"
    before = page.evaluate(PIXELS)
    page.locator("[name=data]").select_option("spirals")
    wait_for_step(page, 0)
    page.wait_for_url("**data=spirals**")
    assert page.evaluate(PIXELS) != before and page.evaluate("history.length") == entries
    assert page.locator("[name=activation]").is_enabled()
    slide(page, "[name=depth]", 0)
    page.wait_for_selector("[name=activation]:disabled")


def test_back_before_a_change_the_controls_and_the_address_are_those_of_then(page: Page, served: Served) -> None:
    open_page(page, served, "/en/playground?mode=step&batch_size=full")
    press(page, "Step", 2)
    wait_for_step(page, 2)
    page.locator("[name=optimizer]").select_option("sgd")
    page.wait_for_url("**optimizer=sgd**")
    press(page, "Step", 2)
    wait_for_step(page, 4)
    page.wait_for_selector(".rewind input[max='4']")
    slide(page, ".rewind input", 1)
    page.wait_for_url(lambda url: "optimizer" not in url and "batch_size=full" in url)
    page.wait_for_function("document.querySelector('[name=optimizer]')?.value === 'adam'")
    with page.expect_download() as waiting:
        press(page, "Settings, JSON")
    taken = json.loads(Path(waiting.value.path()).read_text())
    assert taken["step"] == 1 and taken["settings"]["optimizer"] == "adam"


def test_a_control_acts_while_it_trains(page: Page, served: Served) -> None:
    open_page(page, served, "/en/playground")
    page.wait_for_function("+document.querySelector('.boundary canvas').dataset.step > 10")
    slide(page, "[name=width]", 4)
    page.wait_for_url("**width=4")
    page.wait_for_function("+document.querySelector('.boundary canvas').dataset.step > 20")
    assert page.get_by_role("button", name="Pause").is_visible()


def test_a_link_restores_what_was_set_and_is_kept_by_the_other_language(page: Page, served: Served) -> None:
    open_page(page, served, "/en/playground?mode=step&data=curve&width=9999&optimizer=sgd&colour=red&pace=10")
    wait_for_step(page, 0)
    notes = page.locator(".notes").inner_text()
    assert "64" in notes and "colour" in notes
    page.get_by_role("link", name="Русский").click()
    page.wait_for_selector("html[lang=ru] [name=optimizer]")
    values = {name: page.locator(f"[name={name}]").input_value() for name in ("data", "width", "optimizer")}
    assert values == {"data": "curve", "width": "64", "optimizer": "sgd"}
    assert page.locator(".pace select").input_value() == "10" and "mode=step" in page.url


@pytest.mark.parametrize("name", FILES)
def test_files_arrive(name: str, page: Page, served: Served) -> None:
    open_page(page, served, "/en/playground?mode=step&seed=5")
    press(page, "Step")
    wait_for_step(page, 1)
    label = next(label.en for label, file, _ in takeaway.FILES if file == name)
    with page.expect_download() as waiting:
        press(page, label)
    assert waiting.value.suggested_filename == name
    content = Path(waiting.value.path()).read_bytes()
    starts = {"svg": b"<svg", "png": b"\x89PNG", "py": b'"""'}
    if name.endswith(".json"):
        assert json.loads(content)["settings"]["seed"] == 5 and json.loads(content)["step"] == 1
    elif name.endswith(".csv"):
        heads = {"playground-data.csv": b"x1,x2,class,test", "playground-curves.csv": b"epoch,training_loss,test_loss"}
        assert content.splitlines()[0] == heads[name]
    else:
        assert content.lstrip().startswith(starts[name.rsplit(".", 1)[1]]), content[:60]


def give(page: Page, text: str, encoding: str = "utf-8") -> None:
    file: FilePayload = {"name": "mine.csv", "mimeType": "text/csv", "buffer": text.encode(encoding)}
    page.locator("input[type=file]").set_input_files(file)


def test_own_data_are_trained_on_and_never_in_the_link(page: Page, served: Served) -> None:
    open_page(page, served, "/en/playground?mode=step")
    press(page, "Step")
    wait_for_step(page, 1)
    page.locator("details summary").first.click()
    give(page, "x" * (own.MOST_BYTES + 1))
    page.wait_for_selector("details .complaint:has-text('400')")
    give(page, "a,b\n1,2\n")
    page.get_by_role("button", name="Train on it").click()
    page.wait_for_selector("details .complaint:has-text('only 1 rows have values')")
    give(page, "a,b\n1,2,3\n")
    page.wait_for_selector("details .complaint:has-text('mine.csv cannot be read: line 2 has 3 fields')")
    give(page, TABLE)
    page.wait_for_selector("details .status:has-text('60 rows')")
    press(page, "Train on it")
    wait_for_step(page, 0)
    page.wait_for_selector(".views .caption:has-text('a from')")
    page.wait_for_url("**data=own**")
    page.locator("[name=data]").select_option("circles")
    page.wait_for_url("**data=circles**")
    page.wait_for_selector(".views .caption:has-text('x1 from')")
    assert page.locator("[name=data]").input_value() == "circles"
    page.locator("[name=data]").select_option("own")
    page.wait_for_url("**data=own**")
    page.evaluate("sessionStorage.clear()")  # as in another tab
    open_page(page, served, page.url.removeprefix(served.address))
    assert "own" in page.locator(".notes").inner_text()


def test_what_is_wrong_with_own_data_is_told_in_russian(page: Page, served: Served) -> None:
    open_page(page, served, "/ru/playground?mode=step")
    page.locator("details summary").first.click()
    give(page, "a,b\n1,2,3\n")
    page.wait_for_selector("details .complaint:has-text('Файл mine.csv не читается: полей в строке 2 — 3')")
    assert page.locator("details .complaint [lang=en]").count() == 0
    give(page, TABLE)
    page.wait_for_selector("details .status:has-text('mine.csv')")
    assert page.locator("details").first.locator(".complaint").inner_text() == ""


@pytest.mark.parametrize("encoding", ["utf-8-sig", "cp1251", "utf-16"])
def test_own_data_may_be_written_as_spreadsheets_write_them(encoding: str, page: Page, served: Served) -> None:
    open_page(page, served, "/ru/playground?mode=step")
    page.locator("details summary").first.click()
    give(page, TABLE.replace("a,b", "возраст,рост"), encoding)
    page.wait_for_selector("details .status:has-text('60')")
    assert page.locator("details select").first.input_value() == "возраст"
    press(page, own.USE.ru)
    page.wait_for_selector(".views .caption:has-text('возраст от')")


def test_a_file_without_numbers_is_said_to_be_one(page: Page, served: Served) -> None:
    open_page(page, served, "/en/playground?mode=step")
    page.locator("details summary").first.click()
    give(page, "a,b\n" + "x,y\n" * 30)
    page.wait_for_selector("details .complaint:has-text('mine.csv has no column of numbers')")
    assert page.get_by_role("button", name=own.USE.en).count() == 0


def test_a_browser_that_was_away_for_some_seconds_finds_its_training(page: Page, served: Served) -> None:
    open_page(page, served, "/en/playground?mode=step&batch_size=full")
    press(page, "Step", 3)
    wait_for_step(page, 3)
    cut(page, seconds=5)
    page.wait_for_function("!window.socket.connected")
    page.wait_for_function("window.socket.connected")
    press(page, "Step")
    wait_for_step(page, 4)
    assert page.evaluate("window.stays"), "it was not loaded anew"


@pytest.mark.parametrize("runs", ["", "&b.seed=3"], ids=["one", "two"])
def test_the_picture_stays_in_sight_while_settings_are_turned(runs: str, page: Page, served: Served) -> None:
    page.set_viewport_size({"width": NARROW, "height": HEIGHT})
    open_page(page, served, f"/ru/playground?mode=step&batch_size=full{runs}")
    wait_for_step(page, 0)
    page.locator("[name=points]").scroll_into_view_if_needed()
    small = page.locator(".glance canvas").last
    assert page.locator(".glance canvas").count() == (2 if runs else 1)
    for canvas in (page.locator(CANVAS).first, small):
        box = canvas.bounding_box()
        assert box is not None and (0 <= box["y"] < HEIGHT / 4) == (canvas is small), "the large one is out of sight"
    before = small.evaluate("canvas => canvas.toDataURL()")
    page.locator("[name=data]").select_option("spirals")
    page.wait_for_function(
        "before => [...document.querySelectorAll('.glance canvas')].at(-1).toDataURL() !== before", arg=before
    )
    page.wait_for_selector(".glance p:has-text('шаг 0')")
    assert not overflows(page) and violations_by_day_and_night(page) == []


def test_where_the_stage_stays_itself_there_is_no_small_picture(page: Page, served: Served) -> None:
    page.set_viewport_size({"width": WIDE, "height": 1000})
    open_page(page, served, "/en/playground?mode=step")
    wait_for_step(page, 0)
    page.locator("[name=points]").scroll_into_view_if_needed()
    box = page.locator(CANVAS).first.bounding_box()
    assert box is not None and 0 <= box["y"] < HEIGHT / 4 and not page.locator(".glance").is_visible()


def test_a_training_that_diverges_says_why(page: Page, served: Served) -> None:
    open_page(page, served, "/en/playground?optimizer=sgd&learning_rate=10&l2=1&data=curve&pace=fastest")
    page.wait_for_selector(".ended[data-reason=diverged]:not(:empty)")
    page.wait_for_selector("text=Go on")


@pytest.mark.parametrize("width", [WIDE, NARROW])
@pytest.mark.parametrize("language", LANGUAGES)
def test_all_of_it_can_be_used_by_everyone(language: Language, width: int, page: Page, served: Served) -> None:
    page.set_viewport_size({"width": width, "height": HEIGHT})
    open_page(page, served, f"/{language}/playground?mode=step&data=blobs&depth=3&activation=relu")
    press(page, words.STEP.of(language), 2)
    wait_for_step(page, 2)
    for summary in page.locator("summary").all():
        summary.click()
    press(page, inside.DRAW.of(language))
    page.wait_for_selector(".inside .picture svg")
    page.wait_for_selector(".inside .map")
    page.wait_for_selector(".inside .bars")
    assert page.locator(".inside tbody tr").count() == 4 and page.locator(".inside .map").count() == 4
    assert violations_by_day_and_night(page) == [] and not overflows(page)
