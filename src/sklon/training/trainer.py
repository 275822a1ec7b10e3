"""The Trainer: epochs over mini-batches by one compiled step, with validation, stopping and the best weights.

The loop is in Python once a chunk of about 50 ms: within it, steps run natively without returning. A run is
determined by its seed: neither threads nor chunks nor the progress line change a bit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from sklon._base.errors import InputError
from sklon._base.philox import uniform
from sklon.nn import Loss, Module
from sklon.nn.loss import check_last_layer
from sklon.nn.module import assign
from sklon.optim import Optimizer, Rule

from .arrays import Samples, samples
from .callbacks import Callback
from .checks import check_indices, check_samples
from .evaluation import evaluate, mean_loss, state_of
from .history import History
from .progress import Progress
from .run import Run
from .settings import batch_rows, loss_of, rules_of
from .step import columns_of, record_evaluation, record_prediction, state_tensors
from .stopping import Reason, StoppingRule, parse

Array = np.ndarray[Any, Any]
#: stream of the random bits that split off a validation set
SPLIT_STREAM = 0xFFFF0001


@dataclass(frozen=True, slots=True)
class Stopped:
    """How a run ended. ``best_epoch`` is the one whose weights the model has; epochs count from one."""

    reason: str
    sentence: str
    epoch: int
    best_epoch: int


class Trainer:
    """Trains a module.

    ``loss`` is a name ("mse", "bce_with_logits", "cross_entropy") or a :class:`sklon.nn.Loss`; ``optimizer`` a
    name ("sgd", "adam"), a rule, or an optimizer over the model's parameters; ``lr`` the learning rate for a name.

    >>> import numpy as np
    >>> from sklon import Trainer, nn
    >>> X = np.linspace(-1, 1, 64, dtype=np.float32).reshape(-1, 1)
    >>> trainer = Trainer(nn.Linear(1, 1), loss="mse", optimizer="sgd", lr=0.5)
    >>> history = trainer.fit((X, 3 * X + 1), epochs=50, batch_size=16)
    >>> bool(history[-1]["train_loss"] < 1e-6)
    True
    """

    def __init__(
        self,
        model: Module,
        *,
        loss: str | Loss,
        optimizer: str | Rule | Optimizer = "adam",
        lr: float | None = None,
        seed: int = 0,
    ) -> None:
        self.model = model
        self.loss = loss_of(loss)
        check_last_layer(model, self.loss)
        self.rules = rules_of(model, optimizer, lr)
        self.seed = seed
        self.history = History()
        self.stopped: Stopped | None = None
        self.epoch = 0  # finished epochs
        self.step = 0  # finished steps
        self.state: dict[str, Array] = {}  # all values by slot, the optimizer's too

    # ---- the loop
    def fit(
        self,
        data: tuple[Any, Any],
        *,
        epochs: int = 100,
        batch_size: int | str = "auto",
        validation: tuple[Any, Any] | float | None = None,
        early_stopping: StoppingRule | str | None = None,
        time_limit: float | None = None,
        callbacks: Sequence[Callback] = (),
        progress: bool = False,
    ) -> History:
        """Train for at most ``epochs`` more epochs and return the history.

        ``data`` is (inputs, targets): arrays, or a tuple of arrays for a model with several inputs.
        ``batch_size`` counts rows; 1 is stochastic, "full" is batch gradient descent, "auto" chooses by the number
        of rows. ``validation`` is data of the same form or a fraction of it in (0, 1); with it the best weights are
        the result, and ``early_stopping`` ("patience(20)" or a rule) may end the run. ``time_limit`` is in
        seconds. Ctrl-C ends the run with a usable result.
        """
        train, held_out = self._split(samples(*data), validation)
        if early_stopping is not None and held_out is None:
            raise InputError("early stopping watches the validation loss; pass validation=(X, y) or a fraction")
        rule = parse(early_stopping) if isinstance(early_stopping, str) else early_stopping
        for part in (train, held_out):
            if part is not None:
                check_samples(self.model, self.loss, part)
        run = Run(self, train, held_out, batch_rows(batch_size, len(train)))
        watchers = [*callbacks, *([Progress()] if progress else [])]
        for watcher in watchers:
            watcher.on_fit_start(self, epochs)
        try:
            reason = self._run(run, epochs, rule, time_limit, watchers)
            sentence = _sentence(reason, self.epoch, run.best_epoch)
            self.stopped = Stopped(reason.name, sentence, self.epoch, run.best_epoch)
        finally:
            for watcher in watchers:
                watcher.on_fit_end(self)
        return self.history

    def _run(
        self, run: Run, epochs: int, rule: StoppingRule | None, limit: float | None, watchers: Sequence[Callback]
    ) -> Reason:
        try:
            return run.epochs(epochs, rule, limit, watchers)
        except KeyboardInterrupt:
            return Reason("interrupted", "the run was interrupted")
        finally:
            self._take_over(run.result())

    def _split(self, data: Samples, validation: Any) -> tuple[Samples, Samples | None]:
        if validation is None:
            return data, None
        if not isinstance(validation, float | int):
            return data, samples(*validation)
        if not 0 < validation < 1:
            raise InputError(f"the validation fraction must lie between 0 and 1, not {validation}")
        order = np.argsort(uniform((len(data),), seed=self.seed, stream=SPLIT_STREAM), kind="stable")
        held = max(1, round(validation * len(data)))
        if held >= len(data):
            raise InputError(f"a validation fraction of {validation} leaves no row to train on")
        return _rows(data, np.sort(order[held:])), _rows(data, np.sort(order[:held]))

    def _take_over(self, state: dict[str, Array]) -> None:
        """Put trained values into the model; keep the optimizer's for another fit."""
        self.state = {name: array.copy() for name, array in state.items()}
        for label, tensor in state_tensors(self.model).items():
            assign(tensor, state[label])

    # ---- use
    def predict(self, inputs: Any) -> Array:
        """The model's raw outputs for ``inputs``, without dropout: one row for each row."""
        data = samples(inputs)
        graph = record_prediction(self.model, columns_of(data.inputs, None))
        check_indices(graph, data)
        return evaluate(graph, data, state_of(self.model))["output"]

    def evaluate(self, inputs: Any, target: Any) -> float:
        """The mean loss on data."""
        data = samples(inputs, target)
        check_samples(self.model, self.loss, data)
        graph = record_evaluation(self.model, self.loss, columns_of(data.inputs, data.target))
        return mean_loss(graph, data, state_of(self.model, self.loss))


def _sentence(reason: Reason, epoch: int, best: int) -> str:
    kept = "" if best == epoch else f"; the weights are those of epoch {best}, the best one"
    return f"Stopped after epoch {epoch}: {reason.sentence}{kept}."


def _rows(data: Samples, index: Array) -> Samples:
    return Samples(tuple(x[index] for x in data.inputs), None if data.target is None else data.target[index])
