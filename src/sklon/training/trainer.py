"""The Trainer: epochs over mini-batches by one compiled step, with validation, stopping and the best weights.

The loop is in Python once a chunk of about 50 ms: within it, steps run natively without returning. A run is
determined by its seed: neither threads nor chunks nor the progress line change a bit.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from sklon._base.errors import InputError
from sklon._base.philox import permutation, split_seed, uniform
from sklon.compiler.cache import compiled
from sklon.compiler.executable import Executable, Steps, aligned_zeros
from sklon.graph.node import Graph, Node, Slot, slots
from sklon.nn import Loss, Module
from sklon.nn.loss import LOSSES
from sklon.optim import RULES, Optimizer, Rule
from sklon.tensors.values import number_of

from .arrays import Samples, samples
from .callbacks import Callback
from .history import History, Row
from .progress import Progress
from .step import Columns, columns_of, record_evaluation, record_prediction, record_training
from .stopping import Reason, StoppingRule, parse

Array = np.ndarray[Any, Any]
#: seconds of native work between two looks at signals, limits and progress
CHUNK_SECONDS = 0.05
#: rows of a step of evaluation and prediction
EVALUATION_ROWS = 1024
#: streams of the random bits that a run uses besides its layers'
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
        self.loss = _loss(loss)
        self.rules = _rules(model, optimizer, lr)
        self.seed = seed
        self.history = History()
        self.stopped: Stopped | None = None
        self.epoch = 0  # finished epochs
        self.step = 0  # finished steps
        self._state: dict[str, Array] = {}

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
        run = _Run(self, train, held_out, _batch_rows(batch_size, len(train)))
        watchers = [*callbacks, *([Progress()] if progress else [])]
        for watcher in watchers:
            watcher.on_fit_start(self, epochs)
        try:
            reason = run.epochs(epochs, rule, time_limit, watchers)
        except KeyboardInterrupt:
            reason = Reason("interrupted", "the run was interrupted")
        finally:
            self._take_over(run.result())
        self.stopped = Stopped(reason.name, _sentence(reason, self.epoch, run.best_epoch), self.epoch, run.best_epoch)
        for watcher in watchers:
            watcher.on_fit_end(self)
        return self.history

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
        self._state = {name: array.copy() for name, array in state.items()}
        for name, parameter in self.model.named_parameters():
            parameter.assign(state[f"param.{name}"])

    # ---- use
    def predict(self, inputs: Any) -> Array:
        """The model's raw outputs for ``inputs``, without dropout: one row for each row."""
        data = samples(inputs)
        graph = record_prediction(self.model, columns_of(data.inputs, None))
        return _evaluate(graph, data, _parameters(self.model))["output"]

    def evaluate(self, inputs: Any, target: Any) -> float:
        """The mean loss on data."""
        data = samples(inputs, target)
        graph = record_evaluation(self.model, self.loss, columns_of(data.inputs, data.target))
        return _mean_loss(graph, data, _parameters(self.model))


