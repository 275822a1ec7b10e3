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
    Store,
    Track,
    accesses,
)

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
    return {at.buffer for loop in track.loops for ats in accesses(loop) for at in ats}


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
                return self.read(i.at).copy()  # a store further down must not change what was read
            case Const():
                return self.full(i.value, i.dtype)
            case Rows():
                return self.full(self.step.rows, i.dtype)
            case Scalar():
                return self.full(self.step.scalars[i.position], i.dtype)
            case Index():
                span = self.ranges[i.axis]
                return self.along(np.arange(span.start, span.stop, dtype=i.dtype.numpy), (i.axis,))
            case Apply():
                inputs = np.broadcast_arrays(*(self.values[a] for a in i.args))
                return i.op.evaluate(self.step.rows, *inputs)
            case Accumulate():
                return self.accumulate(i)
            case Product():
                return self.product(i)
            case Store():
                return self.store(i)

    def full(self, number: float, dtype: Any) -> Array:
        return np.full((1,) * len(self.ranges), number, dtype.numpy)

    def along(self, array: Array, axes: Sequence[int]) -> Array:
        """Put the axes of ``array`` at the loop's axes ``axes``."""
        ordered = np.transpose(array, np.argsort(axes))
        shape = [1] * len(self.ranges)
        for a, e in zip(sorted(axes), ordered.shape, strict=True):
            shape[a] = e
        return ordered.reshape(shape)

    def spans(self, at: Access) -> tuple[slice | int, ...]:
        return tuple(0 if a < 0 else self.ranges[a] for a in at.index)

    def read(self, at: Access) -> Array:
        array, spans = self.step.memory[at.buffer], self.spans(at)
        if at.row is not None:
            index = self.values[at.row]
            array, spans = array[index.reshape(-1)], (slice(None), *spans[1:])
        return self.along(array[spans], [a for a in at.index if a >= 0])

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
        full = np.broadcast_to(self.values[i.value], shape + (1,) * len(self.loop.inner)).reshape(shape)
        kept = [a for a in i.to.index if a >= 0]
        dropped = tuple(a for a in range(outer) if a not in kept)
        ranks = [sorted(kept).index(a) for a in kept]
        self.step.memory[i.to.buffer][self.spans(i.to)] = np.transpose(np.squeeze(full, dropped), ranks)
