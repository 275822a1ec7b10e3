"""What the page shows of a moment in every frame, as values: computed beside the event loop, drawn in the browser."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias
from zlib import crc32

import numpy as np

from sklon.data import MULTICLASS
from sklon.lab.playground import Explanation, Moment, accuracy, boundary, explanation, fitted, query_of
from sklon.lab.playground.views import ends

from ..controls import Settings
from .boundary import Curves, Point
from .frames import Planes

Array = np.ndarray[Any, Any]
#: y of a probability, with a margin
SHARES = (-0.1, 1.1)


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """One moment to show: planes over two inputs, else curves [curves, places] over one; and how good it is.

    ``settings`` is the digest of those under which it was computed.
    """

    moment: Moment
    planes: Planes | None
    curves: Curves | None
    accuracy: float | None
    explanation: Explanation | None
    settings: int


#: a scene for each of the runs that there are
Scenes: TypeAlias = tuple[Scene, ...]


def scenes(moments: tuple[Moment, ...]) -> Scenes:
    """What is to be seen of moments of the runs that there are."""
    return tuple(scene(moment) for moment in moments)


def scene(moment: Moment) -> Scene:
    """What is to be seen of a moment."""
    two = moment.bench.data.X.shape[1] == 2
    return Scene(
        moment,
        np.ascontiguousarray(boundary(moment).planes[:, ::-1]) if two else None,
        None if two else _curves(moment),
        accuracy(moment),
        explanation(moment),
        digest(moment.acted),
    )


def digest(settings: Settings) -> int:
    """A number for settings, by which a browser can tell what a frame was computed under."""
    return crc32(query_of(settings).encode())


def axes(moment: Moment) -> tuple[tuple[float, float], tuple[float, float]]:
    """The ends of the picture's two axes."""
    data = moment.bench.data
    if data.X.shape[1] == 2:
        return ends(data.X[:, 0]), ends(data.X[:, 1])
    return ends(data.X[:, 0]), SHARES if data.labels else ends(data.y)


def points(moment: Moment) -> list[Point]:
    """The samples in the unit square: x, y, class (or value from 0 to 1), whether it is a test."""
    data = moment.bench.data
    test = np.zeros(len(data.X))
    test[data.test] = 1
    target = data.y.ravel().astype(float)
    kind = target if data.labels else _share(target, ends(data.y))
    if data.X.shape[1] == 1 and not data.labels:
        kind = np.ones(len(target))  # their height says it all
    across, up = axes(moment)
    height = data.X[:, 1] if data.X.shape[1] == 2 else _height(target, data.task)
    rows = np.stack([_share(data.X[:, 0], across), _share(height, up), kind, test], axis=1)
    return [tuple(row) for row in rows.tolist()]


def _height(target: Array, task: str) -> Array:
    """Where a sample of one input stands: several classes share a line, since their curves are probabilities."""
    return np.zeros_like(target) if task == MULTICLASS else target


def _curves(moment: Moment) -> Curves:
    seen = fitted(moment)
    lines = seen.y.reshape(len(seen.x), -1).T
    low, high = axes(moment)[1]
    return np.asarray(np.nan_to_num(np.clip(_share(lines, (low, high)), -1.0, 2.0)))


def _share(values: Array, among: tuple[float, float]) -> Array:
    return np.asarray((values - among[0]) / (among[1] - among[0]))
