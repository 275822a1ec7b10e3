"""A fit that is not run: the graph of its step, with the arrays and the scalars of its next epoch.

Everything works on a twin of the trainer and on copies of its values, so nothing that it looks at changes. What is
bound is what the fit itself would bind: the same program over the same rows in the same order.
"""

from __future__ import annotations

from copy import copy
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from sklon.compiler.executable import Steps
from sklon.compiler.limit import Limit
from sklon.compiler.view.subject import Subject

from .checks import checked
from .epoch import Epoch
from .feed import Feed, feed_of
from .run import Run

if TYPE_CHECKING:
    from .trainer import Trainer


def rehearsed(trainer: Trainer, data: Any, **batches: Any) -> Subject:
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
    steps = Steps(epoch.parts.rows[some], starts, run.scalar_table(epoch.parts, run.trainer.step, run.updates)[some])
    return Subject(
        title=f"training step of {type(trainer.model).__name__}",
        graph=run.program.graph,
        max_rows=feed.micro,
        arrays={**run.state, **stretch.arrays()},
        steps=steps,
        limit=Limit.of(trainer.memory_limit),
    )


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
