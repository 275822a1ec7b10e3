"""One call of fit: its programs and state arrays, epochs in native chunks, and the best state so far."""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from sklon._base.philox import split_seed
from sklon.compiler.cache import compiled
from sklon.compiler.executable import Steps
from sklon.compiler.executor import Executor
from sklon.compiler.interrupts import deferred_interrupts
from sklon.compiler.limit import Limit
from sklon.graph.node import Graph, Node

from .averaged import (
    Recalibration,
    at_the_averaged_point,
    averages_itself,
    keeps_statistics,
    with_averages,
)
from .beginning import initial_state
from .callbacks import Callbacks
from .checkpoints import Writer
from .diagnosis import Fault, Replay, diagnosed, finite_parameters, not_finite
from .epoch import Epoch, Looked
from .evaluation import Evaluation, scalars_of, table_of
from .feed import Feed
from .history import Row
from .losses import loss_for
from .parts import Parts, Stretch
from .recordings import evaluation_graph, training_graph
from .snapshots import identity_of, snapshot_of
from .step import Columns
from .stopping import Curves, Reason, StoppingRule
from .streams import Rows
from .together import epochs_ahead, run_together
from .updates import RATE
from .updating import FRESH

if TYPE_CHECKING:
    from .trainer import Trainer

Array = np.ndarray[Any, Any]
#: values by slot, and the updates that they have behind them
Kept: TypeAlias = tuple[dict[str, Array], int]
#: seconds of native work between two looks at signals, limits and progress
CHUNK_SECONDS = 0.05


@dataclass(frozen=True, slots=True)
class StepProgram:
    """A training step as a graph and what runs it, its scalars in order, and the parameters that must stay finite."""

    graph: Graph
    code: Executor
    scalars: list[Node]
    watched: list[str]


@dataclass(frozen=True, slots=True)
class Bound:
    """A stretch of an epoch with the arrays and steps of its program, and the state from which it can be run again.

    ``start`` is the state before part ``first``; ``steps`` are those of the whole epoch.
    """

    stretch: Stretch
    arrays: dict[str, Array]
    steps: Steps
    first: int
    start: dict[str, Array]


