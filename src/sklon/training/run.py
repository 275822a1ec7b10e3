"""One call of fit: its programs and state arrays, epochs in native chunks, and the best state so far."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from sklon._base.philox import split_seed
from sklon.compiler.cache import compiled
from sklon.compiler.executable import Executable, Steps, aligned_zeros
from sklon.graph.node import Graph, Slot, slots
from sklon.nn import Loss

from .arrays import Samples
from .averaged import AVERAGE, PARAMETER, Recalibration, keeps_statistics, with_averages
from .callbacks import Callback
from .captured import captured_by
from .evaluation import mean_loss, scalar_value, scalars_of, state_of
from .feed import Feed, Parts
from .history import Row
from .step import Columns, columns_of, record_evaluation, record_training
from .stopping import Reason, StoppingRule
from .updating import FRESH

if TYPE_CHECKING:
    from .trainer import Trainer

Array = np.ndarray[Any, Any]
#: values by slot, and the updates that they have behind them
Kept: TypeAlias = tuple[dict[str, Array], int]
#: seconds of native work between two looks at signals, limits and progress
CHUNK_SECONDS = 0.05


class Run:
    """One call of fit: programs, state arrays, and the best of them so far."""

    def __init__(self, trainer: Trainer, feed: Feed, held_out: Samples | None) -> None:
        self.trainer, self.feed, self.held_out = trainer, feed, held_out
        columns: Columns = columns_of(feed.samples.inputs, feed.samples.target)
        options = replace(trainer.options, in_parts=feed.in_parts, averaged=trainer.average is not None)
        graph = record_training(trainer.model, _for(trainer, feed.samples), trainer.rules, columns, options)
        self.program: Executable = compiled(graph, feed.micro)
        self.scalars = scalars_of(graph)
        self.state = _initial_state(trainer, graph)
        self.evaluation = (
            None if held_out is None else record_evaluation(trainer.model, _for(trainer, held_out), columns)
        )
        self.recalibrate = (
            Recalibration(trainer.model, columns, feed, trainer.seed)
            if trainer.average is not None and keeps_statistics(trainer.model)
            else None
        )
        self.best: Kept | None = None
        self.last_finite: Kept | None = None
        self.best_loss, self.best_epoch = float("inf"), trainer.epoch
        self.skipped = 0  # batches of this fit that changed nothing
        self.updates = 0  # that the state has behind it since the fit began
        self.started = time.perf_counter()
        self.per_batch = 0.0  # seconds

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
                reasons.append(rule.check(self.trainer.history.curves()))
            found = next((r for r in reasons if r is not None), None)
            if found is not None:
                return found
        return Reason("epochs", f"all {count} epochs were run" if count != 1 else "the epoch was run")

    def _epoch(self, limit: float | None) -> Reason | None:
        trainer, feed = self.trainer, self.feed
        if self.held_out is None:
            self.last_finite = self._kept()
        parts = feed.parts()
        steps = Steps(parts.rows, parts.starts, self._scalar_table(parts))
        arrays = {**self.state, **feed.samples.bound(), "rows": feed.order(trainer.seed, trainer.epoch)}
        losses, counts = np.zeros(len(parts)), parts.rows.astype(np.float64)
        ends = np.flatnonzero(parts.last) + 1  # of the batches, in parts
        done = 0  # batches
        while done < len(ends):
            first, upto = (int(ends[done - 1]) if done else 0), min(len(ends), done + self._chunk())
            last = int(ends[upto - 1])
            results = self._steps(arrays, steps, first, last, upto - done)
            losses[first:last] = results["loss"][first:last]
            counts[first:last] = results.get("weight", counts)[first:last]
            trainer.step += upto - done
            self.updates += upto - done
            if trainer.options.skip:
                self.skipped += _forget_skipped(results["finite"], parts, losses, counts, first, last)
            elif not np.isfinite(losses[first:last]).all():
                bad = first + int(np.argmax(~np.isfinite(losses[first:last])))
                return self._diverged(trainer.step - upto + int(parts.batch[bad]) + 1)
            done = upto
            if limit is not None and time.perf_counter() - self.started > limit and done < len(ends):
                self._record(losses[:last].sum(), counts[:last].sum(), finished=False)
                return Reason("time_limit", f"the time limit of {limit:g} seconds was reached")
        trainer.epoch += 1
        self._record(losses.sum(), counts.sum(), finished=True)
        if limit is not None and time.perf_counter() - self.started > limit:
            return Reason("time_limit", f"the time limit of {limit:g} seconds was reached")
        return None

    def _chunk(self) -> int:
        """Batches until the next look at the clock."""
        return max(1, int(CHUNK_SECONDS / self.per_batch)) if self.per_batch else 1

    def _steps(self, arrays: dict[str, Array], steps: Steps, first: int, last: int, batches: int) -> dict[str, Array]:
        start = time.perf_counter()
        results = self.program.run(arrays, steps, first=first, last=last)
        self.per_batch = (time.perf_counter() - start) / batches
        return results

    def _scalar_table(self, parts: Parts) -> Array:
        """The scalars of the epoch's steps, in the order of the program's arguments."""
        low, high = split_seed(self.trainer.seed)
        batches = int(parts.batch[-1]) + 1
        of_updates = self.trainer.updates.scalars(self.updates, batches)
        columns: dict[str, Any] = {name: np.asarray(values)[parts.batch] for name, values in of_updates.items()}
        columns.update({"step": self.trainer.step + parts.batch, "seed.low": low, "seed.high": high})
        columns.update({"last": parts.last, "offset": parts.offset})
        if self.trainer.average is not None:
            columns[FRESH] = self.trainer.average.shares(self.updates, batches, batches)[parts.batch]
        table = np.zeros((len(parts), len(self.scalars)))
        for j, node in enumerate(self.scalars):
            table[:, j] = scalar_value(node, columns)
        return table

    def _record(self, loss: float, count: float, finished: bool) -> None:
        row: Row = {
            "epoch": self.trainer.epoch + (not finished),
            "step": self.trainer.step,
            "train_loss": float(loss / count) if count else float("nan"),
        }
        if self.evaluation is not None and self.held_out is not None:
            loss = mean_loss(self.evaluation, self.held_out, self.handed_out(self.state))
            row["validation_loss"] = loss
            if loss < self.best_loss:
                self.best = self._kept()
                self.best_loss, self.best_epoch = loss, int(row["epoch"])
        else:
            self.best_epoch = int(row["epoch"])
        penalty = self.trainer.updates.penalty(with_averages(self.state))
        if penalty is not None:
            row["penalty"] = penalty
        if self.trainer.options.skip:
            row["skipped"] = self.skipped
        row["seconds"] = time.perf_counter() - self.started
        self.trainer.history.append(row)

    def _diverged(self, step: int) -> Reason:
        """Give the state of the epoch's start back: what came after has lost its meaning."""
        if self.last_finite is not None:
            self.state, self.updates = self.last_finite
        return Reason(
            "non_finite", f"the loss was no longer a finite number in step {max(1, step)}; a smaller lr helps"
        )

    def _kept(self) -> Kept:
        return {name: array.copy() for name, array in self.state.items()}, self.updates

    def handed_out(self, state: dict[str, Array]) -> dict[str, Array]:
        """The state as users get it: averages in the parameters' place, with statistics that belong to them."""
        if self.trainer.average is None:
            return state
        found = with_averages(state)
        return found if self.recalibrate is None else self.recalibrate(found)

    def result(self) -> Kept:
        """The best state where a validation set watched, else the last one, as users get it."""
        state, updates = self.best if self.best is not None else (self.state, self.updates)
        return self.handed_out(state), updates


