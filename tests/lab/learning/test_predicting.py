"""Predict first: what was committed is marked by the run that it was about, and by no other."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from sklon._base.errors import InputError
from sklon.lab.learning import commit_number, commit_verdict, item_of, mark, memories
from tests.lab.results import result_of

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("typed", "rating", "wait"),
    [("57,9", "easy", timedelta(days=8)), ("40", "good", timedelta(minutes=10)), ("1", "again", timedelta(minutes=1))],
)
def test_a_number_is_marked_and_comes_again(typed: str, rating: str, wait: timedelta) -> None:
    marked = mark(commit_number("E5", "escape", typed), result_of("E5"))
    review = marked.review(NOW)
    assert (review.rating, review.given) == (rating, float(typed.replace(",", ".")))
    assert review.truth == pytest.approx(57.8959, abs=1e-3)
    assert memories([review])[review.item].due == NOW + wait
    assert item_of(review.item).key == review.item, "it can be asked again"


@pytest.mark.parametrize(("holds", "fault", "rating"), [(True, None, "good"), (False, None, "again")])
def test_a_choice_without_a_fault(holds: bool, fault: str | None, rating: str) -> None:
    assert mark(commit_verdict("E14", "adds-up", holds, fault), result_of("E14")).grade.rating == rating


def test_a_choice_with_a_fault_is_about_what_the_fault_breaks() -> None:
    result = result_of("E14", "overwriting")
    marked = mark(commit_verdict("E14", "adds-up", False, "overwriting"), result)
    assert marked.grade.rating == "good" and (marked.given, marked.truth) == ("fails", "fails")
    wrong = mark(commit_verdict("E14", "cleared", False, "overwriting"), result)
    assert wrong.grade.rating == "again" and wrong.truth == "holds" and len(wrong.missed) == 1
    assert item_of(wrong.review(NOW).item).key == "E14/holds/cleared/overwriting"


def test_a_result_of_something_else_marks_nothing() -> None:
    number = commit_number("E14", "kept-graph", 2)
    with pytest.raises(InputError, match="committed for E14 without a fault, not for E5 without a fault; run E14"):
        mark(number, result_of("E5"))
    with pytest.raises(InputError, match="not for E14 with the fault overwriting"):
        mark(number, result_of("E14", "overwriting"))
    with pytest.raises(InputError, match="run E14 with the fault overwriting"):
        mark(commit_verdict("E14", "adds-up", True, "overwriting"), result_of("E14"))


def test_what_cannot_be_committed_is_an_error() -> None:
    with pytest.raises(InputError, match="it has kept-graph, zero-decays"):
        commit_number("E14", "adds-up", 0)
    with pytest.raises(InputError, match="is no number"):
        commit_number("E14", "kept-graph", "two")
    with pytest.raises(InputError, match="is no number"):
        commit_number("E14", "kept-graph", float("nan"))
    with pytest.raises(InputError, match="has no fault"):
        commit_verdict("E14", "adds-up", True, "nothing")
    with pytest.raises(InputError, match="has no check"):
        commit_verdict("E14", "nothing", True)
