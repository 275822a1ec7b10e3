"""The network of a run and its training by settings: the only room of ``runs`` that touches tensors.

The network itself is the estimators' (``estimators.tabular.network``); here settings become its sizes and its trainer.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sklon._base.errors import InputError
from sklon.compiler.native import host, why_absent
from sklon.data import Inputs, Preparation
from sklon.estimators.tabular.fitting import Weights, weights_of
from sklon.estimators.tabular.network import Architecture, TableNet
from sklon.estimators.tabular.regimen import choose_batch_size
from sklon.optim import EMA, ClipNorm, MuonRule, Rule
from sklon.optim.named import rule_of
from sklon.tensors.modes import seeded
from sklon.training import Trainer
from sklon.training.checkpoints import Checkpoints

from .settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitted:
    """What training leaves: weights, a row per epoch, why it stopped, and how large its batches were."""

    weights: Weights
    history: tuple[dict[str, Any], ...]
    stopped: dict[str, Any]
    batch_size: int
    seconds: float  # of training, what went before a checkpoint included


def architecture_for(preparation: Preparation, settings: Settings) -> Architecture:
    """The network of these settings that fits the prepared inputs and the target."""
    return Architecture.for_preparation(
        preparation,
        hidden=settings.hidden,
        dropout=settings.dropout,
        activation=settings.activation,
        batch_norm=settings.batch_norm,
    )


def fit_network(
    architecture: Architecture,
    loss: str,
    training: tuple[Inputs, NDArray[Any]],
    validation: tuple[Inputs, NDArray[Any]],
    settings: Settings,
    *,
    progress: bool,
    checkpoints: Checkpoints | None = None,
    resume: bool = False,
) -> Fitted:
    """Train a network of this architecture; Ctrl-C ends the training, not the process.

    With ``resume`` it goes on from the newest of the checkpoints.
    """
    with seeded(settings.seed):
        model = TableNet(architecture)
    rows = len(training[1])
    by_sign = settings.optimizer == "rprop" and settings.batch_size == "auto"
    batch_size = choose_batch_size("full" if by_sign else settings.batch_size, rows)
    trainer = Trainer(
        model,
        loss=loss,
        optimizer=rule_for(settings),
        schedule=settings.schedule,
        l1=settings.l1,
        l2=settings.l2,
        weight_decay=settings.decay,
        clip=None if settings.clip_norm is None else ClipNorm(settings.clip_norm),
        average=None if settings.averaged is None else EMA(settings.averaged, warmup=True),
        seed=settings.seed,
        memory_limit=settings.memory_limit,
    )
    balance = settings.class_weight == "balanced"
    started = time.perf_counter()
    trainer.fit(
        _balanced(training, training[1]) if balance else training,
        epochs=settings.epochs,
        batch_size=batch_size,
        micro_batch_size=settings.micro_batch_size,
        drop_last=settings.batch_norm and rows % batch_size == 1,
        validation=_balanced(validation, training[1]) if balance else validation,
        early_stopping=settings.early_stopping,
        time_limit=settings.time_limit,
        checkpoints=checkpoints,
        resume=resume,
        progress=progress,
    )
    assert trainer.stopped is not None
    weights = weights_of(model)
    judged = any(np.isfinite(loss) for loss in trainer.history.curve("validation_loss"))
    grew_at_once = trainer.stopped.reason == "non_finite" and not judged
    if grew_at_once or not all(np.isfinite(weight).all() for weight in weights.values()):
        raise InputError(f"the training came to nothing. {trainer.stopped.sentence}")
    words = {name: getattr(trainer.stopped, name) for name in ("reason", "epoch", "best_epoch", "sentence")}
    history = tuple({name: _plain(value) for name, value in row.items()} for row in trainer.history)
    seconds = max(time.perf_counter() - started, *(row["seconds"] for row in history[-1:]), 0.0)
    return Fitted(weights=weights, history=history, stopped=words, batch_size=batch_size, seconds=seconds)


def rule_for(settings: Settings) -> Rule:
    """The update rule of a name at its rate; Muon's own decay of 0.1 is left to --weight-decay.

    >>> rule_for(Settings.from_words({"optimizer": "muon"})).weight_decay
    0.0
    """
    rule = rule_of(settings.optimizer, settings.learning_rate)
    return replace(rule, weight_decay=0.0) if isinstance(rule, MuonRule) else rule


def _balanced(rows: tuple[Inputs, NDArray[Any]], seen: NDArray[Any]) -> tuple[Inputs, NDArray[Any], NDArray[Any]]:
    """Rows with weights under which each class of the training rows counts the same; their mean there is 1."""
    labels, counts = np.unique(seen.ravel(), return_counts=True)
    weight = dict(zip(labels.tolist(), (len(seen) / (len(labels) * counts)).tolist(), strict=True))
    return (*rows, np.array([weight.get(label, 1.0) for label in rows[1].ravel().tolist()]))


def instruction_set() -> str:
    """What of the processor decides the bits of a run: its family, the width of its vectors, fused products."""
    if why_absent() is not None:
        return "interpreted with NumPy"
    target = host()
    fused = "fused" if target.fma else "separate"
    return f"{target.triple.split('-')[0]}, {8 * target.vector_bytes}-bit vectors, {fused} multiply-add"


def _plain(value: float) -> int | float:
    """A number of Python's own, whole where it counts something."""
    return int(value) if isinstance(value, int | np.integer) else float(value)
