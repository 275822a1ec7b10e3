"""A compiled program: arrays in, steps run natively, results out.

It holds machine code and scratch memory, and no state of a training. Arrays are bound by pointer for each call;
the loop over steps runs in native code, on as many threads as the work is worth.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from math import prod
from typing import Any

import numpy as np

from sklon._base.dtypes import Dtype
from sklon._base.errors import CompilerError
from sklon._base.settings import get_num_threads
from sklon._base.shapes import N, Shape, concrete
from sklon.graph.node import Graph
from sklon.program.ir import Buffer, Program
from sklon.program.memory import PAGE, Memory, place

from . import native
from .interrupts import deferred_interrupts
from .kernels.driver import HEADER
from .kernels.meeting import gate_bytes
from .limit import Limit
from .module import emit_module
from .pipeline import Settings, compile_program
from .sharing import worthwhile
from .target import Target
from .threads import together
from .trace import Watch, watch

Array = np.ndarray[Any, Any]
ALIGNMENT = 64
#: how native code is entered: an address, and a number
ENTERED = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_int64)


def aligned_zeros(shape: Sequence[int], dtype: Any) -> Array:
    """An array of zeros that starts at a cache line."""
    dtype = np.dtype(dtype)
    size = prod(shape) * dtype.itemsize
    raw = np.zeros(size + ALIGNMENT, np.uint8)
    start = -address(raw) % ALIGNMENT
    aligned: Array = raw[start : start + size].view(dtype).reshape(tuple(shape))
    return aligned


def address(array: Array) -> int:
    """Where a dense array begins in memory."""
    assert array.flags.c_contiguous
    if array.size and array.flags.writeable:
        start = ctypes.c_char.from_buffer(array)  # type: ignore[arg-type]
        return ctypes.addressof(start)  # several times as fast as ``array.ctypes.data``
    return array.ctypes.data


@dataclass(frozen=True, slots=True)
class Steps:
    """What varies from step to step: N, the position of the first row, and a row of scalars for each step."""

    rows: Array  # int64 [steps]
    starts: Array  # int64 [steps]
    scalars: Array  # float64 [steps, scalars]

    @staticmethod
    def single(rows: int, scalars: Sequence[float]) -> Steps:
        """One step over ``rows`` rows."""
        table = np.asarray([list(scalars)], np.float64).reshape(1, -1)
        return Steps(np.asarray([rows], np.int64), np.zeros(1, np.int64), table)

    def times(self, count: int, rows: int) -> Steps:
        """The same steps so many times, each time over the next ``rows`` rows."""
        starts = (rows * np.arange(count)[:, None] + self.starts).ravel()
        return Steps(np.tile(self.rows, count), starts, np.tile(self.scalars, (count, 1)))

    def __len__(self) -> int:
        return len(self.rows)


@dataclass(slots=True, eq=False)
class Executable:
    """A program with its machine code."""

    program: Program
    memory: Memory
    code: native.Native
    outputs: list[Buffer] = field(init=False)  # of results
    laps: Any = field(init=False)  # enters programs one after another (``kernels.laps``)
    _entry: Any = field(init=False)
    _external: list[Buffer] = field(init=False)  # in the order of their places in the argument block
    _free: dict[int, list[_Working]] = field(init=False, default_factory=dict)  # by the number of threads
    _worthwhile: dict[int, int] = field(init=False, default_factory=dict)  # threads for a step, by its rows

    def __post_init__(self) -> None:
        self._entry, self.laps = ENTERED(self.code.address), ENTERED(self.code.entry("laps"))
        self.outputs = [b for b in self.program.buffers if b.space == "output"]
        buffers = self.program.buffers
        self._external = [buffers[n] for n in sorted(self.memory.external, key=self.memory.external.__getitem__)]

    def run(
        self,
        arrays: Mapping[str, Array],
        steps: Steps,
        threads: int | None = None,
        first: int = 0,
        last: int | None = None,
    ) -> dict[str, Array]:
        """Run steps ``first`` to ``last``; state arrays change in place, results are returned by name.

        ``arrays`` gives all state, data and index arrays by name. A result with a leading N has one row for each
        row of the steps, in their order; any other one has a leading axis of steps.
        """
        with self.prepared(arrays, steps, threads) as call:
            call.run(first, len(steps) if last is None else last)
        return call.results

    @contextmanager
    def prepared(self, arrays: Mapping[str, Array], steps: Steps, threads: int | None = None) -> Iterator[Call]:
        """The same in several parts: everything is bound once, and each part costs no more than to enter it."""
        most = check_rows(steps, self.program.max_rows)
        results = {b.name: result_array(b.shape, b.dtype, steps) for b in self.outputs}
        table = np.empty((len(steps), 2), np.int64)
        table[:, 0], table[:, 1] = steps.rows, steps.starts
        scalars = np.ascontiguousarray(steps.scalars, np.float64)
        kept = [table, scalars]  # what the words point to
        for b in self._external:
            kept.append(results[b.name] if b.space == "output" else bound(b.name, b.shape, b.dtype, arrays))
        working = self._take(threads or self.threads_for(max(1, most)))
        working.words[4:6] = address(table), address(scalars)
        working.words[HEADER:] = [address(array) for array in kept[2:]]
        try:
            yield Call(self, results, working)
        finally:
            self._free[working.threads].append(working)

    def worthwhile_threads(self, steps: Steps) -> int:
        """How many threads the work of a step is worth: results never depend on it."""
        return self.threads_for(int(steps.rows.max(initial=1)))

    def threads_for(self, rows: int) -> int:
        """How many threads a step of so many rows is worth."""
        if rows not in self._worthwhile:
            self._worthwhile[rows] = worthwhile(self.program, rows)
        wanted = self._worthwhile[rows]
        return 1 if wanted == 1 else min(wanted, get_num_threads())

    def enter(self, words: int, threads: int) -> None:
        """Run the native code on an argument block at the address ``words``."""
        if threads == 1:
            self._entry(words, 0)
        else:
            together(lambda number: self._entry(words, number), threads)

    def _take(self, threads: int) -> _Working:
        """Memory of this call alone: of an earlier one that is over, or new. Other Python threads may be asking too."""
        try:
            return self._free.setdefault(threads, []).pop()
        except IndexError:
            return _Working.of(self.memory, threads)


@dataclass(frozen=True, slots=True, eq=False)
class _Working:
    """What one call works in: its argument block, which points to the rest, the gate of its threads, their memory."""

    threads: int
    words: Array
    address: int
    gate: Array
    scratch: Array
    local: Array

    @staticmethod
    def of(memory: Memory, threads: int) -> _Working:
        """New memory; the words at both ends of the block's header are those that no call changes."""
        scratch = aligned_zeros((memory.scratch_bytes + PAGE,), np.uint8)
        local = aligned_zeros((memory.local_stride * threads,), np.uint8)
        gate = aligned_zeros((gate_bytes(threads),), np.uint8)
        words = aligned_zeros((HEADER + len(memory.external),), np.int64)
        words[:2] = gate.ctypes.data, threads
        words[6:8] = scratch.ctypes.data, local.ctypes.data
        return _Working(threads, words, words.ctypes.data, gate, scratch, local)


