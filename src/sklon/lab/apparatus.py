"""What several experiments measure with: gradients of functions, slopes of power laws, data sets, networks, counters.

Everything is float64 unless said otherwise. Everything that differentiates or trains is the engine.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from math import prod
from typing import Any, TypeAlias

import numpy as np

import sklon
from sklon import Tensor, nn
from sklon.graph.node import Node, walk
from sklon.ops import Contract
from sklon.tensors import autograd
from sklon.tensors.fragments import written_out

Array: TypeAlias = np.ndarray[Any, Any]


# ---- derivatives and rates
def leaf(values: Any) -> Tensor:
    """A float64 tensor that requires gradients."""
    return sklon.tensor(np.asarray(values, np.float64), requires_grad=True)


def value(function: Callable[[Tensor], Tensor], at: Any) -> float:
    """A scalar function of one tensor, evaluated."""
    return float(function(sklon.tensor(np.asarray(at, np.float64))).item())


def gradient(function: Callable[[Tensor], Tensor], at: Any) -> Array:
    """The gradient of a scalar function of one tensor, in the tensor's shape, by reverse mode."""
    found: Array = sklon.grad(function)(np.asarray(at, np.float64)).numpy()
    return found


def power(x: Any, y: Any) -> float:
    """p of the law y ∝ xᵖ that fits best: the slope of log y over log x by least squares."""
    return float(np.polyfit(np.log(np.asarray(x, np.float64)), np.log(np.asarray(y, np.float64)), 1)[0])


def standard_error(draws: Any) -> Array:
    """The standard error of the mean over the leading axis, from independent draws along it."""
    return np.asarray(np.std(draws, axis=0, ddof=1) / np.sqrt(len(draws)))


# ---- data and networks
def moons(count: int, noise: float, random: np.random.Generator) -> tuple[Array, Array]:
    """Two interleaved half circles with Gaussian noise. Shapes: X [count, 2]; y [count, 1], 0 or 1."""
    upper = count // 2
    angles = np.pi * np.concatenate([random.random(upper), random.random(count - upper)])
    labels = np.repeat([0.0, 1.0], [upper, count - upper])
    x = np.where(labels == 0, np.cos(angles), 1 - np.cos(angles))
    y = np.where(labels == 0, np.sin(angles), 0.5 - np.sin(angles))
    points = np.stack([x, y], axis=1) + noise * random.standard_normal((count, 2))
    order = random.permutation(count)
    return points[order], labels[order, None]


def network(
    widths: Sequence[int], activation: Callable[[], nn.Module] = nn.Tanh, *, dtype: str = "float64"
) -> nn.Sequential:
    """Linear layers of these widths with an activation between them, and none after the last."""
    layers: list[nn.Module] = []
    for inputs, outputs in pairwise(widths):
        layers += [activation()] if layers else []
        layers.append(nn.Linear(inputs, outputs, dtype=dtype))
    return nn.Sequential(*layers)


# ---- counters
def activation_bytes(loss: Tensor) -> int:
    """Bytes of what the forward pass has to keep for the backward pass of a scalar loss."""
    return sum(_elements(node) * node.dtype.numpy.itemsize for node in autograd.saved_for_backward(loss))


def product_flops(results: Sequence[Tensor]) -> int:
    """Floating-point operations of all products of matrices in the graph below ``results``: 2 for each term."""
    return sum(2 * _terms(node) for node in recorded(results) if isinstance(node.op, Contract))


def recorded(results: Sequence[Tensor]) -> list[Node]:
    """All primitives below ``results``; what was recorded as a whole, such as a backward pass, is written out."""
    roots = [r.node for r in results]
    new = written_out(roots, {})
    return walk([new[root] for root in roots])


def _terms(product: Node) -> int:
    """Terms that a contract adds up: the product of the extents of all its labels."""
    op = product.op
    assert isinstance(op, Contract)
    a, b = product.inputs
    extents = {**dict(zip(op.a, a.shape, strict=True)), **dict(zip(op.b, b.shape, strict=True))}
    return prod(int(str(e)) for e in extents.values())


def _elements(node: Node) -> int:
    return prod(int(str(e)) for e in node.shape)
