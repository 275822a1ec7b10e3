"""What a learner has done, as values: reviews and interviews. They join without loss, in any order.

Nothing else is kept: what is due, and what is weak, follows from the reviews (``scheduling``).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from .grading import RATING_NAMES, Rating


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """One item was asked once. ``time`` is UTC; ``share`` of it was right.

    ``given`` and ``truth`` are numbers, or names where one of several was chosen.
    """

    item: str
    time: datetime
    rating: Rating
    share: float
    given: float | str | None = None
    truth: float | str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """One answer of an interview; ``seconds`` is the time it took, ``allowed`` the time there was."""

    item: str
    share: float
    seconds: float
    allowed: float

    @property
    def late(self) -> bool:
        """Whether it took longer than there was time."""
        return self.seconds > self.allowed


@dataclass(frozen=True, slots=True, kw_only=True)
class Interview:
    """One interview; ``time`` is when it began, UTC."""

    time: datetime
    answers: tuple[Answered, ...]

    @property
    def share(self) -> float:
        """The share that was right, each answer counting the same."""
        return sum(a.share for a in self.answers) / len(self.answers) if self.answers else 0.0


@dataclass(frozen=True, slots=True)
class Progress:
    """All reviews and interviews, each in the order of time."""

    reviews: tuple[Review, ...] = ()
    interviews: tuple[Interview, ...] = ()

    def joined(self, other: Progress) -> Progress:
        """What both hold, each thing once.

        >>> review = Review(item="Q1/recall-1", time=datetime(2026, 1, 1), rating="good", share=1.0)
        >>> one = Progress((review,))
        >>> one.joined(one) == one
        True
        """
        return Progress(
            tuple(sorted({*self.reviews, *other.reviews}, key=_order_of_reviews)),
            tuple(sorted({*self.interviews, *other.interviews}, key=lambda i: (i.time, repr(i.answers)))),
        )


def _order_of_reviews(review: Review) -> tuple[object, ...]:
    return review.time, review.item, RATING_NAMES.index(review.rating), review.share, repr((review.given, review.truth))
