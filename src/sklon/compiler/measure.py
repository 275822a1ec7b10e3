"""A program measured kernel by kernel: where the time of a step goes, on one thread or several.

The measured program is another emission of the same one, with clocks around the calls of its kernels: it has the same
kernels and gives the same bits. It runs in turns with the ordinary one, whose time tells what the clocks cost, and with
the peak of multiply-adds, which varies with load and temperature.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from sklon._base.dtypes import int64
from sklon._base.shapes import N, row_major, size
from sklon.program.ir import Buffer, Loop, Program
from sklon.program.memory import place
from sklon.program.work import NONE, Work, work_of

from . import native
from .executable import Executable, Steps, aligned_zeros
from .kernels.driver import HEADER
from .kernels.timing import Timed, row_length
from .module import emit_module
from .peak import peak
from .target import Target

Array = np.ndarray[Any, Any]
#: the name of the array of clocks, one row a thread
TICKS = "ticks"
#: seconds of a turn: long beside entering native code, short beside what else a machine does
TURN_SECONDS = 0.01
#: bytes that the results of a turn may take
MOST_RESULTS = 1 << 26
#: turns of which the quickest counts
TURNS = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class LoopTime:
    """A loop and its time in a step: seconds of the wall if all threads were at it together."""

    loop: Loop
    phase: int
    track: int
    seconds: float
    work: Work

    @property
    def gflops(self) -> float:
        """10⁹ operations a second, of all threads together."""
        return self.work.flops / self.seconds / 1e9 if self.seconds else 0.0

    @property
    def gigabytes(self) -> float:
        """10⁹ bytes a second, read and written, wherever they lie."""
        return self.work.bytes / self.seconds / 1e9 if self.seconds else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """Seconds of a step: of each loop in program order, waited behind each phase, and the rest.

    ``step`` = Σ loops + Σ waits + ``rest``; ``ordinary`` is the time of a step without clocks, and ``peak`` the most
    multiply-adds of so many threads, in 10⁹ operations a second.
    """

    loops: tuple[LoopTime, ...]
    waits: tuple[float, ...]
    rest: float
    step: float
    ordinary: float
    peak: float
    threads: int

    @property
    def work(self) -> Work:
        """That of all loops."""
        return sum((one.work for one in self.loops), NONE)


def measured_program(program: Program, target: Target, threads: int) -> Executable:
    """The program with clocks, for so many threads; it takes one more array, ``TICKS`` [threads, row]."""
    shape = (threads, row_length(program))
    timed = replace(program, buffers=(*program.buffers, Buffer(TICKS, "state", shape, int64, row_major(shape))))
    memory = place(timed)
    position = HEADER + memory.external[len(program.buffers)]
    text = emit_module(timed, target, Timed(program, position)).text
    return Executable(timed, memory, native.build(text, target))


def measure(
    executable: Executable,
    arrays: Mapping[str, Array],
    steps: Steps,
    threads: int | None = None,
    turns: int = TURNS,
) -> Measured:
    """Run the steps in turns, each of them from the given state; the quickest of several turns counts.

    ``arrays`` are those of ``Executable.run``; states are copied, so they stay as they are. A turn goes through as many
    steps as take ``TURN_SECONDS``, and the next one goes on behind them, so that rows come from where they lie.
    """
    program = executable.program
    threads = threads or executable.worthwhile_threads(steps)
    timed = measured_program(program, native.host(), threads)
    state = {b.name: arrays[b.name] for b in program.buffers if b.space == "state"}
    state[TICKS] = np.zeros((threads, row_length(program)), np.int64)
    fixed = {name: array for name, array in arrays.items() if name not in state}

    def run(what: Executable, steps: Steps) -> tuple[float, Array]:
        bound = {**fixed, **{name: _copied(array) for name, array in state.items()}}
        start = time.perf_counter()
        what.run(bound, steps, threads)
        return time.perf_counter() - start, bound[TICKS]

    run(timed, _turn(steps, 0, 1))
    count = _steps_of_a_turn(program, run(executable, _turn(steps, 0, 1))[0])
    found = []
    for number in range(turns):
        some = _turn(steps, number * count, count)
        found.append(Turn(run(executable, some)[0], *run(timed, some), peak(threads), some))
    return _read(program, found)


@dataclass(frozen=True, slots=True)
class Turn:
    """Seconds of the ordinary program and of the one with clocks, these clocks, the peak, and the steps."""

    ordinary: float
    seconds: float
    ticks: Array
    peak: float
    steps: Steps


def _copied(array: Array) -> Array:
    copy = aligned_zeros(array.shape, array.dtype)
    copy[...] = array
    return copy


def _steps_of_a_turn(program: Program, seconds: float) -> int:
    """How many steps fill a turn, if one takes so long, and their results find room."""
    results = [b for b in program.buffers if b.space == "output" and b.shape[:1] != (N,)]
    most = MOST_RESULTS // max(1, sum(size(b.shape) * b.dtype.itemsize for b in results))
    return max(1, min(most, int(TURN_SECONDS / max(seconds, 1e-7))))


def _turn(steps: Steps, first: int, count: int) -> Steps:
    """So many steps from ``first`` on; the first one follows behind the last."""
    some = (first + np.arange(count)) % len(steps)
    return Steps(steps.rows[some], steps.starts[some], steps.scalars[some])


def _read(program: Program, turns: list[Turn]) -> Measured:
    """What the clocks say of the quickest turn. A tick is what it is where entering and leaving took the least."""
    loops, phases = len(program.loops()), len(program.phases)
    whole = loops + phases
    tick = min(turn.seconds / max(1, int(turn.ticks[0, whole])) for turn in turns)
    best = min(turns, key=lambda turn: turn.seconds / len(turn.steps))
    count = len(best.steps)
    each = [float(x) for x in best.ticks[:, :whole].mean(axis=0) * (tick / count)]
    return Measured(
        loops=tuple(_loops(program, each, best.steps)),
        waits=tuple(each[loops:]),
        rest=best.seconds / count - sum(each),
        step=best.seconds / count,
        ordinary=min(turn.ordinary / len(turn.steps) for turn in turns),
        peak=max(turn.peak for turn in turns),
        threads=len(best.ticks),
    )


def _loops(program: Program, seconds: list[float], steps: Steps) -> list[LoopTime]:
    rows = dict(zip(*(x.tolist() for x in np.unique(steps.rows, return_counts=True)), strict=True))
    found: list[LoopTime] = []
    for p, phase in enumerate(program.phases):
        for t, track in enumerate(phase.tracks):
            for loop in track.loops:
                work = _mean_work(program, loop, rows)
                found.append(LoopTime(loop=loop, phase=p, track=t, seconds=seconds[len(found)], work=work))
    return found


def _mean_work(program: Program, loop: Loop, steps: Mapping[int, int]) -> Work:
    """The work of a mean step; ``steps`` says how many have so many rows."""
    found = [(work_of(program, loop, rows), count) for rows, count in steps.items()]

    def mean(of: Callable[[Work], int]) -> int:
        return sum(of(work) * count for work, count in found) // sum(steps.values())

    return Work(flops=mean(lambda w: w.flops), read=mean(lambda w: w.read), written=mean(lambda w: w.written))
