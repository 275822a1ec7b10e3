"""One fit: prepared rows to weights, with the best epoch's average kept; and outputs for other rows."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from sklon._base.errors import InputError
from sklon.data import Inputs
from sklon.nn import CrossEntropyLoss, EnsembleLoss, Loss, Module
from sklon.tensors.modes import seeded
from sklon.training import Trainer
from sklon.training.losses import loss_of

from .network import Architecture, TableNet
from .regimen import Regimen

Array = np.ndarray[Any, Any]
Weights: TypeAlias = dict[str, Array]
Rows: TypeAlias = tuple[Any, ...]
"""(inputs, targets), and weights of rows where there are some."""

BLOCK = 64
"""Rows that are predicted together: lanes run over them, and a short rest would be summed in another order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitted:
    """What training leaves: weights, a row per epoch, and why and where it stopped."""

    weights: Weights
    history: tuple[dict[str, Any], ...]
    reason: str
    sentence: str
    best_epoch: int


def fit(
    architecture: Architecture,
    loss: str,
    training: Rows,
    validation: Rows | None,
    regimen: Regimen,
    *,
    seed: int,
    time_limit: float | None = None,
    progress: bool = False,
) -> Fitted:
    """Train a network of this architecture from its seed.

    With smoothed labels the validation loss is the smoothed one too: a few rows that a network is wrong and sure of
    decide less (decision 0033). Raises InputError where the loss grows beyond all numbers in the first epoch, and warns
    where it does later.
    """
    with seeded(seed):
        model = TableNet(architecture)
    rows = len(training[1])
    epochs = regimen.epochs_for(rows)
    training = smoothed(training, loss, regimen.label_smoothing)
    validation = None if validation is None else smoothed(validation, loss, regimen.label_smoothing)
    trainer = regimen.trainer(model, member_loss(loss, architecture.members, regimen.label_smoothing), rows, seed)
    trainer.fit(
        training,
        epochs=epochs,
        batch_size=regimen.batch_rows(rows),
        validation=validation,
        early_stopping=None if validation is None else regimen.stopping(epochs),
        time_limit=time_limit,
        progress=progress,
    )
    assert trainer.stopped is not None
    weights = weights_of(model)
    grew = trainer.stopped.reason == "non_finite"
    if (grew and not len(trainer.history)) or not all(np.isfinite(weight).all() for weight in weights.values()):
        raise InputError(f"the training came to nothing. {trainer.stopped.sentence}")
    if grew:
        warnings.warn(trainer.stopped.sentence, UserWarning, stacklevel=2)
    return Fitted(
        weights=weights,
        history=tuple(dict(row) for row in trainer.history),
        reason=trainer.stopped.reason,
        sentence=trainer.stopped.sentence,
        best_epoch=trainer.stopped.best_epoch,
    )


def member_loss(loss: str, members: int, label_smoothing: float = 0.0) -> Loss:
    """The loss of this name, of each member by itself where there are several."""
    known = CrossEntropyLoss(label_smoothing=label_smoothing) if loss == "cross_entropy" else loss_of(loss, None)
    return known if members == 1 else EnsembleLoss(known)


def smoothed(rows: Rows, loss: str, label_smoothing: float) -> Rows:
    """Rows whose two classes are (ε/2, 1 − ε/2), which is what label smoothing is with one output.

    >>> smoothed((None, np.array([[0.0], [1.0]])), "bce_with_logits", 0.1)[1].ravel().round(3).tolist()
    [0.05, 0.95]
    """
    if loss != "bce_with_logits":
        return rows
    inputs, target, *weight = rows
    return inputs, (target * (1 - label_smoothing) + label_smoothing / 2).astype(target.dtype), *weight


def weights_of(model: Module) -> Weights:
    """The weights and statistics of a network, by PyTorch's names."""
    return {name: np.array(value) for name, value in model.state_dict().items()}


def outputs_of(architecture: Architecture, weights: Weights, loss: str, inputs: Inputs) -> Array:
    """The raw outputs, [rows, members, outputs], of the network with these weights."""
    return network_of(architecture, weights, loss)(inputs)


def network_of(architecture: Architecture, weights: Weights, loss: str) -> Callable[[Inputs], Array]:
    """The network with these weights, made once, as a function from inputs to raw outputs, [rows, members, outputs].

    Rows are filled up to whole blocks: what is said of a row does not depend on how many others there are.
    """
    with seeded(0):  # values that the weights replace
        model = TableNet(architecture)
    model.load_state_dict(weights)
    trainer = Trainer(model, loss=member_loss(loss, architecture.members))

    def outputs(inputs: Inputs) -> Array:
        rows = len(inputs[0])
        filled = tuple(np.concatenate([part, np.repeat(part[:1], -rows % BLOCK, axis=0)]) for part in inputs)
        found = np.asarray(trainer.predict(filled))[:rows]
        return found.reshape(rows, architecture.members, architecture.outputs)

    return outputs
