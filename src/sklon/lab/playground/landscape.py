"""The loss around the way that the parameters went: level lines in a plane, with the path of descent.

The plane goes through the point of now, along the two principal directions of the path: of the matrix P of the
parameters at the snapshots, minus those of now, the two right singular vectors with the largest singular values (Li et
al., *Visualizing the loss landscape of neural nets*, 2018, section 7). What of the path lies outside the plane is the
share that they do not explain.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from .moment import Moment

Array = np.ndarray[Any, Any]
#: points of the grid along each side, and how far it reaches around the path, as a share of its range
SIDE, AROUND = 21, 0.3
MOST_SIDE = 65
#: singular values below this share of the largest one span no direction
FLAT = 1e-6


@dataclass(frozen=True, slots=True, eq=False)
class Landscape:
    """Heights z[j, i] of the training loss at (x[i], y[j]), in units of the parameters, and the path [points, 2].

    The last point of the path is now, at (0, 0); ``steps`` are those of its points. ``explained`` are the shares of the
    path's squared length along the two directions.
    """

    x: Array
    y: Array
    z: Array
    path: Array
    steps: Array
    explained: tuple[float, float]


def landscape(moment: Moment, side: int = SIDE) -> Landscape:
    """The plane of a moment; the training loss is without dropout and penalties.

    >>> from sklon.lab.playground import Session, landscape
    >>> with Session() as session:
    ...     seen = landscape(session.step(50))
    >>> seen.z.shape, seen.path[-1].tolist()
    ((21, 21), [0.0, 0.0])
    """
    side = min(max(side, 2), MOST_SIDE)
    labels = [f"param.{name}" for name, _ in moment.bench.model.named_parameters()]
    now = flat(moment.state, labels)
    earlier = [one for one in moment.past if one.step < moment.step]
    steps = np.array([*(one.step for one in earlier), moment.step])
    moved = np.stack([*(flat(one.state, labels) - now for one in earlier), np.zeros_like(now)])
    directions, explained = principal(moved)
    path = moved @ directions.T
    x, y = (_axis(path[:, i], side) for i in range(2))
    grid = now + x[None, :, None] * directions[0] + y[:, None, None] * directions[1]
    z = np.stack([losses_at(moment, labels, row) for row in grid])
    return Landscape(x, y, z, path, steps, explained)


def flat(state: Any, labels: list[str]) -> Array:
    """All parameters as one vector of float64."""
    return np.concatenate([state[label].ravel() for label in labels]).astype(np.float64)


def principal(moved: Array) -> tuple[Array, tuple[float, float]]:
    """Two orthonormal directions [2, parameters] of rows [points, parameters], and the shares that they explain.

    Where the rows span fewer, the axes that are farthest from what there is take their place. The path comes from the
    negative side of the first one, so that a picture does not flip from frame to frame.
    """
    _, sizes, right = np.linalg.svd(moved, full_matrices=False)
    kept = [row for size, row in zip(sizes[:2], right, strict=False) if size > FLAT * max(float(sizes[0]), 1e-30)]
    for axis in np.argsort(np.abs(moved).sum(axis=0), kind="stable"):
        if len(kept) == 2:
            break
        unit = np.eye(1, moved.shape[1], int(axis))[0]
        rest = unit - sum((float(unit @ one) * one for one in kept), np.zeros_like(unit))
        kept += [rest / np.linalg.norm(rest)] if np.linalg.norm(rest) > 1e-3 else []
    kept += [np.zeros(moved.shape[1])] * (2 - len(kept))
    signed = [one if float((moved @ one).sum()) <= 0 else -one for one in kept]
    total = float((sizes**2).sum()) or 1.0
    along = [float(((moved @ one) ** 2).sum()) / total for one in signed]
    return np.stack(signed), (along[0], along[1])


def _axis(path: Array, side: int) -> Array:
    low, high = float(path.min()), float(path.max())
    room = AROUND * (high - low) or 0.5
    return np.linspace(low - room, high + room, side)


def losses_at(moment: Moment, labels: list[str], points: Array) -> Array:
    """The mean training loss at many points [count, parameters]; other state is the moment's."""
    state = {**moment.state, **{label: moment.state[label].copy() for label in labels}}
    cuts = np.cumsum([state[label].size for label in labels])[:-1]
    parts = [
        part.reshape(-1, *state[label].shape) for part, label in zip(np.split(points, cuts, 1), labels, strict=True)
    ]
    found = np.zeros(len(points))
    for i in range(len(points)):
        for label, values in zip(labels, parts, strict=True):
            state[label][...] = values[i]
        found[i] = moment.bench.training_loss(state)
    return found
