"""Running a program with every one of its buffers between pages that nobody may touch.

An array ends where a forbidden page begins, or begins where one ends: reading or writing beyond it kills the process,
so whoever checks many programs does it in a child. What is left of the array's own pages holds a pattern of ones, which
is NaN to those who read it, and must be there after the run. Scratch and local memory take part: in the program that
runs, each of their buffers is bound from outside like a state.
"""

from __future__ import annotations

import ctypes
import mmap
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pytest

from sklon._base.shapes import concrete
from sklon.compiler import native
from sklon.compiler.executable import Executable, executable, machine_code
from sklon.compiler.pipeline import Settings, compile_program
from sklon.compiler.target import Target
from sklon.program.ir import Buffer, Program

from .executors import Array, Trace, Trial, named_slots, run_steps

PAGE = mmap.PAGESIZE
PATTERN = 0xFF
#: of POSIX's mprotect
FORBIDDEN, READABLE = 0, 1


@dataclass(slots=True)
class Guards:
    """Makes arrays that lie against a forbidden page with their end or, if not ``at_end``, with their beginning."""

    at_end: bool
    _beside: list[Array] = field(default_factory=list)  # the bytes of the arrays' pages that are not theirs

    def empty(self, size: int) -> Array:
        """``size`` bytes of the pattern, with a forbidden page on either side."""
        inner = max(1, -(-size // PAGE)) * PAGE
        pages = np.frombuffer(mmap.mmap(-1, inner + 2 * PAGE), np.uint8)
        pages.fill(PATTERN)
        for page in (pages[:PAGE], pages[-PAGE:]):
            _mprotect(page.ctypes.data, PAGE, FORBIDDEN)
        own = pages[PAGE:-PAGE]
        start = inner - size if self.at_end else 0
        self._beside += [own[:start], own[start + size :]]
        return own[start : start + size]

    def zeros(self, shape: Sequence[int], dtype: Any) -> Array:
        """An array of zeros."""
        array = self._shaped(tuple(shape), np.dtype(dtype))
        array.fill(0)
        return array

    def copy(self, array: Array) -> Array:
        """The same numbers."""
        result = self._shaped(array.shape, array.dtype)
        result[...] = array
        return result

    def _shaped(self, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Array:
        size = int(np.prod(shape, dtype=np.int64)) * dtype.itemsize
        shaped: Array = self.empty(size).view(dtype).reshape(shape)
        return shaped

    def check(self) -> None:
        """Fail if a byte beside an array has changed."""
        for beside in self._beside:
            assert (beside == PATTERN).all(), "something was written beside an array"


def _mprotect(start: int, size: int, how: int) -> None:
    library = ctypes.CDLL(None, use_errno=True)
    if library.mprotect(ctypes.c_void_p(start), ctypes.c_size_t(size), how):
        raise OSError(ctypes.get_errno(), "mprotect")


def read_only(array: Array) -> None:
    """Writing to the pages of an array kills the process from now on."""
    start = array.ctypes.data // PAGE * PAGE
    end = -(-(array.ctypes.data + max(1, array.nbytes)) // PAGE) * PAGE
    _mprotect(start, end - start, READABLE)


def exposed(program: Program) -> Program:
    """The program with its scratch and local buffers bound from outside, each row of them at a place of its own."""
    inside = ("scratch", "local")
    return replace(
        program, buffers=tuple(replace(b, space="state") if b.space in inside else b for b in program.buffers)
    )


def guarded(trial: Trial, threads: int = 1, target: Target | None = None) -> list[Trace]:
    """By native code with guards around every buffer: once against the end of its pages, once against their beginning.

    Tables and indices cannot be written.
    """
    target = target or native.host()
    program = exposed(compile_program(trial.graph, Settings(trial.max_rows, target)))
    ready = executable(program, machine_code(program, target), target)
    return [_between(Guards(at_end), trial, ready, threads) for at_end in (True, False)]


def _between(guards: Guards, trial: Trial, ready: Executable, threads: int) -> Trace:
    arrays = {name: guards.copy(a) for name, a in trial.arrays.items()}
    arrays |= {name: guards.copy(trial.indices) for name in named_slots(trial.graph, "index")}
    for name in named_slots(trial.graph, "index", "data"):
        read_only(arrays[name])
    buffers = [b for b in ready.program.buffers if b.space == "state" and b.name not in arrays]
    arrays |= {b.name: _working(b, trial.max_rows, guards) for b in buffers}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sklon.compiler.executable.aligned_zeros", guards.zeros)
        trace = run_steps(trial, ready, arrays, threads)
    guards.check()
    return trace


def _working(buffer: Buffer, max_rows: int, guards: Guards) -> Array:
    """Memory of a buffer, padding included, under the buffer's own shape."""
    shape = concrete(buffer.shape, max_rows)
    elements = int(np.prod(shape, dtype=np.int64))
    whole = elements
    if buffer.panel:
        whole = shape[0] * -(-shape[1] // buffer.panel) * buffer.panel
    elif len(shape) > 1:
        whole = shape[0] * buffer.strides[0]
    size = buffer.dtype.itemsize
    memory = guards.empty(max(whole, elements) * size)
    return memory[: elements * size].view(buffer.dtype.numpy).reshape(shape)
