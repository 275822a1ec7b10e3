"""Full-batch descent over many steps: the curve of the loss, recorded every few steps."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np

from sklon import Trainer, nn
from sklon.optim import Rule

Array: TypeAlias = np.ndarray[Any, Any]


def loss_curve(model: nn.Module, data: tuple[Array, Array], *, loss: str, rule: Rule, steps: int, every: int) -> Array:
    """The mean loss of each ``every`` steps in a row, of which each takes all rows of the data.

    An epoch is that many copies of the data, so that its steps run natively one after the other.
    """
    inputs, targets = data
    trainer = Trainer(model, loss=loss, optimizer=rule)
    copies = np.tile(inputs, (every, 1)), np.tile(targets, (every, 1))
    history = trainer.fit(copies, epochs=-(-steps // every), batch_size=len(inputs), shuffle=False)
    return np.asarray(history.curve("train_loss"))


def steps_to(curve: Array, level: float, every: int) -> float:
    """After how many steps a curve first falls to a level, between two records by its logarithm; inf for never."""
    reached = np.flatnonzero(curve <= level)
    if not len(reached):
        return float("inf")
    last = int(reached[0])
    if last == 0:
        return 0.0
    above, at = np.log(curve[last - 1]), np.log(curve[last])
    return float(every * (last - (np.log(level) - at) / (above - at)))
