"""FSRS against its published example, and the agenda of a day."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sklon._base.errors import InputError
from sklon.lab.learning import Review, agenda, all_items, memories
from sklon.lab.learning.grading import RATING_NAMES, Rating

START = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Thing:
    key: str


THINGS = [Thing(f"item-{i}") for i in range(20)]


def review(item: str, when: datetime, rating: Rating = "good") -> Review:
    return Review(item=item, time=when, rating=rating, share=1.0)


def test_five_good_reviews_are_due_as_published() -> None:
    """The example of FSRS 6: after 10 minutes, 2, 11, 46, 163 days."""
    reviews: list[Review] = []
    waits, now = [], START
    for _ in range(5):
        reviews.append(review("x", now))
        due = memories(reviews)["x"].due
        waits.append(due - now)
        now = due
    assert waits == [timedelta(minutes=10), *(timedelta(days=d) for d in (2, 11, 46, 163))]


def test_what_is_due_is_recalled_with_probability_nine_tenths() -> None:
    reviews = [review("x", START), review("x", START + timedelta(minutes=10))]
    for _ in range(4):
        memory = memories(reviews)["x"]
        if memory.due - memory.last >= timedelta(days=11):
            assert memory.recalled(memory.due) == pytest.approx(0.9, abs=0.005)
        assert memory.recalled(memory.last) == 1.0
        reviews.append(review("x", memory.due))


def test_what_was_forgotten_comes_soon_and_is_counted() -> None:
    good, forgotten = (memories([review("x", START), review("x", START, r)])["x"] for r in ("good", "again"))
    assert forgotten.due < good.due
    assert (good.lapses, forgotten.lapses) == (0, 1)


@given(st.permutations(range(6)), st.lists(st.sampled_from(RATING_NAMES), min_size=6, max_size=6))
def test_the_order_in_which_reviews_are_stored_means_nothing(order: list[int], ratings: list[Rating]) -> None:
    reviews = [review(f"item-{i % 2}", START + timedelta(days=i), r) for i, r in enumerate(ratings)]
    assert memories([reviews[i] for i in order]) == memories(reviews)


def test_nothing_sleeps(monkeypatch: pytest.MonkeyPatch) -> None:
    """fsrs.Card() sleeps for a millisecond to find an id."""
    monkeypatch.setattr(time, "sleep", lambda _: pytest.fail("slept"))
    memories([review(thing.key, START) for thing in THINGS])["item-3"].recalled(START)


def test_due_items_come_first_and_the_longest_overdue_before_others() -> None:
    known = memories(
        [review("item-7", START + timedelta(minutes=1)), review("item-9", START), review("item-3", START, "easy")]
    )
    found = agenda(THINGS, known, START + timedelta(hours=1), new_a_day=5)
    assert [t.key for t in found.due] == ["item-9", "item-7"]
    assert [t.key for t in found.new] == ["item-0", "item-1"], "three of five were begun today"
    assert found.items == found.due + found.new


def test_new_items_are_counted_by_the_learners_days() -> None:
    evening = datetime(2026, 1, 1, 23, 30, tzinfo=timezone(timedelta(hours=5)))
    known = memories([review(f"item-{i}", evening.astimezone(UTC)) for i in range(3)])
    assert len(agenda(THINGS, known, evening, new_a_day=4).new) == 1
    assert len(agenda(THINGS, known, evening + timedelta(hours=1), new_a_day=4).new) == 4
    assert agenda(THINGS, known, evening, new_a_day=0).new == ()


def test_new_items_follow_the_order_of_the_questions() -> None:
    found = agenda(all_items(), {}, START)
    assert found.due == () and found.new == all_items()[:10]


def test_a_pace_below_nothing_is_an_error() -> None:
    with pytest.raises(InputError, match="new_a_day"):
        agenda(THINGS, {}, START, new_a_day=-1)
