"""Grading: from what a learner gave to the share that is right, and from there to a rating. Pure functions.

Recall is graded by the points that were said, a number on the scale that fits its kind, a choice by whether it is the
right one. One table maps shares to the ratings of the scheduler.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import isfinite, log10
from typing import Literal, TypeAlias

from sklon._base.errors import InputError

#: how well something was remembered, in the words of FSRS
Rating: TypeAlias = Literal["again", "hard", "good", "easy"]
RATING_NAMES: tuple[Rating, ...] = ("again", "hard", "good", "easy")
#: how the distance of two numbers is measured
Scale: TypeAlias = Literal["magnitude", "relative", "absolute", "exact"]

#: a number this near to the truth, as a share of it, is a close one
CLOSE = 0.05
#: where an exact answer is no whole number, its first two digits are asked for
DIGITS_ROOM = 0.02
#: how far rounding may move a number that is a whole one
ROUNDING = 1e-9

#: (smallest share, whether the number has to be close, rating); the first row that fits counts
RATINGS: tuple[tuple[float, bool, Rating], ...] = (
    (0.8, True, "easy"),
    (0.8, False, "good"),
    (0.5, False, "hard"),
    (0.0, False, "again"),
)


@dataclass(frozen=True, slots=True)
class Grade:
    """The share that is right, in [0, 1], and whether it is a number close to the truth.

    >>> Grade(0.75).rating
    'hard'
    """

    share: float
    close: bool = False

    @property
    def rating(self) -> Rating:
        """The rating of the scheduler."""
        return next(rating for least, close, rating in RATINGS if self.share >= least and self.close >= close)

    @property
    def right(self) -> bool:
        """Whether it counts as known: good or easy."""
        return self.rating in ("good", "easy")


def grade_recall(said: int, points: int) -> Grade:
    """The share of the key points that were said.

    >>> grade_recall(2, 4).rating
    'hard'
    """
    if not 0 <= said <= points or points == 0:
        raise InputError(f"{said} of {points} points cannot be said; tick points that are there")
    return Grade(said / points)


def grade_choice(given: int, right: int) -> Grade:
    """All or nothing."""
    return Grade(float(given == right))


def grade_number(given: float, truth: float, scale: Scale = "magnitude") -> Grade:
    """How near a number is to the truth, on one of the scales::

        magnitude   1 − |log₁₀(given/truth)|    ten times too much or too little is nothing; so is a wrong sign
        relative    1 − |given − truth| / |truth|
        absolute    1 − |given − truth|         for powers, and for all scales if the truth is 0
        exact       1 or 0: whole numbers as they are, others to two digits

    >>> grade_number(20, 40).share, grade_number(41, 40).rating
    (0.6989700043360187, 'easy')

    InputError for a truth or a number that is not finite.
    """
    if not (isfinite(given) and isfinite(truth)):
        raise InputError(f"only finite numbers are graded, not {given} for {truth}; set the controls to their defaults")
    share = min(1.0, max(0.0, _SCALES[scale if truth else _WITHOUT_TRUTH[scale]](given, truth)))
    room = CLOSE * (abs(truth) if truth else 1.0)
    return Grade(share, abs(given - truth) <= room)


def _magnitude(given: float, truth: float) -> float:
    return 1 - abs(log10(given / truth)) if given / truth > 0 else 0.0


def _relative(given: float, truth: float) -> float:
    return 1 - abs(given - truth) / abs(truth)


def _absolute(given: float, truth: float) -> float:
    return 1 - abs(given - truth)


def _exact(given: float, truth: float) -> float:
    whole = abs(truth - round(truth)) <= ROUNDING
    return float(abs(given - truth) <= (ROUNDING if whole else DIGITS_ROOM * abs(truth)))


_SCALES: dict[Scale, Callable[[float, float], float]] = {
    "magnitude": _magnitude,
    "relative": _relative,
    "absolute": _absolute,
    "exact": _exact,
}
#: what takes the place of a scale that would divide by a truth of 0
_WITHOUT_TRUTH: dict[Scale, Scale] = {
    "magnitude": "absolute",
    "relative": "absolute",
    "absolute": "absolute",
    "exact": "exact",
}
