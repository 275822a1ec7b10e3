"""The target's own preparation: numbers standardised, labels counted, and the way back.

A target turns a column into what the loss compares with, and the network's raw outputs into predictions in
the words of the file. Both kinds are frozen values whose fields JSON can hold.
Shapes: outputs are [rows, outputs]; y is [rows, 1] in float32, or [rows] in int32 for several classes.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import frexp, ldexp
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from sklon._base.errors import InputError

from .spelling import places_of
from .table import Column, brief, number_of
from .task import BINARY, REGRESSION

Probabilities: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantity:
    """A number: the network learns (y - mean) / scale; predictions stay within the range that was seen."""

    name: str
    mean: float
    scale: float
    low: float
    high: float

    loss = "mse"
    outputs = 1

    def encode(self, column: Column) -> NDArray[np.float32]:
        """What the loss compares with, [rows, 1]. Raises InputError for numbers that float32 cannot hold beside it."""
        numbers = column.as_numbers()
        with np.errstate(over="ignore"):
            encoded = ((numbers - self.mean) / self.scale).astype(np.float32)
        if np.isinf(encoded).any():
            far = numbers[np.isinf(encoded)][0]
            raise InputError(
                "the column {column!r} holds {far:.4g}, but the rows that are trained on lie within "
                "{low:.4g} and {high:.4g}: that is too far away to be learned; leave such rows out",
                column=self.name,
                far=far,
                low=self.low,
                high=self.high,
            )
        return encoded[:, None]

    def decode(self, outputs: NDArray[Any]) -> NDArray[np.float64]:
        """Predictions in the target's unit, [rows]."""
        return np.clip(outputs[:, 0].astype(np.float64) * self.scale + self.mean, self.low, self.high)


@dataclass(frozen=True, slots=True, kw_only=True)
class Classes:
    """Labels as written, in order; with ``binary`` the network has one output, for the second label."""

    name: str
    labels: tuple[str, ...]
    binary: bool

    @property
    def loss(self) -> str:
        """The loss that follows from the number of classes."""
        return "bce_with_logits" if self.binary else "cross_entropy"

    @property
    def outputs(self) -> int:
        """How many numbers the network gives per row."""
        return 1 if self.binary else len(self.labels)

    def indices(self, column: Column) -> NDArray[np.int64]:
        """Which label each row has, [rows]; -1 where it is none of them."""
        places = {number_of(label, ","): i for i, label in enumerate(self.labels)}
        if column.numbers is None or None in places:
            return places_of(column.text, self.labels)
        return np.array([places.get(number, -1) for number in column.numbers.tolist()], dtype=np.int64)

    def encode(self, column: Column) -> NDArray[Any]:
        """What the loss compares with: [rows] in int32, or [rows, 1] in float32 for two classes."""
        indices = self.indices(column)
        if (unknown := np.flatnonzero(indices < 0)).size:
            label = column.text[unknown[0]]
            raise InputError(
                f"{column.name} has the label {label!r}, which no training row has; the known ones are "
                f"{', '.join(map(brief, self.labels))}"
            )
        return indices.astype(np.float32)[:, None] if self.binary else indices.astype(np.int32)

    def decode(self, outputs: NDArray[Any]) -> Probabilities:
        """The probability of each label, [rows, labels]."""
        logits = outputs.astype(np.float64)
        if self.binary:
            logits = np.concatenate([np.zeros_like(logits), logits], axis=1)
        powers = np.exp(logits - logits.max(axis=1, keepdims=True))
        return np.asarray(powers / powers.sum(axis=1, keepdims=True))


Target: TypeAlias = Quantity | Classes


def fit_target(column: Column, task: str) -> Target:
    """The target's preparation, from its training rows (without missing values)."""
    if task == REGRESSION:
        y = column.as_numbers()
        low, high = float(y.min()), float(y.max())
        unit = ldexp(1.0, frexp(max(-low, high))[1])  # squares of very small numbers would be zero
        scale = float(np.std(y / unit)) * unit
        return Quantity(name=column.name, mean=float(np.mean(y)), scale=scale or 1.0, low=low, high=high)
    return Classes(name=column.name, labels=_labels(column), binary=task == BINARY)


def _labels(column: Column) -> tuple[str, ...]:
    """The labels in order: numbers by value (written as they first occur), text by the alphabet."""
    if column.numbers is None:
        return tuple(sorted(set(column.text.tolist())))
    _, first = np.unique(column.numbers, return_index=True)
    return tuple(column.text[first].tolist())
