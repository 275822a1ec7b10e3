"""Cosine annealing, once or with restarts. Source: Loshchilov and Hutter, *SGDR*, 2017."""

from __future__ import annotations

from dataclasses import dataclass
from math import cos, pi
from typing import ClassVar

from sklon._base.checks import check_whole

from . import checks
from .schedule import ClosedForm, Schedule


@dataclass(frozen=True, slots=True)
class CosineAnnealing(Schedule):
    """Along half a cosine, from the base rate to ``eta_min``.

    ηₜ = η_min + (β − η_min)·(1 + cos(πt/T))/2 with T = T_max. The recurrence is PyTorch's CosineAnnealingLR; after T it
    rises again. Source: Loshchilov and Hutter, *SGDR: stochastic gradient descent with warm restarts*, 2017.

    ``T_max`` ≥ 1 counts steps and may be left out; ``eta_min`` ≥ 0 is a rate.

    >>> [round(lr, 4) for lr in CosineAnnealing(4).rates(0.2, 5)]
    [0.2, 0.1707, 0.1, 0.0293, 0.0]
    """

    name: ClassVar[str] = "cosine"
    span: ClassVar[str] = "T_max"
    T_max: int | None = None
    eta_min: float = 0.0

    def __post_init__(self) -> None:
        checks.whole_or_none(1, T_max=self.T_max)
        checks.within(0.0, eta_min=self.eta_min)

    def first(self, lr: float, base: float) -> float:
        return lr

    def next(self, t: int, lr: float, base: float) -> float:
        total = self._steps()
        if (t - 1 - total) % (2 * total) == 0:  # the step before was at η_min: start to rise
            return lr + (base - self.eta_min) * (1 - cos(pi / total)) / 2
        falls = (1 + cos(pi * t / total)) / (1 + cos(pi * (t - 1) / total))
        return falls * (lr - self.eta_min) + self.eta_min


@dataclass(frozen=True, slots=True)
class CosineWarmRestarts(ClosedForm):
    """Cosine annealing that starts again and again, in cycles that may become longer.

    ηₜ = η_min + (β − η_min)·(1 + cos(π·t_cur/T_i))/2, where t_cur counts the steps of cycle i and T_i = T_0·T_multⁱ.
    PyTorch's CosineAnnealingWarmRestarts. Source: Loshchilov and Hutter, *SGDR: stochastic gradient descent with warm
    restarts*, 2017.

    ``T_0`` ≥ 1 counts the steps of the first cycle, ``T_mult`` ≥ 1 is the factor from one to the next; ``eta_min`` ≥ 0
    is a rate.

    >>> [round(lr, 4) for lr in CosineWarmRestarts(2, T_mult=2).rates(0.2, 7)]
    [0.2, 0.1, 0.2, 0.1707, 0.1, 0.0293, 0.2]
    """

    name: ClassVar[str] = "cosine_restarts"
    T_0: int
    T_mult: int = 1
    eta_min: float = 0.0

    def __post_init__(self) -> None:
        check_whole(1, T_0=self.T_0, T_mult=self.T_mult)
        checks.within(0.0, eta_min=self.eta_min)

    def cycle(self, t: float) -> tuple[float, int]:
        """The steps since the last restart, and the length of the cycle that it began; t may lie between two steps."""
        if self.T_mult == 1:
            return t % self.T_0, self.T_0
        length = self.T_0
        while t >= length:
            t, length = t - length, length * self.T_mult
        return t, length

    def at(self, t: float, base: float) -> float:
        since, length = self.cycle(t)
        return self.eta_min + (base - self.eta_min) * (1 + cos(pi * since / length)) / 2
