"""Clocks around the calls of a driver: ``UNTIMED`` adds no text, ``Timed`` counts the ticks of each loop and barrier.

The ticks of a thread are a row of 64-bit numbers, one for each loop of the program in order, then one for the barrier
behind each phase, then one for the whole run. A loop's kernel is the same with clocks and without: they stand around
the call.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from sklon.program.ir import Loop, Program

#: words of the step's block that kernels read: N, its first row, its scalars, its number
STEP_WORDS = 4
#: x86's time stamp, Arm's virtual counter: both tick evenly, whatever the speed of a core
CLOCK = "llvm.readcyclecounter"
#: numbers of a row are a multiple of this, so that two threads never write to neighbouring cache lines
ROW = 16


class Timer(Protocol):
    """What the driver asks for on its way; each answer is LLVM text."""

    @property
    def step_words(self) -> int:
        """Words of the step's block."""

    def declarations(self) -> str:
        """What stands before all functions."""

    def begin(self) -> str:
        """Where a thread enters."""

    def end(self) -> str:
        """Where it leaves."""

    def loop(self, loop: Loop, call: str) -> str:
        """A call of a loop's kernel for one unit."""

    def barrier(self, phase: int, call: str) -> str:
        """The wait behind a phase."""


@dataclass(frozen=True, slots=True)
class Untimed:
    """No clock: what is called is called."""

    step_words: int = STEP_WORDS

    def declarations(self) -> str:
        return ""

    def begin(self) -> str:
        return ""

    def end(self) -> str:
        return ""

    def loop(self, loop: Loop, call: str) -> str:
        return call

    def barrier(self, phase: int, call: str) -> str:
        return call


UNTIMED = Untimed()


class Timed:
    """Clocks whose rows lie in the array at ``position`` of the argument block, one row a thread."""

    step_words = STEP_WORDS + 1  # the last one points to the thread's row

    def __init__(self, program: Program, position: int) -> None:
        self.position = position
        self.loops = {id(loop): i for i, loop in enumerate(program.loops())}
        self.whole = len(self.loops) + len(program.phases)
        self.row = row_length(program)

    def declarations(self) -> str:
        return f"declare i64 @{CLOCK}()\n"

    def begin(self) -> str:
        return (
            f" %ticks_at = getelementptr ptr, ptr %args, i64 {self.position}\n"
            " %ticks_of_all = load ptr, ptr %ticks_at\n"
            f" %ticks_skip = mul i64 %thread, {self.row}\n"
            " %ticks = getelementptr i64, ptr %ticks_of_all, i64 %ticks_skip\n"
            f" %ticks_for_step = getelementptr ptr, ptr %step, i64 {STEP_WORDS}\n"
            f" store ptr %ticks, ptr %ticks_for_step\n %begun = call i64 @{CLOCK}()\n"
        )

    def end(self) -> str:
        return f" %ended = call i64 @{CLOCK}()\n" + _added("w", "%ticks", self.whole, "%begun", "%ended")

    def loop(self, loop: Loop, call: str) -> str:
        number = self.loops[id(loop)]
        row = (
            f" %c{number}at = getelementptr ptr, ptr %step, i64 {STEP_WORDS}\n"
            f" %c{number}row = load ptr, ptr %c{number}at\n"
        )
        return row + self._around(f"c{number}", f"%c{number}row", number, call)

    def barrier(self, phase: int, call: str) -> str:
        return self._around(f"b{phase}", "%ticks", len(self.loops) + phase, call)

    def _around(self, name: str, row: str, number: int, call: str) -> str:
        return (
            f" %{name}t0 = call i64 @{CLOCK}()\n{call} %{name}t1 = call i64 @{CLOCK}()\n"
            f"{_added(name, row, number, f'%{name}t0', f'%{name}t1')}"
        )


def _added(name: str, row: str, number: int, before: str, after: str) -> str:
    """Adds the difference of two times to a number of a row."""
    return (
        f" %{name}p = getelementptr i64, ptr {row}, i64 {number}\n %{name}old = load i64, ptr %{name}p\n"
        f" %{name}d = sub i64 {after}, {before}\n %{name}new = add i64 %{name}old, %{name}d\n"
        f" store i64 %{name}new, ptr %{name}p\n"
    )


def row_length(program: Program) -> int:
    """Numbers of a thread's row."""
    used = len(program.loops()) + len(program.phases) + 1
    return (-(-used // ROW) + 1) * ROW
