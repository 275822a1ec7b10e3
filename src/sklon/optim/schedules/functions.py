"""Schedules that are Python functions of the step. They have no text: a run that is to be saved needs another one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

from sklon._base.errors import InputError

from . import checks
from .schedule import ClosedForm, Schedule


@dataclass(frozen=True, slots=True)
class Lambda(ClosedForm):
    """The base rate times a function of the step.

    ηₜ = β·f(t). PyTorch's LambdaLR. ``lr_lambda`` takes t = 0, 1, 2, … and returns a factor ≥ 0.

    >>> Lambda(lambda t: 1 / (1 + t)).rates(0.8, 4)[1]
    0.4
    """

    name: ClassVar[str] = "lambda"
    lr_lambda: Callable[[int], float]

    def __post_init__(self) -> None:
        checks.function(lr_lambda=self.lr_lambda)

    def at(self, t: float, base: float) -> float:
        return base * number(self.lr_lambda, int(t))


@dataclass(frozen=True, slots=True)
class Multiplicative(Schedule):
    """The rate times a function of the step, at every step.

    ηₜ = f(t)·ηₜ₋₁. PyTorch's MultiplicativeLR: where a sequence switches to it, it goes on from the rate before with
    f(0). ``lr_lambda`` takes t and returns a factor ≥ 0.

    >>> Multiplicative(lambda t: 0.5).rates(0.8, 3)
    [0.8, 0.4, 0.2]
    """

    name: ClassVar[str] = "multiplicative"
    lr_lambda: Callable[[int], float]

    def __post_init__(self) -> None:
        checks.function(lr_lambda=self.lr_lambda)

    def first(self, lr: float, base: float) -> float:
        return lr

    def next(self, t: int, lr: float, base: float) -> float:
        return lr * number(self.lr_lambda, t)

    def switched_to(self, lr: float, base: float) -> float:
        return lr * number(self.lr_lambda, 0)


def number(function: Callable[..., float], t: float) -> float:
    """What a user's function gives, as a number."""
    value = function(t)
    try:
        return float(value)
    except (TypeError, ValueError) as error:
        raise InputError(f"a schedule's function returned {value!r} for {t}; it has to return a number") from error
