"""A stretch of training under equal settings: the compiled step, and the numbers that it reads in each step.

The step is the Trainer's own graph, and so are its numbers; so a Trainer that is told the same settings makes the same
bits. What changes with a number is the table of numbers alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from sklon import nn
from sklon._base.philox import split_seed
from sklon.compiler.cache import compiled
from sklon.compiler.executable import Steps, aligned_zeros
from sklon.data.sampling import Shuffled
from sklon.graph.node import Slot, slots
from sklon.nn import Loss
from sklon.training.arrays import Samples
from sklon.training.captured import captured_by
from sklon.training.diagnosis import finite_parameters
from sklon.training.epoch import Epoch
from sklon.training.evaluation import scalars_of, state_of, table_of
from sklon.training.feed import Feed
from sklon.training.run import StepProgram
from sklon.training.step import record_training
from sklon.training.updates import RATE, Updates
from sklon.training.updating import Options

from ..controls import Settings
from .continued import Continued
from .network import batch_rows, penalties_for, rule_for, schedule_for, set_dropout, with_some_momentum

Array = np.ndarray[Any, Any]
#: more steps than an epoch has: nothing is ever frozen, so updates need not be counted epoch by epoch
ENDLESS = 1 << 62


@dataclass(slots=True)
class Programs:
    """The compiled steps of one network on its data, by what of the settings chooses their structure."""

    model: nn.Module
    loss: Loss
    samples: Samples
    known: dict[tuple[Any, ...], StepProgram]

    def of(self, settings: Settings, feed: Feed) -> StepProgram:
        """The program of a step under these settings; compiled when it is first needed."""
        key = (settings["optimizer"], settings["dropout"], feed.micro, feed.in_parts)
        if key not in self.known:
            rule = with_some_momentum(rule_for(settings))
            updates = Updates(self.model, rule, None, penalties_for(settings))
            set_dropout(self.model, settings["dropout"])
            options = Options(in_parts=feed.in_parts)
            graph = record_training(self.model, self.loss, updates.penalized, self.samples.columns, options)
            starts = {f"slot.{s}.{name}": v for name, (_, r) in updates.rules.items() for s, v in r.slots.items()}
            state = initial_state(self.model, self.loss, graph, starts)
            watched = finite_parameters(graph, state)
            self.known[key] = StepProgram(graph, compiled(graph, feed.micro), scalars_of(graph), watched)
        return self.known[key]


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """Settings that hold from step ``began`` on, where the schedule is at its step ``since``.

    The optimizer had taken ``before`` steps by then.
    """

    program: StepProgram
    updates: Updates
    feed: Feed
    seed: int
    began: int
    since: int
    before: int

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
        parts, done = epoch.parts, epoch.batches(epoch.done)
        left = parts.batch[epoch.done :] - done  # which of the batches that are left each part belongs to
        numbers = self.updates.scalars(step - self.began, len(epoch.ends) - done)
        low, high = split_seed(self.seed)
        columns: dict[str, Any] = {n: v[left] if isinstance(v, np.ndarray) else v for n, v in numbers.items()}
        columns.update({"step": step + left, "seed.low": low, "seed.high": high})
        columns.update({"last": parts.last[epoch.done :], "offset": parts.offset[epoch.done :]})
        table = np.zeros((len(parts), len(self.program.scalars)))
        table[epoch.done :] = table_of(self.program.scalars, columns, len(left))
        rate = next(value for name, value in numbers.items() if name.endswith(RATE))
        return Steps(parts.rows, parts.starts, table), float(np.ravel(rate)[0])

    def order(self, epoch: int) -> Array:
        """The rows of an epoch, in their order."""
        return self.feed.order(self.seed, epoch)
