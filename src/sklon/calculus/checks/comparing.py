"""A derivative beside difference quotients: right, wrong, or at a kink.

Central quotients are taken at a few steps, each a tenth of the one before. A derivative is right if it agrees with one
of them: a kink near the point disturbs long steps, rounding disturbs short ones, and a wrong derivative agrees with
none. What is allowed is atol + rtol·(the larger of both) + the rounding of the quotient.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from math import inf, isfinite
from typing import Any, Literal, TypeAlias

import numpy as np

from sklon._base.dtypes import Dtype, float32, float64

#: g of one real number, such as t ↦ f(x + t·v)
Line: TypeAlias = Callable[[float], float]
Verdict: TypeAlias = Literal["right", "kink", "wrong"]

#: roundings that a value of f is taken to hold
ROUNDINGS = 8
#: of the gap between both slopes, what is left at a tenth of the step: a tenth where f is smooth, all of it at a kink
GAP_OF_A_KINK = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Precision:
    """How derivatives are compared that are computed in one element type; ``steps`` are relative to the point.

    The first step is the cube root of ``unit``, where rounding and truncation are about equal.
    """

    atol: float
    rtol: float
    unit: float
    steps: tuple[float, ...]

    def of(self, atol: float | None, rtol: float | None) -> Precision:
        """The same with other tolerances, where they are given."""
        return replace(self, atol=self.atol if atol is None else atol, rtol=self.rtol if rtol is None else rtol)


#: by element type; a float32 resolves about three digits of a derivative
PRECISIONS: dict[Dtype, Precision] = {
    float64: Precision(atol=1e-7, rtol=1e-5, unit=2.0**-52, steps=(6e-6, 6e-7, 6e-8)),
    float32: Precision(atol=1e-3, rtol=1e-2, unit=2.0**-23, steps=(5e-3, 1e-3)),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """A derivative, the quotient nearest to it, and what they may differ by; ``left`` and ``right`` at a kink."""

    derivative: float
    quotient: float
    tolerance: float
    verdict: Verdict
    left: float = 0.0
    right: float = 0.0

    @property
    def excess(self) -> float:
        """The error in tolerances: at most 1 for what is right."""
        error = abs(self.derivative - self.quotient)
        return error / self.tolerance if isfinite(error) else inf

    @property
    def is_between(self) -> bool:
        """Whether a derivative at a kink lies between the slopes of both sides."""
        low, high = sorted((self.left, self.right))
        return low - self.tolerance <= self.derivative <= high + self.tolerance


def compared(derivative: float, line: Line, precision: Precision, scale: float = 1.0, size: float = 0.0) -> Comparison:
    """g′(0) beside quotients of g; ``scale`` is the size of the point, ``size`` that of the terms that g adds up.

    >>> compared(2.0, lambda t: (1 + t) ** 2, PRECISIONS[float64]).verdict
    'right'
    >>> compared(2.001, lambda t: (1 + t) ** 2, PRECISIONS[float64]).verdict
    'wrong'
    >>> compared(0.0, lambda t: max(t, 0.0), PRECISIONS[float64]).verdict
    'kink'
    """
    found = []
    for step in (scale * s for s in precision.steps):
        one = _at(derivative, line, precision, step, size)
        if one.verdict == "right":
            return one
        found.append(one)
    nearest = min(found, key=lambda c: abs(c.derivative - c.quotient) if isfinite(c.quotient) else inf)
    return _judged(nearest, line, precision, scale)


def size_of(values: Any) -> float:
    """The size of a point, of at least 1: steps are relative to it."""
    return max(1.0, float(np.abs(values).max(initial=0.0)))


def _at(derivative: float, line: Line, precision: Precision, step: float, size: float) -> Comparison:
    ahead, behind = line(step), line(-step)
    quotient = (ahead - behind) / (2 * step)
    rounding = ROUNDINGS * precision.unit * max(size, abs(ahead), abs(behind)) / step
    allowed = precision.atol + precision.rtol * max(abs(derivative), abs(quotient)) + rounding
    right = abs(derivative - quotient) <= allowed
    return Comparison(
        derivative=derivative, quotient=quotient, tolerance=allowed, verdict="right" if right else "wrong"
    )


def _judged(wrong: Comparison, line: Line, precision: Precision, scale: float) -> Comparison:
    """Whether what disagrees does so because both sides have slopes of their own."""
    here, first = line(0.0), precision.steps[0] * scale
    sides = [((line(h) - here) / h, (here - line(-h)) / h) for h in (first, first / 10)]
    wide, narrow = (abs(right - left) for right, left in sides)
    if not (narrow > wrong.tolerance and narrow > GAP_OF_A_KINK * wide):
        return wrong
    right, left = sides[1]
    return replace(wrong, verdict="kink", left=left, right=right)
