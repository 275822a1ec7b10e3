"""The network for tables, and its training: the only room of ``runs`` that touches tensors.

::

    hidden = W x + b + Σ_j P_j E_j[codes_j]      an embedding E_j and a projection P_j per embedded column
    output = Linear(… f(Linear(f(hidden))) …)    f = Dropout ∘ activation ∘ BatchNorm, each if asked for

An ``Architecture`` is a value that JSON can hold; weights come and go as NumPy arrays named as PyTorch would
(``weight`` is out × in).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from sklon import nn
from sklon._base.errors import InputError
from sklon.compiler.native import host, why_absent
from sklon.data import Inputs, Preparation
from sklon.optim import EMA, ClipNorm, MuonRule, Rule
from sklon.optim.named import rule_of
from sklon.tensors import Tensor
from sklon.tensors.modes import manual_seed
from sklon.training import Trainer
from sklon.training.checkpoints import Checkpoints

from .settings import Settings

Weights: TypeAlias = dict[str, NDArray[Any]]

LARGEST_BATCH = 256
SMALLEST_BATCH = 16
STEPS_PER_EPOCH = 16
"""Small tables get smaller batches, so that an epoch has at least so many steps."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Architecture:
    """The sizes of the network: inputs, (count, dimension) of each embedding, hidden layers, outputs."""

    features: int
    embeddings: tuple[tuple[int, int], ...]
    hidden: tuple[int, ...]
    dropout: float
    outputs: int
    activation: str = "relu"
    batch_norm: bool = False

    @classmethod
    def for_preparation(cls, preparation: Preparation, settings: Settings) -> Architecture:
        """The network that fits the prepared inputs and the target."""
        return cls(
            features=preparation.features,
            embeddings=tuple((recipe.count, recipe.dimension) for recipe in preparation.embedded),
            hidden=settings.hidden,
            dropout=settings.dropout,
            outputs=preparation.target.outputs,
            activation=settings.activation,
            batch_norm=settings.batch_norm,
        )

    def to_json(self) -> dict[str, Any]:
        """The value as what ``json`` can write."""
        return asdict(self)

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Architecture:
        """The value that ``to_json`` gave."""
        lists = {"embeddings": tuple(map(tuple, value["embeddings"])), "hidden": tuple(value["hidden"])}
        return cls(**dict(value) | lists)


ACTIVATIONS: dict[str, Callable[[], nn.Module]] = {
    "relu": nn.ReLU,
    "tanh": nn.Tanh,
    "gelu": nn.GELU,
    "silu": nn.SiLU,
    "elu": nn.ELU,
    "selu": nn.SELU,
    "leaky_relu": nn.LeakyReLU,
    "mish": nn.Mish,
    "softplus": nn.Softplus,
    "sigmoid": nn.Sigmoid,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitted:
    """What training leaves: weights, a row per epoch, why it stopped, and how large its batches were."""

    weights: Weights
    history: tuple[dict[str, Any], ...]
    stopped: dict[str, Any]
    batch_size: int
    seconds: float  # of training, what went before a checkpoint included


class TableNet(nn.Module):
    """The network of the module's docstring: ``forward(x, *codes)``."""

    def __init__(self, architecture: Architecture) -> None:
        super().__init__()
        first, *others = architecture.hidden
        self.columns = len(architecture.embeddings)
        self.input = nn.Linear(architecture.features, first)
        for j, (count, dimension) in enumerate(architecture.embeddings):
            setattr(self, f"embedding_{j}", nn.Embedding(count, dimension))
            setattr(self, f"projection_{j}", nn.Linear(dimension, first, bias=False))
        layers: list[nn.Module] = []
        for width, following in zip(architecture.hidden, (*others, architecture.outputs), strict=True):
            if architecture.batch_norm:
                layers.append(nn.BatchNorm1d(width))
            layers.append(ACTIVATIONS[architecture.activation]())
            if architecture.dropout:
                layers.append(nn.Dropout(architecture.dropout))
            layers.append(nn.Linear(width, following))
        self.layers = nn.Sequential(*layers)

    def forward(self, x: Tensor, *codes: Tensor) -> Tensor:
        """Outputs [rows, outputs] of X [rows, features] and codes [rows] each."""
        hidden = self.input(x)
        for j, code in enumerate(codes):
            embedded = getattr(self, f"embedding_{j}")(code)
            hidden = hidden + getattr(self, f"projection_{j}")(embedded)
        outputs: Tensor = self.layers(hidden)
        return outputs


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
    manual_seed(settings.seed)
    model = TableNet(architecture)
    model.load_state_dict(_unknown_is_zero(_weights_of(model)))
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
        weight_decay=settings.weight_decay,
        clip=None if settings.clip_norm is None else ClipNorm(settings.clip_norm),
        average=None if settings.ema is None else EMA(settings.ema, warmup=True),
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
    weights = _weights_of(model)
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


def outputs_of(architecture: Architecture, weights: Weights, loss: str, inputs: Inputs) -> NDArray[Any]:
    """The raw outputs, [rows, outputs], of the network with these weights."""
    model = TableNet(architecture)
    model.load_state_dict(weights)
    return np.asarray(Trainer(model, loss=loss).predict(inputs))


def instruction_set() -> str:
    """What of the processor decides the bits of a run: its family, the width of its vectors, fused products."""
    if why_absent() is not None:
        return "interpreted with NumPy"
    target = host()
    fused = "fused" if target.fma else "separate"
    return f"{target.triple.split('-')[0]}, {8 * target.vector_bytes}-bit vectors, {fused} multiply-add"


def choose_batch_size(asked: int | str, rows: int) -> int:
    """Rows per step: what was asked for, all, or a power of two that leaves enough steps in an epoch.

    >>> choose_batch_size("auto", 20_000), choose_batch_size("auto", 600), choose_batch_size("full", 600)
    (256, 32, 600)
    """
    if asked == "full":
        return rows
    if isinstance(asked, int):
        return min(asked, rows)
    fitting = 1 << max(0, (rows // STEPS_PER_EPOCH).bit_length() - 1)
    return min(rows, LARGEST_BATCH, max(SMALLEST_BATCH, fitting))


def _plain(value: float) -> int | float:
    """A number of Python's own, whole where it counts something."""
    return int(value) if isinstance(value, int | np.integer) else float(value)


def _weights_of(model: nn.Module) -> Weights:
    return {name: np.array(value) for name, value in model.state_dict().items()}


def _unknown_is_zero(weights: Weights) -> Weights:
    """The weights with code 0 of every embedding at zero: the unknown adds nothing unless trained to."""
    for name, weight in weights.items():
        if name.startswith("embedding_"):
            weight[0] = 0.0
    return weights
