"""A learner in a browser: answers are graded, kept and come again; interviews; predictions; the museum of faults."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from http.client import HTTPConnection
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from sklon.lab import all_questions
from sklon.lab.learning import ProgressFile, Review, all_items, item_of, pose
from sklon.lab.learning.tasks import ChoiceTask
from sklon.lab.page import learner_words as words
from sklon.lab.page.museum import exhibits
from sklon.lab.text import LANGUAGES, Language
from tests.lab.page.conftest import HEIGHT, NARROW, WIDE, Served, serve
from tests.lab.page.test_pages import open_page, overflows, violations_by_day_and_night

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser

#: a number that is right, as it is typed in each language
TYPED: dict[Language, str] = {"en": "2.0", "ru": "2,0"}


@pytest.fixture(scope="module", name="served")
def _served() -> Iterator[Served]:
    """A server whose learner only this module is."""
    served = serve("--port", "0")
    yield served
    assert served.end() == 0 and served.said == ""


@pytest.fixture(name="learner")
def _learner(served: Served) -> ProgressFile:
    """The learner's file, which is not there yet."""
    served.progress.unlink(missing_ok=True)
    return ProgressFile(served.progress)


def for_everyone(page: Page) -> bool:
    """Whether what is shown can be used by everyone: fits a wide and a narrow window, by day and by night."""
    page.set_viewport_size({"width": WIDE, "height": HEIGHT})
    wide = overflows(page)
    page.set_viewport_size({"width": NARROW, "height": HEIGHT})
    assert violations_by_day_and_night(page) == [] and not wide and not overflows(page)
    return True


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name).click()


def asked(page: Page, key: str) -> None:
    """Wait until an item is asked."""
    page.wait_for_selector(f"[data-item='{key}']")


def known(learner: ProgressFile, *keys: str, rating: str = "easy") -> None:
    """The learner has answered these just now."""
    now = datetime.now(UTC)
    learner.add([Review(item=key, time=now, rating=rating, share=1.0) for key in keys])  # type: ignore[arg-type]


@pytest.mark.parametrize("language", LANGUAGES)
def test_answers_are_graded_kept_and_followed_by_the_next_item(
    language: Language, page: Page, served: Served, learner: ProgressFile
) -> None:
    open_page(page, served, f"/{language}/practice")
    asked(page, "Q1/recall-1")
    assert page.evaluate("document.activeElement.dataset.item") == "Q1/recall-1"
    press(page, words.SHOW_POINTS.of(language))
    boxes = page.locator("input[type=checkbox]")
    boxes.first.wait_for()
    count = boxes.count()
    for position in range(count - 1):
        boxes.nth(position).check()
    assert for_everyone(page)
    press(page, words.ANSWER.of(language))
    page.wait_for_selector(".verdict")
    (review,) = learner.read().reviews
    assert (review.item, review.share) == ("Q1/recall-1", (count - 1) / count)
    assert page.locator(".told-mark li").count() == 1 and page.locator(".again").inner_text()
    page.keyboard.press("Enter")  # the way on has the focus
    asked(page, "E1/central-order")
    field = page.locator(".typed input")
    field.fill("abc")
    page.keyboard.press("Enter")
    page.wait_for_selector(".typed input[aria-invalid=true]")
    field.fill(TYPED[language])
    page.keyboard.press("Enter")
    page.wait_for_selector(".verdict.right[data-rating=easy]")
    page.locator("summary").click()
    assert page.locator("details svg").count() == 1 and for_everyone(page)
    assert learner.read().reviews[-1].given == 2.0


def test_a_false_statement_is_found(page: Page, served: Served, learner: ProgressFile) -> None:
    known(learner, "Q1/recall-1", "E1/central-order")
    open_page(page, served, "/en/practice?seed=1")
    asked(page, "Q1/false-1")
    press(page, words.ANSWER.en)
    page.wait_for_selector(".complaint:not(:empty)")
    task = pose(item_of("Q1/false-1"), 2)
    assert isinstance(task, ChoiceTask)
    page.get_by_role("radio").nth(task.right).check()
    assert for_everyone(page)
    press(page, words.ANSWER.en)
    page.wait_for_selector(".verdict.right")
    assert page.locator(".why").inner_text() and learner.read().reviews[-1].share == 1.0


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_fault_is_named_by_what_a_run_shows(
    language: Language, page: Page, served: Served, learner: ProgressFile
) -> None:
    known(learner, "Q1/recall-1", "E1/central-order", "Q1/false-1")
    open_page(page, served, f"/{language}/practice")
    asked(page, "E1/fault")
    assert page.locator(".task svg").count() == 1 and page.locator(".task .holds, .task .fails").count() == 0
    assert for_everyone(page)
    press(page, words.UNKNOWN.of(language))
    page.wait_for_selector(".verdict.wrong")
    assert learner.read().reviews[-1].given is None


