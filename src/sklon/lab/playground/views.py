"""What a page shows of a moment, as arrays: the boundary or the fitted curve, the curves of the losses, the weights.

Each view is a function of a moment alone and costs one run of a compiled program at the most. Colours and axes are the
reader's.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from sklon._base.errors import InputError
from sklon.data import BINARY, MULTICLASS

from .moment import Moment

Array = np.ndarray[Any, Any]
#: how far around the points a picture reaches, as a share of their range
MARGIN = 0.15
#: pixels of a boundary along each side, places of a fitted curve, points of a curve of losses
PIXELS, PLACES, MOST_POINTS = 64, 256, 400
#: the fewest and the most of these that are ever computed, whatever is asked for
FEWEST, FINEST = 2, 1024


@dataclass(frozen=True, slots=True, eq=False)
class Boundary:
    """What the network says over the plane: ``planes`` is uint8 [planes, size, size], rows from low x2 to high.

    A value v stands for low + (high − low)·v/255: the probability of class 1, or one plane for each class, or the value
    of a regression. ``x`` and ``y`` are the ends of the axes.
    """

    planes: Array
    low: float
    high: float
    x: tuple[float, float]
    y: tuple[float, float]


@dataclass(frozen=True, slots=True, eq=False)
class Fitted:
    """The fitted curve of one input: x [places] and y [places]; for two classes y is the probability of class 1."""

    x: Array
    y: Array


@dataclass(frozen=True, slots=True, eq=False)
class Losses:
    """Mean losses over the epochs, thinned to a bounded number of points; the last epoch is always there.

    ``training`` is the mean over the steps of an epoch, dropout included; ``testing`` that after it.
    """

    epochs: Array
    training: Array
    testing: Array


@dataclass(frozen=True, slots=True, eq=False)
class Weights:
    """A layer's weights [outputs, inputs] and its biases [outputs]."""

    name: str
    weight: Array
    bias: Array


def ends(points: Array) -> tuple[float, float]:
    """The ends of an axis that shows these points with a margin."""
    low, high = float(points.min()), float(points.max())
    room = MARGIN * (high - low) or 1.0
    return low - room, high + room


def boundary(moment: Moment, size: int = PIXELS) -> Boundary:
    """The boundary between the classes, or the surface of a regression. InputError for one input: see :func:`fitted`.

    >>> from sklon.lab.playground import Session, boundary
    >>> with Session() as session:
    ...     boundary(session.step(10)).planes.shape
    (1, 64, 64)
    """
    data = moment.bench.data
    if data.X.shape[1] != 2:
        raise InputError("a boundary lies in the plane of two inputs, and there is one; ask for the fitted curve")
    x, y, size = ends(data.X[:, 0]), ends(data.X[:, 1]), min(max(size, FEWEST), 4 * PIXELS)
    across, up = np.meshgrid(np.linspace(*x, size), np.linspace(*y, size))
    grid = np.stack([across.ravel(), up.ravel()], axis=1).astype(np.float32)
    outputs = _outputs(moment, f"grid of {size}", grid)
    values = _shown(moment, outputs).T.reshape(-1, size, size)
    low, high = (0.0, 1.0) if data.labels else ends(data.y)
    share = np.nan_to_num((values - low) / (high - low), nan=0.0)
    return Boundary(np.round(255 * np.clip(share, 0.0, 1.0)).astype(np.uint8), low, high, x, y)


def fitted(moment: Moment, places: int = PLACES) -> Fitted:
    """What the network says along one input. InputError for two inputs: see :func:`boundary`."""
    data = moment.bench.data
    if data.X.shape[1] != 1:
        raise InputError("a fitted curve has one input, and there are two; ask for the boundary")
    places = min(max(places, FEWEST), FINEST)
    x = np.linspace(*ends(data.X[:, 0]), places).astype(np.float32)
    outputs = _outputs(moment, f"line of {places}", x[:, None])
    values = _shown(moment, outputs)
    return Fitted(x, values[:, 0] if values.shape[1] == 1 else values)


def losses(moment: Moment, most: int = MOST_POINTS) -> Losses:
    """The curves of the losses: every point while they are few, then evenly chosen ones."""
    count, most = len(moment.training_curve), max(most, FEWEST)
    chosen = np.unique(np.linspace(0, count - 1, min(count, most)).round().astype(np.int64)) if count else np.arange(0)
    return Losses(chosen + 1, moment.training_curve[chosen], moment.testing_curve[chosen])


def weights(moment: Moment) -> tuple[Weights, ...]:
    """The weights of all linear layers, from the inputs to the output."""
    names = [name for name, p in moment.bench.model.named_parameters() if p.ndim == 2]
    return tuple(
        Weights(
            name.removesuffix(".weight"),
            moment.state[f"param.{name}"],
            moment.state[f"param.{name.removesuffix('weight')}bias"],
        )
        for name in names
    )


def accuracy(moment: Moment) -> float | None:
    """The share of the test points that are classified rightly; None for a regression."""
    data = moment.bench.data
    if not data.labels:
        return None
    X, y = data.testing
    outputs = _outputs(moment, "test points", X)
    found = outputs.argmax(axis=1) if data.task == MULTICLASS else (outputs[:, 0] > 0).astype(np.int64)
    return float((found == y.ravel().astype(np.int64)).mean())


def _outputs(moment: Moment, name: str, inputs: Array) -> Array:
    """Raw outputs at inputs: those of a training that has not begun are there before its programs are."""
    bench = moment.bench
    return (bench.outputs if moment.step else bench.first_outputs)(name, inputs, moment.state)


def _shown(moment: Moment, outputs: Array) -> Array:
    """Probabilities or values [rows, planes] of raw outputs."""
    raw = outputs.astype(np.float64)
    with np.errstate(all="ignore"):
        if moment.bench.data.task == BINARY:
            return np.asarray(0.5 * (1.0 + np.tanh(raw / 2)))
        if moment.bench.data.task == MULTICLASS:
            powers = np.exp(raw - raw.max(axis=1, keepdims=True))
            return np.asarray(powers / powers.sum(axis=1, keepdims=True))
    return raw
