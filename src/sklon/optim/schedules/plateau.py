"""The schedule that reads a recorded curve: the rate falls when the watched value has stopped to improve.

Like a stopping rule it keeps nothing: whether the rate falls after an epoch follows from the curve until then.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf
from typing import ClassVar

from sklon._base.checks import check_whole
from sklon._base.errors import InputError

from . import checks
from .schedule import Schedule


@dataclass(frozen=True, slots=True)
class Watch:
    """What an epoch leaves for the next: the best value, epochs without a better one, epochs of rest; is a cut due?"""

    best: float
    bad_epochs: int = 0
    resting: int = 0
    due: bool = False


@dataclass(frozen=True, slots=True)
class Plateau(Schedule):
    """The rate times ``factor`` after more than ``patience`` epochs without an improvement.

    An improvement is a value below best·(1 − threshold), or best − threshold if ``threshold_mode`` is "abs" (above
    best·(1 + threshold), best + threshold if ``mode`` is "max"). The ``cooldown`` epochs after a cut are not counted.
    The rate never falls below ``min_lr``, nor by less than ``eps``. PyTorch's ReduceLROnPlateau.

    ``patience``, ``cooldown`` ≥ 0 count epochs; 0 ≤ ``factor`` < 1; ``threshold``, ``min_lr``, ``eps`` ≥ 0.

    It stands where other schedules do: ``Warmup(100) >> Plateau(5)``. The one who trains tells it the curve.

    >>> rule = Plateau(patience=1, factor=0.5)
    >>> rule.cuts([3.0, 2.0, 2.0, 2.0, 2.0, 2.0])
    [False, False, False, True, False, True]
    >>> rule.observe(0, [3.0, 2.0, 2.0, 2.0], lr=0.1)
    0.05
    """

    name: ClassVar[str] = "plateau"
    patience: int = 10
    factor: float = 0.1
    threshold: float = 1e-4
    threshold_mode: str = "rel"
    cooldown: int = 0
    min_lr: float = 0.0
    eps: float = 1e-8
    mode: str = "min"

    def __post_init__(self) -> None:
        check_whole(0, patience=self.patience, cooldown=self.cooldown)
        checks.within(0.0, 1.0, factor=self.factor)
        if self.factor == 1:
            raise InputError("factor must be below 1, or the rate would not fall")
        checks.within(0.0, threshold=self.threshold, min_lr=self.min_lr, eps=self.eps)
        checks.word(("rel", "abs"), threshold_mode=self.threshold_mode)
        checks.word(("min", "max"), mode=self.mode)

    def first(self, lr: float, base: float) -> float:
        return lr

    def next(self, t: int, lr: float, base: float) -> float:
        return lr

    @property
    def reads_curve(self) -> bool:
        return True

    def observe(self, t: int, curve: Sequence[float], lr: float) -> float:
        return self.reduced(lr) if curve and self.cuts(curve)[-1] else lr

    def reduced(self, lr: float) -> float:
        """The rate after a cut."""
        lower = max(lr * self.factor, self.min_lr)
        return lower if lr - lower > self.eps else lr

    def cuts(self, curve: Sequence[float]) -> list[bool]:
        """After which epochs of a curve the rate falls."""
        watch, found = self.start(), []
        for value in curve:
            watch = self.watch(watch, value)
            found.append(watch.due)
        return found

    def start(self) -> Watch:
        """Before the first epoch."""
        return Watch(inf if self.mode == "min" else -inf)

    def watch(self, before: Watch, value: float) -> Watch:
        """After an epoch with this value; one that is no number is no improvement."""
        better = self._improves(value, before.best)
        best, bad = (value, 0) if better else (before.best, before.bad_epochs + 1)
        if before.resting > 0:
            return Watch(best, 0, before.resting - 1)
        return Watch(best, bad) if bad <= self.patience else Watch(best, 0, self.cooldown, due=True)

    def _improves(self, value: float, best: float) -> bool:
        if self.mode == "min":
            return value < (best * (1.0 - self.threshold) if self.threshold_mode == "rel" else best - self.threshold)
        return value > (best * (self.threshold + 1.0) if self.threshold_mode == "rel" else best + self.threshold)
