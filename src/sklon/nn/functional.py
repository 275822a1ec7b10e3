"""Layers and losses as functions. A loss per sample is what training uses; means are made at the end.

Shape legend: N samples, C classes, K outputs.
"""

from __future__ import annotations

from sklon._base.dtypes import float32, uint32
from sklon._base.errors import DtypeError, ShapeError
from sklon.graph.build import Build
from sklon.graph.node import Node
from sklon.tensors import Tensor
from sklon.tensors import functional as F
from sklon.tensors.functional import relu, sigmoid, softplus, tanh
from sklon.tensors.modes import random_words
from sklon.tensors.record import wrap

__all__ = [
    "binary_cross_entropy_with_logits",
    "cross_entropy",
    "dropout",
    "embedding",
    "linear",
    "log_softmax",
    "mse_loss",
    "per_sample_binary_cross_entropy",
    "per_sample_cross_entropy",
    "per_sample_squared_error",
    "relu",
    "sigmoid",
    "softmax",
    "softplus",
    "tanh",
]


def linear(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """x·Wᵀ + b. Shapes: x [N, in], weight [out, in], bias [out] → [N, out]."""
    if x.ndim != 2 or x.shape[1] != weight.shape[1]:
        raise ShapeError(
            f"a linear layer with {weight.shape[1]} inputs needs x of shape [N, {weight.shape[1]}], not {x.shape}"
        )
    y = F.contract("ni,oi->no", x, weight)
    return y if bias is None else y + bias


def embedding(index: Tensor, weight: Tensor) -> Tensor:
    """W[index]. Shapes: index [N], weight [V, D] → [N, D]."""
    if index.dtype.kind != "integer":
        raise DtypeError(f"an embedding takes whole numbers, not {index.dtype!r}")
    return F.take(weight, index)


# ---- randomness
def dropout(x: Tensor, p: float = 0.5, training: bool = True) -> Tensor:
    """x·m/(1 − p), where m is 0 with probability p; x itself where not training or p = 0."""
    if not training or p == 0:
        return x
    if p == 1:
        return x * 0.0
    kept = wrap(_unit_interval(x))
    return F.where(kept < p, 0.0, x * (1 / (1 - p)))


def _unit_interval(x: Tensor) -> Node:
    """A number in [0, 1) for each element, from the words of the random source in force."""
    b = Build()
    step, stream, low, high = (b.expand(w, shape=x.shape, dims=()) for w in random_words())
    position = b.iota(axis=0, shape=x.shape, dtype=uint32)
    element = b.full(0, x.shape, uint32)
    stride = 1
    for axis in range(x.ndim - 1, 0, -1):
        along = b.iota(axis=axis, shape=x.shape, dtype=uint32)
        element = b.add(element, along if stride == 1 else b.mul(along, b.full(stride, x.shape, uint32)))
        extent = x.shape[axis]
        assert isinstance(extent, int)
        stride *= extent
    bits = b.random_bits(element, position, step, stream, low, high)
    unit = b.unit_interval(bits)
    return unit if x.dtype is float32 else b.cast(unit, dtype=x.dtype)


# ---- distributions over classes
def log_softmax(x: Tensor) -> Tensor:
    """xᵢ − ln Σⱼ exp xⱼ along the last axis, after subtracting the maximum, so that nothing overflows."""
    shifted = x - F.amax(x, -1, keepdims=True).detach()
    return shifted - F.log(F.sum(F.exp(shifted), -1, keepdims=True))


def softmax(x: Tensor) -> Tensor:
    """exp xᵢ / Σⱼ exp xⱼ along the last axis."""
    shifted = F.exp(x - F.amax(x, -1, keepdims=True).detach())
    return shifted / F.sum(shifted, -1, keepdims=True)


# ---- losses per sample
def per_sample_squared_error(output: Tensor, target: Tensor) -> Tensor:
    """The mean of (y − t)² over the outputs of each sample. Shapes: [N, K], [N, K] → [N]."""
    _check_same_shape(output, target)
    error = output - target
    return _mean_of_sample(error * error)


def per_sample_binary_cross_entropy(output: Tensor, target: Tensor) -> Tensor:
    """ln(1 + eᶻ) − z·t for the logit z: −t·ln σ(z) − (1 − t)·ln(1 − σ(z)). Shapes: [N, K], [N, K] → [N]."""
    _check_same_shape(output, target)
    return _mean_of_sample(F.softplus(output) - output * target)


def per_sample_cross_entropy(output: Tensor, target: Tensor) -> Tensor:
    """−ln softmax(z)[t]. Shapes: logits [N, C], classes [N] → [N]."""
    if target.dtype.kind != "integer" or target.ndim != 1 or output.ndim != 2:
        raise ShapeError(
            f"cross-entropy takes logits [N, C] and classes [N] as whole numbers, not {output.shape} and "
            f"{target.shape} of {target.dtype!r}"
        )
    classes = output.shape[1]
    assert isinstance(classes, int)
    shifted = output - F.amax(output, 1, keepdims=True).detach()
    chosen = F.where(F.one_hot(target, classes), shifted, 0.0)
    return F.log(F.sum(F.exp(shifted), 1)) - F.sum(chosen, 1)


def _check_same_shape(output: Tensor, target: Tensor) -> None:
    if output.shape != target.shape:
        raise ShapeError(f"outputs of shape {output.shape} need targets of the same shape, not {target.shape}")


def _mean_of_sample(values: Tensor) -> Tensor:
    axes = tuple(range(1, values.ndim))
    return F.mean(values, axes) if axes else values


# ---- losses as means
def mse_loss(output: Tensor, target: Tensor) -> Tensor:
    """The mean squared error over all elements: Σ (y − t)² / n, without ½."""
    return F.mean(per_sample_squared_error(output, target))


def binary_cross_entropy_with_logits(output: Tensor, target: Tensor) -> Tensor:
    """The mean binary cross-entropy of logits over all elements."""
    return F.mean(per_sample_binary_cross_entropy(output, target))


def cross_entropy(output: Tensor, target: Tensor) -> Tensor:
    """The mean cross-entropy of logits and classes."""
    return F.mean(per_sample_cross_entropy(output, target))
