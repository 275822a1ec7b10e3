"""When to ask again: FSRS over the reviews of an item. The only importer of fsrs.

What is remembered of an item follows from its reviews alone, by replaying them, so two lists of reviews can be joined
and nothing is lost; for the same reason the intervals are not fuzzed. All times are UTC.

Source: J. Ye, J. Su, Y. Cao, A stochastic shortest path algorithm for optimizing spaced repetition scheduling, KDD
2022; the parameters are the defaults of FSRS 6.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Generic, Protocol, TypeVar
from zlib import crc32

from fsrs import Card, Scheduler
from fsrs import Rating as Rated

from sklon._base.checks import check_whole

from .grading import Rating
from .progress import Review

#: items that are begun on one day, unless told otherwise
NEW_A_DAY = 10

_SCHEDULER = Scheduler(enable_fuzzing=False)
_RATED: dict[Rating, Rated] = {"again": Rated.Again, "hard": Rated.Hard, "good": Rated.Good, "easy": Rated.Easy}


class Keyed(Protocol):
    """What has a key, such as an item."""

    @property
    def key(self) -> str: ...


Asked = TypeVar("Asked", bound=Keyed)


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """What is known of one item: when it is due, how often it was asked and forgotten, how firmly it sits.

    ``stability`` is the time in days after which it is recalled with probability 0.9; ``difficulty`` is from 1 to 10.
    """

    item: str
    due: datetime
    first: datetime
    last: datetime
    reviews: int
    lapses: int
    stability: float
    difficulty: float

    def recalled(self, now: datetime) -> float:
        """The probability that it would be recalled now."""
        card = Card(
            card_id=0, stability=self.stability, difficulty=self.difficulty, due=self.due, last_review=self.last
        )
        return float(_SCHEDULER.get_card_retrievability(card, now.astimezone(UTC)))


@dataclass(frozen=True, slots=True)
class Agenda(Generic[Asked]):
    """What to ask now: ``due`` items, the longest overdue first, then ``new`` ones in the order of the questions."""

    due: tuple[Asked, ...]
    new: tuple[Asked, ...]

    @property
    def items(self) -> tuple[Asked, ...]:
        """All of them, in the order in which they are asked."""
        return self.due + self.new


def memories(reviews: Iterable[Review]) -> dict[str, Memory]:
    """What the reviews have left of each item.

    >>> start = datetime(2026, 1, 1, tzinfo=UTC)
    >>> memories([Review(item="Q1/recall-1", time=start, rating="good", share=1.0)])["Q1/recall-1"].due.isoformat()
    '2026-01-01T00:10:00+00:00'
    """
    by_item: dict[str, list[Review]] = {}
    for review in sorted(reviews, key=lambda r: r.time):
        by_item.setdefault(review.item, []).append(review)
    return {item: _replayed(item, found) for item, found in by_item.items()}


def agenda(
    items: Sequence[Asked],
    known: Mapping[str, Memory],
    now: datetime,
    *,
    new_a_day: int = NEW_A_DAY,
) -> Agenda[Asked]:
    """What of the items to ask now.

    Days are those of the time zone of ``now``. Items that were begun today count against ``new_a_day``.
    """
    check_whole(0, new_a_day=new_a_day)
    overdue = [item for item in items if item.key in known and known[item.key].due <= now]
    begun = sum(memory.first.astimezone(now.tzinfo).date() == now.date() for memory in known.values())
    unknown = [item for item in items if item.key not in known]
    return Agenda(
        due=tuple(sorted(overdue, key=lambda item: known[item.key].due)),
        new=tuple(unknown[: max(0, new_a_day - begun)]),
    )


def _replayed(item: str, reviews: Sequence[Review]) -> Memory:
    """The memory after these reviews, in order."""
    card = Card(card_id=crc32(item.encode()), due=reviews[0].time)  # without an id of ours it would sleep for one
    for review in reviews:
        card, _ = _SCHEDULER.review_card(card, _RATED[review.rating], review.time)
    assert card.stability is not None and card.difficulty is not None
    return Memory(
        item=item,
        due=card.due,
        first=reviews[0].time,
        last=reviews[-1].time,
        reviews=len(reviews),
        lapses=sum(review.rating == "again" for review in reviews),
        stability=card.stability,
        difficulty=card.difficulty,
    )
