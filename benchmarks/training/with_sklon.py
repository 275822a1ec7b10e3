"""The cases in sklon: one fit, whose epochs run natively."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np

from .cases import LEARNING_RATE, MOMENTUM, WEIGHT_DECAY, Case

MODES = ("Trainer",)


def train(case: Case, mode: str, threads: int, tick: Callable[[], bool]) -> None:
    """Train until ``tick``, called after every epoch, says no."""
    import sklon
    from sklon import Trainer, nn, optim
    from sklon.training import Callback
    from sklon.training.stopping import Reason

    sklon.set_num_threads(threads)
    X, y = case.data()
    layers: list[nn.Module] = []
    for i, (before, after) in enumerate(pairwise(case.widths)):
        layers.append(nn.Linear(before, after))
        if i < len(case.widths) - 2:
            layers += [nn.BatchNorm1d(after)] if case.normal else []
            layers += [nn.ReLU(), *([nn.Dropout(case.dropout)] if case.dropout else [])]
    rules: dict[str, Any] = {
        "sgd": optim.SGDRule(lr=LEARNING_RATE),
        "momentum": optim.SGDRule(lr=LEARNING_RATE, momentum=MOMENTUM),
        "adam": optim.AdamRule(lr=LEARNING_RATE),
        "adamw": optim.AdamWRule(lr=LEARNING_RATE, weight_decay=WEIGHT_DECAY),
    }

    class Tick(Callback):
        reads_model = False

        def on_epoch_end(self, trainer: Trainer, row: Any) -> Reason | None:
            return None if tick() else Reason("measured", "enough was measured")

    target = y.astype(np.float32)[:, None] if case.loss == "binary" else y
    loss = "bce_with_logits" if case.loss == "binary" else "cross_entropy"
    trainer = Trainer(nn.Sequential(*layers), loss=loss, optimizer=rules[case.optimizer])
    trainer.fit((X, target), epochs=10**9, batch_size=case.batch, callbacks=[Tick()])
