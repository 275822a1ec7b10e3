"""The Trainer: epochs over mini-batches by one compiled step, with validation, stopping and the best weights.

The loop is in Python once a chunk of about 50 ms: within it, steps run natively without returning. A run is
determined by its seed: neither threads nor chunks nor the progress line change a bit.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sklon._base.checks import bytes_of
from sklon._base.errors import InputError
from sklon.data.sampling import Sampler
from sklon.nn import Loss, Module
from sklon.nn.loss import check_last_layer
from sklon.nn.module import assign
from sklon.optim import Optimizer, Rule, schedules
from sklon.optim.averaging import Average
from sklon.optim.clipping import Clip
from sklon.optim.freezing import Freeze
from sklon.optim.penalties import Penalties
from sklon.optim.schedules import Schedule

from . import saving
from .arrays import samples
from .averaged import averages_itself
from .callbacks import Callback, Callbacks
from .checkpoints import Checkpoints, Writer, check_none_later, plan_of
from .checks import check_length, check_rule, check_settings, checked
from .describing import Plan, description, html, planned
from .draws import predictions_drawn
from .evaluation import Evaluation, state_of
from .feed import feed_of, inputs_of, samples_of
from .finders import MicroBatch, RangeTest, find_lr, find_micro_batch
from .history import History
from .losses import loss_for, loss_of
from .progress import Progress
from .run import Run
from .snapshots import resumed
from .step import record_evaluation, record_prediction, state_tensors
from .stopped import Stopped, stopped_by
from .stopping import Reason, StoppingRule, rule_for
from .updates import Updates, penalties_of
from .updating import Options

if TYPE_CHECKING:
    from sklon.calculus import Audit

Array = np.ndarray[Any, Any]


class Trainer:
    """Trains a module.

    ``loss`` is a name ("mse", "bce_with_logits", "cross_entropy", …), a :class:`sklon.nn.Loss`, or a function of
    (output, target) that returns a value for each sample; one that returns their mean needs ``reduction="mean"``.
    ``optimizer`` is a name ("sgd", "adam", "adamw", "nadam", "radam", "adamax", "rmsprop", "adagrad", "adadelta",
    "rprop", "lion", "lamb", "muon" with AdamW for what is no matrix, "adamw_schedule_free"), a rule, or an optimizer
    over the model's parameters, whose state goes on from fit to fit. ``lr`` is the learning rate for a name; without it
    the name's own, PyTorch's for all but "sgd".
    ``schedule`` moves it, step by step: a value of ``optim.schedules`` or its text, "warmup(0.05) >> cosine".

    All weights but biases and those of normalising layers pay ``l1`` (by proximal steps, which give exact zeros),
    ``l2`` (as a part of the gradient) and ``weight_decay`` (decoupled); ``penalties`` are for parameters of chosen
    names. What is paid stands in the history as ``penalty``, apart from the losses. The convention of λ is that of
    ``optim.penalties``. ``freeze`` names parameters that keep their values in some epochs, as in
    ``[optim.Freeze("0.*", last=3)]``. ``clip`` bounds the gradients of a batch once: ``optim.ClipNorm(1.0)``,
    ``ClipValue``, ``ClipLayerNorm``, ``ClipAdaptive``. With an ``average`` (``optim.EMA(0.999)``,
    ``optim.SWA(start=75)``) averaged weights are what is validated, kept and handed out, with batch norm's statistics
    computed for them; another fit begins from those, and its average anew. A batch whose loss or gradients are not
    finite ends the fit, and ``stopped.fault`` tells where that began; with ``on_non_finite="skip"`` it changes nothing
    and is counted in the history (in micro-batches, batch norm's estimates have moved by then). ``memory_limit`` (bytes
    or "512MB") bounds what a step works in: what does not fit is recomputed in the backward pass, to the same bits.

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
        freeze: Sequence[Freeze] = (),
        clip: Clip | None = None,
        average: Average | None = None,
        on_non_finite: str = "stop",
        seed: int = 0,
        reduction: str | None = None,
        memory_limit: int | str | None = None,
    ) -> None:
        check_settings(clip, average, schedule, on_non_finite)
        self.model = model
        self.loss = loss_of(loss, reduction)
        check_last_layer(model, self.loss)
        chosen = schedules.parse(schedule) if isinstance(schedule, str) else schedule
        self.updates = Updates(model, optimizer, lr, penalties_of(l1, l2, weight_decay, penalties), chosen, freeze)
        if average is not None and averages_itself(self.updates.rules):
            raise InputError("this optimizer averages the weights itself; leave out average")
        self.average = average
        self.options = Options(clip=clip, skip=on_non_finite == "skip")
        self.seed = seed
        self.memory_limit = None if memory_limit is None else bytes_of(memory_limit, "memory_limit")
        self.history = History()
        self.stopped: Stopped | None = None
        self.plan: Plan | None = None  # of the last fit
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
        early_stopping: StoppingRule | str | bool | None = None,
        time_limit: float | None = None,
        checkpoints: Checkpoints | str | PathLike[str] | None = None,
        resume: bool = False,
        callbacks: Sequence[Callback] = (),
        progress: bool = False,
    ) -> History:
        """Train for at most ``epochs`` more epochs and return the history.

        ``data`` is (inputs, targets) or (inputs, targets, weights), where weights say what each row counts and inputs
        are an array, or a tuple of arrays for a model with several; or a data set, whose last part are the targets; or
        a loader, from which come data set, ``batch_size``, ``shuffle`` and ``drop_last``; or ``data.Blocks``, of which
        only a few lie in memory. ``batch_size`` counts rows; 1
        is stochastic, "full" is batch gradient descent, "auto" chooses by the number of rows. ``micro_batch_size``
        bounds memory: a batch is computed in parts of so many rows, and its gradients are added up; the update is the
        whole batch's, with one step, one decay and the same dropout masks (batch normalization alone sees its
        micro-batch). Each epoch takes the rows in another order, which follows from the seed, unless ``shuffle`` is
        False or a sampler (``data.Weighted``, ``Balanced``, ``Stratified``); ``drop_last`` leaves out a last batch that
        is short. ``validation`` is data of the same forms or a fraction of the rows in (0, 1); with it the best weights
        are the result. ``early_stopping`` (a rule of ``sklon.stopping`` or its text, such as "patience(20) | gl(5)";
        True is "patience(20)") may end the run; it reads the epochs of this fit. ``time_limit`` is in seconds. Ctrl-C
        ends the run with a usable result. Another fit goes on from there: the optimizer's state, its steps and the
        number of the epoch.

        ``checkpoints`` (a folder, or :class:`Checkpoints`) writes the fit down as it goes; with ``resume`` it goes on
        from the newest one, to the bits of a fit that was never interrupted, or begins where there is none. Data and
        settings must be the same; ``epochs`` is the total of the fit, and the number of threads may differ.

        ``callbacks`` (objects of :class:`sklon.training.Callback`) are called on the way and may stop the fit by a
        reason that they return. ``progress`` shows a line on standard error.

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
        check_length(epochs, time_limit)
        rule = rule_for(early_stopping)
        check_rule(rule, held_out)
        feed = replace(feed, samples=checked(self.model, self.loss, feed.samples))
        held_out = None if held_out is None else checked(self.model, self.loss, held_out)
        feed.check(self.model)
        self.updates.read()
        plan = plan_of(checkpoints)
        if plan is not None and not resume:
            check_none_later(plan.folder, self.step)
        run = Run(self, feed, held_out, epochs, None if plan is None else Writer(plan, self.step))
        until = epochs + (resumed(run, plan) if resume else self.epoch)
        watchers = Callbacks((*callbacks, *([Progress()] if progress else [])))
        self.plan = Plan.of(feed, held_out, epochs, rule, time_limit, plan, watchers, run.program.graph)
        with watchers.around(self, until - self.epoch):
            self._stop(run, self._run(run, until, rule, time_limit, watchers))
        return self.history

    def _run(self, run: Run, until: int, rule: StoppingRule | None, limit: float | None, watchers: Callbacks) -> Reason:
        failed = True
        try:
            reason = run.epochs(until, rule, limit, watchers)
            failed = False
            if reason.name != "non_finite":
                run.write_last()
            return reason
        except KeyboardInterrupt:
            failed = False
            run.write_last()
            return Reason("interrupted", "the run was interrupted")
        except Exception as error:
            self._stop(run, Reason("error", f"{type(error).__name__} was raised"))
            raise
        finally:
            self._take_over(*run.result(failed))

    def _stop(self, run: Run, reason: Reason) -> None:
        """Note why a fit ended."""
        self.stopped = stopped_by(reason, self.epoch, run)

    def _take_over(self, state: dict[str, Array], updates: int) -> None:
        """Put trained values into the model; keep the optimizer's for another fit."""
        self.updates.keep(state, updates)
        self.show(state)

    def show(self, state: dict[str, Array]) -> None:
        """Put values into the model, to be looked at."""
        for label, tensor in state_tensors(self.model).items():
            assign(tensor, state[label])

    # ---- settings that follow from the data
    def find_lr(
        self,
        data: Any,
        *,
        batch_size: int | str = "auto",
        lowest: float = 1e-7,
        highest: float = 10.0,
        steps: int = 100,
        micro_batch_size: int | None = None,
        shuffle: bool | Sampler | None = None,
        drop_last: bool | None = None,
        validation: Any = None,
    ) -> RangeTest:
        """The learning-rate range test: the loss of ``steps`` batches, whose rates rise from ``lowest`` to ``highest``.

        Rate k is lowest·(highest/lowest)^(k/(steps − 1)). It stops where the loss has exploded. Data and batches are
        those of ``fit``; a ``validation`` fraction is left out. It runs on copies: model, optimizer, history, counters
        and random numbers stay as they are to the bit, and so does the next fit. Any schedule is left aside; groups of
        an optimizer keep the ratio of their rates. Source: Smith, *Cyclical learning rates for training neural
        networks*, 2017, section 3.3; :class:`RangeTest` states the rule of the suggestion.

        >>> import numpy as np
        >>> from sklon import Trainer, nn
        >>> X = np.linspace(-1, 1, 64, dtype=np.float32).reshape(-1, 1)
        >>> found = Trainer(nn.Linear(1, 1), loss="mse", optimizer="sgd").find_lr((X, 3 * X + 1), batch_size=16)
        >>> found.exploded > 1, 0.01 < found.suggestion < 1  # above 2/λ = 1, with λ = 2 of the bias, it diverges
        (True, True)
        """
        return find_lr(
            self,
            data,
            lowest=lowest,
            highest=highest,
            steps=steps,
            validation=validation,
            batch_size=batch_size,
            micro_batch_size=micro_batch_size,
            shuffle=shuffle,
            drop_last=drop_last,
        )

    def find_micro_batch(
        self,
        data: Any,
        *,
        batch_size: int | str = "auto",
        memory: int | None = None,
        shuffle: bool | Sampler | None = None,
        drop_last: bool | None = None,
        validation: Any = None,
    ) -> MicroBatch:
        """The largest micro-batch for which training fits into ``memory`` bytes, by default half of what is free.

        The batch itself is tried, then the powers of two below it, the largest first. What counts is what the program
        of a step declares, for all threads, and three copies of the state (now, the best, the epoch's start), gradient
        sums included; the data are not counted. Nothing is run or changed. Raises InputError if one row is too much.

        >>> import numpy as np
        >>> from sklon import Trainer, nn
        >>> X, y = np.zeros((1000, 8), np.float32), np.zeros((1000, 1), np.float32)
        >>> Trainer(nn.Linear(8, 1), loss="mse").find_micro_batch((X, y), batch_size=512).micro_batch_size
        512
        """
        return find_micro_batch(
            self,
            data,
            batch_size=batch_size,
            memory=memory,
            validation=validation,
            shuffle=shuffle,
            drop_last=drop_last,
        )

    def audit(self, data: Any, *, rows: int = 64, entries: int = 6) -> Audit:
        """The gradient of every parameter on the first ``rows`` of the next epoch, against two other ways to get it.

        ``data`` is what ``fit`` takes, without weights; the model is looked at in training mode and left as it is, to
        the bit. What is compared, and the verdicts, are those of :func:`sklon.calculus.audit`.
        """
        from .auditing import audited  # calculus is loaded by those who use it

        return audited(self, data, rows, entries)

    # ---- in words
    def describe(self, data: Any = None, **settings: Any) -> str:
        """The loop as pseudo-code, with its settings and callbacks at their places.

        It takes what ``fit`` takes and says what that fit would do, without running it; without arguments it describes
        the last fit, and before the first one the loop, whose sizes follow from data. Raises as ``fit`` does.

        >>> import numpy as np
        >>> from sklon import Trainer, nn, optim
        >>> trainer = Trainer(nn.Linear(2, 1), loss="mse", lr=0.01, clip=optim.ClipNorm(1.0))
        >>> print(trainer.describe((np.zeros((100, 2)), np.zeros((100, 1))), epochs=5, validation=0.2))
        train Linear, 3 parameters
        for each epoch (at most 5):
            take 80 rows shuffled by seed 0
            for each of 3 batches of 32 rows, 16 in the last one:
                loss = MSELoss() of model(inputs) and targets
                gradients = backward(loss), divided by the rows of the batch
                clip the gradients: clip_norm(limit=1.0)
                if the loss is not finite: stop, with the values before the epoch
                update by adam(lr=0.01)
            validate on 20 rows; keep the best weights
        give the model the best weights
        """
        plan = self.plan if data is None and not settings else planned(self, data, settings)
        return description(self, plan)

    def _repr_html_(self) -> str:
        """What trains what, for notebooks."""
        return html(self)

    # ---- use
    def predict(self, inputs: Any) -> Array:
        """The model's raw outputs for ``inputs``, without dropout: one row for each row."""
        data = checked(self.model, self.loss, inputs_of(inputs))
        graph = record_prediction(self.model, data.columns)
        return Evaluation(graph, data).outputs(state_of(self.model))["output"]

    def predict_samples(self, inputs: Any, draws: int = 100) -> Array:
        """Raw outputs with dropout switched on, drawn several times: Monte-Carlo dropout. Shape [draws, rows, …].

        Their mean is a prediction and their spread an uncertainty; draws follow from the seed. Only dropout acts, batch
        norm stays in evaluation. Source: Gal and Ghahramani, *Dropout as a Bayesian approximation*, 2016.

        >>> import numpy as np
        >>> from sklon import Trainer, nn
        >>> trainer = Trainer(nn.Sequential(nn.Dropout(0.5), nn.Linear(3, 1)), loss="mse")
        >>> draws = trainer.predict_samples(np.ones((4, 3), np.float32), 50)
        >>> draws.shape, bool((draws.std(axis=0) > 0).all())
        ((50, 4, 1), True)

        InputError for a model without dropout.
        """
        data = checked(self.model, self.loss, inputs_of(inputs))
        return predictions_drawn(self.model, data, draws, self.seed)

    def evaluate(self, inputs: Any, target: Any = None) -> float:
        """The mean loss on inputs and targets, or on a data set, a loader or blocks."""
        data = checked(self.model, self.loss, samples_of(inputs) if target is None else samples(inputs, target))
        graph = record_evaluation(self.model, loss_for(self.loss, data), data.columns)
        return Evaluation(graph, data).mean_loss(state_of(self.model, self.loss))

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
