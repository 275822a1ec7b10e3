"""Schedules that multiply the rate by a constant: at every step, every few steps, or at given ones."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from sklon._base.checks import check_whole

from . import checks
from .schedule import Schedule


@dataclass(frozen=True, slots=True)
class Exponential(Schedule):
    """The rate times ``gamma`` at every step.

    ηₜ = γ·ηₜ₋₁. PyTorch's ExponentialLR. ``gamma`` ≥ 0.

    >>> Exponential(0.5).rates(0.8, 4)
    [0.8, 0.4, 0.2, 0.1]
    """

    name: ClassVar[str] = "exponential"
    gamma: float

    def __post_init__(self) -> None:
        checks.within(0.0, gamma=self.gamma)

    def first(self, lr: float, base: float) -> float:
        return lr

    def next(self, t: int, lr: float, base: float) -> float:
        return lr * self.gamma


@dataclass(frozen=True, slots=True)
class Step(Schedule):
    """The rate times ``gamma`` every ``step_size`` steps.

    ηₜ = γ·ηₜ₋₁ if step_size divides t, else ηₜ₋₁. PyTorch's StepLR.

    ``step_size`` ≥ 1 counts steps; ``gamma`` ≥ 0.

    >>> Step(2, gamma=0.5).rates(0.8, 5)
    [0.8, 0.8, 0.4, 0.4, 0.2]
    """

    name: ClassVar[str] = "step"
    step_size: int
    gamma: float = 0.1

    def __post_init__(self) -> None:
        check_whole(1, step_size=self.step_size)
        checks.within(0.0, gamma=self.gamma)

    def first(self, lr: float, base: float) -> float:
        return lr

    def next(self, t: int, lr: float, base: float) -> float:
        return lr if t % self.step_size else lr * self.gamma


@dataclass(frozen=True, slots=True)
class MultiStep(Schedule):
    """The rate times ``gamma`` at each of ``milestones``.

    ηₜ = γᵏ·ηₜ₋₁, where k milestones are t. PyTorch's MultiStepLR. Source of the practice: He et al., *Deep residual
    learning for image recognition*, 2016.

    ``milestones`` are steps ≥ 1; one that stands twice counts twice. ``gamma`` ≥ 0.

    >>> MultiStep([1, 3], gamma=0.5).rates(0.8, 5)
    [0.8, 0.4, 0.4, 0.2, 0.2]
    """

    name: ClassVar[str] = "multi_step"
    milestones: Sequence[int]
    gamma: float = 0.1

    def __post_init__(self) -> None:
        given = tuple(self.milestones) if isinstance(self.milestones, Iterable) else (self.milestones,)
        for milestone in given:
            check_whole(1, milestones=milestone)
        object.__setattr__(self, "milestones", tuple(sorted(given)))
        checks.within(0.0, gamma=self.gamma)

    def first(self, lr: float, base: float) -> float:
        return lr

    def next(self, t: int, lr: float, base: float) -> float:
        return lr * float(self.gamma ** self.milestones.count(t)) if t in self.milestones else lr
