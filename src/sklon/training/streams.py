"""Rows that are read block by block while they are used: checked as they come, read ahead in another thread.

A stream is to data on disk what ``Samples`` is to arrays in memory. Which rows are held out, and the order of the
others, follow from the seed, so nothing about rows is kept but the blocks' lengths.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import accumulate, pairwise
from typing import Any, TypeAlias, TypeVar

import numpy as np

from sklon._base.errors import InputError, SklonError
from sklon._base.philox import permutation, uniform
from sklon.data.blocks import Blocks

from .arrays import Array, Samples, joined, prepared
from .step import Columns

#: streams of the random bits that split off a validation set, that order the blocks, and, counted from there by its
#: first block, that order the rows of a window; permutations have streams of their own
HELD_STREAM, BLOCK_ORDER, ROW_ORDER = 0xFFFF0003, 1, 2
Item = TypeVar("Item")


def unchecked(data: Samples) -> None:
    """Nothing is known yet that rows must be."""


@dataclass(frozen=True, slots=True)
class HeldOut:
    """Which rows of each block a stream gives: those that are held out by a fraction and a seed, or all but them."""

    fraction: float
    seed: int
    kept: bool  # whether the stream is the one of the rows held out

    def counts(self, lengths: Iterable[int]) -> list[int]:
        """How many rows of each block are held out: together the fraction of all, rounded."""
        ends = [round(self.fraction * end) for end in accumulate(lengths, initial=0)]
        return [last - first for first, last in pairwise(ends)]

    def rows(self, block: int, length: int, count: int) -> Array:
        """The rows of a block that the stream gives, in their order."""
        drawn = np.argsort(uniform((length,), seed=self.seed, stream=HELD_STREAM, step=block), kind="stable")
        return np.sort(drawn[:count] if self.kept else drawn[count:])


@dataclass(frozen=True)
class Stream:
    """Rows of blocks. ``columns`` are those of the first block, and of every other one."""

    blocks: Blocks
    columns: Columns
    lengths: tuple[int, ...]  # of the blocks as they are read
    held: HeldOut | None = None
    check: Callable[[Samples], None] = unchecked

    @staticmethod
    def of(blocks: Blocks) -> Stream:
        """All rows of some blocks. Raises as reading the first block does."""
        lengths = tuple(int(n) for n in blocks.lengths)
        if not sum(lengths):
            raise InputError("there is no row to train on")
        if blocks.together < 1 or min(lengths) < 0:
            raise InputError(f"blocks have at least 0 rows, and at least 1 of them is read at a time, not {lengths}")
        first = next(i for i, n in enumerate(lengths) if n)
        stream = Stream(blocks, Columns((), None), lengths)
        return replace(stream, columns=stream.read(first).columns)

    def split(self, fraction: float, seed: int) -> tuple[Stream, Stream]:
        """All rows but a fraction, and that fraction."""
        rest, held = (replace(self, held=HeldOut(fraction, seed, kept)) for kept in (False, True))
        if not len(rest):
            raise InputError(f"a validation fraction of {fraction} leaves no row to train on")
        if not len(held):
            raise InputError(f"a validation fraction of {fraction} holds no row out")
        return rest, held

    def checked_by(self, check: Callable[[Samples], None]) -> Stream:
        """The same rows, each block of which is looked at before it is used."""
        return replace(self, check=check)

    @cached_property
    def _held_counts(self) -> list[int]:
        """How many rows of each block are held out."""
        return [0] * len(self.lengths) if self.held is None else self.held.counts(self.lengths)

    @cached_property
    def counts(self) -> list[int]:
        """How many rows of each block the stream gives."""
        if self.held is not None and self.held.kept:
            return self._held_counts
        return [n - k for n, k in zip(self.lengths, self._held_counts, strict=True)]

    def __len__(self) -> int:
        return sum(self.counts)

    def block(self, number: int) -> Samples:
        """The rows of a block that the stream gives, with their numbers in the data. Raises InputError for bad ones."""
        read = self.read(number)
        before = self._starts[number]
        if self.held is None:
            return replace(read, numbers=before + np.arange(len(read)))
        rows = self.held.rows(number, len(read), self._held_counts[number])
        return replace(read.at(rows), numbers=before + rows)

    def read(self, number: int) -> Samples:
        """All rows of a block, checked."""
        try:
            read = _samples(self.blocks.read(number))
            self._check_form(read, number)
            self.check(read)
            return read
        except SklonError as error:
            raise type(error)(f"block {number} of the data: {error}") from error
        except StopIteration as error:  # would end whatever reads ahead
            raise RuntimeError(f"block {number} of the data: read() raised StopIteration") from error

    @cached_property
    def _starts(self) -> list[int]:
        """The number of the first row of each block."""
        return list(accumulate(self.lengths, initial=0))

    def _check_form(self, read: Samples, number: int) -> None:
        if len(read) != self.lengths[number]:
            raise InputError(f"it has {len(read)} rows, not {self.lengths[number]} as its length says")
        if self.columns.inputs and read.columns != self.columns:
            raise InputError("its inputs, target or weights have other shapes or types than those of the first block")

    def pieces(self) -> Iterator[Samples]:
        """All rows in their order, by blocks."""
        return ahead(self.block(i) for i, count in enumerate(self.counts) if count)

    def windows(self, *, shuffled: bool, seed: int, epoch: int) -> list[Window]:
        """The blocks of an epoch, as many at a time as are shuffled together."""
        counts = self.counts
        order = np.arange(len(counts))
        if shuffled:
            order = permutation(len(counts), seed=seed, epoch=epoch, stream=BLOCK_ORDER)
        filled = [int(i) for i in order if counts[i]]
        together = self.blocks.together
        groups = [tuple(filled[i : i + together]) for i in range(0, len(filled), together)]
        return [Window(group, sum(counts[i] for i in group), shuffled) for group in groups]

    def window(self, window: Window, *, seed: int, epoch: int) -> tuple[Samples, Array]:
        """The rows of a window, and their order in the epoch."""
        read = joined([self.block(i) for i in window.blocks])
        if not window.shuffled:
            return read, np.arange(len(read))
        return read, permutation(len(read), seed=seed, epoch=epoch, stream=ROW_ORDER + window.blocks[0])


#: rows to train on or to look at, wherever they lie
Rows: TypeAlias = Samples | Stream


@dataclass(frozen=True, slots=True)
class Window:
    """Blocks that lie in memory together, and how many rows they have."""

    blocks: tuple[int, ...]
    rows: int
    shuffled: bool


def ahead(items: Iterable[Item]) -> Iterator[Item]:
    """The same items, the next one made in another thread while this one is used."""
    from concurrent.futures import ThreadPoolExecutor

    source, end = iter(items), object()
    with ThreadPoolExecutor(1, "sklon-read") as pool:
        coming = pool.submit(next, source, end)
        while (item := coming.result()) is not end:
            coming = pool.submit(next, source, end)
            yield item  # type: ignore[misc]


def _samples(given: Any) -> Samples:
    """A block as it was read, checked and brought into the types that are computed with."""
    if not isinstance(given, tuple | list) or len(given) not in (2, 3):
        raise InputError("a block is (inputs, targets) or (inputs, targets, weights)")
    return prepared(*given)
