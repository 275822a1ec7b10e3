"""Which level lines are drawn: evenly spaced heights, or geometrically above the lowest where the range is huge."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np

Array: TypeAlias = np.ndarray[Any, Any]
COUNT = 14
#: where the highest heights stand this many times as far above the lowest as half of them, even lines would hide all
HUGE = 6.0
#: the lowest line stands at this share of heights, and at most so many decades below the highest
LOWEST_SHARE, DECADES = 0.01, 6.0


def levels_of(heights: Array, lowest: float) -> Array:
    """Ascending levels for heights on a grid, of which some may be no number; ``lowest`` is the lowest that is known.

    >>> levels_of(np.linspace(0.0, 15.0, 1000), 0.0).round(3).tolist()[:3]
    [1.0, 2.0, 3.0]
    """
    finite = heights[np.isfinite(heights)]
    if not finite.size or finite.min() == finite.max():
        return np.array([])
    base = min(float(finite.min()), lowest)
    half, most = (float(v) for v in np.quantile(finite - base, [0.5, 0.995]))
    if half <= 0 or most / half > HUGE:
        first = max(float(np.quantile(finite - base, LOWEST_SHARE)), most * 10**-DECADES)
        return base + np.geomspace(first, most, COUNT)
    top = float(np.quantile(finite, 1.0))
    return np.linspace(base, top, COUNT + 2)[1:-1]
