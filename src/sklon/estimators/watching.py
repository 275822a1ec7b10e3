"""What is looked at after an epoch: the training loss, a validation set's score or loss, or a rule of sklon.

Scikit-learn counts epochs without an improvement by more than ``tol``; the count begins anew with a better one, the
best value moves with any improvement. Where a validation set watches, the best weights are the result.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from math import inf
from typing import Any, Protocol, TypeAlias

import numpy as np

from sklon.training.stopping import Curves, Reason, StoppingRule

from .programs import Task, losses_of, predictions_of
from .rows import Rows

Array = np.ndarray[Any, Any]
Pass: TypeAlias = Callable[[Mapping[str, Array]], dict[str, Array]]


@dataclass(frozen=True, kw_only=True)
class Held:
    """A validation set: how good a state is on it."""

    rows: Rows
    task: Task
    link: str
    judged: Callable[[Array, Array, Array | None], float]  # of predictions, targets and weights

    @cached_property
    def _predictions(self) -> Pass:
        return self.rows.pass_of(predictions_of(self.task.network, self.link))

    @cached_property
    def _losses(self) -> Pass:
        return self.rows.pass_of(losses_of(self.task))

    def score(self, state: Mapping[str, Array]) -> float:
        """Accuracy or R², NaN where predictions are not finite."""
        output = self._predictions(state)["output"]
        if not np.isfinite(output).all():
            return float("nan")
        assert self.rows.target is not None
        return self.judged(output, self.rows.target, self.rows.weight)

    def loss(self, state: Mapping[str, Array]) -> float:
        """The mean loss, without penalties."""
        found = self._losses(state)
        count = found["weight"].astype(np.float64).sum() if "weight" in found else len(self.rows)
        return float(found["loss"].astype(np.float64).sum() / count) if count else float("nan")


class Watch(Protocol):
    """Looks at every epoch."""

    @property
    def can_be_asked_later(self) -> bool:
        """Whether an epoch can be looked at when others were run after it."""
        ...

    def ahead(self) -> int:
        """The fewest epochs after which it may want to stop."""
        ...

    def look(self, loss: float, state: Callable[[], Mapping[str, Array]]) -> bool:
        """Note an epoch; whether its state is the best one so far."""
        ...

    def reason(self) -> Reason | None:
        """Why to stop, if at all."""
        ...


@dataclass(slots=True, kw_only=True)
class Patient:
    """Scikit-learn's way. ``estimator`` holds the count, the curves and the best values, as theirs does."""

    estimator: Any
    held: Held | None = None
    watches: str = "training"  # or "score" or "loss", of the validation set
    _looks: Callable[[float, Callable[[], Mapping[str, Array]]], bool] = field(init=False)

    def __post_init__(self) -> None:
        self._looks = {"training": self._training, "score": self._score, "loss": self._loss}[self.watches]

    @property
    def can_be_asked_later(self) -> bool:
        return self.held is None

    def ahead(self) -> int:
        if self.held is not None:
            return 1
        left = self.estimator.n_iter_no_change + 1 - self.estimator._no_improvement_count
        return 1 << 30 if left == inf else max(1, int(left))

    def look(self, loss: float, state: Callable[[], Mapping[str, Array]]) -> bool:
        return self._looks(loss, state)

    def _training(self, loss: float, state: Callable[[], Mapping[str, Array]]) -> bool:
        e = self.estimator
        self._count(loss > e.best_loss_ - e.tol)
        e.best_loss_ = min(e.best_loss_, loss)
        if self.held is not None:  # it is told of, and nothing else
            e.validation_scores_.append(self.held.score(state()))
        return False

    def _score(self, loss: float, state: Callable[[], Mapping[str, Array]]) -> bool:
        e = self.estimator
        assert self.held is not None
        score = self.held.score(state())
        e.validation_scores_.append(score)
        if e.verbose:
            print(f"Validation score: {score:f}")
        self._count(score < e.best_validation_score_ + e.tol)
        better = bool(score > e.best_validation_score_)
        e.best_validation_score_ = score if better else e.best_validation_score_
        return better

    def _loss(self, loss: float, state: Callable[[], Mapping[str, Array]]) -> bool:
        e = self.estimator
        assert self.held is not None
        value = self.held.loss(state())
        e.validation_losses_.append(value)
        if e.verbose:
            print(f"Validation loss: {value:.8f}")
        self._count(value > e.best_validation_loss_ - e.tol)
        better = bool(value < e.best_validation_loss_)
        e.best_validation_loss_ = value if better else e.best_validation_loss_
        return better

    def _count(self, worse: bool) -> None:
        self.estimator._no_improvement_count = self.estimator._no_improvement_count + 1 if worse else 0

    def reason(self) -> Reason | None:
        e = self.estimator
        if e._no_improvement_count <= e.n_iter_no_change:
            return None
        what = {"training": "Training loss", "score": "Validation score", "loss": "Validation loss"}[self.watches]
        epochs = f"for {e.n_iter_no_change} consecutive epochs"
        return Reason("no_improvement", f"{what} did not improve more than tol={e.tol:f} {epochs}.")


@dataclass(slots=True, kw_only=True)
class ByRule:
    """A stopping rule of sklon, over the epochs of this fit; the best weights are those of the least loss."""

    estimator: Any
    rule: StoppingRule
    held: Held | None
    training: list[float] = field(default_factory=list)
    watched: list[float] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    began: float = field(default_factory=time.perf_counter)

    @property
    def can_be_asked_later(self) -> bool:
        return False

    def ahead(self) -> int:
        return 1

    def look(self, loss: float, state: Callable[[], Mapping[str, Array]]) -> bool:
        self.training.append(loss)
        self.seconds.append(time.perf_counter() - self.began)
        if self.held is None:
            return False
        value = self.held.loss(state())
        better = value < min(self.watched, default=inf)
        self.watched.append(value)
        self.estimator.validation_losses_.append(value)
        if better:
            self.estimator.best_validation_loss_ = value
        return better

    def reason(self) -> Reason | None:
        return self.rule.check(Curves(self.watched, self.training, self.seconds))
