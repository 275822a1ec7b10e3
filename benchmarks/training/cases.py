"""What is trained: networks, data and settings, the same for every system."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
LEARNING_RATE, MOMENTUM, WEIGHT_DECAY = 1e-3, 0.9, 0.01


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A perceptron with ReLU between its layers, and how it is trained; ``rows`` are a multiple of ``batch``.

    ``loss`` is "binary" or "classes"; ``optimizer`` is "sgd", "momentum", "adam" or "adamw". With ``normal`` each
    hidden layer has batch normalization before ReLU, and ``dropout`` after it. ``wanted`` is how many times as fast as
    the fastest peer sklon shall be.
    """

    name: str
    widths: tuple[int, ...]
    loss: str
    optimizer: str
    batch: int
    rows: int
    wanted: float
    normal: bool = False
    dropout: float = 0.0

    @property
    def steps(self) -> int:
        """The steps of an epoch."""
        return self.rows // self.batch

    @property
    def multiply_adds(self) -> int:
        """Those of the products of a step: forward, and backward for weights and, but in the first layer, inputs."""
        sizes = [a * b for a, b in zip(self.widths, self.widths[1:], strict=False)]
        return self.batch * (3 * sum(sizes) - sizes[0])

    def data(self) -> tuple[Array, Array]:
        """Inputs [rows, features], float32, and labels [rows], int32, that follow from the inputs."""
        random = np.random.default_rng(0)
        X = random.standard_normal((self.rows, self.widths[0])).astype(np.float32)
        scores = X @ random.standard_normal((self.widths[0], max(2, self.widths[-1]))).astype(np.float32)
        return X, scores.argmax(axis=1).astype(np.int32)


CASES = (
    Case(name="small", widths=(32, 64, 64, 1), loss="binary", optimizer="adam", batch=64, rows=25_600, wanted=3.0),
    *(
        Case(name=f"large, {title}", widths=(784, 512, 512, 10), loss="classes", optimizer=rule, batch=128, rows=5120,
             wanted=1.7)
        for title, rule in (("momentum", "momentum"), ("Adam", "adam"))
    ),
    Case(name="normalized", widths=(100, 256, 256, 256, 10), loss="classes", optimizer="adamw", batch=256, rows=15_360,
         wanted=2.5, normal=True, dropout=0.1),
    Case(name="batch of one", widths=(784, 128, 10), loss="classes", optimizer="sgd", batch=1, rows=2000, wanted=2.5),
    Case(name="logistic regression", widths=(100, 1), loss="binary", optimizer="sgd", batch=100_000, rows=100_000,
         wanted=2.2),
)  # fmt: skip


def case_of(name: str) -> Case:
    """The case of this name."""
    return next(case for case in CASES if case.name == name)
