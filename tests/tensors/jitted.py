"""What the tests of ``sklon.jit`` train: a network with modules in modules, and its batches."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

import numpy as np

import sklon
from sklon import Tensor, nn

STEPS, ROWS, FEATURES = 50, 24, 6


class Net(nn.Module):
    """Modules in modules, with batch norm and dropout."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Linear(FEATURES, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Dropout(0.3))
        self.heads = nn.ModuleList([nn.Linear(8, 1), nn.Linear(8, 1)])

    def forward(self, x: Tensor) -> Tensor:
        hidden = self.body(x)
        return cast(Tensor, self.heads[0](hidden) + self.heads[1](hidden).tanh())


def batches(sizes: tuple[int, ...] = (ROWS,)) -> Iterator[tuple[Tensor, Tensor]]:
    rng = np.random.default_rng(3)
    for i in range(STEPS):
        X = rng.standard_normal((sizes[i % len(sizes)], FEATURES)).astype(np.float32)
        yield sklon.tensor(X), sklon.tensor((X[:, :1] > 0).astype(np.float32))


def equal(a: Any, b: Any) -> bool:
    """Whether two nests of numbers hold the same bits."""
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(equal(a[k], b[k]) for k in a)
    if isinstance(a, list):
        return len(a) == len(b) and all(map(equal, a, b))
    return bool(np.array_equal(a, b))
