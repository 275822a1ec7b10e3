"""The page and the terminal ask from one agenda: what was committed on the one is due on the other."""

from __future__ import annotations

import io
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from sklon.cli import quiz
from sklon.lab.catalogue import find
from sklon.lab.learning import ProgressFile, Verdict, commit_verdict, keep, mark, telling
from sklon.lab.learning.planning import Standing
from sklon.lab.page.practice import _kept as marked_on_the_page
from sklon.lab.page.practice import _looked_up as asked_on_the_page
from tests.lab.results import result_of

LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)
KEY = "E14/holds/adds-up/overwriting"


@pytest.fixture(name="learner", autouse=True)
def _learner(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ProgressFile:
    monkeypatch.setenv("SKLON_PROGRESS", str(tmp_path / "progress.json"))
    return ProgressFile(tmp_path / "progress.json")


@pytest.fixture(name="predicted")
def _predicted(learner: ProgressFile) -> Verdict:
    """What someone predicted before a run, as the page does it, long ago."""
    commitment = commit_verdict("E14", "adds-up", False, "overwriting")
    keep(mark(commitment, result_of("E14", "overwriting")), LONG_AGO, learner)
    assert isinstance(commitment.item, Verdict)
    return commitment.item


def on_the_page() -> tuple[Standing, list[str]]:
    stands, items = asked_on_the_page(datetime.now(UTC), 0)
    return stands, [item.key for item in items]


def test_what_was_predicted_is_due_on_both(predicted: Verdict) -> None:
    assert predicted.key == KEY
    assert [item.key for item in quiz.on_the_agenda(None, 0)] == on_the_page()[1] == [KEY]
    assert [item.key for item in quiz.on_the_agenda(find("Q14")[0], 0)] == [KEY]
    assert quiz.on_the_agenda(find("Q1")[0], 0) == ()


def test_what_the_quiz_grades_the_page_sees(
    predicted: Verdict, learner: ProgressFile, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("2\n"))
    (marked,) = quiz.review(quiz.on_the_agenda(None, 0), "en", 0)
    assert marked.grade.right and "Right. The check fails." in capsys.readouterr().err
    assert [review.item for review in learner.read().reviews] == [KEY, KEY]
    stands, asked = on_the_page()
    assert asked == [] and stands.due == 0 and stands.later is not None


def test_what_the_page_grades_the_quiz_sees(predicted: Verdict, learner: ProgressFile) -> None:
    result = result_of("E14", "overwriting")
    again = commit_verdict("E14", "adds-up", False, "overwriting")
    marked, kept, _ = marked_on_the_page(lambda: mark(again, result), datetime.now(UTC), "en")
    assert quiz.on_the_agenda(None, 0) == () and marked.grade.right
    summary, sentences = quiz.status(kept.progress, "ru")
    assert summary["next"] == kept.due.isoformat() and summary["reviews"] == 2
    assert sentences[0].startswith("начато 0 из 143, пора повторить: 0")


def test_an_interview_may_ask_what_was_predicted(predicted: Verdict, learner: ProgressFile) -> None:
    from sklon.lab.page.interviewing import _drawn_items

    now = datetime.now(UTC)
    drawn = {planned.item.key for seed in range(60) for planned in _drawn_items(20, seed, now)}
    assert KEY in drawn


def test_what_is_told_of_a_prediction_is_the_same_on_both(predicted: Verdict) -> None:
    result = result_of("E14", "overwriting")
    wrong = mark(commit_verdict("E14", "adds-up", True, "overwriting"), result)
    assert quiz.told(wrong, quiz.Dialogue("ru")) == ["Неверно. Проверка не сошлась."]
    assert [text.en for text in telling.missed(wrong)] == ["The check fails."]
