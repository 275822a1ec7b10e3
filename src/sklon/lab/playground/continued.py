"""A schedule that goes on from its middle: what a run needs that was begun with other settings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from sklon.optim.schedules import Schedule


@dataclass(frozen=True, slots=True)
class Continued(Schedule):
    """``schedule`` from its step ``since`` on, with the base rate that holds now.

    ηₜ = η'ₛ₊ₜ, where η' are the rates of the schedule with this base rate and s = ``since``.

    >>> from sklon.optim.schedules import Linear
    >>> whole = Linear(1.0, 0.5, 5)
    >>> whole.rates(0.1, 5)[2:] == Continued(whole, 2).rates(0.1, 3)
    True
    """

    name: ClassVar[str] = "continued"
    chainable: ClassVar[bool] = False
    schedule: Schedule
    since: int

    def first(self, lr: float, base: float) -> float:
        return self.schedule.rates(base, 1, start=self.since)[0]

    def next(self, t: int, lr: float, base: float) -> float:
        return self.schedule.next(self.since + t, lr, base)
