"""A claim with a tolerance: what was measured, what theory predicts, and the bounds in between which it holds.

What is claimed is known before anything runs, as text of the experiment; a run finds the numbers. Whether a check
passed is never stored: it follows from the three numbers, and a NaN holds nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, isclose, isinf

from .text import Language, Text, number

#: digits of the room to both sides of a prediction
ROOM_DIGITS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """``low`` ≤ ``measured`` ≤ ``high``. ``predicted`` is theory's number, None where theory gives only a bound.

    ``name`` is that of the claim which the finding is about.
    """

    name: str
    measured: float
    predicted: float | None = None
    low: float = -inf
    high: float = inf

    def saying(self, says: Text) -> Check:
        """The check of a claim that this is found of."""
        return Check(
            name=self.name,
            says=says,
            measured=self.measured,
            predicted=self.predicted,
            low=self.low,
            high=self.high,
        )

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Check(Finding):
    """A finding with its claim: ``says`` is what holds or fails, as one sentence."""

    says: Text


def near(name: str, measured: float, predicted: float, *, within: float = 0.0, relative: float = 0.0) -> Finding:
    """measured = predicted ± (within + relative·|predicted|).

    >>> near("slope", 1.99, 2.0, within=0.05).passed
    True
    """
    room = within + relative * abs(predicted)
    return _finding(name, measured, predicted, predicted - room, predicted + room)


def equal(name: str, measured: float, predicted: float) -> Finding:
    """measured = predicted, to the bit."""
    return _finding(name, measured, predicted, predicted, predicted)


def true(name: str, holds: bool) -> Finding:
    """Something is the case: 1 is yes, 0 is no."""
    return equal(name, float(holds), 1.0)


def below(name: str, measured: float, limit: float, predicted: float | None = None) -> Finding:
    """measured ≤ limit; ``predicted`` where theory says more than the limit."""
    return _finding(name, measured, predicted, -inf, limit)


def above(name: str, measured: float, limit: float, predicted: float | None = None) -> Finding:
    """measured ≥ limit."""
    return _finding(name, measured, predicted, limit, inf)


def between(name: str, measured: float, low: float, high: float, predicted: float | None = None) -> Finding:
    """low ≤ measured ≤ high."""
    return _finding(name, measured, predicted, low, high)


def _finding(name: str, measured: float, predicted: float | None, low: float, high: float) -> Finding:
    """A finding of plain numbers, wherever they were computed."""
    theory = None if predicted is None else float(predicted)
    return Finding(name=name, measured=float(measured), predicted=theory, low=float(low), high=float(high))
