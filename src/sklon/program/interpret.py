"""The NumPy interpreter of programs: phases, units and buffers as they stand, kernels by their meaning.

It runs the units of a phase in any given order and poisons scratch memory first, so a program that depends on
an order, on padding or on another step's leftovers gives NaN.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from sklon._base.shapes import SHARD, Extent, N, S, concrete, shards

from .ir import (
    Access,
    Accumulate,
    Apply,
    Buffer,
    Const,
    Index,
    Instruction,
    Load,
    Loop,
    Product,
    Program,
    Rows,
    Scalar,
    Scatter,
    Store,
    Track,
)
from .places import Place, affine

#: the spaces whose arrays the caller gives
EXTERNAL = ("state", "data", "index")

Array = np.ndarray[Any, Any]
Order = Callable[[int], Sequence[int]]


def interpret_step(
    program: Program,
    arrays: Mapping[str, Array],
    scalars: Sequence[float],
    rows: int,
    order: Order = range,
) -> dict[str, Array]:
    """Run one step; state arrays are written in place, outputs are returned by name.

    ``arrays`` gives every state, data and index buffer by name; ``order`` permutes the units of a phase.
    """
    memory = [arrays[b.name] if b.space in EXTERNAL else _allocate(b, rows) for b in program.buffers]
    run = _Step(program, memory, scalars, rows)
    with np.errstate(all="ignore"):
        for phase in program.phases:
            units = [(t, u) for t in phase.tracks for u in range(_units(t, rows))]
            for i in order(len(units)):
                run.unit(*units[i])
    return {b.name: m for b, m in zip(program.buffers, memory, strict=True) if b.space == "output"}


def _allocate(buffer: Buffer, rows: int) -> Array:
    array = np.empty(concrete(buffer.shape, rows), buffer.dtype.numpy)
    _poison(array)
    return array


def _poison(array: Array) -> None:
    array[...] = np.nan if array.dtype.kind == "f" else 1


def _units(track: Track, rows: int) -> int:
    extent = rows if track.extent == N else track.extent
    assert isinstance(extent, int)
    return -(-extent // track.block)


class _Step:
    """One step's memory and sizes."""

    def __init__(self, program: Program, memory: list[Array], scalars: Sequence[float], rows: int) -> None:
        self.program, self.memory, self.scalars, self.rows = program, memory, scalars, rows

    def unit(self, track: Track, unit: int) -> None:
        for i in _touched(track):
            if self.program.buffers[i].space == "local":
                _poison(self.memory[i])
        for loop in track.loops:
            _Run(self, loop, track, unit).run()


def _touched(track: Track) -> set[int]:
    return {at.buffer for loop in track.loops for at in loop.accesses}


