"""What there is to ask one learner: what the questions hold, what was predicted, and what is due by the clock."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

from sklon.lab import find
from sklon.lab.learning import Progress, ProgressFile, Review, all_items
from sklon.lab.learning.items import item_of
from sklon.lab.learning.planning import askable, plan, standing
from sklon.lab.learning.scheduling import memories

PREDICTED = "E5/holds/mismatches"
NOW = datetime(2026, 5, 10, 22, 30, tzinfo=UTC)


def reviewed(item: str, ago: timedelta, rating: str = "good") -> Review:
    return Review(item=item, time=NOW - ago, rating=rating, share=1.0)  # type: ignore[arg-type]


def test_what_was_predicted_is_asked_again_under_its_own_question_only() -> None:
    number = item_of(PREDICTED).question
    other = next(item.question for item in all_items() if item.question != number)
    assert PREDICTED in [item.key for item in askable([PREDICTED], find(number)[0])]
    assert PREDICTED not in [item.key for item in askable([PREDICTED], find(other)[0])]


def test_nothing_is_asked_twice_and_what_is_not_known_any_more_is_left_out() -> None:
    known = [all_items()[0].key, PREDICTED, "E99/holds/nothing"]
    keys = [item.key for item in askable(known)]
    assert len(set(keys)) == len(keys) == len(all_items()) + 1


def test_how_far_a_learner_is_follows_from_the_reviews() -> None:
    first, second, third = (item.key for item in all_items()[:3])
    reviews = (
        reviewed(first, timedelta(days=40)),
        reviewed(second, timedelta(minutes=1)),
        reviewed(PREDICTED, timedelta(minutes=2)),
    )
    progress = Progress(reviews)
    stands, known = standing(progress, NOW), memories(reviews)
    assert (stands.begun, stands.due, stands.items) == (2, 1, len(all_items()))
    assert stands.later == known[PREDICTED].due, "the next one that is not due yet"
    asked = plan(progress, NOW)
    assert [item.key for item in asked.due] == [first] and asked.new[0].key == third
    assert stands.new == len(asked.new) == 10 - stands.today


def test_a_day_is_that_of_the_learner() -> None:
    there = NOW.astimezone(timezone(timedelta(hours=3)))  # half past one at night
    for hours, today in ((1, 1), (2, 0)):
        progress = Progress((reviewed(all_items()[0].key, timedelta(hours=hours)),))
        stands = standing(progress, there)
        assert (stands.today, stands.new) == (today, 10 - today)
        assert standing(progress, NOW).today == 1


def test_a_clock_that_was_wrong_makes_nothing_fail(tmp_path: Path) -> None:
    file = ProgressFile(tmp_path / "progress.json")
    file.add([reviewed(all_items()[0].key, timedelta(days=days)) for days in (-400, 20_000, 3)])
    stands = standing(file.read(), NOW)
    assert stands.begun == 1 and stands.due == 0 and stands.later is not None
