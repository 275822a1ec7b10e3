"""A fit that is not run: the graph of its step, with the arrays and the scalars of its first epoch.

Everything works on a twin of the trainer and on copies of its values, so nothing that it looks at changes. What is
bound is what the fit itself would bind: the same program over the same rows in the same order.
"""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from sklon.compiler.executable import Executable, Steps
from sklon.graph.node import Graph

from .checks import checked
from .epoch import Epoch
from .feed import Feed, feed_of
from .run import Run

if TYPE_CHECKING:
    from .trainer import Trainer

Array = np.ndarray[Any, Any]


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """A step as graph and machine code, and the steps of an epoch with what they read."""

    graph: Graph
    code: Executable
    arrays: dict[str, Array]
    steps: Steps


def rehearsed(trainer: Trainer, data: Any, **batches: Any) -> Rehearsal:
    """The next epoch of ``trainer.fit(data, **batches)``; of data in blocks, as much as lies in memory together.

    ``batches`` are ``batch_size``, ``micro_batch_size``, ``shuffle`` and ``drop_last``, and ``validation`` where a
    fraction is left out. Raises as ``fit`` does.
    """
    feed = feed_like_fit(trainer, data, **batches)
    run = Run(twin_of(trainer), feed, None)
    epoch = Epoch.of(feed.parts)
    stretches = feed.stretches(trainer.seed, trainer.epoch)
    stretch = next(stretches)
    stretches.close()
    some = slice(stretch.first, stretch.last)
    starts = epoch.parts.starts[some] - stretch.origin
    steps = Steps(epoch.parts.rows[some], starts, run.scalar_table(epoch)[some])
    return Rehearsal(run.program.graph, run.program.code, {**run.state, **stretch.arrays()}, steps)


def twin_of(trainer: Trainer) -> Trainer:
    """A trainer over the same model whose counters and updates are its own; a run copies the values."""
    other = copy(trainer)
    other.updates = copy(trainer.updates)
    other.updates.read()
    return other


def feed_like_fit(trainer: Trainer, data: Any, **batches: Any) -> Feed:
    """The rows and batches of a fit, checked as a fit does."""
    feed, _ = feed_of(data, seed=trainer.seed, **batches)
    feed = replace(feed, samples=checked(trainer.model, trainer.loss, feed.samples))
    feed.check(trainer.model)
    return feed