class _Run:
    """One loop in one unit: each value is an array with one axis per loop axis, of size 1 where it is constant."""

    def __init__(self, step: _Step, loop: Loop, track: Track, unit: int) -> None:
        self.step, self.loop = step, loop
        self.ranges = [self._range(a, e, track, unit) for a, e in enumerate(loop.axes)]
        self.values: list[Any] = []

    def _range(self, axis: int, extent: Extent, track: Track, unit: int) -> slice:
        rows = self.step.rows
        shard = slice(unit * SHARD, min((unit + 1) * SHARD, rows))
        if axis == 0 and self.loop.outer:
            if extent == S:
                return slice(unit, unit + 1)
            total = rows if extent == N else extent
            assert isinstance(total, int)
            return slice(unit * track.block, min((unit + 1) * track.block, total))
        if extent == N:
            return shard if self.loop.outer[:1] == (S,) else slice(0, rows)
        return slice(0, shards(rows) if extent == S else int(str(extent)))

    def run(self) -> None:
        for instruction in self.loop.body:
            self.values.append(self.value(instruction))

    def value(self, i: Instruction) -> Any:
        match i:
            case Load():
                return self.load(i)
            case Apply():
                inputs = np.broadcast_arrays(*(self.values[a] for a in i.args))
                return i.op.evaluate(self.step.rows, *inputs)
            case Accumulate():
                return self.accumulate(i)
            case Product():
                return self.product(i)
            case Scatter():
                return self.scatter(i)
            case Store():
                return self.store(i)
        return self.leaf(i)

    def leaf(self, i: Const | Rows | Scalar | Index) -> Array:
        match i:
            case Const():
                return self.full(i.value, i.dtype)
            case Rows():
                return self.full(self.step.rows, i.dtype)
            case Scalar():
                return self.full(self.step.scalars[i.position], i.dtype)
            case Index():
                span = self.ranges[i.axis]
                return self.along(np.arange(span.start, span.stop, dtype=i.dtype.numpy), (i.axis,))

    def full(self, number: float, dtype: Any) -> Array:
        return np.full((1,) * len(self.ranges), number, dtype.numpy)

    def along(self, array: Array, axes: Sequence[int]) -> Array:
        """Put the axes of ``array`` at the loop's axes ``axes``."""
        ordered = np.transpose(array, np.argsort(axes))
        shape = [1] * len(self.ranges)
        for a, e in zip(sorted(axes), ordered.shape, strict=True):
            shape[a] = e
        return ordered.reshape(shape)

    def where(self, at: Access) -> tuple[Array, ...]:
        """For each axis of the buffer the indices along it, over the loop's axes."""
        places = [self.place(place) for place in at.index]
        if at.row is not None:
            places[0] = self.values[at.row]
        return tuple(places)

    def place(self, place: Place) -> Array:
        form = affine(place)
        index = np.full((1,) * len(self.ranges), form.start, np.int64)
        for axis, step in form.terms:
            span = self.ranges[axis]
            index = index + step * self.along(np.arange(span.start, span.stop), (axis,))
        return index

    def spans(self, at: Access) -> tuple[slice | int, ...] | None:
        """The same as slices, where each place is the index along one axis: no array of indices is needed."""
        if at.row is not None or not all(isinstance(place, int) for place in at.index):
            return None
        return tuple(self.ranges[place] if isinstance(place, int) and place >= 0 else 0 for place in at.index)

    def read(self, at: Access) -> Array:
        array, spans = self.step.memory[at.buffer], self.spans(at)
        if spans is None:
            return np.asarray(array[self.where(at)])
        return self.along(array[spans], [place for place in at.index if isinstance(place, int) and place >= 0])

    def load(self, i: Load) -> Array:
        if i.mask is None:
            return self.read(i.at).copy()  # a store further down must not change what was read
        array, mask = self.step.memory[i.at.buffer], self.values[i.mask]
        places = [np.where(mask, index, 0) for index in self.where(i.at)]
        return np.where(mask, array[tuple(places)], np.zeros((), array.dtype))

    def scatter(self, i: Scatter) -> Array:
        """Row by row in the order of the indices, as compiled code adds them."""
        rows, outer = self.ranges[0], len(self.loop.outer)
        index = self.read(i.index).reshape(-1)
        wide = self.read(i.source)[0]  # axes of the rows, then those of the indices
        source = np.moveaxis(wide.reshape(*wide.shape[: outer - 1], -1), -1, 0)
        total = np.zeros([span.stop - span.start for span in self.ranges[:outer]], source.dtype)
        own = (index >= rows.start) & (index < rows.stop)
        np.add.at(total, index[own] - rows.start, source[own])
        return total.reshape(total.shape + (1,) * len(self.loop.inner))

    def accumulate(self, i: Accumulate) -> Array:
        inner = tuple(range(len(self.loop.outer), len(self.ranges)))
        shape = tuple(s.stop - s.start for s in self.ranges)
        full = np.broadcast_to(
            self.values[i.value],
            tuple(
                n if a in inner else m for a, (n, m) in enumerate(zip(shape, self.values[i.value].shape, strict=True))
            ),
        )
        function = {"sum": np.add, "max": np.maximum}[i.fn]
        return function.reduce(full, axis=inner, keepdims=True, dtype=full.dtype)

    def product(self, i: Product) -> Array:
        letters = "abcdefgh"[: len(self.ranges)]
        left, right = (self.read(at) for at in (i.left, i.right))
        full = tuple(span.stop - span.start for span in self.ranges)
        inner = len(self.loop.outer)
        wide = np.broadcast_to(left, left.shape[:inner] + full[inner:])
        total = np.einsum(f"{letters},{letters}->{letters[:inner]}", wide, right, optimize=True)
        return np.asarray(total).reshape(total.shape + (1,) * (len(full) - inner))

    def store(self, i: Store) -> None:
        outer = len(self.loop.outer)
        shape = tuple(span.stop - span.start for span in self.ranges[:outer])
        full = np.broadcast_to(self.values[i.value], shape + (1,) * len(self.loop.inner))
        memory = self.step.memory[i.to.buffer]
        if i.to.index:
            memory[self.where(i.to)] = full
        else:
            memory[...] = full.reshape(())
