"""Who is told of epochs and may stop them: scikit-learn's callbacks, and those of sklon.

Scikit-learn's (``set_callbacks``, from 1.9) see a task for each epoch within the task of the fit, with a fitted
estimator where they ask for one. Sklon's (``callbacks=``) see a Trainer of the network, which holds values and history
and trains nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any, Protocol

from sklon.training import Trainer
from sklon.training.callbacks import Callback, Callbacks
from sklon.training.stopped import Stopped
from sklon.training.stopping import Reason

from .network import Network
from .programs import Task

if TYPE_CHECKING:
    from .lbfgs import Objective
    from .stochastic import Stochastic


class Teller(Protocol):
    """Somebody who is told."""

    def begin(self, fit: Stochastic, epochs: int) -> None: ...
    def epoch_begins(self, fit: Stochastic) -> None: ...
    def epoch_ended(self, fit: Stochastic) -> Reason | None: ...
    def end(self, fit: Stochastic) -> None: ...


class Tellers:
    """Several as one. Where somebody is told, epochs are run one by one."""

    def __init__(self, tellers: Sequence[Teller]) -> None:
        self.all = tuple(tellers)

    @property
    def most(self) -> int:
        """How many epochs may be run at once."""
        return 1 if self.all else 1 << 30

    @contextmanager
    def around(self, fit: Stochastic, epochs: int) -> Iterator[None]:
        """Tell of the start, and of the end."""
        with ExitStack() as told:
            for one in self.all:
                one.begin(fit, epochs)
                told.callback(one.end, fit)
            yield

    def epoch_begins(self, fit: Stochastic) -> None:
        """Before an epoch."""
        for one in self.all:
            one.epoch_begins(fit)

    def epoch_ended(self, fit: Stochastic) -> Reason | None:
        """The first reason to stop after an epoch."""
        found = [one.epoch_ended(fit) for one in self.all]
        return next((reason for reason in found if reason is not None), None)


class ScikitTeller:
    """Scikit-learn's callbacks of an estimator, in the context of its fit."""

    def __init__(self, estimator: Any, X: Any, y: Any, metadata: dict[str, Any] | None, max_iter: int) -> None:
        self.context = estimator._init_callback_context(max_subtasks=max_iter)
        self.given = {"X": X, "y": y, "metadata": metadata}
        self.epoch: Any = None
        self.context.call_on_fit_task_begin(estimator=estimator, **self.given)

    def begin(self, fit: Stochastic, epochs: int) -> None:
        """The task of the fit has begun."""

    def epoch_begins(self, fit: Stochastic) -> None:
        self.epoch = self.context.subcontext(task_name="epoch")
        self.epoch.call_on_fit_task_begin(estimator=fit.estimator, **self.given, **_fitted(fit))

    def epoch_ended(self, fit: Stochastic) -> Reason | None:
        stops = self.epoch.call_on_fit_task_end(estimator=fit.estimator, **self.given, **_fitted(fit))
        return Reason("callback", "a callback of scikit-learn stopped the fit") if stops else None

    def end(self, fit: Stochastic) -> None:
        """The task of the fit ends with the values of the estimator."""

    def iterations(self, estimator: Any, objective: Objective) -> Callable[[Any], None]:
        """What SciPy calls after each iteration of a solver that sees all rows: a task for each of them."""

        def told(position: Any) -> None:
            epoch = self.context.subcontext(task_name="iteration")
            epoch.call_on_fit_task_begin(estimator=estimator, **self.given)
            values = objective.network.read(objective.move_to(position))
            fitted = dict(zip(("coefs_", "intercepts_", "_beside"), values, strict=True))
            if epoch.call_on_fit_task_end(estimator=estimator, **self.given, reconstruction_attributes=fitted):
                raise StopIteration

        return told

    def finish(self, estimator: Any) -> None:
        """The end of the fit."""
        self.context.call_on_fit_task_end(estimator=estimator, **self.given, reconstruction_attributes={})


def _fitted(fit: Stochastic) -> dict[str, Any]:
    """What makes a fitted estimator of the values now, if somebody asks for one."""

    def attributes() -> dict[str, Any]:
        coefs, intercepts, beside = fit.network.read(fit.values())
        return {"coefs_": coefs, "intercepts_": intercepts, "_beside": beside}

    return {"reconstruction_attributes": attributes}


class OwnTeller:
    """Callbacks of sklon."""

    def __init__(self, callbacks: Sequence[Callback], network: Network, task: Task) -> None:
        self.callbacks = Callbacks(callbacks)
        self.trainer = Trainer(network.module(), loss=task.made_loss())
        self._around: Any = None

    def begin(self, fit: Stochastic, epochs: int) -> None:
        self.trainer.show(dict(fit.values()))
        self._around = self.callbacks.around(self.trainer, epochs)
        self._around.__enter__()

    def epoch_begins(self, fit: Stochastic) -> None:
        """Nothing is told before an epoch."""

    def epoch_ended(self, fit: Stochastic) -> Reason | None:
        e, trainer = fit.estimator, self.trainer
        trainer.epoch, trainer.step = e.n_iter_, fit.course.moving.steps
        row = {"epoch": e.n_iter_, "step": trainer.step, "train_loss": e.loss_}
        if e.validation_losses_:
            row["validation_loss"] = e.validation_losses_[-1]
        if e.validation_scores_:
            row["validation_score"] = e.validation_scores_[-1]
        trainer.history.append(row)
        if self.callbacks.read_model:
            trainer.show(dict(fit.values()))
        return self.callbacks.epoch_ended(trainer, row)

    def end(self, fit: Stochastic) -> None:
        reason = fit.reason or Reason("epochs", "all epochs were run")
        epoch = fit.estimator.n_iter_
        self.trainer.show(dict(fit.best or fit.values()))
        self.trainer.stopped = Stopped(reason.name, f"Stopped after epoch {epoch}: {reason.sentence}", epoch, epoch)
        self._around.__exit__(None, None, None)
