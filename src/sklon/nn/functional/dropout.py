"""Randomness in layers: the bits follow from the seed, the step, the layer and the element alone."""

from __future__ import annotations

from sklon._base.dtypes import float32, uint32
from sklon.graph.build import Build
from sklon.tensors import Tensor
from sklon.tensors import functional as F
from sklon.tensors.modes import first_row, random_words
from sklon.tensors.record import wrap

__all__ = ["dropout"]


def dropout(x: Tensor, p: float = 0.5, training: bool = True) -> Tensor:
    """x·m/(1 − p), where m is 0 with probability p; x itself where not training or p = 0."""
    if not training or p == 0:
        return x
    if p == 1:
        return x * 0.0
    return F.where(unit_interval(x) < p, 0.0, x * (1 / (1 - p)))


def unit_interval(x: Tensor) -> Tensor:
    """A number in [0, 1) for each element of x, from the words of the random source in force."""
    b = Build()
    step, stream, low, high = (b.expand(w, shape=x.shape, dims=()) for w in random_words())
    position = b.iota(axis=0, shape=x.shape, dtype=uint32)
    first = first_row()
    if first is not None:
        position = b.add(position, b.expand(first, shape=x.shape, dims=()))
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
    return wrap(unit if x.dtype is float32 else b.cast(unit, dtype=x.dtype))
