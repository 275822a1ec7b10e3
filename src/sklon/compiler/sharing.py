"""How many threads the work of a step is worth: a guess from the program alone, which never changes a result.

    time(t) = Σ over phases of max(work / t, work of the largest unit)
    threads = the t with the smallest time(t) + (t − 1)·THREAD

Work is counted in floating-point operations; a loop that moves many bytes counts as the operations that fit into the
time it waits for them. A small net stays on one thread, and no phase gets more threads than it has units.
"""

from __future__ import annotations

import os

from sklon._base.shapes import concrete
from sklon.program.cost import loop_flops
from sklon.program.ir import Loop, Phase, Program
from sklon.program.work import moved_by

#: operations that a thread must save, 50 µs of one core: 32-64-64-1 gains nothing from a second one up to 256 rows
THREAD = 5_000_000
#: operations in the time of a byte, from a core's own cache and from memory: 100 GFLOP/s beside 100 and 12 GB/s
CACHED_BYTE, MEMORY_BYTE = 1, 8
#: bytes that a core's own cache holds
CACHE = 1 << 20


def worthwhile(program: Program, rows: int) -> int:
    """The threads that a step over ``rows`` rows is worth, if there are as many."""
    phases = [_work(program, phase, rows) for phase in program.phases]
    most = min(os.cpu_count() or 1, max((units for _, _, units in phases), default=1))
    return min(range(1, max(1, most) + 1), key=lambda t: _time(phases, t) + (t - 1) * THREAD)


def _time(phases: list[tuple[float, float, int]], threads: int) -> float:
    return sum(max(work / threads, largest) for work, largest, _ in phases)


def _work(program: Program, phase: Phase, rows: int) -> tuple[float, float, int]:
    """The work of a phase, that of its largest unit, and its number of units."""
    total, largest, count = 0.0, 0.0, 0
    for track in phase.tracks:
        work = sum(effort(program, loop, rows) for loop in track.loops)
        units = max(1, -(-concrete((track.extent,), rows)[0] // track.block))
        total, largest, count = total + work, max(largest, work / units), count + units
    return total, largest, count


def effort(program: Program, loop: Loop, rows: int) -> float:
    """The work of a loop: its operations, or those in the time of its bytes, whichever are more."""
    moved = sum(moved_by(program, loop, rows))
    return max(loop_flops(loop, rows), moved * (MEMORY_BYTE if moved > CACHE else CACHED_BYTE))