def _forget_skipped(finite: Array, parts: Parts, losses: Array, counts: Array, first: int, last: int) -> int:
    """Take batches that were skipped out of the epoch's means; how many they are."""
    ends = np.arange(first, last)[parts.last[first:last]]
    bad = parts.batch[ends[finite[ends] == 0]]
    left_out = np.isin(parts.batch, bad)
    losses[left_out] = counts[left_out] = 0.0
    return len(bad)


def _for(trainer: Trainer, data: Samples) -> Loss:
    """The trainer's loss for the targets of these samples."""
    return trainer.loss if data.target is None else trainer.loss.for_target(data.target)


def _initial_state(trainer: Trainer, graph: Graph) -> dict[str, Array]:
    """Aligned arrays for all state: the model's values, what an earlier fit left of the optimizer's, or its start."""
    state: dict[str, Array] = {}
    starts = {f"slot.{s}.{name}": v for name, (_, rule) in trainer.rules.items() for s, v in rule.slots.items()}
    given = {**state_of(trainer.model, trainer.loss), **captured_by(graph)}
    for node in slots(graph):
        if isinstance(node.op, Slot) and node.op.space == "state":
            label = node.op.label
            state[label] = aligned_zeros([e for e in node.shape if isinstance(e, int)], node.dtype.numpy)
            source = PARAMETER + label.removeprefix(AVERAGE) if label.startswith(AVERAGE) else label
            known = given.get(source, trainer.updates.slots.get(label))
            state[label][...] = known if known is not None else starts.get(label, 0.0)
    for label, array in given.items():
        state.setdefault(label, array)
    return state
