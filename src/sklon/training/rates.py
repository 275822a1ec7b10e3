"""The learning rate of every step of a fit: from its schedule step by step, and after each epoch from the curve.

A rate follows from the schedule, the number of the step and the recorded curve alone, so a fit that is resumed needs no
state of it: what came before is computed again.
"""

from __future__ import annotations

from collections.abc import Sequence

from sklon.optim.schedules import Schedule


class Rates:
    """Rates for one base rate; epochs are asked for in their order, or from anywhere after a resume."""

    def __init__(self, schedule: Schedule, base: float) -> None:
        self.schedule, self.base = schedule, base
        self.done, self.last = 0, base  # steps, and the rate of the last one

    def of_epoch(self, first: int, count: int, curve: Sequence[float]) -> list[float]:
        """The rates of the ``count`` steps after ``first``; ``curve`` has a watched value for each epoch before."""
        if first != self.done:
            self.done, self.last = 0, self.base
            for epoch in range(first // count):
                self.of_epoch(epoch * count, count, curve[:epoch])
        if first and self.schedule.reads_curve:
            self.last = self.schedule.observe(first, curve[: first // count], self.last)
        found = self.schedule.rates(self.base, count, start=first, lr=self.last)
        self.done, self.last = first + count, found[-1]
        return found
