"""Where a score lies with 95 % certainty, by the spread of its terms over the rows.

::

    mean of terms            mean ± z s / √n
    root of a mean           the roots of both ends
    share of rows            Wilson's interval, which stays open where every row is right
    1 - mean(a) / mean(b)    as the mean of (mean(a) b - mean(b) a) / mean(b)², by linearisation
    area under the curve     DeLong, DeLong, Clarke-Pearson, Biometrics 1988

An interval is a pair of numbers, or ``None`` where the rows say nothing about the spread (a single row).
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Numbers: TypeAlias = NDArray[Any]
Interval: TypeAlias = tuple[float, float] | None

CERTAINTY = 1.96
"""Standard errors to each side that hold 95 % of a normal distribution."""


def of_mean(terms: Numbers, center: float | None = None) -> Interval:
    """The interval of a mean, around ``center`` if the terms are only its linearisation.

    >>> of_mean(np.array([1.0])) is None
    True
    """
    if len(terms) < 2:
        return None
    middle = float(np.mean(terms)) if center is None else center
    half = CERTAINTY * float(np.std(terms, ddof=1)) / float(np.sqrt(len(terms)))
    return middle - half, middle + half


def of_root(squares: Numbers) -> Interval:
    """The interval of the root of a mean of squares."""
    found = of_mean(squares)
    return found and (float(np.sqrt(max(0.0, found[0]))), float(np.sqrt(found[1])))


def of_share(right: NDArray[np.bool_]) -> Interval:
    """Wilson's interval of a share.

    >>> low, high = of_share(np.ones(20, bool))
    >>> round(low, 3), high
    (0.839, 1.0)
    """
    n, share, z2 = len(right), float(np.mean(right)), CERTAINTY**2
    middle = (share + z2 / (2 * n)) / (1 + z2 / n)
    half = CERTAINTY / (1 + z2 / n) * float(np.sqrt(share * (1 - share) / n + z2 / (4 * n * n)))
    return max(0.0, middle - half), min(1.0, middle + half)


def of_explained(unexplained: Numbers, total: Numbers) -> Interval:
    """The interval of 1 - mean(unexplained) / mean(total)."""
    a, b = float(np.mean(unexplained)), float(np.mean(total))
    if not b > 0:
        return None
    found = of_mean((a * total - b * unexplained) / b**2, 1 - a / b)
    return found and (found[0], min(1.0, found[1]))


def of_area(positive: Numbers, negative: Numbers) -> Interval:
    """The interval of the chance that a number of the first kind lies above one of the second, ties counted half."""
    if len(positive) < 2 or len(negative) < 2:
        return None
    above, below = _shares_below(positive, negative), 1 - _shares_below(negative, positive)
    middle = float(np.mean(above))
    variance = float(np.var(above, ddof=1)) / len(above) + float(np.var(below, ddof=1)) / len(below)
    half = CERTAINTY * float(np.sqrt(variance))
    return max(0.0, middle - half), min(1.0, middle + half)


def _shares_below(points: Numbers, others: Numbers) -> Numbers:
    """For each point, the share of the others that lie below it, ties counted half."""
    ordered = np.sort(others)
    both = np.searchsorted(ordered, points, "left") + np.searchsorted(ordered, points, "right")
    return np.asarray(both / (2 * len(ordered)))
