"""Rules about single values: good enough, diverged, no number, too late."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, isfinite
from typing import ClassVar

from .rule import Curves, Mode, Reason, StoppingRule, check_at_least, check_mode


@dataclass(frozen=True, slots=True)
class Threshold(StoppingRule):
    """Stop as soon as the watched value is as good as ``value``."""

    name: ClassVar[str] = "threshold"
    value: float
    mode: Mode = "min"

    def __post_init__(self) -> None:
        check_at_least(-inf, value=self.value)
        check_mode(self.mode)

    def check(self, curves: Curves) -> Reason | None:
        if not curves.watched or not _as_good(curves.watched[-1], self.value, self.mode):
            return None
        return Reason("threshold", f"the watched value {curves.watched[-1]:.4g} reached {self.value:g}")


@dataclass(frozen=True, slots=True)
class Divergence(StoppingRule):
    """Stop as soon as the watched value is worse than ``value``."""

    name: ClassVar[str] = "divergence"
    value: float
    mode: Mode = "min"

    def __post_init__(self) -> None:
        check_at_least(-inf, value=self.value)
        check_mode(self.mode)

    def check(self, curves: Curves) -> Reason | None:
        if not curves.watched or _as_good(curves.watched[-1], self.value, self.mode):
            return None
        return Reason("divergence", f"the watched value {curves.watched[-1]:.4g} is beyond {self.value:g}")


@dataclass(frozen=True, slots=True)
class NonFinite(StoppingRule):
    """Stop when the training loss or the watched value is no finite number."""

    name: ClassVar[str] = "non_finite"
    watches: ClassVar[bool] = False

    def check(self, curves: Curves) -> Reason | None:
        for what, curve in (("training loss", curves.training), ("watched value", curves.watched)):
            if curve and not isfinite(curve[-1]):
                return Reason("non_finite", f"the {what} is no longer a finite number")
        return None


@dataclass(frozen=True, slots=True)
class TimeLimit(StoppingRule):
    """Stop after the first epoch that ends later than ``limit`` seconds after the fit began."""

    name: ClassVar[str] = "time_limit"
    watches: ClassVar[bool] = False
    limit: float

    def __post_init__(self) -> None:
        check_at_least(0.0, limit=self.limit)

    def check(self, curves: Curves) -> Reason | None:
        if not curves.seconds or curves.seconds[-1] < self.limit:
            return None
        return Reason("time_limit", f"the time limit of {self.limit:g} seconds was reached")


def _as_good(value: float, bound: float, mode: Mode) -> bool:
    return value <= bound if mode == "min" else value >= bound
