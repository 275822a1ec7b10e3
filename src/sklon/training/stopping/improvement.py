"""Rules about improvement: patience with the watched curve, and no more progress on the training loss."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from typing import ClassVar

from sklon._base.checks import check_whole

from .rule import Curve, Curves, Mode, Reason, StoppingRule, check_at_least, check_mode, counted, downwards


@dataclass(frozen=True, slots=True)
class Patience(StoppingRule):
    """Stop after ``patience`` epochs without an improvement of more than ``min_delta`` over the best value.

    ``relative`` takes ``min_delta`` as a share of the best value's size. ``baseline`` is a value that has to be beaten
    first. The first ``warmup`` epochs are not counted against it. ``mode="max"`` is for scores.

    >>> Patience(2).check(Curves([1.0, 0.5, 0.6, 0.7])).name
    'patience'
    """

    name: ClassVar[str] = "patience"
    patience: int = 20
    min_delta: float = 0.0
    relative: bool = False
    baseline: float | None = None
    warmup: int = 0
    mode: Mode = "min"

    def __post_init__(self) -> None:
        check_whole(1, patience=self.patience)
        check_whole(0, warmup=self.warmup)
        check_at_least(0.0, min_delta=self.min_delta)
        check_at_least(-inf, **({} if self.baseline is None else {"baseline": self.baseline}))
        check_mode(self.mode)

    def check(self, curves: Curves) -> Reason | None:
        since = self._since(curves)
        if since < self.patience:
            return None
        return Reason("patience", f"the validation loss has not improved for {counted(since, 'epoch')}")

    def ahead(self, curves: Curves) -> int:
        return max(1, self.patience - self._since(curves))

    def _since(self, curves: Curves) -> int:
        curve = downwards(curves.watched, self.mode)
        return _since_improvement(curve, self.min_delta, self.relative, self._start(), self.warmup)

    def _start(self) -> float:
        if self.baseline is None:
            return inf
        return self.baseline if self.mode == "min" else -self.baseline


@dataclass(frozen=True, slots=True)
class NoProgress(StoppingRule):
    """Stop when the training loss has not fallen by more than ``tol`` for ``patience`` epochs.

    Less is no progress: the best value moves only with a fall by more than ``tol``, so that slow progress adds up,
    where scikit-learn compares each epoch with the best one. It knows nothing of overfitting.
    """

    name: ClassVar[str] = "no_progress"
    watches: ClassVar[bool] = False
    patience: int = 10
    tol: float = 1e-4

    def __post_init__(self) -> None:
        check_whole(1, patience=self.patience)
        check_at_least(0.0, tol=self.tol)

    def ahead(self, curves: Curves) -> int:
        return max(1, self.patience - self._since(curves))

    def _since(self, curves: Curves) -> int:
        return _since_improvement(downwards(curves.training, "min"), self.tol, False, inf, 0)

    def check(self, curves: Curves) -> Reason | None:
        since = self._since(curves)
        if since < self.patience:
            return None
        epochs = counted(since, "epoch")
        return Reason("no_progress", f"the training loss has not fallen by more than {self.tol:g} for {epochs}")


def _since_improvement(curve: Curve, delta: float, relative: bool, best: float, warmup: int) -> int:
    """Epochs since the last one that was better than the best before by more than ``delta``."""
    since = 0
    for epoch, value in enumerate(curve, 1):
        room = delta * abs(best) if relative and best < inf else delta
        if value < best - room:
            best, since = value, 0
        elif epoch > warmup:
            since += 1
    return since
