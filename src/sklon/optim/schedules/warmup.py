"""Schedules around a warm-up: the rise itself, and two that often follow it. Steps may be given as a share of all."""

from __future__ import annotations

from dataclasses import dataclass
from math import cos, pi, sqrt
from typing import ClassVar

from sklon._base.checks import check_whole
from sklon._base.errors import InputError

from . import checks
from .schedule import Factor, Schedule


@dataclass(frozen=True, slots=True)
class Warmup(Factor):
    """A linear rise to the base rate, to be put before another schedule: ``Warmup(100) >> CosineAnnealing()``.

    ηₜ = β·(t + 1)/(w + 1) for t < w, then β: no step is wasted with a rate of zero, and what follows begins at β.
    Source: Goyal et al., *Accurate, large minibatch SGD*, 2017.

    ``steps`` is w ≥ 1, or a share of all steps between 0 and 1.

    >>> Warmup(4).rates(0.5, 6)
    [0.1, 0.2, 0.3, 0.4, 0.5, 0.5]
    """

    name: ClassVar[str] = "warmup"
    steps: float

    def __post_init__(self) -> None:
        checks.steps_or_share(steps=self.steps)

    def factor(self, t: int) -> float:
        steps = self._steps()
        return (t + 1) / (steps + 1) if t < steps else 1.0

    @property
    def length(self) -> int | None:
        return None if checks.is_share(self.steps) else int(self.steps)

    @property
    def ends(self) -> bool:
        return True

    @property
    def complete(self) -> bool:
        return self.length is not None

    def over(self, total_steps: int) -> Schedule:
        check_whole(1, total_steps=total_steps)
        return Warmup(checks.in_steps(self.steps, total_steps))

    def _steps(self) -> int:
        if self.length is None:
            raise InputError(f"{self} is a share of all steps; call over(total_steps)")
        return self.length


@dataclass(frozen=True, slots=True)
class InverseSqrt(Factor):
    """Falls with the square root of the steps, and never ends: for runs whose length is open.

    ηₜ = β·√(s/(t + s)) with s = timescale. After a warm-up of s steps it is the schedule of the Transformer, where the
    rate is proportional to 1/√(number of the step). Source: Vaswani et al., *Attention is all you need*, 2017.

    ``timescale`` > 0 is the number of steps after which the rate has fallen to 1/√2; 10,000 by default, as in Raffel et
    al., *Exploring the limits of transfer learning with a unified text-to-text transformer*, 2020.

    >>> [round(lr, 4) for lr in InverseSqrt(1).rates(0.1, 4)]
    [0.1, 0.0707, 0.0577, 0.05]
    """

    name: ClassVar[str] = "inverse_sqrt"
    timescale: float = 10_000

    def __post_init__(self) -> None:
        checks.positive(timescale=self.timescale)

    def factor(self, t: int) -> float:
        return sqrt(self.timescale / (t + self.timescale))


@dataclass(frozen=True, slots=True)
class WarmupStableDecay(Factor):
    """A rise, a long time at the base rate, and a fall at the end: training may go on from before the fall.

    ηₜ = β·(t + 1)/(w + 1) for t < w, then β; in the last d of T = total_steps steps β·(1 − (1 − m)·u), where u goes
    from 0 to 1 in the ``shape`` of a line ("linear"), of half a cosine ("cos") or of a root ("sqrt"), m = min_factor.
    Sources: Hu et al., *MiniCPM*, 2024; Hägele et al., *Scaling laws and compute-optimal training beyond fixed training
    durations*, 2024.

    ``warmup`` ≥ 0 and ``decay`` ≥ 1 count steps, or are shares of all of them between 0 and 1: by default 5 %, and the
    20 % that Hägele et al. found enough. ``total_steps`` ≥ 1 may be left out. 0 ≤ ``min_factor`` ≤ 1.

    >>> WarmupStableDecay(1, 2, total_steps=6).rates(0.8, 8)
    [0.4, 0.8, 0.8, 0.8, 0.8, 0.4, 0.0, 0.0]
    """

    name: ClassVar[str] = "wsd"
    span: ClassVar[str] = "total_steps"
    warmup: float = 0.05
    decay: float = 0.2
    shape: str = "linear"
    min_factor: float = 0.0
    total_steps: int | None = None

    def __post_init__(self) -> None:
        checks.steps_or_share(0, warmup=self.warmup)
        checks.steps_or_share(1, decay=self.decay)
        checks.word(("linear", "cos", "sqrt"), shape=self.shape)
        checks.within(0.0, 1.0, min_factor=self.min_factor)
        checks.whole_or_none(1, total_steps=self.total_steps)
        if self.total_steps is not None and sum(self._parts()) > self.total_steps:
            rise, fall = self._parts()
            raise InputError(f"a warm-up of {rise} and a decay of {fall} steps are more than {self.total_steps} in all")

    def factor(self, t: int) -> float:
        rise, fall = self._parts()
        if t < rise:
            return (t + 1) / (rise + 1)
        u = min(1.0, max(0.0, (t - (self._steps() - fall)) / fall))
        if self.shape == "cos":
            u = (1 - cos(pi * u)) / 2
        elif self.shape == "sqrt":
            u = sqrt(u)
        return 1.0 - (1.0 - self.min_factor) * u

    def _parts(self) -> tuple[int, int]:
        """The steps of the rise and of the fall."""
        total = self._steps()
        return checks.in_steps(self.warmup, total), checks.in_steps(self.decay, total)
