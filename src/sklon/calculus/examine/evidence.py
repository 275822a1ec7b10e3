"""What is measured at a point: where the function tends on both sides, its difference quotients, and its slopes.

A :class:`Side` holds the tendencies of one side; an :class:`Evidence` both, with the value between them. What that
makes of the point is said by the rules.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import isfinite

import numpy as np

from sklon.calculus.subject import Array

from .line import Line
from .sampling import Samples, sample, steps_at
from .tendency import ABSENT, FINITE, Tendency, tendency

NEAREST = 4
"""The value at a point may differ from the limit by what the function moves over so many neighbouring numbers."""
SMALLEST = 1e-300
DOUBT = 10.0
"""What differs by so many times the errors of both differs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """The evidence on one side: ``samples``, and where f, its quotient, its chords and its gradient tend."""

    samples: Samples
    function: Tendency
    quotients: Array
    quotient: Tendency
    chords: Tendency
    slopes: Tendency
    #: the slope of f at the point from this side: the quotient's limit, sharpened by that of the gradient
    derivative: Tendency
    #: whether the gradient beside the point sharpened it
    sharpened: bool

    @property
    def is_absent(self) -> bool:
        """Whether the function is not defined on this side."""
        return self.function.kind == ABSENT


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """The value at a point, and both sides of it."""

    value: float
    left: Side
    right: Side
    #: from where the quotients start: the value, or the limit where the value is missing or another
    base: float
    #: by how much the value may differ from the limits by rounding alone
    tolerance: float

    @property
    def sides(self) -> tuple[Side, ...]:
        """Both sides, without one on which the function is not defined."""
        return tuple(s for s in (self.left, self.right) if not s.is_absent)

    @property
    def limits_agree(self) -> bool:
        """Whether all one-sided limits are finite and the same."""
        found = [s.function for s in self.sides]
        return all(t.is_finite for t in found) and agree(found[0], found[-1])

    @property
    def value_fits(self) -> bool:
        """Whether the value is the limit of both sides."""
        return self.limits_agree and all(fits(self.value, s.function, self.tolerance) for s in self.sides)

    @property
    def gap(self) -> float:
        """The difference of the one-sided derivatives, right minus left."""
        return self.right.derivative.limit - self.left.derivative.limit

    @property
    def resolution(self) -> float:
        """How large a difference of the one-sided derivatives has to be to be seen."""
        return DOUBT * (self.right.derivative.error + self.left.derivative.error)


def evidence_at(line: Line) -> Evidence:
    """Measure the point t = 0 of a line."""
    steps = steps_at(line)
    left, right = (sample(line, side, steps) for side in (-1, 1))
    value = line.value(0.0)
    limits = [tendency(s.steps, s.values, s.noise, s.between_values) for s in (left, right)]
    moved = [_movement(line, side, limit) for side, limit in zip((-1, 1), limits, strict=True)]
    tolerance = max(moved)
    beyond = max(m - t.error if t.is_finite else 0.0 for m, t in zip(moved, limits, strict=True))
    base, error = _base(value, limits, tolerance, max(beyond, 0.0) / NEAREST)
    one, other = (_side(s, limit, base, error) for s, limit in zip((left, right), limits, strict=True))
    return Evidence(value=value, left=one, right=other, base=base, tolerance=tolerance)


def agree(one: Tendency, other: Tendency) -> bool:
    """Whether two finite limits are the same within their errors."""
    return abs(one.limit - other.limit) <= DOUBT * (one.error + other.error)


def fits(value: float, limit: Tendency, tolerance: float) -> bool:
    """Whether a value is a finite limit, within its error and the rounding of the point."""
    return isfinite(value) and abs(value - limit.limit) <= DOUBT * limit.error + tolerance


def _movement(line: Line, side: int, limit: Tendency) -> float:
    """How far from its limit a function is at the numbers next to the point."""
    nearest = line.value(side * max(NEAREST * line.spacing, SMALLEST))
    moved = abs(nearest - limit.limit) if limit.is_finite else 0.0
    return moved if isfinite(moved) else 0.0


def _base(value: float, limits: list[Tendency], tolerance: float, rounding: float) -> tuple[float, float]:
    """From where quotients start, and the error of that: the place of the point is ``rounding``, too."""
    found = [t for t in limits if t.kind != ABSENT]
    last_digit = float(np.finfo(np.float64).eps) / 2 * abs(value) if isfinite(value) else 0.0
    if not found or not all(t.is_finite for t in found) or not agree(found[0], found[-1]):
        return value, last_digit
    limit = min(found, key=lambda t: t.error)
    if not all(fits(value, t, tolerance) for t in found):
        return limit.limit, limit.error
    apart = abs(value - limit.limit)
    return value, max(last_digit, min(tolerance, apart) if apart > limit.error else rounding)


def _side(samples: Samples, function: Tendency, base: float, error: float) -> Side:
    h = samples.steps
    with np.errstate(all="ignore"):
        quotients = samples.side * (samples.values - base) / h
        between = samples.side * (samples.between_values - base) / samples.between
        noise = (samples.noise + error) / h
    quotient = tendency(h, quotients, noise, between) if isfinite(base) else Tendency(kind=ABSENT)
    slopes = tendency(h, samples.slopes, samples.slope_noise)
    sharp = _sharpens(slopes, quotient)
    return Side(
        samples=samples,
        function=function,
        quotients=quotients,
        quotient=quotient,
        chords=tendency(h, samples.chords, samples.chord_noise),
        slopes=slopes,
        derivative=replace(quotient, limit=slopes.limit, error=slopes.error) if sharp else quotient,
        sharpened=sharp,
    )


def _sharpens(slopes: Tendency, quotient: Tendency) -> bool:
    """If slopes beside a point tend to a number, the one-sided derivative is that number (mean value theorem).

    Reverse mode may be wrong (a detached value, a rounding): it counts only where the quotients agree.
    """
    both = slopes.kind == FINITE and quotient.kind == FINITE and slopes.error < quotient.error
    return both and abs(slopes.limit - quotient.limit) <= quotient.error + slopes.error
