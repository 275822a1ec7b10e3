"""A stretch of training under equal settings: the compiled step, and the numbers that it reads in each step.

The step is the Trainer's own graph, and so are its numbers; so a Trainer that is told the same settings makes the same
bits. What changes with a number is the table of numbers alone.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np

from sklon import nn
from sklon._base.locks import Lock
from sklon._base.philox import split_seed
from sklon.compiler.cache import compiled
from sklon.compiler.executable import Steps, aligned_zeros
from sklon.compiler.native import QUICK
from sklon.data.sampling import Shuffled
from sklon.graph.node import Graph, Slot, slots
from sklon.nn import Loss
from sklon.training.arrays import Samples
from sklon.training.captured import captured_by
from sklon.training.diagnosis import finite_parameters
from sklon.training.epoch import Epoch
from sklon.training.evaluation import Evaluation, scalars_of, state_of, table_of
from sklon.training.feed import Feed
from sklon.training.run import StepProgram
from sklon.training.step import record_evaluation, record_training
from sklon.training.updates import RATE, Updates
from sklon.training.updating import Options

from ..controls import Settings
from .continued import Continued
from .network import batch_rows, penalties_for, rule_for, schedule_for, set_dropout, with_some_momentum

Array = np.ndarray[Any, Any]
#: more steps than an epoch has: nothing is ever frozen, so updates need not be counted epoch by epoch
ENDLESS = 1 << 62
#: rows of numbers that are made at once: they cost more one by one
AHEAD = 1024


@dataclass(slots=True)
class Programs:
    """The compiled steps of one network on its data, by what of the settings chooses their structure.

    ``model`` and ``loss`` belong to the programs alone: one thread may have a program made while another one trains.
    """

    model: nn.Module
    loss: Loss
    samples: Samples
    testing: Samples
    known: dict[tuple[Any, ...], StepProgram] = field(default_factory=dict)
    _evaluation: Evaluation | None = field(default=None, init=False)
    _turn: Lock = field(default_factory=Lock, init=False)  # of whoever records

    def has(self, settings: Settings, feed: Feed) -> bool:
        """Whether all that training needs under these settings is there."""
        return _structure(settings, feed) in self.known and self._evaluation is not None

    def prepare(self, settings: Settings, feed: Feed) -> None:
        """Compile what is not there yet. Another thread than that of the training may do so."""
        self.of(settings, feed)
        _ = self.evaluation

    @property
    def evaluation(self) -> Evaluation:
        """What gives the mean loss on what training never sees."""
        if self._evaluation is None:
            with self._turn:
                graph = record_evaluation(self.model, self.loss, self.testing.columns)
            self._evaluation = Evaluation(graph, self.testing, partial(compiled, level=QUICK))
        return self._evaluation

    def of(self, settings: Settings, feed: Feed) -> StepProgram:
        """The program of a step under these settings; compiled when it is first needed."""
        key = _structure(settings, feed)
        if key not in self.known:
            graph, watched = self._recorded(settings, feed)
            self.known[key] = StepProgram(graph, compiled(graph, feed.micro, level=QUICK), scalars_of(graph), watched)
        return self.known[key]

    def _recorded(self, settings: Settings, feed: Feed) -> tuple[Graph, list[str]]:
        """The graph of a step, and the parameters whose values have to stay finite."""
        with self._turn:
            rule = with_some_momentum(rule_for(settings))
            updates = Updates(self.model, rule, None, penalties_for(settings))
            set_dropout(self.model, settings["dropout"])
            options = Options(in_parts=feed.in_parts)
            graph = record_training(self.model, self.loss, updates.penalized, self.samples.columns, options)
            starts = {f"slot.{s}.{name}": v for name, (_, r) in updates.rules.items() for s, v in r.slots.items()}
            return graph, finite_parameters(graph, initial_state(self.model, self.loss, graph, starts))


def _structure(settings: Settings, feed: Feed) -> tuple[Any, ...]:
    """What chooses a program."""
    return settings["optimizer"], settings["dropout"], feed.micro, feed.in_parts


def initial_state(model: nn.Module, loss: Loss, graph: Any, starts: dict[str, float]) -> dict[str, Array]:
    """Aligned arrays for all state of a step: the model's first values, and the optimizer's."""
    given = {**state_of(model, loss), **captured_by(graph)}
    state: dict[str, Array] = {}
    for node in slots(graph):
        if isinstance(node.op, Slot) and node.op.space == "state":
            label = node.op.label
            state[label] = aligned_zeros([e for e in node.shape if isinstance(e, int)], node.dtype.numpy)
            state[label][...] = given[label] if label in given else starts.get(label, 0.0)
    for label, array in given.items():
        if label not in state:
            state[label] = aligned_zeros(array.shape, array.dtype)
            state[label][...] = array
    return state


def feed_for(settings: Settings, samples: Samples) -> Feed:
    """How an epoch goes through the rows."""
    batch, part, drop = batch_rows(settings, len(samples))
    return Feed(samples=samples, batch=batch, micro=part, sampler=Shuffled(), drop_last=drop)


@dataclass(frozen=True, slots=True)
class Table:
    """The numbers of the steps ``first`` to ``end``: a row for each part of a batch, and the learning rates."""

    first: int
    end: int
    rows: Array
    rates: Array

    def rate(self, step: int) -> float:
        """The learning rate of a step, counted from the first."""
        return float(self.rates[step if len(self.rates) > 1 else 0])


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """Settings that hold from step ``began`` on, where the schedule is at its step ``since``.

    The optimizer had taken ``before`` steps by then. ``ahead`` holds the numbers of the epochs that come.
    """

    program: StepProgram
    updates: Updates
    feed: Feed
    seed: int
    began: int
    since: int
    before: int
    ahead: list[Table] = field(default_factory=list)

    @staticmethod
    def of(programs: Programs, settings: Settings, *, began: int, since: int, before: int) -> Stretch:
        """The stretch of these settings from a step on."""
        feed = feed_for(settings, programs.samples)
        batches = len(feed.starts())
        whole = schedule_for(settings, settings["epochs"] * batches)
        schedule = None if whole is None else Continued(whole, since)
        updates = Updates(programs.model, rule_for(settings), None, penalties_for(settings), schedule)
        updates.before = dict.fromkeys(updates.before, before)
        updates.begin(1, ENDLESS, 1)
        return Stretch(
            program=programs.of(settings, feed),
            updates=updates,
            feed=feed,
            seed=settings["seed"],
            began=began,
            since=since,
            before=before,
        )

    def go_on_at(self, step: int) -> None:
        """Let the schedule know the rate before a step that is not the one after the last."""
        done = step - self.began
        for base, rates in self.updates.rates.items():
            rates.done, rates.last = done, base if not done else rates.schedule.rates(base, 1, start=done - 1)[0]

    def steps(self, epoch: Epoch, step: int) -> tuple[Steps, float]:
        """The steps of an epoch of which some are done, ``step`` of the course so far; and the rate of the first."""
        parts = epoch.parts
        if epoch.done:
            done = epoch.batches(epoch.done)
            left = parts.batch[epoch.done :] - done  # which of the batches that are left each part belongs to
            rest = self._table(step, len(epoch.ends) - done, left, parts.last[epoch.done :], parts.offset[epoch.done :])
            rows = np.concatenate([np.zeros((epoch.done, rest.rows.shape[1])), rest.rows])
            return Steps(parts.rows, parts.starts, rows), rest.rate(0)
        if not (self.ahead and self.ahead[-1].first <= step < self.ahead[-1].end):
            self.ahead[:] = [self._epochs_ahead(epoch, step)]
        epochs = (step - self.ahead[-1].first) // len(epoch.ends)
        rows = self.ahead[-1].rows[epochs * len(parts) : (epochs + 1) * len(parts)]
        return Steps(parts.rows, parts.starts, rows), self.ahead[-1].rate(step - self.ahead[-1].first)

    def _epochs_ahead(self, epoch: Epoch, step: int) -> Table:
        """The numbers of as many whole epochs as are worth making at once."""
        parts, batches = epoch.parts, len(epoch.ends)
        count = max(1, AHEAD // len(parts))
        which = np.tile(parts.batch, count) + np.repeat(np.arange(count) * batches, len(parts))
        return self._table(step, count * batches, which, np.tile(parts.last, count), np.tile(parts.offset, count))

    def _table(self, step: int, count: int, which: Array, last: Array, offset: Array) -> Table:
        """The numbers of ``count`` batches from a step on; a row for each part, of batch ``which``."""
        numbers = self.updates.scalars(step - self.began, count)
        low, high = split_seed(self.seed)
        columns: dict[str, Any] = {n: v[which] if isinstance(v, np.ndarray) else v for n, v in numbers.items()}
        columns.update({"step": step + which, "seed.low": low, "seed.high": high, "last": last, "offset": offset})
        rates = next(value for name, value in numbers.items() if name.endswith(RATE))
        return Table(step, step + count, table_of(self.program.scalars, columns, len(which)), np.ravel(rates))

    def order(self, epoch: int) -> Array:
        """The rows of an epoch, in their order."""
        return self.feed.order(self.seed, epoch)
