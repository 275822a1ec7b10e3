"""The rules that every memory plan obeys. A violation is our bug, never the user's.

placed      each buffer has one place, external or in the arena of its space, and as many bytes as its elements
aligned     scratch and local places start at cache lines
apart       at each tick the buffers that hold something, from their first use to their last, share no byte

Lives are told here from the program anew, tick by tick, and not from the plan.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import accumulate, pairwise
from operator import or_

from sklon._base.errors import VerificationError

from .ir import Loop, Program
from .memory import LINE, WORKING, Arena, Memory, buffer_bytes


def verify_memory(program: Program, memory: Memory) -> None:
    """Raise VerificationError unless the plan is sound for the program."""
    places = [*memory.external, *(s.number for arena in (memory.scratch, memory.local) for s in arena.spans)]
    _require(sorted(places) == list(range(len(program.buffers))), "a buffer has no place, or two")
    _require(sorted(memory.external.values()) == list(range(len(memory.external))), "two arguments have one position")
    _require(not any(program.buffers[n].space in WORKING for n in memory.external), "a working buffer is external")
    phases = [[loop for track in phase.tracks for loop in track.loops] for phase in program.phases]
    _check(program, memory.scratch, "scratch", [_used(program, loops, "scratch") for loops in phases])
    _check(program, memory.local, "local", [_used(program, [loop], "local") for loop in program.loops()])


def _require(holds: bool, otherwise: str) -> None:
    if not holds:
        raise VerificationError(otherwise)


def _used(program: Program, loops: Iterable[Loop], space: str) -> set[int]:
    """The buffers of a space that some loops read or write."""
    touched = {at.buffer for loop in loops for at in loop.accesses}
    return {n for n in touched if program.buffers[n].space == space}


def _check(program: Program, arena: Arena, space: str, ticks: Sequence[set[int]]) -> None:
    for s in arena.spans:
        b = program.buffers[s.number]
        _require(b.space == space, f"{b.name!r} lies in {b.space} memory, but is placed in {space} memory")
        _require(s.size == buffer_bytes(b, program.max_rows), f"{b.name!r} has room for {s.size} bytes")
        _require(s.offset >= 0 and s.offset % LINE == 0, f"{b.name!r} does not start at a cache line: {s.offset}")
    until, onward = list(accumulate(ticks, or_)), list(accumulate(reversed(ticks), or_))[::-1]
    for tick, (before, after) in enumerate(zip(until, onward, strict=True)):
        living = sorted((s for s in arena.spans if s.number in before & after), key=lambda s: s.offset)
        for low, high in pairwise(living):
            names = [program.buffers[s.number].name for s in (low, high)]
            _require(low.offset + low.size <= high.offset, f"{names} share bytes of {space} memory at tick {tick}")
