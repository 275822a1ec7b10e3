"""A claim with a tolerance: what was measured, what theory predicts, and the bounds in between which it holds.

Whether a check passed is never stored: it follows from the three numbers, and a NaN holds nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, isclose, isinf

from .text import Language, Text, number

#: digits of the room to both sides of a prediction
ROOM_DIGITS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """``low`` ≤ ``measured`` ≤ ``high``. ``predicted`` is theory's number, None where theory gives only a bound.

    ``name`` is stable and unique within its experiment; ``says`` is the claim as one sentence.
    """

    name: str
    says: Text
    measured: float
    predicted: float | None = None
    low: float = -inf
    high: float = inf

    @property
    def passed(self) -> bool:
        """Whether the claim holds."""
        return self.low <= self.measured <= self.high

    def bound(self, language: Language = "en") -> str:
        """The bounds as people write them: ``= 1``, ``1 ± 0.03``, ``≤ 10⁻¹²``, ``0.95 … 1.1``."""
        low, high = number(self.low, language), number(self.high, language)
        if self.low == self.high:
            return f"= {low}"
        if self.predicted is not None and isclose(self.high - self.predicted, self.predicted - self.low, rel_tol=1e-6):
            return f"{number(self.predicted, language)} ± {number((self.high - self.low) / 2, language, ROOM_DIGITS)}"
        if isinf(self.low):
            return f"≤ {high}"
        return f"≥ {low}" if isinf(self.high) else f"{low} … {high}"


def near(
    name: str, says: Text, measured: float, predicted: float, *, within: float = 0.0, relative: float = 0.0
) -> Check:
    """measured = predicted ± (within + relative·|predicted|).

    >>> near("slope", Text("slope", "наклон"), 1.99, 2.0, within=0.05).passed
    True
    """
    room = within + relative * abs(predicted)
    return _check(name, says, measured, predicted, predicted - room, predicted + room)


def equal(name: str, says: Text, measured: float, predicted: float) -> Check:
    """measured = predicted, to the bit."""
    return _check(name, says, measured, predicted, predicted, predicted)


def true(name: str, says: Text, holds: bool) -> Check:
    """Something is the case: 1 is yes, 0 is no."""
    return equal(name, says, float(holds), 1.0)


def below(name: str, says: Text, measured: float, limit: float, predicted: float | None = None) -> Check:
    """measured ≤ limit; ``predicted`` where theory says more than the limit."""
    return _check(name, says, measured, predicted, -inf, limit)


def above(name: str, says: Text, measured: float, limit: float, predicted: float | None = None) -> Check:
    """measured ≥ limit."""
    return _check(name, says, measured, predicted, limit, inf)


def between(name: str, says: Text, measured: float, low: float, high: float, predicted: float | None = None) -> Check:
    """low ≤ measured ≤ high."""
    return _check(name, says, measured, predicted, low, high)


def _check(name: str, says: Text, measured: float, predicted: float | None, low: float, high: float) -> Check:
    """A check of plain numbers, wherever they were computed."""
    theory = None if predicted is None else float(predicted)
    return Check(name=name, says=says, measured=float(measured), predicted=theory, low=float(low), high=float(high))