def test_what_is_due_comes_first_and_at_the_end_there_is_more(
    page: Page, served: Served, learner: ProgressFile
) -> None:
    long_ago = datetime(2026, 1, 1, tzinfo=UTC)
    learner.add([Review(item="Q9/recall-1", time=long_ago, rating="good", share=1.0)])
    open_page(page, served, "/en/practice")
    asked(page, "Q9/recall-1")
    known(learner, "Q9/recall-1", *(item.key for item in all_items()[:20]))
    open_page(page, served, "/en/practice")
    page.wait_for_selector(f"h2:has-text('{words.DONE.en}')")
    assert for_everyone(page)
    press(page, words.MORE.en.format(count=10))
    asked(page, all_items()[20].key)


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_interview_is_kept_and_told_at_the_end(
    language: Language, page: Page, served: Served, learner: ProgressFile
) -> None:
    open_page(page, served, f"/{language}/practice?interview=3&seed=4")
    press(page, words.BEGIN.of(language))
    for position in range(3):
        page.wait_for_selector(
            f".clock:has-text('{words.POSITION.of(language).format(position=position + 1, count=3)}')"
        )
        points = page.get_by_role("button", name=words.SHOW_POINTS.of(language))
        if points.count():
            points.click()
            press(page, words.ANSWER.of(language))
        else:
            press(page, words.UNKNOWN.of(language))
    page.wait_for_selector("[data-answers='3']")
    assert page.locator(".given > li").count() == 3 and for_everyone(page)
    progress = learner.read()
    (interview,) = progress.interviews
    assert len(interview.answers) == len(progress.reviews) == 3 and interview.share == 0.0


@pytest.mark.parametrize("query", ["interview=0", "interview=21", "interview=x", "interview=1" + "0" * 5000, "seed=-1"])
def test_what_a_link_may_not_say_is_practice(query: str, page: Page, served: Served, learner: ProgressFile) -> None:
    open_page(page, served, f"/en/practice?{query}")
    asked(page, "Q1/recall-1")


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_prediction_is_graded_by_the_run(
    language: Language, page: Page, served: Served, learner: ProgressFile
) -> None:
    open_page(page, served, f"/{language}/gradient-by-hand")
    card = page.locator("#E5")
    card.get_by_role("button", name=words.PREDICT.of(language)).click()
    card.locator(".typed input").fill({"en": "4.0", "ru": "4,0"}[language])
    assert for_everyone(page)
    card.get_by_role("button", name=words.COMMIT.of(language)).click()
    page.wait_for_selector("#E5 .committed[data-status=committed]")
    assert not learner.path.exists(), "what is not graded is not kept"
    card.locator(".actions .first").click()
    page.wait_for_selector("#E5 .verdict.right")
    (review,) = learner.read().reviews
    assert (review.item, review.given, review.truth) == ("E5/first-at-start", 4.0, 4.0)
    assert card.get_by_role("button", name=words.PREDICT.of(language)).count() == 0, "the run was seen"
    assert for_everyone(page)


def test_a_prediction_with_a_fault_is_withdrawn_with_it_and_comes_again(
    page: Page, served: Served, learner: ProgressFile
) -> None:
    open_page(page, served, "/en/gradient-by-hand")
    card = page.locator("#E5")
    for again in (False, True):
        card.locator(".fault select").select_option("overwrites")
        card.get_by_role("button", name=words.PREDICT.en).click()
        card.locator(".predict select").select_option("verdict mismatches")
        card.get_by_role("button", name=words.FAILS.en).click()
        page.wait_for_selector("#E5 .committed[data-status=committed]")
        if again:
            break
        card.locator(".fault select").select_option("")
        page.wait_for_selector("#E5 .committed[data-status=idle]:not(:empty)")
    card.get_by_role("button", name="Run").click()
    page.wait_for_selector("#E5 .verdict.right")
    (review,) = learner.read().reviews
    assert (review.item, review.given) == ("E5/holds/mismatches/overwrites", "fails")


def test_predictions_are_about_the_experiment_as_it_stands(page: Page, served: Served, learner: ProgressFile) -> None:
    open_page(page, served, "/en/gradient-by-hand?E5.steps=60")
    card = page.locator("#E5")
    card.get_by_role("button", name=words.PREDICT.en).click()
    page.wait_for_selector("#E5 .committed:not(:empty)")
    assert card.locator(".predict select").count() == 0
    card.get_by_role("button", name="Run").click()
    page.wait_for_selector("#E5 .status[data-status=pass]")
    assert card.locator(".predict button").count() == 0 and not learner.path.exists()


