"""Seeded splits of rows into those that train and those that validate.

A split is a pure function of the seed, the number of rows and the classes; the global random state is not
touched. With classes, each is split in the same proportion, and a class with a single row trains only.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sklon._base.errors import InputError
from sklon._base.philox import permutation

SPLIT_STREAM = 0x5350_4C54
SAMPLE_STREAM = 0x5341_4D50
"""The streams of random bits that belong to splitting and sampling, so that shuffling draws from another one."""


@dataclass(frozen=True, slots=True, eq=False)
class Split:
    """Row numbers, each ascending: those that train and those that validate."""

    train: NDArray[np.int64]
    validation: NDArray[np.int64]


def split_rows(rows: int, fraction: float, *, seed: int, classes: NDArray[Any] | None = None) -> Split:
    """A split with about ``fraction`` of the rows (of each class) for validation.

    >>> split_rows(10, 0.2, seed=0).validation.shape
    (2,)
    """
    if not 0 < fraction < 1:
        raise InputError(f"the validation fraction must lie between 0 and 1, not at {fraction}")
    order = permutation(rows, seed=seed, epoch=0, stream=SPLIT_STREAM)
    if classes is not None:
        order = _by_class(order, classes)
    chosen = np.sort(order[_evenly(len(order), fraction)])
    if not len(chosen):
        what = (
            f"{rows} rows" if classes is None else f"{len(order)} of {rows} rows share their class with another, which"
        )
        raise InputError(f"{what} are too few to hold out {fraction:g} of them; give a larger validation fraction")
    if len(chosen) == rows:
        raise InputError(f"holding out {fraction:g} of {rows} rows leaves none; give a smaller validation fraction")
    return Split(np.setdiff1d(np.arange(rows), chosen), chosen)


def split_groups(groups: NDArray[Any], fraction: float, *, seed: int) -> Split:
    """A split that keeps the rows of a group together, with about ``fraction`` of the rows for validation.

    >>> split = split_groups(np.array(["a", "a", "b", "b"]), 0.5, seed=0)
    >>> len(split.train), len(split.validation)
    (2, 2)
    """
    _, codes, counts = np.unique(groups, return_inverse=True, return_counts=True)
    if len(counts) < 2:
        raise InputError("all rows are of one group, so no group is left to validate; choose another group column")
    order = permutation(len(counts), seed=seed, epoch=0, stream=SPLIT_STREAM)
    before = np.cumsum(counts[order]) - counts[order]
    enough = int(np.count_nonzero(before < fraction * len(groups)))
    chosen = np.isin(codes, order[: min(enough, len(counts) - 1)])
    return Split(np.flatnonzero(~chosen), np.flatnonzero(chosen))


def split_latest(moments: NDArray[np.float64], fraction: float) -> Split:
    """A split whose latest rows validate, no moment on both sides; rows without a moment train.

    >>> split_latest(np.array([3.0, 1.0, 2.0, 4.0]), 0.25).validation.tolist()
    [3]
    """
    known = np.unique(moments[np.isfinite(moments)], return_counts=True)
    if len(known[0]) < 2:
        raise InputError("the time column has fewer than two different moments; choose another")
    from_here_on = np.cumsum(known[1][::-1])[::-1]
    late = known[0][from_here_on <= max(1.0, fraction * len(moments))]
    threshold = late[0] if len(late) and late[0] > known[0][0] else known[0][-1]
    chosen = np.isfinite(moments) & (moments >= threshold)
    return Split(np.flatnonzero(~chosen), np.flatnonzero(chosen))


def sample_rows(rows: int, most: int, *, seed: int) -> NDArray[np.int64]:
    """At most so many row numbers, drawn at random, ascending.

    >>> sample_rows(3, 5, seed=0).tolist(), len(sample_rows(9, 5, seed=0))
    ([0, 1, 2], 5)
    """
    if rows <= most:
        return np.arange(rows)
    return np.sort(permutation(rows, seed=seed, epoch=0, stream=SAMPLE_STREAM)[:most])


def _by_class(order: NDArray[np.int64], classes: NDArray[Any]) -> NDArray[np.int64]:
    """The shuffled rows side by side with those of their class, without the classes of a single row."""
    _, codes, counts = np.unique(classes, return_inverse=True, return_counts=True)
    order = order[counts[codes[order]] > 1]
    return order[np.argsort(codes[order], kind="stable")]


def _evenly(n: int, fraction: float) -> NDArray[np.bool_]:
    """Which of n places are taken so that every stretch gives its share: where floor(i·f + ½) grows."""
    steps = np.floor(np.arange(n + 1) * fraction + 0.5)
    return np.asarray(np.diff(steps) > 0)
