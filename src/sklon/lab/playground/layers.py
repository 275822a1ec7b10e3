"""What goes on inside each layer: histograms and norms of activations and gradients, and units that do nothing.

All training samples go through the network at once, without dropout; batch norm takes the statistics of that batch.
Gradients are those of the mean loss, without penalties.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from sklon import nn
from sklon.nn.activation import ACTIVATIONS
from sklon.nn.module import assign
from sklon.tensors import Tensor, autograd
from sklon.tensors.jit import jit
from sklon.training.step import state_tensors

from .moment import Moment

Array = np.ndarray[Any, Any]
#: (inputs, target) → outputs of the activations, and the gradient of each parameter
Look: TypeAlias = Callable[[Array, Array], tuple[list[Tensor], list[Tensor]]]
BINS = 32
#: outputs beyond which an activation's slope is below a twentieth of its largest, by its name
SATURATED = {"tanh": (-0.975, 0.975), "sigmoid": (0.0127, 0.9873)}
#: activations that are exactly 0 on a whole side, where no gradient comes through
SILENT = ("relu",)


@dataclass(frozen=True, slots=True, eq=False)
class Histogram:
    """How many values lie between ``edges[i]`` and ``edges[i + 1]``; ``outside`` are no finite numbers."""

    counts: Array
    edges: Array
    outside: int


@dataclass(frozen=True, slots=True, eq=False)
class Layer:
    """One linear layer with what follows it.

    Norms are Euclidean, of the weights alone. ``ratio`` is the length of the last step over that of the weights, None
    where the last step is not known. ``activations`` are those of a hidden layer; ``dead`` is the share of its units
    that are silent for all samples, ``saturated`` that of outputs where the slope is almost gone; None where the
    activation knows neither.
    """

    name: str
    gradients: Histogram
    gradient_norm: float
    weight_norm: float
    ratio: float | None
    activations: Histogram | None
    dead: float | None
    saturated: float | None


def layers(moment: Moment) -> tuple[Layer, ...]:
    """Every linear layer, from the inputs to the output.

    >>> from sklon.lab.playground import Session, layers
    >>> with Session({"activation": "relu"}) as session:
    ...     first, second, last = layers(session.step(5))
    >>> first.ratio > 0, first.dead < 1, last.activations is None
    (True, True, True)
    """
    outputs, gradients = _looked_at(moment)
    names = [name for name in gradients if name.endswith("weight") and moment.state[f"param.{name}"].ndim == 2]
    return tuple(
        _layer(moment, name, gradients[name], outputs[i] if i < len(outputs) else None) for i, name in enumerate(names)
    )


def histogram(values: Array, bins: int = BINS) -> Histogram:
    """A histogram over the range of the finite values."""
    finite = values[np.isfinite(values)].astype(np.float64)
    if not finite.size:
        return Histogram(np.zeros(bins, np.int64), np.linspace(-1, 1, bins + 1), int(values.size))
    low, high = float(finite.min()), float(finite.max())
    room = 0.0 if high - low > 1e-12 * max(abs(low), abs(high)) else max(abs(high), 1.0) / 2
    counts, edges = np.histogram(finite, bins, (low - room, high + room))
    return Histogram(counts, edges, int(values.size - finite.size))


def _layer(moment: Moment, name: str, gradient: Array, output: Array | None) -> Layer:
    weight = moment.state[f"param.{name}"]
    size = _length(weight)
    earlier = None if moment.earlier is None else moment.earlier.get(f"param.{name}")
    step = None if earlier is None else _length(weight.astype(np.float64) - earlier)
    return Layer(
        name=name.removesuffix(".weight"),
        gradients=histogram(gradient),
        gradient_norm=_length(gradient),
        weight_norm=size,
        ratio=None if step is None or not size else step / size,
        activations=None if output is None else histogram(output),
        dead=None if output is None else dead_share(moment.first["activation"], output),
        saturated=None if output is None else saturated_share(moment.first["activation"], output),
    )


def dead_share(activation: str, output: Array) -> float | None:
    """The share of units, output [samples, units], that are silent for all samples.

    >>> dead_share("relu", np.array([[0.0, 1.0], [0.0, 0.0]]))
    0.5
    """
    return float((output == 0).all(axis=0).mean()) if activation in SILENT else None


def saturated_share(activation: str, output: Array) -> float | None:
    """The share of outputs [samples, units] where the activation's slope is below a twentieth of its largest."""
    if activation not in SATURATED:
        return None
    low, high = SATURATED[activation]
    return float(((output < low) | (output > high)).mean())


def _length(values: Array) -> float:
    return float(np.linalg.norm(values.astype(np.float64)))


def _looked_at(moment: Moment) -> tuple[list[Array], dict[str, Array]]:
    """Outputs of the hidden layers, and the gradient of each parameter."""
    bench = moment.bench
    look: Look = bench.once("layers", lambda: _probe(bench.model, bench.loss))
    target = bench.training.target
    assert target is not None
    with bench.turn:
        for label, tensor in state_tensors(bench.model).items():
            assign(tensor, moment.state[label])
        outputs, gradients = look(bench.training.inputs[0], target)
        names = [name for name, _ in bench.model.named_parameters()]
        found = {name: gradient.numpy() for name, gradient in zip(names, gradients, strict=True)}
        return [output.numpy() for output in outputs], found


def _probe(model: nn.Sequential, loss: nn.Loss) -> Look:
    """A program that gives the outputs of the activations, and the gradients of the mean loss."""
    kinds = tuple({type(make()) for make in ACTIVATIONS.values()})
    parameters = [p for _, p in model.named_parameters()]

    @jit
    def look(x: Any, y: Any) -> tuple[list[Tensor], list[Tensor]]:
        outputs = []
        for layer in model:
            x = layer(x)
            outputs += [x] if isinstance(layer, kinds) else []
        gradients = autograd.grad(loss.per_sample(x, y).mean(), parameters)
        return outputs, [gradient for gradient in gradients if gradient is not None]

    return look