class _Run:
    """One call of fit: programs, state arrays, and the best of them so far."""

    def __init__(self, trainer: Trainer, train: Samples, held_out: Samples | None, batch: int) -> None:
        self.trainer, self.train, self.held_out, self.batch = trainer, train, held_out, batch
        columns: Columns = columns_of(train.inputs, train.target)
        graph = record_training(trainer.model, trainer.loss, trainer.rules, columns)
        self.program: Executable = compiled(graph, batch)
        self.scalars = _scalars(graph)
        self.state = _initial_state(trainer, graph)
        self.evaluation = record_evaluation(trainer.model, trainer.loss, columns) if held_out is not None else None
        self.best: dict[str, Array] | None = None
        self.best_loss, self.best_epoch = float("inf"), trainer.epoch
        self.started = time.perf_counter()
        self.per_step = 0.0  # seconds

    def epochs(
        self, count: int, rule: StoppingRule | None, limit: float | None, watchers: Iterable[Callback]
    ) -> Reason:
        """Run until a reason to stop comes up."""
        for _ in range(count):
            reason = self._epoch(limit)
            if reason is not None:
                return reason
            row = self.trainer.history[-1]
            reasons = [watcher.on_epoch_end(self.trainer, row) for watcher in watchers]
            if rule is not None:
                reasons.append(rule.check(self.trainer.history.curve("validation_loss")))
            found = next((r for r in reasons if r is not None), None)
            if found is not None:
                return found
        return Reason("epochs", f"all {count} epochs were run" if count != 1 else "the epoch was run")

    def _epoch(self, limit: float | None) -> Reason | None:
        trainer = self.trainer
        n = len(self.train)
        order = permutation(n, seed=trainer.seed, epoch=trainer.epoch).astype(np.int32)
        starts = np.arange(0, n, self.batch)
        rows = np.minimum(self.batch, n - starts)
        steps = Steps(rows, starts, self._scalar_table(len(starts)))
        arrays = {**self.state, **self.train.bound(), "rows": order}
        losses = np.zeros(len(starts))
        first = 0
        while first < len(starts):
            last = min(len(starts), first + self._chunk())
            losses[first:last] = self._steps(arrays, steps, first, last)
            trainer.step += last - first
            if not np.isfinite(losses[first:last]).all():
                return self._diverged(first, losses)
            first = last
            if limit is not None and time.perf_counter() - self.started > limit and first < len(starts):
                self._record(losses[:first].sum() / rows[:first].sum(), finished=False)
                return Reason("time_limit", f"the time limit of {limit:g} seconds was reached")
        trainer.epoch += 1
        self._record(losses.sum() / n, finished=True)
        if limit is not None and time.perf_counter() - self.started > limit:
            return Reason("time_limit", f"the time limit of {limit:g} seconds was reached")
        return None

    def _chunk(self) -> int:
        """Steps until the next look at the clock."""
        return max(1, int(CHUNK_SECONDS / self.per_step)) if self.per_step else 1

    def _steps(self, arrays: dict[str, Array], steps: Steps, first: int, last: int) -> Array:
        start = time.perf_counter()
        losses = self.program.run(arrays, steps, first=first, last=last)["loss"][first:last]
        self.per_step = (time.perf_counter() - start) / (last - first)
        return losses

    def _scalar_table(self, count: int) -> Array:
        """The scalars of the epoch's steps, in the order of the program's arguments."""
        low, high = split_seed(self.trainer.seed)
        first = self.trainer.step
        table = np.zeros((count, len(self.scalars)))
        groups = {group: rule for group, rule in self.trainer.rules.values()}
        for i in range(count):
            values = {"step": float(first + i), "seed.low": float(low), "seed.high": float(high)}
            for group, rule in groups.items():
                values.update({f"{group}.{k}": v for k, v in rule.scalars(first + i + 1).items()})
            table[i] = [_scalar_value(node, values) for node in self.scalars]
        return table

    def _record(self, train_loss: float, finished: bool) -> None:
        row: Row = {
            "epoch": self.trainer.epoch + (not finished),
            "step": self.trainer.step,
            "train_loss": train_loss,
        }
        if self.evaluation is not None and self.held_out is not None:
            loss = _mean_loss(self.evaluation, self.held_out, self.state)
            row["validation_loss"] = loss
            if loss < self.best_loss:
                self.best_loss, self.best_epoch = loss, int(row["epoch"])
                self.best = {name: array.copy() for name, array in self.state.items()}
        else:
            self.best_epoch = int(row["epoch"])
        row["seconds"] = time.perf_counter() - self.started
        self.trainer.history.append(row)

    def _diverged(self, first: int, losses: Array) -> Reason:
        bad = first + int(np.argmax(~np.isfinite(losses[first:])))
        step = self.trainer.step - len(losses[first:]) + (bad - first) + 1
        return Reason(
            "non_finite", f"the loss was no longer a finite number in step {max(1, step)}; a smaller lr helps"
        )

    def result(self) -> dict[str, Array]:
        """The best state where a validation set watched, else the last one."""
        return self.best if self.best is not None else self.state


# ---- settings as users write them
def _loss(loss: str | Loss) -> Loss:
    if isinstance(loss, Loss):
        return loss
    if loss not in LOSSES:
        raise InputError(f"there is no loss called {loss!r}; use one of {', '.join(LOSSES)}")
    return LOSSES[loss]()