def test_a_copy_is_saved_and_another_is_added(
    page: Page, served: Served, learner: ProgressFile, tmp_path: Path
) -> None:
    known(learner, "Q1/recall-1")
    other, bad = ProgressFile(tmp_path / "other.json"), tmp_path / "bad.json"
    known(other, "Q2/recall-1", "Q3/recall-1")
    bad.write_text("{}")
    open_page(page, served, "/en/practice")
    with page.expect_download() as download:
        page.get_by_role("link", name=words.EXPORT.en).click()
    assert ProgressFile(Path(download.value.path())).read() == learner.read()
    field = page.locator("input[type=file]")
    field.set_input_files(bad)
    page.wait_for_selector(".transfer [data-status=fail]")
    field.set_input_files(other.path)
    page.wait_for_selector(".transfer [data-status=pass]")
    assert {review.item for review in learner.read().reviews} == {f"Q{n}/recall-1" for n in (1, 2, 3)}


def test_no_other_page_may_add_to_progress(served: Served, learner: ProgressFile, tmp_path: Path) -> None:
    other = ProgressFile(tmp_path / "other.json")
    known(other, "Q2/recall-1")
    connection = HTTPConnection("127.0.0.1", served.port, timeout=60)
    connection.request("PUT", "/progress.json", other.path.read_bytes(), {"Origin": "http://evil.example"})
    assert connection.getresponse().status == 403 and not learner.path.exists()
    connection.close()


@pytest.mark.parametrize(("language", "said"), [("en", "is damaged (line 1)"), ("ru", "повреждён (строка 1)")])
def test_a_damaged_file_is_said_and_left_as_it_is(
    language: Language, said: str, page: Page, served: Served, learner: ProgressFile, tmp_path: Path
) -> None:
    learner.path.write_text("not ours")
    other = ProgressFile(tmp_path / "other.json")
    known(other, "Q2/recall-1")
    open_page(page, served, f"/{language}/practice")
    page.wait_for_selector(f".task .complaint:has-text('{said}'):has-text('SKLON_PROGRESS')")
    page.locator("input[type=file]").set_input_files(other.path)
    page.wait_for_selector(f".transfer [data-status=fail]:has-text('{words.IMPORT_ERRORS['kept'].of(language)}')")
    assert for_everyone(page)
    before = page.locator(".task .complaint").get_attribute("id")
    press(page, words.AGAIN.of(language))
    page.wait_for_selector(f".task .complaint:not(#{before})")
    assert page.locator(".task .complaint").count() == 1 and learner.path.read_text() == "not ours"
    learner.path.unlink()  # moved away, as the page says
    press(page, words.AGAIN.of(language))
    asked(page, "Q1/recall-1")


def test_a_prediction_is_told_also_where_it_cannot_be_kept(page: Page, served: Served, learner: ProgressFile) -> None:
    learner.path.write_text("not ours")
    open_page(page, served, "/ru/gradient-by-hand")
    card = page.locator("#E5")
    card.get_by_role("button", name=words.PREDICT.ru).click()
    card.locator(".typed input").fill("4,0")
    card.get_by_role("button", name=words.COMMIT.ru).click()
    page.wait_for_selector("#E5 .committed[data-status=committed]")
    card.locator(".actions .first").click()
    page.wait_for_selector("#E5 .verdict.right")
    page.wait_for_selector("#E5 .committed[data-status=fail]:has-text('оставлен как есть')")
    assert learner.path.read_text() == "not ours" and for_everyone(page)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_museum_lists_every_fault(language: Language, page: Page, served: Served) -> None:
    open_page(page, served, f"/{language}/museum")
    expected = sum(len(e.faults) for q in all_questions() for e in q.experiments)
    assert page.locator(".museum li a").count() == expected == len(exhibits())
    assert for_everyone(page)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_fault_stands_beside_the_sound_experiment(language: Language, page: Page, served: Served) -> None:
    exhibit = next(one for one in exhibits() if one.key == "E5/overwrites")
    open_page(page, served, f"/{language}/museum?fault={exhibit.key}")
    page.wait_for_selector(".exhibit .status[data-status=pass]")
    assert page.locator(".exhibit svg").count() == 2 and for_everyone(page)
    assert page.locator(".checks .fails").count() >= len(exhibit.fault.breaks)
    page.get_by_role("link", name=words.TO_EXPERIMENT.of(language)).click()
    page.wait_for_selector("#E5 .fault select")
    assert page.locator("#E5 .fault select").input_value() == "overwrites"
