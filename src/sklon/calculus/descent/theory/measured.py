"""The factor per step that a path shows: the largest eigenvalue of the map that takes its steps to the next ones.

A step Δₖ = xₖ₊₁ − xₖ of a linear method with memory follows from the two before, so that (Δₖ₊₁, Δₖ) goes to
(Δₖ₊₂, Δₖ₊₁) by one matrix; it is fitted to the tail of the path by least squares. Steps near the rounding of the points
say nothing and are left out. That also measures what oscillates, where a slope over the steps would be blurred.
Source: dynamic mode decomposition, Schmid 2010, in the form with a truncated singular value decomposition.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np

Array: TypeAlias = np.ndarray[Any, Any]
#: a step counts if it is so many times as long as the rounding of the points
ABOVE_ROUNDING = 1e6
#: singular values below this share of the largest are noise
NOISE = 1e-5
#: a mode counts if it takes part in the states by more than this share of the largest one
PART = 1e-3
#: states that are looked at, the last ones, and how many there must be
MOST_STATES, LEAST_STATES = 400, 3


def measured_factor(points: Array) -> float | None:
    """The factor by which steps shrink or grow at the end of a path [turns, n]; None where it is too short to tell.

    >>> points = np.array([[0.9**k, (-0.5) ** k] for k in range(60)])
    >>> round(measured_factor(points), 9)
    0.9
    """
    steps = np.diff(points, axis=0)
    lengths = np.linalg.norm(steps, axis=1)
    floors = ABOVE_ROUNDING * np.finfo(np.float64).eps * np.abs(points[1:]).max(1, initial=0.0)
    low = np.flatnonzero(lengths <= floors)
    usable = steps[: int(low[0])] if len(low) else steps
    states = np.concatenate([usable[1:], usable[:-1]], axis=1)
    count = len(states) - 1
    tail = slice(max(count // 2 if count > 4 * states.shape[1] else 0, count - MOST_STATES), count)
    before, after = states[:-1][tail], states[1:][tail]
    if len(before) < LEAST_STATES:
        return None
    size = np.linalg.norm(before, axis=1, keepdims=True)
    return _radius(before / size, after / size)


def _radius(before: Array, after: Array) -> float:
    """The spectral radius of the M with after = before·M, on what is no noise. Shapes: [states, 2n]."""
    left, values, right = np.linalg.svd(before, full_matrices=False)
    kept = values > NOISE * values[0]
    left, values, right = left[:, kept], values[kept], right[kept]
    reduced = (left.T @ after @ right.T) / values[:, None]
    found, modes = np.linalg.eig(reduced.T)
    parts = np.abs(np.linalg.pinv(modes) @ (left * values).T).max(1)
    return float(np.abs(found[parts > PART * parts.max()]).max())
