"""Averaged weights in a run: their values in place of the parameters', and batch norm's statistics for them.

The running estimates of a batch norm belong to the weights with which they were made. For other weights, such as
averages, they are computed anew: the mean over all batches of an epoch, in training mode, nothing else changing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np

from sklon._base.philox import split_seed
from sklon.compiler.cache import compiled
from sklon.compiler.executable import Steps
from sklon.graph.node import Graph, Slot
from sklon.nn import BatchNorm1d, Module
from sklon.optim import Rule
from sklon.optim.rules import TwoPoints

from .captured import captured_by
from .evaluation import scalars_of, table_of
from .feed import Feed
from .step import Columns, record_statistics

Array = np.ndarray[Any, Any]
AVERAGE, PARAMETER, BUFFER = "average.", "param.", "buffer."


def with_averages(state: Mapping[str, Array]) -> dict[str, Array]:
    """A state whose parameters have the values of their averages, where they have some."""
    found = {label: array for label, array in state.items() if not label.startswith(AVERAGE)}
    found.update({PARAMETER + n.removeprefix(AVERAGE): a for n, a in state.items() if n.startswith(AVERAGE)})
    return found


def at_the_averaged_point(state: Mapping[str, Array], rules: Mapping[str, tuple[str, Rule]]) -> dict[str, Array]:
    """A state whose parameters stand where their rule evaluates: schedule-free rules train at another point."""
    found = dict(state)
    for name, rule, slots in _with_two_points(state, rules):
        found[PARAMETER + name] = rule.averaged(state[PARAMETER + name], slots)
    return found


def at_the_trained_point(state: dict[str, Array], rules: Mapping[str, tuple[str, Rule]]) -> None:
    """Put parameters that were handed out back to where their rule trains, in place."""
    for name, rule, slots in _with_two_points(state, rules):
        state[PARAMETER + name][...] = rule.trained(state[PARAMETER + name], slots)


def _with_two_points(
    state: Mapping[str, Array], rules: Mapping[str, tuple[str, Rule]]
) -> Iterator[tuple[str, TwoPoints, dict[str, Array]]]:
    if not averages_itself(rules):
        return
    for name, (_, rule) in rules.items():
        slots = {s: state[f"slot.{s}.{name}"] for s in rule.slots if f"slot.{s}.{name}" in state}
        if isinstance(rule, TwoPoints) and len(slots) == len(rule.slots):  # frozen parameters have none
            yield name, rule, slots


def averages_itself(rules: Mapping[str, tuple[str, Rule]]) -> bool:
    """Whether a rule has a point of its own to evaluate at."""
    return any(issubclass(kind, TwoPoints) for kind in {type(rule) for _, rule in rules.values()})


def keeps_statistics(model: Module) -> bool:
    """Whether a layer of the model has running estimates that follow the batches."""
    return any(isinstance(m, BatchNorm1d) and m.follows_batches for m in model.modules())


class Recalibration:
    """Computes batch norm's running estimates for any weights, over the rows of a feed."""

    def __init__(self, model: Module, columns: Columns, feed: Feed, seed: int) -> None:
        with _averaging_all_batches(model):
            self.graph: Graph = record_statistics(model, columns)
        self.feed, self.seed = feed.in_order(), seed
        moved = [s.op.label for s, _ in self.graph.updates if isinstance(s.op, Slot)]
        self.counters = [label for label in moved if label.endswith("num_batches_tracked")]

    def __call__(self, state: Mapping[str, Array]) -> dict[str, Array]:
        """The state with estimates that belong to its weights."""
        feed, parts = self.feed, self.feed.parts
        new = {label: array.copy() if label.startswith(BUFFER) else array for label, array in state.items()}
        for label in self.counters:
            new[label][...] = 0
        low, high = split_seed(self.seed)
        columns = {"step": np.arange(len(parts)), "seed.low": low, "seed.high": high, "offset": parts.offset}
        table = table_of(scalars_of(self.graph), columns, len(parts))
        program, fixed = compiled(self.graph, feed.micro), {**new, **captured_by(self.graph)}
        for stretch in feed.stretches(self.seed, 0):
            steps = Steps(parts.rows, parts.starts - stretch.origin, table)
            program.run({**fixed, **stretch.arrays()}, steps, first=stretch.first, last=stretch.last)
        return new


@contextmanager
def _averaging_all_batches(model: Module) -> Iterator[None]:
    """While recording, running estimates are the plain mean over batches, whatever their momentum."""
    norms = [m for m in model.modules() if isinstance(m, BatchNorm1d)]
    before = [m.momentum for m in norms]
    try:
        for norm in norms:
            norm.momentum = None
        yield
    finally:
        for norm, momentum in zip(norms, before, strict=True):
            norm.momentum = momentum
