"""A bound on the memory that a program works in: the fastest of its ways that keeps to it.

The plain program is tried first; then fewer and fewer values are kept between forward and backward loops, which
compute the others anew (``passes/recompute.py``). Results do not depend on the way.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import isqrt

from sklon._base.columns import in_bytes
from sklon._base.errors import InputError
from sklon._base.settings import get_num_threads
from sklon.graph.node import Graph
from sklon.program.ir import Program
from sklon.program.memory import place

from .passes.fuse import Fusion
from .passes.recompute import EARLY, Choice, Recomputation, Timing

Build = Callable[[Graph, Timing], Program]


@dataclass(frozen=True, slots=True)
class Limit:
    """The most bytes that a step may work in, on so many threads: as many as the process may use when it is compiled.

    Callers in several Python threads at once work in memory of their own, each within the limit.
    """

    bytes: int
    threads: int

    @classmethod
    def of(cls, memory_limit: int | None) -> Limit | None:
        """That of a setting in bytes, for as many threads as this process may use."""
        return None if memory_limit is None else cls(memory_limit, get_num_threads())


def within(graph: Graph, fusion: Fusion, limit: Limit, build: Build) -> Program:
    """The first program that keeps to the limit. Raises InputError with the least that is needed."""
    least = 0
    for program in ways(graph, fusion, build):
        needed = place(program).bytes(limit.threads)
        if needed <= limit.bytes:
            return program
        least = min(needed, least or needed)
    raise InputError(
        f"a step works in at least {least:,} bytes ({in_bytes(least)}), recomputing what it can, and memory_limit is "
        f"{limit.bytes:,} ({in_bytes(limit.bytes)}); raise it, or pass a smaller micro_batch_size"
    )


def ways(graph: Graph, fusion: Fusion, build: Build) -> Iterator[Program]:
    """The plain program, and those that recompute more and more."""
    yield build(graph, EARLY)
    recomputation = Recomputation(graph, fusion)
    for choice in choices(recomputation.length):
        yield build(*recomputation.chosen(choice))


def choices(length: int) -> Iterator[Choice]:
    """What to keep of a forward pass of so many stations, the cheapest way first.

    A stretch that is computed anew lies in memory whole: beyond 2·√length, that is more than what is not kept.
    """
    keep = 1
    while keep <= min(length, 2 * isqrt(length)):
        for apart in dict.fromkeys((0, keep, 1)):
            yield Choice(keep=keep, apart=apart)
        keep *= 2
