"""How any value becomes one that a control allows: read where it can be, else the nearest bound or the default."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from sklon._base.errors import InputError

from ..controls import Choice, Control, Real, Whole

#: digits beyond which no number is read: Python's own limit for whole numbers is 4300
LONGEST = 40


@dataclass(frozen=True, slots=True)
class Taken:
    """What was made of a value: ``exact`` if it was allowed as it stood, ``readable`` if it was of the right kind."""

    value: Any
    exact: bool
    readable: bool


def nearest(control: Control, value: Any) -> Taken:
    """The value of a control that is nearest to whatever comes."""
    if isinstance(control, Choice):
        known = isinstance(value, str | int) and str(value) in control.options
        return Taken(str(value) if known else control.default, known, known)
    number = as_number(value)
    if number is None or not isinstance(control, Whole | Real):
        return Taken(control.default, False, False)
    within = min(max(number, control.low), control.high)
    taken = round(within) if isinstance(control, Whole) else within
    return Taken(taken, taken == number, True)


def as_number(value: Any) -> float | None:
    """The finite number that a text or a value is; None where it is none."""
    if isinstance(value, bool) or (isinstance(value, str) and len(value) > LONGEST):
        return None
    try:
        number = float(value.strip().replace(",", ".") if isinstance(value, str) else value)
    except (TypeError, ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def as_count(value: Any) -> int:
    """A number of steps, at least 0, of whatever comes; InputError where it is no number."""
    number = as_number(value)
    if number is None:
        raise InputError(f"a number of steps is a whole number, not {value!r}")
    return max(0, int(number))
