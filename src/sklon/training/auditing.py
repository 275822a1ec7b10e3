"""The audit of a trainer: its model and loss, in training mode, on rows with which its next epoch begins."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sklon._base.errors import InputError
from sklon.calculus import Audit, audit
from sklon.calculus.checks.bench import left_unchanged

from .losses import loss_for
from .rehearsal import feed_like_fit

if TYPE_CHECKING:
    from .trainer import Trainer


def audited(trainer: Trainer, data: Any, rows: int, entries: int) -> Audit:
    """The gradients of a trainer's model, as :meth:`Trainer.audit` says."""
    feed = feed_like_fit(trainer, data)
    stretches = feed.stretches(trainer.seed, trainer.epoch)
    stretch = next(stretches)
    stretches.close()
    batch = stretch.samples.at(stretch.rows[:rows])
    if batch.weight is not None:
        raise InputError("an audit looks at inputs and targets; leave the weights out, which only scale rows")
    with left_unchanged(trainer.model):
        trainer.model.train()
        loss = loss_for(trainer.loss, batch)
        return audit(trainer.model, loss, (batch.inputs, batch.target), rows=rows, entries=entries, seed=trainer.seed)
