"""Schedules that go from one factor of the base rate to another in a number of steps, and stay: constant too."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from . import checks
from .schedule import Schedule


@dataclass(frozen=True, slots=True)
class Constant(Schedule):
    """A fixed share of the base rate, for a number of steps or for ever.

    ηₜ = factor·β for t < total_iters, then β. The recurrence is PyTorch's ConstantLR, whose defaults are 1/3 and 5.

    0 < ``factor`` ≤ 1; ``total_iters`` ≥ 1 counts steps, None is for ever.

    >>> Constant(0.5, 2).rates(0.1, 4)
    [0.05, 0.05, 0.1, 0.1]
    """

    name: ClassVar[str] = "constant"
    factor: float = 1.0
    total_iters: int | None = None

    def __post_init__(self) -> None:
        checks.positive(1.0, factor=self.factor)
        checks.whole_or_none(1, total_iters=self.total_iters)

    def first(self, lr: float, base: float) -> float:
        return lr * self.factor

    def next(self, t: int, lr: float, base: float) -> float:
        return lr * (1.0 / self.factor) if t == self.total_iters else lr

    @property
    def length(self) -> int | None:
        return self.total_iters

    @property
    def ends(self) -> bool:
        return self.total_iters is not None


@dataclass(frozen=True, slots=True)
class Linear(Schedule):
    """A straight line between two shares of the base rate: by default from the whole of it to zero.

    ηₜ = β·(start + (end − start)·min(t, T)/T) with T = total_iters. The recurrence is PyTorch's LinearLR, whose
    defaults are 1/3, 1 and 5.

    0 < ``start_factor`` ≤ 1, 0 ≤ ``end_factor`` ≤ 1; ``total_iters`` ≥ 1 counts steps and may be left out.

    >>> [round(lr, 4) for lr in Linear().over(4).rates(0.8, 6)]
    [0.8, 0.6, 0.4, 0.2, 0.0, 0.0]
    """

    name: ClassVar[str] = "linear"
    span: ClassVar[str] = "total_iters"
    start_factor: float = 1.0
    end_factor: float = 0.0
    total_iters: int | None = None

    def __post_init__(self) -> None:
        checks.positive(1.0, start_factor=self.start_factor)
        checks.within(0.0, 1.0, end_factor=self.end_factor)
        checks.whole_or_none(1, total_iters=self.total_iters)

    def first(self, lr: float, base: float) -> float:
        return lr * self.start_factor

    def next(self, t: int, lr: float, base: float) -> float:
        total = self._steps()
        if t > total:
            return lr
        rise = self.end_factor - self.start_factor
        factor = 1.0 + rise / (total * self.start_factor + (t - 1) * rise)
        return lr * max(0.0, factor)  # rounding may leave it a little below the zero that it aims at


@dataclass(frozen=True, slots=True)
class Polynomial(Schedule):
    """From the base rate to zero along a power.

    ηₜ = β·(1 − min(t, T)/T)^power with T = total_iters. The recurrence is PyTorch's PolynomialLR, where T is 5 by
    default. Source: Liu et al., *ParseNet: looking wider to see better*, 2015 ("poly").

    ``total_iters`` ≥ 1 counts steps and may be left out; ``power`` > 0, and 1 is a straight line.

    >>> [round(lr, 4) for lr in Polynomial(4, power=2).rates(0.16, 6)]
    [0.16, 0.09, 0.04, 0.01, 0.0, 0.0]
    """

    name: ClassVar[str] = "polynomial"
    span: ClassVar[str] = "total_iters"
    total_iters: int | None = None
    power: float = 1.0

    def __post_init__(self) -> None:
        checks.whole_or_none(1, total_iters=self.total_iters)
        checks.positive(power=self.power)

    def first(self, lr: float, base: float) -> float:
        return lr

    def next(self, t: int, lr: float, base: float) -> float:
        total = self._steps()
        if t > total:
            return lr
        return lr * float(((1.0 - t / total) / (1.0 - (t - 1) / total)) ** self.power)
