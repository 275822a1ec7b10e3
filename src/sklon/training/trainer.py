"""The Trainer: epochs over mini-batches by one compiled step, with validation, stopping and the best weights.

The loop is in Python once a chunk of about 50 ms: within it, steps run natively without returning. A run is
determined by its seed: neither threads nor chunks nor the progress line change a bit.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from sklon._base.errors import InputError
from sklon.data.sampling import Sampler
from sklon.nn import Loss, Module
from sklon.nn.loss import check_last_layer
from sklon.nn.module import assign
from sklon.optim import Optimizer, Rule, schedules
from sklon.optim.averaging import Average
from sklon.optim.clipping import Clip
from sklon.optim.penalties import Penalties
from sklon.optim.schedules import Schedule

from . import saving
from .arrays import samples
from .callbacks import Callback
from .checkpoints import Checkpoints, Writer, newest
from .checks import check_indices, check_samples
from .evaluation import evaluate, mean_loss, state_of
from .feed import feed_of, samples_of
from .history import History
from .losses import loss_of
from .progress import Progress
from .run import Run
from .step import columns_of, record_evaluation, record_prediction, state_tensors
from .stopping import Reason, StoppingRule, parse
from .updates import Updates, penalties_of
from .updating import Options

Array = np.ndarray[Any, Any]


@dataclass(frozen=True, slots=True)
class Stopped:
    """How a run ended. ``best_epoch`` is the one whose weights the model has; epochs count from one."""

    reason: str
    sentence: str
    epoch: int
    best_epoch: int


class Trainer:
    """Trains a module.

    ``loss`` is a name ("mse", "bce_with_logits", "cross_entropy", …), a :class:`sklon.nn.Loss`, or a function of
    (output, target) that returns a value for each sample; one that returns their mean needs ``reduction="mean"``.
    ``optimizer`` is a name ("sgd", "adam", "adamw", "nadam", "radam", "adamax", "rmsprop", "adagrad", "adadelta",
    "rprop"), a rule, or an optimizer over the model's parameters, whose state goes on from fit to fit. ``lr`` is the
    learning rate for a name; without it the name's own, PyTorch's for all but "sgd".
    ``schedule`` moves it, step by step: a value of ``optim.schedules`` or its text, "warmup(0.05) >> cosine".

    All weights but biases and those of normalising layers pay ``l1`` (by proximal steps, which give exact zeros),
    ``l2`` (as a part of the gradient) and ``weight_decay`` (decoupled); ``penalties`` are for parameters of chosen
    names. What is paid stands in the history as ``penalty``, apart from the losses. The convention of λ is that of
    ``optim.penalties``. ``clip`` bounds the gradients of a batch once: ``optim.ClipNorm(1.0)``, ``ClipValue``,
    ``ClipLayerNorm``, ``ClipAdaptive``. With an ``average`` (``optim.EMA(0.999)``, ``optim.SWA(start=75)``) averaged
    weights are what is validated, kept and handed out, with batch norm's statistics computed for them. A batch whose
    loss or gradients are not finite ends the fit, or with ``on_non_finite="skip"`` changes nothing and is counted in
    the history.

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
        loss: str | Loss | Callable[..., Any],
        optimizer: str | Rule | Optimizer = "adam",
        lr: float | None = None,
        schedule: Schedule | str | None = None,
        l1: float = 0.0,
        l2: float = 0.0,
        weight_decay: float = 0.0,
        penalties: Sequence[Penalties] = (),
        clip: Clip | None = None,
        average: Average | None = None,
        on_non_finite: str = "stop",
        seed: int = 0,
        reduction: str | None = None,
    ) -> None:
        self.model = model
        self.loss = loss_of(loss, reduction)
        check_last_layer(model, self.loss)
        chosen = schedules.parse(schedule) if isinstance(schedule, str) else schedule
        self.updates = Updates(model, optimizer, lr, penalties_of(l1, l2, weight_decay, penalties), chosen)
        if on_non_finite not in ("stop", "skip"):
            raise InputError(f'on_non_finite is "stop" or "skip", not {on_non_finite!r}')
        self.average = average
        self.options = Options(clip=clip, skip=on_non_finite == "skip")
        self.seed = seed
        self.history = History()
        self.stopped: Stopped | None = None
        self.epoch = 0  # finished epochs
        self.step = 0  # finished steps

    @property
    def rules(self) -> dict[str, tuple[str, Rule]]:
        """The group and the rule of each parameter, by name, with the penalties that it pays."""
        return self.updates.penalized

    # ---- the loop
    def fit(
        self,
        data: Any,
        *,
        epochs: int = 100,
        batch_size: int | str = "auto",
        micro_batch_size: int | None = None,
        shuffle: bool | Sampler | None = None,
        drop_last: bool | None = None,
        validation: Any = None,
        early_stopping: StoppingRule | str | None = None,
        time_limit: float | None = None,
        checkpoints: Checkpoints | str | PathLike[str] | None = None,
        resume: bool = False,
        callbacks: Sequence[Callback] = (),
        progress: bool = False,
    ) -> History:
        """Train for at most ``epochs`` more epochs and return the history.

        ``data`` is (inputs, targets) or (inputs, targets, weights), where weights say what each row counts and inputs
        are an array, or a tuple of arrays for a model with several; or a data set, whose last part are the targets; or
        a loader, from which come data set, ``batch_size``, ``shuffle`` and ``drop_last``. ``batch_size`` counts rows; 1
        is stochastic, "full" is batch gradient descent, "auto" chooses by the number of rows. ``micro_batch_size``
        bounds memory: a batch is computed in parts of so many rows, and its gradients are added up; the update is the
        whole batch's, with one step, one decay and the same dropout masks (batch normalization alone sees its
        micro-batch). Each epoch takes the rows in another order, which follows from the seed, unless ``shuffle`` is
        False or a sampler (``data.Weighted``, ``Balanced``, ``Stratified``); ``drop_last`` leaves out a last batch that
        is short. ``validation`` is data of the same forms or a fraction of the rows in (0, 1); with it the best weights
        are the result. ``early_stopping`` (a rule of ``sklon.stopping`` or its text, such as "patience(20) | gl(5)")
        may end the run. ``time_limit`` is in seconds. Ctrl-C ends the run with a usable result. Another fit goes on
        from there: the optimizer's state, its steps and the number of the epoch.

        ``checkpoints`` (a folder, or :class:`Checkpoints`) writes the fit down as it goes; with ``resume`` it goes on
        from the newest one, to the bits of a fit that was never interrupted, or begins where there is none. Data and
        settings must be the same; ``epochs`` is the total of the fit, and the number of threads may differ.

        Raises InputError before the first step for data, or a size of the last batch, that the model cannot train on.
        """
        feed, held_out = feed_of(
            data,
            batch_size=batch_size,
            micro_batch_size=micro_batch_size,
            shuffle=shuffle,
            drop_last=drop_last,
            validation=validation,
            seed=self.seed,
        )
        rule = parse(early_stopping) if isinstance(early_stopping, str) else early_stopping
        if rule is not None and rule.needs_validation and held_out is None:
            raise InputError("early stopping watches the validation loss; pass validation=(X, y) or a fraction")
        for part in (feed.samples, held_out):
            if part is not None:
                check_samples(self.model, self.loss, part)
        feed.check(self.model)
        self.updates.read()
        plan = checkpoints if checkpoints is None or isinstance(checkpoints, Checkpoints) else Checkpoints(checkpoints)
        run = Run(self, feed, held_out, epochs, None if plan is None else Writer(plan, self.step))
        until = self.epoch + epochs
        if resume:
            until = self._resume(run, plan, epochs)
        watchers = [*callbacks, *([Progress()] if progress else [])]
        for watcher in watchers:
            watcher.on_fit_start(self, epochs)
        try:
            reason = self._run(run, until, rule, time_limit, watchers)
            sentence = _sentence(reason, self.epoch, run.best_epoch)
            self.stopped = Stopped(reason.name, sentence, self.epoch, run.best_epoch)
        finally:
            for watcher in watchers:
                watcher.on_fit_end(self)
        return self.history

    def _run(
        self, run: Run, until: int, rule: StoppingRule | None, limit: float | None, watchers: Sequence[Callback]
    ) -> Reason:
        try:
            reason = run.epochs(until, rule, limit, watchers)
            if reason.name != "non_finite":
                run.write_last()
            return reason
        except KeyboardInterrupt:
            return Reason("interrupted", "the run was interrupted")
        finally:
            self._take_over(*run.result())

    def _resume(self, run: Run, plan: Checkpoints | None, epochs: int) -> int:
        """Go on from the newest checkpoint, if there is one; the epoch at which the fit ends."""
        if plan is None:
            raise InputError("resume needs checkpoints=FOLDER, the folder that the fit was written to")
        found = newest(plan.folder)
        if found is not None:
            run.go_on(found)
        return run.first_epoch + epochs

    def _take_over(self, state: dict[str, Array], updates: int) -> None:
        """Put trained values into the model; keep the optimizer's for another fit."""
        self.updates.keep(state, updates)
        for label, tensor in state_tensors(self.model).items():
            assign(tensor, state[label])

    # ---- use
    def predict(self, inputs: Any) -> Array:
        """The model's raw outputs for ``inputs``, without dropout: one row for each row."""
        data = samples(inputs)
        graph = record_prediction(self.model, columns_of(data.inputs, None))
        check_indices(graph, data)
        return evaluate(graph, data, state_of(self.model))["output"]

    def evaluate(self, inputs: Any, target: Any = None) -> float:
        """The mean loss on inputs and targets, or on a data set or a loader."""
        data = samples_of(inputs) if target is None else samples(inputs, target)
        check_samples(self.model, self.loss, data)
        loss = self.loss.for_target(data.target) if data.target is not None else self.loss
        graph = record_evaluation(self.model, loss, data.columns)
        return mean_loss(graph, data, state_of(self.model, self.loss))

    # ---- saving
    def save(self, run: str | PathLike[str], *, overwrite: bool = False) -> Path:
        """Write a run folder that ``sklon.load`` makes a trainer of again, and return its path.

        It holds the model's values (``model.safetensors``), the optimizer's, the history, and the rest in
        ``run.json``, and appears whole or not at all. ``overwrite`` replaces a run that stands there, and nothing
        else. Raises InputError where the path is taken.
        """
        saving.save(self, Path(run), overwrite=overwrite)
        return Path(run)

    @classmethod
    def load(cls, run: str | PathLike[str], *, model: Any = None, loss: Any = None, optimizer: Any = None) -> Trainer:
        """The trainer that ``save`` wrote: it predicts, evaluates, and goes on with ``fit`` as it would have.

        A Sequential of known layers, a loss and a rule of sklon need no argument; what is your own does, and its
        place is taken by the error that tells. Nothing in the folder is executed. Raises RunFolderError for what is
        no run folder.
        """
        return saving.restore(Path(run), cls, Stopped, {"model": model, "loss": loss, "optimizer": optimizer})


def _sentence(reason: Reason, epoch: int, best: int) -> str:
    kept = "" if best == epoch else f"; the weights are those of epoch {best}, the best one"
    return f"Stopped after epoch {epoch}: {reason.sentence}{kept}."
