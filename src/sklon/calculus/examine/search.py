"""Where a function breaks, from values and slopes alone: cells of a grid that no cubic fits, halved again and again.

A cubic through the values and slopes at the ends of a cell of width w misses the middle by a multiple of w⁴, if the
function is smooth: per width that shrinks by 8 when the cell is halved. At a kink it does not shrink, at a jump it
grows.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from math import inf, isfinite

import numpy as np

from sklon.calculus.subject import Array

from .line import Line

SHRINKS = 0.35
"""The share of its misfit per width that the worse half of a smooth cell keeps at the most; theory says 1/8."""
MISFIT = 1e-7
"""A misfit per width below this share of the slopes is none."""
ROUNDING = 64.0
"""A misfit below so many machine epsilons of the values is rounding."""
HALVINGS = 70
OWN_STEP = 2.0**-10
"""The step of a central difference that stands for a slope, relative to the cell."""


@dataclass(frozen=True, slots=True)
class Cell:
    """A piece of the line with values and slopes at its ends."""

    low: float
    high: float
    values: tuple[float, float]
    slopes: tuple[float, float]

    @property
    def width(self) -> float:
        """Its length in t."""
        return self.high - self.low

    @property
    def middle(self) -> float:
        """Half way between the ends."""
        return self.low + self.width / 2

    @property
    def is_broken(self) -> bool:
        """Whether the function is not finite at one end, and finite at the other."""
        return isfinite(self.values[0]) != isfinite(self.values[1])


def suspicious(line: Line, grid: Array) -> list[Cell]:
    """The cells of a grid in which something breaks or goes faster than the grid can follow; the worst first."""
    measured = [_measured(line, float(t), float(grid[1] - grid[0])) for t in grid]
    found: list[tuple[float, Cell]] = []
    for (low, high), ((value, slope), (next_value, next_slope)) in zip(pairwise(grid), pairwise(measured), strict=True):
        cell = Cell(float(low), float(high), (value, next_value), (slope, next_slope))
        misfit = _stubborn(line, cell)
        if misfit > 0:
            found.append((misfit, cell))
    return [cell for _, cell in sorted(found, key=lambda pair: -pair[0])]


def narrowed(line: Line, cell: Cell) -> tuple[float, float]:
    """The two numbers, or nearly so, between which the cell breaks: the worse half of a half of a half …"""
    for _ in range(HALVINGS):
        if cell.middle in (cell.low, cell.high):
            break
        left, right = _halves(line, cell)
        if cell.is_broken:
            cell = left if left.is_broken else right
            continue
        one, other = _damage(left), _damage(right)
        if one == other:
            break
        cell = left if one > other else right
    return cell.low, cell.high


def _damage(cell: Cell) -> tuple[float, float]:
    """How much a cell jumps beyond its slopes, above rounding; then how much its slopes differ."""
    low, high = cell.values
    if not (isfinite(low) and isfinite(high)):
        return (inf, inf)
    slopes = cell.slopes if all(map(isfinite, cell.slopes)) else (0.0, 0.0)
    defect = abs(high - low - cell.width * sum(slopes) / 2)
    rounding = ROUNDING * float(np.finfo(np.float64).eps) * max(abs(low), abs(high))
    return (defect if defect > rounding else 0.0, abs(slopes[1] - slopes[0]))


def _stubborn(line: Line, cell: Cell) -> float:
    """The misfit of a cell that does not shrink with it, 0 for a smooth one."""
    if cell.is_broken:
        return inf
    misfit, level = _misfit(line, cell)
    if not misfit > level:
        return 0.0
    halves = [_misfit(line, half) for half in _halves(line, cell)]
    worse = max(m if m > level else 0.0 for m, level in halves)
    return misfit if worse > SHRINKS * misfit else 0.0


def _misfit(line: Line, cell: Cell) -> tuple[float, float]:
    """By how much a cubic misses value (per width) and slope in the middle, and what is no misfit."""
    (low, high), (first, last), width = cell.values, cell.slopes, cell.width
    value, slope = _measured(line, cell.middle, width)
    if not (isfinite(low) and isfinite(high)):
        return (inf if isfinite(value) else 0.0), 0.0
    if not isfinite(value):
        return inf, 0.0
    first, last, slope = (s if isfinite(s) else 0.0 for s in (first, last, slope))
    of_value = abs(value - (low + high) / 2 - width * (first - last) / 8) / width
    of_slope = abs(slope - 1.5 * (high - low) / width + (first + last) / 4) / 4
    rounding = float(np.finfo(np.float64).eps) * max(abs(low), abs(high), abs(value)) / width
    rounding *= ROUNDING if line.has_slope else ROUNDING / OWN_STEP
    return of_value + of_slope, max(rounding, MISFIT * max(abs(first), abs(last), abs(high - low) / width))


def _halves(line: Line, cell: Cell) -> tuple[Cell, Cell]:
    value, slope = _measured(line, cell.middle, cell.width)
    left = Cell(cell.low, cell.middle, (cell.values[0], value), (cell.slopes[0], slope))
    return left, Cell(cell.middle, cell.high, (value, cell.values[1]), (slope, cell.slopes[1]))


def _measured(line: Line, t: float, width: float) -> tuple[float, float]:
    """Value and slope; a central difference where reverse mode has no slope to give."""
    slope = line.slope(t)
    return line.value(t), slope if isfinite(slope) else _difference(line.value, t, OWN_STEP * width)


def _difference(value: Callable[[float], float], t: float, step: float) -> float:
    return (value(t + step) - value(t - step)) / (2 * step)
