"""A small training on the engine: a network of 2-16-16-1 that learns two moons, and what it says over the plane."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from threading import Lock
from types import MappingProxyType
from typing import Any

import numpy as np

import sklon
from sklon import nn, optim

from ..apparatus import moons, network
from .frames import Planes

Array = np.ndarray[Any, Any]

ROWS, BATCH, NOISE, RATE = 256, 32, 0.15, 0.01
#: steps from one frame to the next
STEPS = 4
SIDE = 64
#: the plane that is shown: x and y from, to
X, Y = (-1.6, 2.6), (-1.7, 2.5)


@dataclass(frozen=True, slots=True)
class Stand:
    """Where the training stands. ``boundary`` is the probability of class 1 as bytes [64, 64], the top row first."""

    step: int
    epoch: float
    losses: Mapping[str, float]
    boundary: Planes


class Small:
    """A session that trains while it is looked at: ``STEPS`` steps for each frame."""

    def __init__(self, seed: int = 0) -> None:
        self.x, self.y = moons(ROWS, NOISE, np.random.default_rng(seed))
        self._seed, self._playing, self._turn = seed, False, Lock()
        sklon.manual_seed(seed)
        self._model = network((2, 16, 16, 1))
        self._optimizer = optim.Adam(self._model.parameters(), lr=RATE)
        self._first = self._model.state_dict(), self._optimizer.state_dict()
        self._step, self._look = _compiled(self._model, self._optimizer)
        self._begin()

    @property
    def points(self) -> list[tuple[float, float, float]]:
        """The samples in the unit square: x, y, class."""
        x, y = ((self.x[:, k] - low) / (high - low) for k, (low, high) in enumerate((X, Y)))
        return list(zip(x, y, self.y[:, 0], strict=True))

    def play(self) -> None:
        """Train at each look."""
        self._playing = True

    def pause(self) -> Stand:
        """Train no more."""
        self._playing = False
        return self._stand

    def step(self) -> Stand:
        """Train a little, and pause."""
        with self._turn:
            self._playing = False
            return self._train()

    def restart(self) -> Stand:
        """Begin anew."""
        with self._turn:
            return self._begin()

    def frame(self) -> Stand:
        """Where it stands."""
        with self._turn:
            return self._train() if self._playing else self._stand

    def close(self) -> None:
        """Train no more."""
        self._playing = False

    def _begin(self) -> Stand:
        model, optimizer = self._first
        self._model.load_state_dict(model)
        self._optimizer.load_state_dict(optimizer)
        self._random, self._done = np.random.default_rng(self._seed), 0
        return self._seen()

    def _train(self) -> Stand:
        for _ in range(STEPS):
            rows = self._random.choice(ROWS, BATCH, replace=False)
            self._step(sklon.tensor(self.x[rows]), sklon.tensor(self.y[rows]))
        self._done += STEPS
        return self._seen()

    def _seen(self) -> Stand:
        said = self._look(sklon.tensor(self.x)).numpy()
        loss = -float(np.log(np.where(self.y == 1, said, 1 - said)).mean())
        heights = self._look(GRID).numpy().reshape(SIDE, SIDE)
        boundary = np.clip(np.rint(255 * heights), 0, 255).astype(np.uint8)
        self._stand = Stand(self._done, self._done * BATCH / ROWS, MappingProxyType({"training": loss}), boundary)
        return self._stand


def _compiled(model: nn.Module, optimizer: optim.Optimizer) -> tuple[Any, Any]:
    """A training step, and the probabilities of class 1."""

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

    return step, look


def _grid() -> Array:
    x, y = np.meshgrid(np.linspace(*X, SIDE), np.linspace(*Y[::-1], SIDE))
    return np.stack([x.ravel(), y.ravel()], axis=1)


GRID = sklon.tensor(_grid())
