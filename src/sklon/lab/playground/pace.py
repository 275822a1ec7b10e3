"""How fast a training goes: how many steps are due by now, how long it is until the next one, what a step takes."""

from __future__ import annotations

import time
from dataclasses import dataclass

from sklon._base.errors import InputError

from .reading import as_number

#: the most steps that may be asked for at once, and in a second
MOST_STEPS, FASTEST = 100_000, 1e6
#: steps of a piece that tells how long a step takes
LONG = 16


class Pace:
    """``per_second`` steps a second at the most since it began, or as many as there can be.

    >>> from sklon.lab.playground.pace import Pace
    >>> pace = Pace(0.01)
    >>> pace.due
    1
    >>> pace.take(1)
    >>> pace.due
    0
    """

    def __init__(self, per_second: float | None = None) -> None:
        chosen = None if per_second is None else as_number(per_second)
        if per_second is not None and (chosen is None or chosen <= 0):
            raise InputError(f"the pace is a number of steps a second above 0, or None, not {per_second!r}")
        self._per_second = None if chosen is None else min(chosen, FASTEST)
        self.begin()

    def begin(self) -> None:
        """From now on; what was not taken until now is not made up for."""
        self._since, self._taken = time.perf_counter(), 0

    def take(self, steps: int) -> None:
        """So many steps were taken."""
        self._taken += steps

    @property
    def due(self) -> int:
        """Steps that may be taken now."""
        if self._per_second is None:
            return MOST_STEPS
        return int((time.perf_counter() - self._since) * self._per_second) + 1 - self._taken

    @property
    def wait(self) -> float:
        """Seconds until the next step may be taken."""
        if self._per_second is None:
            return 0.0
        return max(0.0, self._since + self._taken / self._per_second - time.perf_counter())


@dataclass(slots=True)
class Clock:
    """What the steps of one start took: those of long pieces, where the way from piece to piece does not count.

    The first step is not counted, since it is compiled then.
    """

    start: int = 0
    steps: int = 0
    seconds: float = 0.0
    per_step: float = 1e-4

    def tell(self, start: int, steps: int, seconds: float) -> None:
        """So many steps of a start were taken."""
        if self.start != start:
            self.start, self.steps, self.seconds = start, 0, 0.0
        elif steps:
            self.per_step = seconds / steps
        if steps >= LONG:
            self.steps, self.seconds = self.steps + steps, self.seconds + seconds

    @property
    def mean(self) -> float | None:
        """Seconds that a step took."""
        return self.seconds / self.steps if self.steps else None
