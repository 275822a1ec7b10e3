"""A small training on the engine: a network of 2-16-16-1 that learns two moons, and what it says over the plane."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

import sklon
from sklon import nn, optim

from ..apparatus import moons, network
from .frames import Planes

ROWS, BATCH, NOISE, STEPS = 256, 32, 0.15, 4
SIDE = 64
#: the plane that is shown: x and y from, to
X, Y = (-1.6, 2.6), (-1.7, 2.5)


@dataclass(frozen=True, slots=True)
class Frame:
    """Where the training stands. ``boundary`` is the probability of class 1 as bytes [64, 64], the top row first."""

    step: int
    epoch: float
    losses: Mapping[str, float]
    boundary: Planes


class Small:
    """Trains ``STEPS`` steps a frame."""

    def __init__(self, lr: float = 0.01, seed: int = 0) -> None:
        random = np.random.default_rng(seed)
        self.x, self.y = moons(ROWS, NOISE, random)
        self._random = random
        sklon.manual_seed(seed)
        model = network((2, 16, 16, 1))
        optimizer = optim.Adam(model.parameters(), lr=lr)
        self._optimizer = optimizer
        self.done = 0
        self._grid = sklon.tensor(_grid())

        @sklon.jit
        def step(x: sklon.Tensor, y: sklon.Tensor) -> sklon.Tensor:
            loss = nn.functional.binary_cross_entropy_with_logits(model(x), y)
            loss.backward()
            optimizer.step()
            optimizer.zero_grad()
            return loss

        @sklon.jit
        def look(x: sklon.Tensor) -> sklon.Tensor:
            return sklon.sigmoid(model(x))

        self._step, self._look = step, look

    @property
    def points(self) -> list[tuple[float, float, float]]:
        """The samples in the unit square."""
        x, y = ((self.x[:, k] - low) / (high - low) for k, (low, high) in enumerate((X, Y)))
        return list(zip(x, y, self.y[:, 0], strict=True))

    def frame(self) -> Frame:
        """Train a little, and show where it stands."""
        loss = 0.0
        for _ in range(STEPS):
            rows = self._random.choice(ROWS, BATCH, replace=False)
            loss = self._step(sklon.tensor(self.x[rows]), sklon.tensor(self.y[rows])).item()
        self.done += STEPS
        heights = self._look(self._grid).numpy().reshape(SIDE, SIDE)
        planes = np.clip(np.rint(255 * heights), 0, 255).astype(np.uint8)
        return Frame(self.done, self.done * BATCH / ROWS, MappingProxyType({"train": loss}), planes)


def _grid() -> np.ndarray:
    x, y = np.meshgrid(np.linspace(*X, SIDE), np.linspace(*Y[::-1], SIDE))
    return np.stack([x.ravel(), y.ravel()], axis=1)
