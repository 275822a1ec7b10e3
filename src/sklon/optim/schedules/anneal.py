"""From wherever the rate is to a fixed one, as when the averaging of weights begins."""

from __future__ import annotations

from dataclasses import dataclass
from math import cos, pi
from typing import ClassVar

from sklon._base.checks import check_whole

from . import checks
from .schedule import Schedule


@dataclass(frozen=True, slots=True)
class AnnealTo(Schedule):
    """From the rate that is there to ``lr``, where it stays, for instance while weights are averaged.

    ηₜ = (1 − αₜ)·η + αₜ·lr, where α goes from 0 to 1 in ``anneal_epochs`` steps, along a line or half a cosine, and
    η is what another schedule left. The recurrence is PyTorch's SWALR, which finds η again from ηₜ₋₁. Source: Izmailov
    et al., *Averaging weights leads to wider optima and better generalization*, 2018.

    ``lr`` ≥ 0 is a rate; ``anneal_epochs`` ≥ 0 counts steps; ``anneal_strategy`` is "cos" or "linear".

    >>> [round(lr, 4) for lr in AnnealTo(0.05, 2, anneal_strategy="linear").rates(0.25, 4)]
    [0.25, 0.15, 0.05, 0.05]
    """

    name: ClassVar[str] = "anneal_to"
    chainable: ClassVar[bool] = False
    lr: float
    anneal_epochs: int = 10
    anneal_strategy: str = "cos"

    def __post_init__(self) -> None:
        checks.within(0.0, lr=self.lr)
        check_whole(0, anneal_epochs=self.anneal_epochs)
        checks.word(("cos", "linear"), anneal_strategy=self.anneal_strategy)

    def first(self, lr: float, base: float) -> float:
        return lr if self.anneal_epochs else self.lr

    def next(self, t: int, lr: float, base: float) -> float:
        if not self.anneal_epochs:
            return self.lr
        before, now = self._alpha(t - 1), self._alpha(t)
        left = self.lr if before == 1 else (lr - before * self.lr) / (1 - before)
        return self.lr * now + left * (1 - now)

    def switched_to(self, lr: float, base: float) -> float:
        return self.first(lr, base)

    def _alpha(self, t: int) -> float:
        share = min(1.0, t / self.anneal_epochs)
        return share if self.anneal_strategy == "linear" else (1 - cos(pi * share)) / 2
