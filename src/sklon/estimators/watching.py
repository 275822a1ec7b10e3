"""What is looked at after an epoch: the training loss, a validation set's score or loss, or a rule of sklon.

Scikit-learn counts epochs without an improvement by more than ``tol``; the count begins anew with a better one, the
best value moves with any improvement. Where a validation set watches, the best weights are the result.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from math import inf
from typing import Any, Protocol

import numpy as np

from sklon.training.stopping import Curves, Reason, StoppingRule

from .programs import Task, losses_of, predictions_of
from .rows import Pass, Rows

Array = np.ndarray[Any, Any]


@dataclass(frozen=True, kw_only=True)
class Held:
    """A validation set: how good a state is on it."""

    rows: Rows
    task: Task
    link: str
    judged: Callable[[Array, Array, Array | None], float]  # of predictions, targets and weights

    @cached_property
    def predictions(self) -> Pass:
        """The predictions for all rows."""
        return self.rows.pass_of(predictions_of(self.task.network, self.link))

    @cached_property
    def losses(self) -> Pass:
        """The losses of all rows."""
        return self.rows.pass_of(losses_of(self.task))

    def score(self, output: Array) -> float:
        """Accuracy or R² of predictions, NaN where they are not finite."""
        if not np.isfinite(output).all():
            return float("nan")
        assert self.rows.target is not None
        return self.judged(output, self.rows.target, self.rows.weight)

    def loss(self, found: Mapping[str, Array]) -> float:
        """The mean loss, without penalties, of what ``losses`` found."""
        count = found["weight"].astype(np.float64).sum() if "weight" in found else len(self.rows)
        return float(found["loss"].astype(np.float64).sum() / count) if count else float("nan")


class Epochs(Protocol):
    """Epochs that were run and that nobody has looked at yet."""

    def __iter__(self) -> Iterator[float]:
        """Their losses, each of which is told when its turn comes."""
        ...

    def looked(self, number: int) -> Mapping[str, Array]:
        """What the watch wants to see of the state after one of them, counted from 0."""
        ...


@dataclass(frozen=True, slots=True)
class Looked:
    """How many epochs were looked at, and which of them has the best state so far, if one has."""

    done: int
    best: int | None = None


class Watch(Protocol):
    """Looks at every epoch."""

    @property
    def can_be_asked_later(self) -> bool:
        """Whether an epoch can be looked at when others were run after it."""
        ...

    @property
    def looks(self) -> Pass | None:
        """What it wants to see of the state after each epoch."""
        ...

    def ahead(self) -> int:
        """The fewest epochs after which it may want to stop."""
        ...

    def look(self, epochs: Epochs) -> Looked:
        """Note epochs, up to the first one after which there is a reason to stop."""
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

    @property
    def can_be_asked_later(self) -> bool:
        return True

    @property
    def looks(self) -> Pass | None:
        if self.held is None:
            return None
        return self.held.losses if self.watches == "loss" else self.held.predictions

    def ahead(self) -> int:
        left = self.estimator.n_iter_no_change + 1 - self.estimator._no_improvement_count
        return 1 << 30 if left == inf else max(1, int(left))

    def look(self, epochs: Epochs) -> Looked:
        e, watched = self.estimator, WATCHED[self.watches]
        best, count = watched.sign * getattr(e, watched.best), e._no_improvement_count
        done, better = 0, None
        for done, value in enumerate(watched.values(self, epochs), 1):
            loss = watched.sign * value
            count = count + 1 if loss > best - e.tol else 0
            if loss < best:
                best, better = loss, done - 1
            if count > e.n_iter_no_change:
                break
        setattr(e, watched.best, watched.sign * best)
        e._no_improvement_count = count
        return Looked(done, None if self.watches == "training" else better)

    def training(self, epochs: Epochs) -> Iterator[float]:
        """The losses; a validation set that nobody watches is told of, and nothing else."""
        if self.held is None:
            yield from epochs
            return
        for number, loss in enumerate(epochs):
            self.estimator.validation_scores_.append(self.held.score(epochs.looked(number)["output"]))
            yield loss

    def scores(self, epochs: Epochs) -> Iterator[float]:
        """The scores of the validation set."""
        e = self.estimator
        assert self.held is not None
        for number, _ in enumerate(epochs):
            score = self.held.score(epochs.looked(number)["output"])
            e.validation_scores_.append(score)
            if e.verbose:
                print(f"Validation score: {score:f}")
            yield score

    def losses(self, epochs: Epochs) -> Iterator[float]:
        """The losses of the validation set."""
        e = self.estimator
        assert self.held is not None
        for number, _ in enumerate(epochs):
            value = self.held.loss(epochs.looked(number))
            e.validation_losses_.append(value)
            if e.verbose:
                print(f"Validation loss: {value:.8f}")
            yield value

    def reason(self) -> Reason | None:
        e = self.estimator
        if e._no_improvement_count <= e.n_iter_no_change:
            return None
        epochs = f"for {e.n_iter_no_change} consecutive epochs"
        return Reason(
            "no_improvement", f"{WATCHED[self.watches].title} did not improve more than tol={e.tol:f} {epochs}."
        )


@dataclass(frozen=True, slots=True)
class Watched:
    """What improves: the attribute that holds the best value, 1 where less is better, else −1, and its values."""

    title: str
    best: str
    sign: float
    values: Callable[[Patient, Epochs], Iterator[float]]


WATCHED = {
    "training": Watched("Training loss", "best_loss_", 1.0, Patient.training),
    "score": Watched("Validation score", "best_validation_score_", -1.0, Patient.scores),
    "loss": Watched("Validation loss", "best_validation_loss_", 1.0, Patient.losses),
}


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

    @property
    def looks(self) -> Pass | None:
        return None if self.held is None else self.held.losses

    def ahead(self) -> int:
        return 1

    def look(self, epochs: Epochs) -> Looked:
        better = None
        for number, loss in enumerate(epochs):
            self.training.append(loss)
            self.seconds.append(time.perf_counter() - self.began)
            if self.held is not None and self._watch(self.held.loss(epochs.looked(number))):
                better = number
        return Looked(number + 1, better)

    def _watch(self, value: float) -> bool:
        """Note a loss of the validation set; whether it is the least so far."""
        better = value < min(self.watched, default=inf)
        self.watched.append(value)
        self.estimator.validation_losses_.append(value)
        if better:
            self.estimator.best_validation_loss_ = value
        return better

    def reason(self) -> Reason | None:
        return self.rule.check(Curves(self.watched, self.training, self.seconds))
