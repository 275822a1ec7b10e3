"""One call of ``fit`` or ``partial_fit`` with a solver that steps batch by batch: epochs until something stops them.

Epochs are run as many at once as nobody wants to look at: scikit-learn's patience tells how many cannot stop, and the
clock, callbacks and validation sets ask for fewer.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from sklon.compiler.interrupts import ToldInterrupt, deferred_interrupts
from sklon.optim import Rule
from sklon.training.averaged import (
    Recalibration,
    at_the_averaged_point,
    averages_itself,
    with_averages,
)
from sklon.training.feed import feed_of
from sklon.training.stopping import Reason

from .course import Course, Ran
from .network import Network, State
from .rows import Pass, is_sparse
from .telling import Tellers
from .watching import Watch

Array = np.ndarray[Any, Any]
#: seconds of work that may be taken back
GAMBLED_SECONDS = 0.001
#: the rate at which "adaptive" gives up, and what it divides a rate by
LEAST_RATE, RATE_CUT = 1e-6, 5.0
#: how the labels of what users get begin
USERS = ("param.", "buffer.")


class Stochastic:
    """Runs a course for an estimator, which keeps the curves, the counts and the values."""

    def __init__(
        self, estimator: Any, network: Network, rule: Rule, course: Course, watch: Watch, tellers: Tellers
    ) -> None:
        self.estimator, self.network, self.course = estimator, network, course
        self.watch, self.tellers = watch, tellers
        names = [name for name, _ in network.module().named_parameters()] if averages_itself({"": ("", rule)}) else []
        self.rules = {name: ("", rule) for name in names}
        self.recalibrate = self._recalibration()
        self.best: State | None = None
        self.reason: Reason | None = None

    def run(self, epochs: int) -> None:
        """Run at most so many epochs; Ctrl-C ends them with a usable result, or all work of a told thread."""
        e = self.estimator
        e.n_iter_ = 0
        with self.tellers.around(self, epochs):
            try:
                while self.reason is None and e.n_iter_ < epochs:
                    with deferred_interrupts():
                        self._epochs(epochs - e.n_iter_)
            except KeyboardInterrupt as interrupt:
                self.reason = Reason("interrupted", "the fit was interrupted")
                if isinstance(interrupt, ToldInterrupt):  # who waits for this fit drops it
                    raise
                warnings.warn("Training interrupted by user.", stacklevel=2)
        if self.reason is None:
            self.reason = Reason("epochs", f"all {epochs} epochs were run" if epochs > 1 else "the epoch was run")

    def _epochs(self, left: int) -> None:
        """Run epochs at once, and look at each of them; what was run beyond a reason to stop is taken back."""
        sure = min(left, self.watch.ahead(), self.course.most(), self.tellers.most)
        count = min(left, max(sure, self._gambled()))
        self.tellers.epoch_begins(self)
        back = self.course.kept() if count > sure else None
        seen = Seen(self, self.course.run(count, self._looks, self._noted if count > 1 else ()))
        looked = self.watch.look(seen)
        self._note(seen.ran.losses[: looked.done])
        if looked.best is not None:
            values = seen.values(looked.best)
            self.best = {k: v.copy() for k, v in values.items() if k.startswith(USERS)}
        if back is not None and looked.done < count:
            back()
            self.course.run(looked.done)
        self.reason = self._reason()
        if self.reason is None and not np.isfinite(self.estimator.loss_) and not self._finite():
            self.reason = Reason("non_finite", "the weights are no longer finite numbers")

    def _gambled(self) -> int:
        """How many epochs to run although one of them may be the last: as many as before, if they take no time."""
        if not self.watch.can_be_asked_later or self.tellers.all or not self.course.seconds:
            return 0
        return min(int(self.estimator.n_iter_), int(GAMBLED_SECONDS / self.course.seconds), self.course.most())

    @property
    def _noted(self) -> list[str]:
        """The labels of what an epoch's values are made of, if somebody may want them when others were run after it."""
        if self.watch.looks is None:
            return []
        return [label for label in self.course.state if self._averages or label.startswith(USERS)]

    @property
    def _looks(self) -> Pass | None:
        """What the watch wants to see, where it can be seen on the way: rows are dense, and users get no averages."""
        looks = self.watch.looks
        if looks is None or self._averages or is_sparse(looks.rows.X):
            return None
        return looks

    def _note(self, losses: list[float]) -> None:
        e = self.estimator
        e.n_iter_ += len(losses)
        e.t_ += len(losses) * len(self.course.rows)
        e.loss_ = losses[-1]
        e.loss_curve_ += losses

    def _reason(self) -> Reason | None:
        """Why to stop after this epoch: a callback's reason, or the watch's unless the rate falls instead."""
        told = self.tellers.epoch_ended(self)
        found = self.watch.reason()
        if found is None or told is not None:
            return told
        e, moving = self.estimator, self.course.moving
        if e.solver != "sgd" or e.learning_rate != "adaptive":
            return self._said(found, "Stopping.")
        if moving.lr <= LEAST_RATE:
            return self._said(found, "Learning rate too small. Stopping.")
        moving.lr /= RATE_CUT
        e._no_improvement_count = 0
        self._said(found, f"Setting learning rate to {moving.lr:f}")
        return None

    def _said(self, reason: Reason, what: str) -> Reason:
        if self.estimator.verbose:
            print(f"{reason.sentence} {what}")
        return reason

    def _finite(self) -> bool:
        return all(np.isfinite(array).all() for k, array in self.course.state.items() if k.startswith("param."))

    # ---- values
    @property
    def _averages(self) -> bool:
        """Whether users get averages in the parameters' place."""
        return self.course.average is not None or bool(self.rules)

    def values(self) -> Mapping[str, Array]:
        """The state as users get it: averages in the parameters' place, with statistics that belong to them."""
        return self.values_of(self.course.state)

    def values_of(self, state: Mapping[str, Array]) -> Mapping[str, Array]:
        """The same of another state."""
        if not self._averages:
            return state
        found = with_averages(at_the_averaged_point(state, self.rules))
        return found if self.recalibrate is None else self.recalibrate(found)

    def _recalibration(self) -> Recalibration | None:
        """What computes batch norm's statistics for averaged weights."""
        if not self.network.batch_norm or not self._averages:
            return None
        rows = self.course.rows
        X = rows.X.toarray() if is_sparse(rows.X) else rows.X
        feed, _ = feed_of((X, rows.target), batch_size=self.course.batch, shuffle=False)
        module = self.network.module()
        return Recalibration(module, feed.samples.columns, feed, self.course.seed)

    def kept(self) -> State:
        """What another ``partial_fit`` goes on from, besides the values that users get."""
        raw = ("slot.", "average.", "param.") if self._averages else ("slot.",)
        return {label: array for label, array in self.course.state.items() if label.startswith(raw)}


class Seen:
    """Epochs that were run, to be looked at."""

    def __init__(self, run: Stochastic, ran: Ran) -> None:
        self.run, self.ran = run, ran

    def __iter__(self) -> Iterator[float]:
        e = self.run.estimator
        for number, loss in enumerate(self.ran.losses, e.n_iter_ + 1):
            if e.verbose:
                print(f"Iteration {number}, loss = {loss:.8f}")
            yield loss

    def values(self, number: int) -> Mapping[str, Array]:
        """The state after one of them, as users get it."""
        noted = self.ran.noted
        return self.run.values_of(self.run.course.state if noted is None else noted.after(number))

    def looked(self, number: int) -> Mapping[str, Array]:
        """What the watch wants to see of that."""
        found, looks = self.ran.looks(number), self.run.watch.looks
        if found is not None:
            return found
        assert looks is not None
        return looks(self.values(number))
