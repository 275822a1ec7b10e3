"""Samples of a function on one side of a point, over shrinking steps, with the noise of rounding at each.

The steps shrink by a ratio that is no power of two from a first step that is irrational, so that functions of 1/h are
not met in phase. At each step there is a cluster of four equidistant points: their third difference tells the noise,
their ends the slope of a chord there.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import floor, log, log2, sqrt

import numpy as np

from sklon.calculus.subject import Array

from .line import Line

FIRST_STEP = 1 / (2 + (1 + sqrt(5)) / 2)
"""The first step where |c| is not large: 1/(2 + golden ratio) ≈ 0.28."""
RATIO = 0.6
LAST_STEP = 1e-22
"""The smallest step at c = 0, where numbers are dense."""
NUMBERS_APART = 2**10
"""The smallest step elsewhere, in distances of neighbouring numbers."""
MOST_STEPS = 120
BETWEEN = 3
"""Samples between each step and the next, for the width of what oscillates."""
CLUSTER = 2.0**-34
"""The distance of the points of a cluster, relative to the step."""
APART_IN_CLUSTER = 4
"""The least distance of the points of a cluster, in distances of neighbouring numbers."""
FALLS = 0.1
"""Noise that falls to this share of what it was has fallen for good."""
SEED = 20
THIRD_DIFFERENCE = sqrt(20)
"""The standard deviation of the third difference of unit noise: √(1 + 9 + 9 + 1)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Samples:
    """f at c + side·h for each step h, all of shape [K]; each ``noise`` is a standard deviation."""

    side: int
    steps: Array
    values: Array
    noise: Array
    #: steps between each step and the next, and f there: shapes [K, M]
    between: Array
    between_values: Array
    #: slopes of short chords
    chords: Array
    chord_noise: Array
    #: slopes by reverse mode
    slopes: Array
    slope_noise: Array


def steps_at(line: Line) -> Array:
    """The steps h > 0 from large to small. Shape: [K]."""
    size = abs(line.center) if len(line.point) == 1 else float(np.max(np.abs(line.point)))
    first = FIRST_STEP * max(1.0, size * 2.0**-20)
    last = max(LAST_STEP if size == 0 else line.spacing * NUMBERS_APART, 1e-300)
    if line.epsilon > np.finfo(np.float64).eps:
        last = max(last, line.epsilon)
    count = 1 + int(log(max(first / last, 2.0)) / -log(RATIO))
    return first * RATIO ** np.arange(min(count, MOST_STEPS))


def sample(line: Line, side: int, steps: Array) -> Samples:
    """The samples of one ``side``, which is −1 or 1. Takes eight evaluations a step."""
    between = steps[:, None] * RATIO ** (np.arange(1, BETWEEN + 1) / (BETWEEN + 1))
    rows = [_cluster(line, side, float(h)) for h in steps]
    taken, distances, slopes = (np.array([row[i] for row in rows]) for i in (0, 1, 3))
    values = np.stack([row[2] for row in rows])
    moved = _moved(line, side, taken)
    with np.errstate(all="ignore"):
        scatter = np.abs(values @ np.array([-1.0, 3.0, -3.0, 1.0])) / THIRD_DIFFERENCE
    noise = _levels(values[:, 0], moved[:, 0], scatter)
    slope_noise = _levels(slopes, moved[:, 1], np.zeros_like(slopes))
    with np.errstate(all="ignore"):
        chords = side * (values[:, 3] - values[:, 0]) / (3 * distances)
    return Samples(
        side=side,
        steps=taken,
        values=values[:, 0],
        noise=noise,
        between=between,
        between_values=np.array([[line.value(side * float(h)) for h in row] for row in between]),
        chords=chords,
        chord_noise=noise / distances,
        slopes=slopes,
        slope_noise=slope_noise,
    )


def _moved(line: Line, side: int, steps: Array) -> Array:
    """Values and slopes with their roundings made anew, at every second step; NaN at the others. Shape: [K, 2]."""
    random = np.random.default_rng(SEED)
    found = np.full((len(steps), 2), np.nan)
    for i in range(0, len(steps), 2):
        found[i] = line.moved(side * float(steps[i]), random)
    return found


def _levels(values: Array, moved: Array, scatter: Array) -> Array:
    """The noise at each step from single measurements, which are small by chance, and 0 where a difference cancels.

    Measured are the ``scatter`` in a cluster, how far a value was ``moved`` by its roundings, and its last digit. The
    level is the largest one since the noise last fell for good; where all three are 0 nothing is known but what was
    before. Shapes: [K].
    """
    with np.errstate(all="ignore"):
        last_digit = np.finfo(np.float64).eps / 2 * np.abs(values)
        measured = np.stack([scatter, np.abs(moved - values), last_digit])
    single = np.where(np.isfinite(measured), measured, 0.0).max(axis=0)
    near = np.max([np.roll(np.pad(single, 2), shift)[2:-2] for shift in range(-2, 3)], axis=0)
    levels, low, peak = [], np.inf, 0.0
    for here in near:
        if 0 < here < low * FALLS:
            low = peak = here
        peak = max(peak, here)
        levels.append(peak)
    return np.array(levels)


def _cluster(line: Line, side: int, h: float) -> tuple[float, float, Array, float]:
    """The step that is taken, the distance of four points from there on, their values, and the slope at the first."""
    first = side * line.offset(side * h)
    distance = 2.0 ** floor(log2(max(CLUSTER * h, APART_IN_CLUSTER * line.spacing)))
    offsets = [side * (first + i * distance) for i in range(4)]
    return first, distance, np.array([line.value(t) for t in offsets]), line.slope(offsets[0])
