"""Samplers: which rows an epoch takes, and in which order. Values whose orders follow from the seed and the epoch.

The order of an epoch is a list of row numbers; batches are cut from it. A sampler keeps nothing between epochs.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from sklon._base.checks import check_whole
from sklon._base.errors import InputError
from sklon._base.philox import permutation, permutations, uniform

Array = np.ndarray[Any, Any]
#: stream of the random bits with which rows are drawn with replacement
DRAW_STREAM = 0xFFFF0002
#: stream of the permutations of an ensemble's first member; those of a stream of blocks count from 2
MEMBER_STREAM = 1 << 32


class Sampler(ABC):
    """Chooses and orders the rows of an epoch."""

    name: ClassVar[str]

    @property
    def members(self) -> int:
        """How many members of an ensemble take rows of their own; 1 where all take the same."""
        return 1

    @abstractmethod
    def order(self, rows: int, *, seed: int, epoch: int) -> Array:
        """The numbers of the rows that an epoch takes from ``rows`` rows, in order; as many in every epoch."""

    def orders(self, rows: int, *, seed: int, epochs: Collection[int]) -> Array:
        """The orders of several epochs, one behind the other."""
        return np.concatenate([self.order(rows, seed=seed, epoch=epoch) for epoch in epochs])

    def length(self, rows: int) -> int:
        """How many rows an epoch takes."""
        return rows

    def among(self, rows: Array, total: int) -> Sampler:
        """The sampler for these rows of ``total``, where it has been told something of each of them."""
        return self


@dataclass(frozen=True, slots=True)
class InOrder(Sampler):
    """Every row once, as they stand."""

    name: ClassVar[str] = "in_order"

    def order(self, rows: int, *, seed: int, epoch: int) -> Array:
        return np.arange(rows)


@dataclass(frozen=True, slots=True)
class Shuffled(Sampler):
    """Every row once, in another order in each epoch."""

    name: ClassVar[str] = "shuffled"

    def order(self, rows: int, *, seed: int, epoch: int) -> Array:
        return permutation(rows, seed=seed, epoch=epoch)

    def orders(self, rows: int, *, seed: int, epochs: Collection[int]) -> Array:
        return permutations(rows, seed=seed, epochs=epochs).ravel()


@dataclass(frozen=True, slots=True)
class PerMember(Sampler):
    """Every row once for each of ``k`` members of an ensemble, each of which has another order in each epoch.

    The order is [rows, k]. The model sees inputs [N, k, …] while training, which ``nn.EnsembleView(k)`` lets pass, and
    the loss targets [N, k, …], as ``nn.EnsembleLoss`` takes them; evaluated, it sees [N, …]. Members that see other
    batches stay more different. Source: Gorishniy, Kotelnikov and Babenko, *TabM*, 2025.

    >>> from sklon.data import PerMember
    >>> PerMember(2).order(3, seed=0, epoch=0).shape
    (3, 2)
    """

    name: ClassVar[str] = "per_member"
    k: int

    def __post_init__(self) -> None:
        check_whole(1, k=self.k)

    @property
    def members(self) -> int:
        return self.k

    def order(self, rows: int, *, seed: int, epoch: int) -> Array:
        return np.stack([permutation(rows, seed=seed, epoch=epoch, stream=MEMBER_STREAM + j) for j in range(self.k)], 1)


@dataclass(frozen=True, slots=True, eq=False)
class Weighted(Sampler):
    """Rows drawn with replacement, row i with probability wᵢ/Σw; ``count`` of them, or as many as there are rows.

    >>> from sklon.data import Weighted
    >>> drawn = Weighted([0.0, 1.0, 3.0], count=4000).order(3, seed=0, epoch=0)
    >>> [round(float((drawn == i).mean()), 1) for i in range(3)]
    [0.0, 0.2, 0.8]
    """

    name: ClassVar[str] = "weighted"
    weights: Sequence[float] | Array
    count: int | None = None

    def __post_init__(self) -> None:
        weights = np.asarray(self.weights, np.float64)
        if weights.ndim != 1 or not np.isfinite(weights).all() or (weights < 0).any() or not weights.sum() > 0:
            raise InputError("weights must be numbers of at least 0, one for each row, with one above 0")
        if self.count is not None and (isinstance(self.count, bool) or self.count < 1):
            raise InputError(f"count must be a whole number of at least 1, not {self.count!r}")

    def length(self, rows: int) -> int:
        return rows if self.count is None else self.count

    def among(self, rows: Array, total: int) -> Sampler:
        return self if len(self.weights) != total else Weighted(np.asarray(self.weights)[rows], self.count)

    def order(self, rows: int, *, seed: int, epoch: int) -> Array:
        weights = np.asarray(self.weights, np.float64)
        if len(weights) != rows:
            raise InputError(f"the sampler has {len(weights)} weights for {rows} rows; give one for each row")
        ends = np.cumsum(weights)
        drawn = uniform((self.length(rows),), seed=seed, stream=DRAW_STREAM, step=epoch) * ends[-1]
        found = np.searchsorted(ends, drawn, side="right")
        rows_drawn: Array = np.minimum(found, np.flatnonzero(weights)[-1])
        return rows_drawn


@dataclass(frozen=True, slots=True, eq=False)
class Balanced(Sampler):
    """Rows drawn with replacement so that each class comes equally often on average."""

    name: ClassVar[str] = "balanced"
    labels: Sequence[Any] | Array
    count: int | None = None

    def length(self, rows: int) -> int:
        return rows if self.count is None else self.count

    def among(self, rows: Array, total: int) -> Sampler:
        return self if len(self.labels) != total else Balanced(np.asarray(self.labels)[rows], self.count)

    def order(self, rows: int, *, seed: int, epoch: int) -> Array:
        _, classes, counts = np.unique(np.asarray(self.labels), return_inverse=True, return_counts=True)
        return Weighted(1.0 / counts[classes], self.count).order(rows, seed=seed, epoch=epoch)


@dataclass(frozen=True, slots=True, eq=False)
class Stratified(Sampler):
    """Every row once, spread so that each stretch of the epoch, and so each batch, has the classes in their shares.

    Within a class the order is another in each epoch. A class of k rows stands at every (n/k)-th place, up to one row.
    """

    name: ClassVar[str] = "stratified"
    labels: Sequence[Any] | Array

    def among(self, rows: Array, total: int) -> Sampler:
        return self if len(self.labels) != total else Stratified(np.asarray(self.labels)[rows])

    def order(self, rows: int, *, seed: int, epoch: int) -> Array:
        labels = np.asarray(self.labels)
        if len(labels) != rows:
            raise InputError(f"the sampler has {len(labels)} labels for {rows} rows; give one for each row")
        shuffled = permutation(rows, seed=seed, epoch=epoch)
        _, classes, counts = np.unique(labels[shuffled], return_inverse=True, return_counts=True)
        within = np.empty(rows, np.int64)  # how many of its class stand before a row
        for c in range(len(counts)):
            within[classes == c] = np.arange(counts[c])
        shift = uniform((len(counts),), seed=seed, stream=DRAW_STREAM, step=epoch)
        places = (within + shift[classes]) / counts[classes]
        return shuffled[np.argsort(places, kind="stable")]


SAMPLERS: dict[str, type[Sampler]] = {s.name: s for s in (InOrder, Shuffled, Weighted, Balanced, Stratified)}