@dataclass(frozen=True, slots=True, eq=False)
class Call:
    """A call that is prepared: ``results`` by name, filled in by the steps that have been run."""

    executable: Executable
    results: dict[str, Array]
    working: _Working

    def run(self, first: int, last: int) -> None:
        """Run steps ``first`` to ``last``."""
        if first >= last:
            return
        self.working.words[2:4] = first, last
        self.working.gate.fill(0)
        with deferred_interrupts():
            self.executable.enter(self.working.address, self.working.threads)


def check_rows(steps: Steps, max_rows: int) -> int:
    """The most rows of a step; refuse more than a program was made for."""
    most = int(steps.rows.max(initial=0))
    if most > max_rows:
        raise CompilerError(f"a step has more rows than the declared maximum {max_rows}")
    return most


def bound(name: str, shape: Shape, dtype: Dtype, arrays: Mapping[str, Array]) -> Array:
    """The array that is given under a name; its leading axis is free where the shape's is N or T."""
    array = arrays[name]
    fits = array.dtype == dtype.numpy and array.flags.c_contiguous
    own = shape[1:] if shape and not isinstance(shape[0], int) else shape
    given = array.shape[1:] if own is not shape else array.shape
    if not fits or tuple(given) != tuple(own):
        raise CompilerError(f"{name!r} needs a dense {dtype!r} of {shape}, not {array.shape} {array.dtype}")
    return array


def result_array(shape: Shape, dtype: Dtype, steps: Steps) -> Array:
    """Room for a result of all steps: by rows where its leading axis is N, else with a leading axis of steps."""
    if shape[:1] == (N,):
        rows = int((steps.starts + steps.rows).max(initial=0))
        return aligned_zeros((rows, *concrete(shape[1:], 0)), dtype.numpy)
    return aligned_zeros((len(steps), *concrete(shape, 0)), dtype.numpy)


def declared_memory(graph: Graph, max_rows: int, target: Target | None = None) -> Memory:
    """The memory that the program of a graph works in, without making its machine code."""
    return place(compile_program(graph, Settings(max_rows, target or native.host())))


def machine_code(program: Program, target: Target) -> bytes:
    """The object file of a program."""
    return native.object_code(emit_module(program, target).text, target)


def executable(program: Program, code: bytes, target: Target) -> Executable:
    """A program with its object file in memory, ready to run."""
    return Executable(program, place(program), native.load(code, target))


def translated(graph: Graph, settings: Settings, look: Watch) -> tuple[Program, bytes]:
    """The program of a graph and its object file; ``look`` looks on."""
    program = look.timed("passes", lambda: compile_program(graph, settings))
    text = look.timed("kernels", lambda: emit_module(program, settings.target).text)
    return program, look.timed("machine code", lambda: native.object_code(text, settings.target, settings.level))


def compile_graph(
    graph: Graph,
    max_rows: int,
    target: Target | None = None,
    limit: Limit | None = None,
    level: int = native.POLISHED,
) -> Executable:
    """Compile a graph for this machine (or, for tests, for a narrower ``target`` that it can run)."""
    settings, look = Settings(max_rows, target or native.host(), limit, level), watch()
    made = executable(*translated(graph, settings, look), settings.target)
    look.done(graph, settings)
    return made
