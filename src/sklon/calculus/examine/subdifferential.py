"""The slopes that lines through a point may have without crossing the graph next to it.

For finite one-sided derivatives l and r Clarke's subdifferential is [min(l, r), max(l, r)]. The (Fréchet)
subdifferential is the interval [l, r] of the extended line, the superdifferential is [r, l]: a convex kink has the
first, a concave one the second. An infinite derivative leaves no Clarke gradient, because the function is not locally
Lipschitz. [Clarke 1983, Optimization and Nonsmooth Analysis; Rockafellar & Wets 1998, Variational Analysis, ch. 8]
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, isfinite, isnan
from typing import TypeAlias

from .numbers import number

Interval: TypeAlias = tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Subdifferential:
    """Intervals of slopes, None where there is none: ``clarke``, and the Fréchet ``lower`` and ``upper`` ones."""

    clarke: Interval | None
    lower: Interval | None
    upper: Interval | None

    def holds(self, slope: float, error: float) -> bool | None:
        """Whether a slope belongs to Clarke's interval, within an error; None where there is none."""
        if self.clarke is None or isnan(slope):
            return None
        return self.clarke[0] - error <= slope <= self.clarke[1] + error

    def __str__(self) -> str:
        if self.clarke is not None:
            return _written(self.clarke)
        lower, upper = ("empty" if i is None else _written(i) for i in (self.lower, self.upper))
        return f"not locally Lipschitz, so no Clarke gradient; subdifferential {lower}, superdifferential {upper}"


def subdifferential_of(left: float, right: float) -> Subdifferential:
    """The subdifferentials at a point from its one-sided derivatives, which may be infinite.

    >>> subdifferential_of(-1.0, 1.0).clarke, subdifferential_of(-1.0, 1.0).upper
    ((-1.0, 1.0), None)
    >>> subdifferential_of(0.0, float("inf")).lower
    (0.0, inf)
    """
    finite = isfinite(left) and isfinite(right)
    return Subdifferential(
        clarke=(min(left, right), max(left, right)) if finite else None,
        lower=_between(left, right),
        upper=_between(right, left),
    )


def _between(low: float, high: float) -> Interval | None:
    """The numbers between two slopes; none where the bounds are infinite on the same side."""
    return (low, high) if low <= high and low < inf and high > -inf else None


def _written(interval: Interval) -> str:
    low, high = interval
    if low == high:
        return f"{{{number(low)}}}"
    left, right = "(" if low == -inf else "[", ")" if high == inf else "]"
    return f"{left}{number(low)}, {number(high)}{right}"
