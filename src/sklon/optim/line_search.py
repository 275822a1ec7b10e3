"""A line search for the strong Wolfe conditions: a step along a direction that lowers the loss and flattens the slope.

φ(t) = f(x + t·d) is evaluated by a function that is given; nothing here knows parameters. The step returned fulfils
φ(t) ≤ φ(0) + c₁·t·φ′(0) and |φ′(t)| ≤ −c₂·φ′(0), or it is the best one seen when the evaluations were spent.
Source: Nocedal and Wright, *Numerical optimization*, 2006, algorithms 3.5 and 3.6; where the search goes next is
Schmidt's minFunc, as in PyTorch. The invariant: what is not finite counts as +∞, so no step ends there.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import inf, isfinite, sqrt
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
#: c₁ and c₂: the decrease and the flattening that are enough
DECREASE, FLATTENING = 1e-4, 0.9
#: a bracket grows by at least this share of its last growth, and to this multiple at the most
LEAST_GROWTH, MOST_GROWTH = 0.01, 10.0
#: how near to an end of its bracket, as a share of it, a step makes too little progress
MARGIN = 0.1


@dataclass(frozen=True, slots=True)
class Point:
    """φ(t) = ``loss`` and φ′(t) = ``slope`` at ``step`` t, with the gradient of f there."""

    step: float
    loss: float
    grad: Array
    slope: float

    @classmethod
    def at(cls, step: float, loss: float, grad: Array, direction: Array) -> Point:
        """A point; one that is not finite has a loss of +∞."""
        with np.errstate(over="ignore", invalid="ignore"):  # an infinite gradient is no surprise far out on a line
            slope = float(grad @ direction)
        return cls(step, loss if isfinite(loss) and isfinite(slope) else inf, grad, slope)


Evaluate = Callable[[float], Point]


@dataclass(slots=True)
class Search:
    """One search from ``start`` (t = 0): ``most`` evaluations after the first one, ``used`` of them so far.

    ``reach`` is the largest element of |d|: a bracket narrower than ``tolerance``/``reach`` is narrow enough.
    """

    evaluate: Evaluate
    start: Point
    most: int
    reach: float
    tolerance: float
    used: int = 0

    def run(self, first: float) -> Point:
        """Search from the step ``first`` on."""
        ends = self._bracket(first)
        return ends[0] if len(ends) == 1 else self._zoom(ends)

    def _bracket(self, step: float) -> list[Point]:
        """Two points with a good one between them, or one that is good."""
        last, new = self.start, self.evaluate(step)
        while self.used < self.most:
            if self._too_high(new) or (self.used > 1 and new.loss >= last.loss):
                return [last, new]
            if self._flat(new):
                return [new]
            if new.slope >= 0:
                return [last, new]
            grown = new.step + LEAST_GROWTH * (new.step - last.step), MOST_GROWTH * new.step
            last, new = new, self._next(cubic_minimum(last, new, grown))
        return [self.start, new]

    def _zoom(self, ends: list[Point]) -> Point:
        """Narrow a bracket down; ``low`` is the place of its better end."""
        low = 0 if ends[0].loss <= ends[1].loss else 1
        insufficient = False
        while self.used < self.most and abs(ends[1].step - ends[0].step) * self.reach >= self.tolerance:
            bounds = min(ends[0].step, ends[1].step), max(ends[0].step, ends[1].step)
            step, insufficient = _inside(cubic_minimum(ends[0], ends[1], bounds), bounds, insufficient)
            new = self._next(step)
            if self._too_high(new) or new.loss >= ends[low].loss:
                ends[1 - low] = new
                low = 0 if ends[0].loss <= ends[1].loss else 1
                continue
            if self._flat(new):
                return new
            if new.slope * (ends[1 - low].step - ends[low].step) >= 0:
                ends[1 - low] = ends[low]
            ends[low] = new
        return ends[low]

    def _next(self, step: float) -> Point:
        self.used += 1
        return self.evaluate(step)

    def _too_high(self, point: Point) -> bool:
        return point.loss > self.start.loss + DECREASE * point.step * self.start.slope

    def _flat(self, point: Point) -> bool:
        return abs(point.slope) <= -FLATTENING * self.start.slope


def cubic_minimum(a: Point, b: Point, bounds: tuple[float, float]) -> float:
    """Where the cubic through two losses and slopes is least, within bounds; their middle where it has no minimum.

    >>> zero = np.zeros(1)
    >>> cubic_minimum(Point(0.0, 1.0, zero, -2.0), Point(3.0, 4.0, zero, 4.0), (0.0, 3.0))
    1.0
    """
    if a.step == b.step:
        return a.step
    a, b = (a, b) if a.step < b.step else (b, a)
    d1 = a.slope + b.slope - 3 * (a.loss - b.loss) / (a.step - b.step)
    square = d1 * d1 - a.slope * b.slope
    if 0 <= square < inf:
        d2 = sqrt(square)
        span = b.slope - a.slope + 2 * d2
        step = b.step - (b.step - a.step) * ((b.slope + d2 - d1) / span) if span else inf
        return min(max(step, bounds[0]), bounds[1])
    return (bounds[0] + bounds[1]) / 2


def _inside(step: float, bounds: tuple[float, float], insufficient: bool) -> tuple[float, bool]:
    """The step, moved from an end of its bracket if it was near one before; and whether it is near one now."""
    least, most = bounds
    margin = MARGIN * (most - least)
    if min(most - step, step - least) >= margin:
        return step, False
    if not (insufficient or step >= most or step <= least):
        return step, True
    return (most - margin if abs(step - most) < abs(step - least) else least + margin), False
