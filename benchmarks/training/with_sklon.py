"""The cases in sklon: one fit, whose epochs run natively."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np

from .cases import LEARNING_RATE, MOMENTUM, WEIGHT_DECAY, Array, Case

MODES = ("Trainer",)


def trainer_of(case: Case) -> tuple[Any, tuple[Array, Array]]:
    """The trainer of a case, and its data as sklon wants them."""
    from sklon import Trainer, nn, optim

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
    target = y.astype(np.float32)[:, None] if case.loss == "binary" else y
    loss = "bce_with_logits" if case.loss == "binary" else "cross_entropy"
    return Trainer(nn.Sequential(*layers), loss=loss, optimizer=rules[case.optimizer]), (X, target)


def train(case: Case, mode: str, threads: int, tick: Callable[[], bool]) -> None:
    """Train until ``tick``, called after every epoch, says no."""
    import sklon
    from sklon.training import Callback, Trainer
    from sklon.training.stopping import Reason

    class Tick(Callback):
        reads_model = False

        def on_epoch_end(self, trainer: Trainer, row: Any) -> Reason | None:
            return None if tick() else Reason("measured", "enough was measured")

    sklon.set_num_threads(threads)
    trainer, data = trainer_of(case)
    trainer.fit(data, epochs=10**9, batch_size=case.batch, callbacks=[Tick()])
