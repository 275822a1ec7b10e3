"""Prechelt's criteria: generalization loss, progress on the training set, and strips of rising error.

E_va is the validation and E_tr the training error of an epoch, E_opt(t) the smallest E_va until t. A *strip* of k
epochs ends at every epoch that k divides. Source: L. Prechelt, *PROBEN1: a set of neural network benchmark problems and
benchmarking rules*, 1994; *Early stopping, but when?*, 1998. All errors must be positive.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from typing import ClassVar

from sklon._base.checks import check_whole

from .rule import Curve, Curves, Reason, StoppingRule, check_at_least, counted, rises


@dataclass(frozen=True, slots=True)
class GL(StoppingRule):
    """Stop when the generalization loss GL(t) = 100·(E_va(t)/E_opt(t) − 1) exceeds ``alpha`` percent."""

    name: ClassVar[str] = "gl"
    alpha: float = 5.0

    def __post_init__(self) -> None:
        check_at_least(0.0, alpha=self.alpha)

    def check(self, curves: Curves) -> Reason | None:
        lost = generalization_loss(curves.watched)
        if not lost > self.alpha:
            return None
        return Reason("gl", f"the validation loss is {lost:.3g} % above its best, more than {self.alpha:g} %")


@dataclass(frozen=True, slots=True)
class PQ(StoppingRule):
    """Stop at the end of a strip whose quotient GL(t)/P_k(t) exceeds ``alpha``: more is lost than training gains."""

    name: ClassVar[str] = "pq"
    alpha: float = 0.5
    strip: int = 5

    def __post_init__(self) -> None:
        check_at_least(0.0, alpha=self.alpha)
        check_whole(1, strip=self.strip)

    def check(self, curves: Curves) -> Reason | None:
        if not _ends_strip(curves.training, self.strip):
            return None
        lost, progress = generalization_loss(curves.watched), training_progress(curves.training, self.strip)
        quotient = lost / progress if progress > 0 else (inf if lost > 0 else 0.0)
        if not quotient > self.alpha:
            return None
        return Reason("pq", f"the loss in generalization is {quotient:.3g} times the progress of training")


@dataclass(frozen=True, slots=True)
class UP(StoppingRule):
    """Stop when the validation error has risen from strip to strip, ``strips`` times in a row."""

    name: ClassVar[str] = "up"
    strips: int = 4
    strip: int = 5

    def __post_init__(self) -> None:
        check_whole(1, strips=self.strips, strip=self.strip)

    def check(self, curves: Curves) -> Reason | None:
        ends = curves.watched[self.strip - 1 :: self.strip]
        if not _ends_strip(curves.watched, self.strip) or len(ends) <= self.strips:
            return None
        if not rises(ends[-self.strips - 1 :]):
            return None
        return Reason("up", f"the validation loss rose in {counted(self.strips, 'strip')} in a row")


@dataclass(frozen=True, slots=True)
class TrainingProgress(StoppingRule):
    """Stop at the end of a strip in which training made hardly any progress: P_k(t) < ``below`` per thousand."""

    name: ClassVar[str] = "training_progress"
    watches: ClassVar[bool] = False
    below: float = 0.1
    strip: int = 5

    def __post_init__(self) -> None:
        check_at_least(0.0, below=self.below)
        check_whole(1, strip=self.strip)

    def check(self, curves: Curves) -> Reason | None:
        if not _ends_strip(curves.training, self.strip):
            return None
        progress = training_progress(curves.training, self.strip)
        if not progress < self.below:
            return None
        return Reason("training_progress", f"training progressed by {progress:.3g} ‰ only, less than {self.below:g} ‰")


def generalization_loss(validation: Curve) -> float:
    """GL(t) in percent after the last epoch; infinite where an error is no number."""
    if not validation:
        return 0.0
    best, last = min((v for v in validation if v == v), default=inf), validation[-1]
    if last != last:
        return inf
    return 100.0 * (last / best - 1.0) if best > 0 else (0.0 if last <= best else inf)


def training_progress(training: Curve, strip: int) -> float:
    """P_k(t) = 1000·(mean of E_tr over the last strip / its minimum − 1), per thousand."""
    last = training[-strip:]
    least = min(last)
    return 1000.0 * (sum(last) / (len(last) * least) - 1.0) if least > 0 else inf


def _ends_strip(curve: Curve, strip: int) -> bool:
    return len(curve) > 0 and len(curve) % strip == 0
