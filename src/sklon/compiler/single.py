"""One step of a program, prepared to be run again and again: addresses in, new arrays out.

What does not change from call to call is laid out once: the argument block, the table of steps, scratch and local
memory. A call writes addresses and numbers into the block and enters the native code. What runs at the same time in
several Python threads runs in blocks of its own.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from ctypes import Array as CArray
from ctypes import addressof, c_char, create_string_buffer
from dataclasses import dataclass
from math import prod
from struct import Struct
from typing import Any, Protocol

import numpy as np

from sklon._base.dtypes import Dtype
from sklon._base.shapes import Shape, concrete
from sklon.program.ir import Buffer
from sklon.program.memory import PAGE

from .executable import ALIGNMENT, Array, Executable, Steps, aligned_zeros
from .executor import Executor
from .interrupts import deferred_interrupts
from .kernels.driver import HEADER
from .kernels.meeting import gate_bytes

#: bytes up to which a result shares memory with others: beyond, memory of its own costs nothing beside its arithmetic
SMALL = 1 << 16


@dataclass(frozen=True, slots=True)
class Argument:
    """An array that a program reads: the name of its slot, and what it is."""

    name: str
    shape: Shape
    dtype: Dtype


class Single(Protocol):
    """One step whose arrays are given by address, in the order of its arguments."""

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the results, in their order."""
        ...

    def run(self, addresses: Sequence[int], numbers: Sequence[float]) -> list[tuple[Array, int]]:
        """The results, each with its address; ``numbers`` are the scalars."""
        ...


def single_step(
    executor: Executor, arguments: Sequence[Argument], results: Sequence[str], together: Collection[str] = ()
) -> Single:
    """The step of whoever runs the graph. Its shapes are plain numbers; state that it updates changes in place.

    Small results whose names are in ``together`` lie in one piece of memory, which stays as long as somebody holds one
    of them: for what is replaced together.
    """
    if isinstance(executor, Executable):
        return SingleStep(executor, [a.name for a in arguments], together)
    return InterpretedStep(executor, arguments, tuple(results))


class _Block:
    """An argument block with the memory that it names."""

    def __init__(self, executable: Executable, threads: int, pointers: int, scalars: int) -> None:
        memory = executable.memory
        self.scalars: CArray[c_char] = create_string_buffer(8 * max(1, scalars))
        sizes = (gate_bytes(threads), memory.scratch_bytes + PAGE, memory.local_stride * threads)
        self._memory = [aligned_zeros((size,), np.uint8) for size in sizes]
        self._table = np.array([1, 0], np.int64)  # rows, and the position of the first one
        self.words: CArray[c_char] = create_string_buffer(8 * (HEADER + pointers))
        self.address = addressof(self.words)
        self.gate = self._memory[0]
        gate, scratch, local = (part.ctypes.data for part in self._memory)
        header = (gate, threads, 0, 1, self._table.ctypes.data, addressof(self.scalars), scratch, local)
        Struct(f"{HEADER}q").pack_into(self.words, 0, *header)


class SingleStep:
    """The step of a compiled program; ``arguments`` are the names of its slots."""

    def __init__(self, executable: Executable, arguments: Sequence[str], together: Collection[str]) -> None:
        self.executable = executable
        outputs = executable.outputs
        buffers, external = executable.program.buffers, executable.memory.external
        place = {name: i for i, name in enumerate((*arguments, *(b.name for b in outputs)))}
        #: for each pointer of the block, its place among arguments and results
        self._places = [place[buffers[number].name] for number in sorted(external, key=external.__getitem__)]
        self._pointers = Struct(f"{len(self._places)}q")
        self._numbers = Struct(f"{executable.program.scalars}d")
        self._results = Results(outputs, together)
        self._free: dict[int, list[_Block]] = {}  # blocks that nobody uses now, by their number of threads
        #: the names of the results, in their order
        self.names = tuple(b.name for b in outputs)

    def run(self, addresses: Sequence[int], numbers: Sequence[float]) -> list[tuple[Array, int]]:
        """The results, each with its address; ``numbers`` are the scalars."""
        results = self._results.allocate()
        threads = self.executable.threads_for(1)
        free = self._free.setdefault(threads, [])
        try:
            block = free.pop()
        except IndexError:  # all are in use, in other threads
            block = _Block(self.executable, threads, len(self._places), self._numbers.size // 8)
        self._numbers.pack_into(block.scalars, 0, *numbers)
        every = [*addresses, *[address for _, address in results]]
        self._pointers.pack_into(block.words, 8 * HEADER, *[every[i] for i in self._places])
        if threads == 1:  # an interrupt is raised when the call has come back
            self.executable.enter(block.address, 1)
        else:
            block.gate[:] = 0
            with deferred_interrupts():
                self.executable.enter(block.address, threads)
        free.append(block)
        return results


class InterpretedStep:
    """The step of a graph that is run in another way, with arrays by name."""

    def __init__(self, executor: Executor, arguments: Sequence[Argument], results: tuple[str, ...]) -> None:
        self._executor, self._arguments, self.names = executor, arguments, results

    def run(self, addresses: Sequence[int], numbers: Sequence[float]) -> list[tuple[Array, int]]:
        """The results, each with its address; ``numbers`` are the scalars."""
        arrays = {a.name: _array_at(a, address) for a, address in zip(self._arguments, addresses, strict=True)}
        found = self._executor.run(arrays, Steps.single(1, numbers))
        results = [found[name].reshape(found[name].shape[1:]) for name in self.names]
        return [(array, array.ctypes.data) for array in results]


def _array_at(argument: Argument, address: int) -> Array:
    shape, dtype = concrete(argument.shape, 1), argument.dtype.numpy
    memory = (c_char * (prod(shape) * dtype.itemsize)).from_address(address)
    return np.ndarray(shape, dtype, memoryview(memory))


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a result lies: behind so many bytes of the shared memory, or in memory of its own."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    size: int  # bytes, up to the end of a cache line
    offset: int | None


class Results:
    """Makes arrays for the results of a step: uninitialised, each at the start of a cache line."""

    def __init__(self, outputs: Sequence[Buffer], together: Collection[str]) -> None:
        self._places: list[_Place] = []
        self._shared = 0  # bytes
        for buffer in outputs:
            shape, dtype = concrete(buffer.shape, 1), buffer.dtype.numpy
            size = -(-prod(shape) * dtype.itemsize // ALIGNMENT) * ALIGNMENT
            shares = buffer.name in together and size <= SMALL
            self._places.append(_Place(shape, dtype, size, self._shared if shares else None))
            self._shared += size if shares else 0

    def allocate(self) -> list[tuple[Array, int]]:
        """An array for each result, with its address."""
        shared, before, start = _memory(self._shared)
        found = []
        for place in self._places:
            if place.offset is not None:
                at = place.offset
                found.append((_view(place.shape, place.dtype, shared, before + at), start + at))
            else:
                memory, skipped, address = _memory(place.size)
                found.append((_view(place.shape, place.dtype, memory, skipped), address))
        return found


def _memory(size: int) -> tuple[Array, int, int]:
    """Memory of at least ``size`` bytes, how many of its bytes lie before a cache line, and the line's address."""
    memory = np.empty(size + ALIGNMENT, np.uint8)
    start = addressof(c_char.from_buffer(memory))  # type: ignore[arg-type]
    skipped = -start % ALIGNMENT
    return memory, skipped, start + skipped


#: shape, type, memory and bytes to skip: an array there
_view: Any = np.ndarray