class Run:
    """One call of fit: programs, state arrays, and the best of them so far."""

    def __init__(
        self,
        trainer: Trainer,
        feed: Feed,
        held_out: Rows | None,
        epochs: int = 1,
        writer: Writer | None = None,
    ) -> None:
        self.trainer, self.feed, self.held_out = trainer, feed, held_out
        self.writer = writer
        self.watchers = Callbacks()
        self.current: Epoch | None = None
        self.first_epoch, self.first_row = trainer.epoch, len(trainer.history)  # what was there before this fit
        batches = len(feed.starts())
        self.total_steps = epochs * batches
        trainer.updates.begin(epochs, batches, trainer.epoch + 1)
        columns: Columns = feed.samples.columns
        self.graphs: dict[frozenset[str], Graph] = {}  # of a step, by the parameters that are frozen
        self.programs: dict[frozenset[str], StepProgram] = {}
        self.state = initial_state(trainer, self._graph(frozenset()))
        self.program = self._program()
        self.validation = None if held_out is None else self._validation(held_out)
        self.averages = trainer.average is not None or averages_itself(trainer.updates.rules)
        self.recalibrate = (
            Recalibration(trainer.model, columns, feed, trainer.seed)
            if self.averages and keeps_statistics(trainer.model)
            else None
        )
        self.recalibrated: Kept | None = None  # the last state that was handed out with new statistics
        self.best: Kept | None = None
        self.last_finite: Kept | None = None  # at the start of the epoch
        self.fault: Fault | None = None
        self.best_loss, self.best_epoch = float("inf"), trainer.epoch
        self.lr: float | None = None  # of the last step of the epoch, where a schedule moves it
        self.skipped = 0  # batches of this fit that changed nothing
        self.updates = 0  # that the state has behind it since the fit began
        self.alone_until = 0  # the epoch up to which epochs run one by one
        self.started = time.perf_counter()
        self.per_batch = 0.0  # seconds of native work, of the last chunk
        self.per_epoch = 0.0  # seconds of the last epoch, with all that was looked at after it
        if writer is not None:
            self.identity  # noqa: B018  computed now: data in blocks are read once for it

    def _graph(self, frozen: frozenset[str]) -> Graph:
        """The graph of a step in which these parameters keep their values."""
        if frozen not in self.graphs:
            trainer, feed = self.trainer, self.feed
            options = replace(
                trainer.options,
                in_parts=feed.in_parts,
                averaged=trainer.average is not None,
                members=feed.sampler.members,
            )
            loss, columns = loss_for(trainer.loss, feed.samples), feed.samples.columns
            self.graphs[frozen] = training_graph(trainer.model, loss, trainer.rules, columns, options, frozen)
        return self.graphs[frozen]

    def _program(self) -> StepProgram:
        """The program of the epoch that comes."""
        frozen = self.trainer.updates.frozen(self.trainer.epoch + 1)
        if frozen not in self.programs:
            graph = self._graph(frozen)
            watched = finite_parameters(graph, self.state)
            code = compiled(graph, self.feed.micro, Limit.of(self.trainer.memory_limit))
            self.programs[frozen] = StepProgram(graph, code, scalars_of(graph), watched)
        return self.programs[frozen]

    def _validation(self, held_out: Rows) -> Evaluation:
        model, loss = self.trainer.model, loss_for(self.trainer.loss, held_out)
        return Evaluation(evaluation_graph(model, loss, held_out.columns), held_out)

    def epochs(self, until: int, rule: StoppingRule | None, limit: float | None, watchers: Callbacks) -> Reason:
        """Run until the trainer has finished so many epochs, or until a reason to stop comes up."""
        self.watchers = watchers
        went_on = self.trainer.epoch > self.first_epoch and self.current is None
        found = rule.check(self.curves()) if rule is not None and went_on else None
        while found is None and self.trainer.epoch < until:
            count = epochs_ahead(self, until, CHUNK_SECONDS)
            if count > 1:
                reason = run_together(self, count, rule)
                if self.trainer.epoch >= self.alone_until:
                    found = self._look(1.0, limit) or reason
                    continue
            rows = len(self.trainer.history)
            found = self._epoch(limit)
            if len(self.trainer.history) > rows:
                found = self._after(found, rule)
        if found is not None:
            return found
        count = self.trainer.epoch - self.first_epoch
        return Reason("epochs", f"all {count} epochs were run" if count != 1 else "the epoch was run")

    def _after(self, found: Reason | None, rule: StoppingRule | None) -> Reason | None:
        """The reason to stop after an epoch: the one that cut it short, else a callback's, else the rule's."""
        trainer = self.trainer
        if self.watchers.read_model:
            trainer.show(self.handed_out(self.state))
        said = self.watchers.epoch_ended(trainer, trainer.history[-1])
        return found or said or (None if rule is None else rule.check(self.curves()))

    def _epoch(self, limit: float | None) -> Reason | None:
        trainer, began = self.trainer, time.perf_counter()
        epoch = self.current = self.current or self._begin()
        self.program = self._program()
        done = epoch.batches(epoch.done)
        table = self.scalar_table(epoch.parts, trainer.step - done, self.updates - done)
        steps = Steps(epoch.parts.rows, epoch.parts.starts, table)
        with closing(self.feed.stretches(trainer.seed, trainer.epoch, epoch.done)) as stretches:
            for stretch in stretches:
                reason = self._stretch(epoch, self._bound(epoch, stretch, steps), limit)
                if reason is not None:
                    return reason
        self._finish(epoch)
        self.per_epoch = time.perf_counter() - began
        return self._look(1.0, limit)

    def _bound(self, epoch: Epoch, stretch: Stretch, steps: Steps) -> Bound:
        """A stretch with what its steps read; rows that are read only once are replayed from where they begin."""
        first, start = (epoch.done, self.kept()) if self.feed.streamed else (0, self.last_finite or self.kept())
        moved = replace(steps, starts=steps.starts - stretch.origin)
        return Bound(stretch, {**self.state, **stretch.arrays()}, moved, first, start[0])

    def _stretch(self, epoch: Epoch, bound: Bound, limit: float | None) -> Reason | None:
        while epoch.done < bound.stretch.last:
            reason = self._advance(epoch, bound)
            if reason is not None:
                return reason
            reason = None if epoch.complete else self._look(epoch.share, limit)
            if reason is not None:
                self.write_last()
                self.keep(self.row(*epoch.totals))
                return reason
        return None

    def _look(self, share: float, limit: float | None) -> Reason | None:
        """Between two chunks: write a checkpoint if due; ask the callbacks and the clock for a reason to stop."""
        if self.writer is not None and self.writer.is_due(self.trainer.step):
            self.writer.write(self.trainer.step, snapshot_of(self))
        return self.watchers.chunk_ended(self.trainer, share) or self._too_late(limit)

    def _too_late(self, limit: float | None) -> Reason | None:
        if limit is None or time.perf_counter() - self.started <= limit:
            return None
        return Reason("time_limit", f"the time limit of {limit:g} seconds was reached")

    def _begin(self) -> Epoch:
        is_best = self.best is not None and self.best[1] == self.updates
        self.last_finite = self.best if is_best else self.kept()
        return Epoch.of(self.feed.parts)

    def _advance(self, epoch: Epoch, bound: Bound) -> Reason | None:
        """Run some parts natively; the reason to stop if they were not finite. State and counters move together."""
        trainer = self.trainer
        first, last = epoch.done, epoch.end_of(self._chunk(), bound.stretch.last)
        with deferred_interrupts():
            results = self._steps(epoch, bound, first, last)
            epoch.losses[first:last] = results["loss"][first:last]
            epoch.counts[first:last] = results.get("weight", epoch.counts)[first:last]
            batches = epoch.batches(last) - epoch.batches(first)
            trainer.step += batches
            self.updates += batches
            epoch.done = last
            if trainer.options.skip:
                self.skipped += epoch.forget_skipped(results["finite"], first, last)
            elif not np.isfinite(epoch.losses[first:last]).all() or not_finite(self.state, self.program.watched):
                self.current = None
                return self._diverged(epoch, bound)
        return None

    def _finish(self, epoch: Epoch) -> None:
        row = self.row(*epoch.totals)
        with deferred_interrupts():
            self.trainer.epoch += 1
            self.current = None
            self.keep(row)

    def _chunk(self) -> int:
        """Batches until the next look at the clock, or until a checkpoint is due."""
        chunk = max(1, int(CHUNK_SECONDS / self.per_batch)) if self.per_batch else 1
        left = None if self.writer is None else self.writer.steps_left(self.trainer.step)
        return chunk if left is None else max(1, min(chunk, left))

    def _steps(self, epoch: Epoch, bound: Bound, first: int, last: int) -> dict[str, Array]:
        start = time.perf_counter()
        results = self.program.code.run(bound.arrays, bound.steps, first=first, last=last)
        batches = (last - first) * len(epoch.ends) / len(epoch.parts)
        self.per_batch = (time.perf_counter() - start) / batches
        return results

    def scalar_table(self, parts: Parts, first_step: int, first_update: int) -> Array:
        """The scalars of the parts of an epoch's batches, in the order of the program's arguments."""
        low, high = split_seed(self.trainer.seed)
        batches = int(parts.batch[-1]) + 1
        of_updates = self.trainer.updates.scalars(first_update, batches, self._watched())
        if self.trainer.updates.schedule is not None:
            self.lr = float(of_updates[f"{next(iter(self.trainer.rules.values()))[0]}{RATE}"][-1])
        columns: dict[str, Any] = {n: v[parts.batch] if isinstance(v, np.ndarray) else v for n, v in of_updates.items()}
        columns.update({"step": first_step + parts.batch, "seed.low": low, "seed.high": high})
        columns.update({"last": parts.last, "offset": parts.offset})
        if self.trainer.average is not None:
            columns[FRESH] = self.trainer.average.shares(first_update, batches, batches)[parts.batch]
        return table_of(self.program.scalars, columns, len(parts))

    def _watched(self) -> list[float]:
        """The watched value of each epoch of this fit: the validation loss, or the training loss without one."""
        name = "train_loss" if self.held_out is None else "validation_loss"
        return [row[name] for row in self.trainer.history.rows[self.first_row :] if name in row]

    def curves(self) -> Curves:
        """What stopping rules read: the epochs of this fit."""
        return self.trainer.history.curves(self.first_row)

    def row(self, loss: float, count: float, looked: Looked | None = None) -> Row:
        """What the history says of the epoch that is under way, with what a look at the state tells."""
        trainer = self.trainer
        looked = looked or self._looked()
        row: Row = {
            "epoch": trainer.epoch + 1,
            "step": trainer.step,
            "train_loss": float(loss / count) if count else float("nan"),
        }
        if looked.validation_loss is not None:
            row["validation_loss"] = looked.validation_loss
        if looked.penalty is not None:
            row["penalty"] = looked.penalty
        if self.lr is not None:
            row["lr"] = self.lr
        if trainer.options.skip:
            row["skipped"] = self.skipped
        row["seconds"] = time.perf_counter() - self.started
        return row

    def _looked(self) -> Looked:
        """A look at the state as it is now."""
        loss = None if self.validation is None else self.validation.mean_loss(self.handed_out(self.state))
        return Looked(self.state, loss, self.penalty(self.state))

    def penalty(self, state: dict[str, Array]) -> float | None:
        """What the parameters of a state pay, at their averages where there are some."""
        updates, averaged = self.trainer.updates, self._averaged(state)
        values = {label: averaged[label][None] for label in updates.payers}
        return updates.paid(values)[0] if values else None

    def keep(self, row: Row, looked: Looked | None = None) -> None:
        """Add a row to the history, and keep the state if it is the best one."""
        if "validation_loss" in row and row["validation_loss"] < self.best_loss:
            self.best = self.kept(self.state if looked is None else looked.state)
            self.best_loss = row["validation_loss"]
        if self.best is None or self.best[1] == self.updates:
            self.best_epoch = int(row["epoch"])
        self.trainer.history.append(row)

    def _diverged(self, epoch: Epoch, bound: Bound) -> Reason:
        """Tell where, and give the state of the epoch's start back: what came after has lost its meaning."""
        self.state, self.updates = self.last_finite or self.kept()
        first, last, steps = bound.first, bound.stretch.last, bound.steps
        replay = Replay(
            graph=self.program.graph,
            program=self.program.code,
            start=bound.start,
            arrays=bound.arrays,
            steps=Steps(steps.rows[first:last], steps.starts[first:last], steps.scalars[first:last]),
            batch=epoch.parts.batch[first:last],
            first_step=self.trainer.step - epoch.batches(epoch.done) + 1,
            numbers=bound.stretch.samples.numbers,
        )
        self.fault = diagnosed(replay, epoch.losses[first : epoch.done])
        return Reason("non_finite", f"{self.fault.sentence}; a smaller lr helps")

    def kept(self, state: Mapping[str, Array] | None = None) -> Kept:
        """A copy of the state, or of another one, with the updates behind it."""
        return {name: array.copy() for name, array in (state or self.state).items()}, self.updates

    def _averaged(self, state: dict[str, Array]) -> dict[str, Array]:
        """The state with averages in the parameters' place, where there are some."""
        if not self.averages:
            return state
        return with_averages(at_the_averaged_point(state, self.trainer.updates.rules))

    def handed_out(self, state: dict[str, Array]) -> dict[str, Array]:
        """The state as users get it: averages in the parameters' place, with statistics that belong to them."""
        if self.recalibrate is None:
            return self._averaged(state)
        if state is not self.state:
            return self.recalibrate(self._averaged(state))
        if self.recalibrated is None or self.recalibrated[1] != self.updates:
            self.recalibrated = self.recalibrate(self._averaged(state)), self.updates
        return self.recalibrated[0]

    # ---- to go on later
    @cached_property
    def identity(self) -> dict[str, Any]:
        """What a checkpoint must have in common with a fit that goes on from it."""
        return identity_of(self)

    def write_last(self) -> None:
        """The last checkpoint of a fit that ends here, unless it stands there already."""
        if self.writer is not None and self.writer.last_step != self.trainer.step:
            self.writer.write(self.trainer.step, snapshot_of(self))

    def result(self, failed: bool = False) -> Kept:
        """The best state where a validation set watched, else the last one, as users get it.

        Of a fit that ``failed`` it has the statistics of the last step, as the data may not be readable again.
        """
        state, updates = self.best if self.best is not None else (self.state, self.updates)
        return (self._averaged if failed else self.handed_out)(state), updates