def _rules(model: Module, optimizer: str | Rule | Optimizer, lr: float | None) -> dict[str, tuple[str, Rule]]:
    """The group and the rule of each parameter, by name."""
    names = {id(p): name for name, p in model.named_parameters()}
    if isinstance(optimizer, Optimizer):
        if lr is not None:
            raise InputError("the learning rate belongs to the optimizer; leave out lr")
        rules: dict[str, tuple[str, Rule]] = {}
        for i, group in enumerate(optimizer.param_groups):
            settings = {f.name: group[f.name] for f in fields(optimizer.rule) if f.name in group}
            rule = optimizer.rule(**settings)
            rules.update({names[id(p)]: (f"group{i}", rule) for p in group["params"] if id(p) in names})
        return rules
    if isinstance(optimizer, str):
        if optimizer not in RULES:
            raise InputError(f"there is no optimizer called {optimizer!r}; use one of {', '.join(RULES)}")
        make = RULES[optimizer]
        optimizer = make() if lr is None else make(lr=lr)
    return {name: ("group0", optimizer) for name in names.values()}


def _batch_rows(batch_size: int | str, rows: int) -> int:
    if batch_size == "full":
        return rows
    if batch_size == "auto":
        return int(min(rows, 256, max(32, 2 ** int(np.log2(max(1, rows / 64))))))
    if not isinstance(batch_size, int) or batch_size < 1:
        raise InputError(f'batch_size must be a whole number of at least 1, "full" or "auto", not {batch_size!r}')
    return min(batch_size, rows)


def _sentence(reason: Reason, epoch: int, best: int) -> str:
    kept = "" if best == epoch else f"; the weights are those of epoch {best}, the best one"
    return f"Stopped after epoch {epoch}: {reason.sentence}{kept}."


def _rows(data: Samples, index: Array) -> Samples:
    return Samples(tuple(x[index] for x in data.inputs), None if data.target is None else data.target[index])


# ---- arrays of programs
def _parameters(model: Module) -> dict[str, Array]:
    return {f"param.{name}": p.numpy() for name, p in model.named_parameters()}


def _initial_state(trainer: Trainer, graph: Graph) -> dict[str, Array]:
    """Aligned arrays for all state: the model's values, what an earlier fit left of the optimizer's, or zeros."""
    state: dict[str, Array] = {}
    given = _parameters(trainer.model)
    for node in slots(graph):
        if isinstance(node.op, Slot) and node.op.space == "state":
            label = node.op.label
            state[label] = aligned_zeros([e for e in node.shape if isinstance(e, int)], node.dtype.numpy)
            known = given.get(label, trainer._state.get(label))
            if known is not None:
                state[label][...] = known
    for label, array in given.items():
        state.setdefault(label, array)
    return state


def _scalars(graph: Graph) -> list[Node]:
    """The scalar slots of a graph, in the order of a program's table."""
    return [n for n in slots(graph) if isinstance(n.op, Slot) and n.op.space == "scalar"]


def _scalar_value(node: Node, named: Mapping[str, float]) -> float:
    """The value of a scalar: by its name, or the number that the user's code wrote there."""
    assert isinstance(node.op, Slot)
    return named[node.op.label] if node.op.label else number_of(node)


def _evaluate(graph: Graph, data: Samples, state: dict[str, Array]) -> dict[str, Array]:
    """Run an evaluation over all rows, in their order."""
    n = len(data)
    batch = min(EVALUATION_ROWS, n)
    starts = np.arange(0, n, batch)
    numbers = np.asarray([_scalar_value(node, {}) for node in _scalars(graph)])
    steps = Steps(np.minimum(batch, n - starts), starts, np.tile(numbers, (len(starts), 1)))
    arrays = {**state, **data.bound(), "rows": np.arange(n, dtype=np.int32)}
    return compiled(graph, batch).run(arrays, steps)


def _mean_loss(graph: Graph, data: Samples, state: dict[str, Array]) -> float:
    return float(_evaluate(graph, data, state)["loss"].astype(np.float64).sum() / len(data))
