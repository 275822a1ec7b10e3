"""Recording: from operands as users write them to nodes.

Here, and only here, operands are broadcast, types are promoted, and Python numbers become nodes: 0, ±1, ½ and 2
are part of the structure, any other number is an input, so that a changing number changes no program.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from sklon._base.dtypes import Dtype, bool_, dtype_of, float32, int64, promote
from sklon._base.errors import InputError, ShapeError
from sklon._base.shapes import Shape, broadcast
from sklon._base.source import source_line
from sklon.graph.build import Build
from sklon.graph.node import Node

from . import realise, values
from .modes import gradients_wanted
from .tensor import Operand, Tensor

#: numbers that are written into the structure of a graph
STRUCTURAL = (0.0, 1.0, -1.0, 0.5, 2.0)
#: whole numbers up to here are exact as a float64, as which a program takes its numbers
EXACT = 2**53


def build() -> Build:
    """A builder that stamps nodes with the user's line, and the layer where it is known."""
    return Build(source_line())


def wrap(node: Node, *inputs: Tensor) -> Tensor:
    """The tensor of a recorded node; it requires gradients if one of ``inputs`` does."""
    requires = any(t.requires_grad for t in inputs) and node.dtype.is_floating
    if requires and not gradients_wanted():
        node, requires = Build(node.source).stop_gradient(node), False
    result = Tensor(node, requires_grad=requires, depth=1 + max((t._depth for t in inputs), default=0))
    if result._depth >= realise.LONG:
        realise.bound(result)
    return result


def as_node(operand: Operand, dtype: Dtype | None = None) -> Node:
    """The node of an operand; a Python number takes ``dtype``."""
    if isinstance(operand, Tensor):
        return operand.node
    if isinstance(operand, bool | int | float | np.number | np.bool_):
        dtype = dtype or float32
        if isinstance(operand, int | np.integer) and abs(operand) > EXACT:
            return values.leaf(np.asarray(operand, dtype.numpy))
        value = float(operand)
        if value in STRUCTURAL:
            return Build().constant(value=value, dtype=dtype)
        return values.number(value, dtype)
    return values.leaf(np.array(operand, dtype_of(np.asarray(operand).dtype).numpy))


def result_dtype(*operands: Operand) -> Dtype:
    """PyTorch's promotion: a Python number only raises the kind, never the width."""
    arrays = [as_dtype(o) for o in operands if not _is_number(o)]
    numbers = [_number_kind(o) for o in operands if _is_number(o)]
    dtype = arrays[0] if arrays else numbers[0]
    for other in arrays[1:]:
        dtype = promote(dtype, other)
    for other in numbers:
        if RANK[other.kind] > RANK[dtype.kind]:
            dtype = other
    return dtype


#: kinds of element types, from the narrowest
RANK = {"bool": 0, "unsigned": 1, "integer": 1, "floating": 2}


def as_dtype(operand: Operand) -> Dtype:
    """The element type of an array operand."""
    return operand.dtype if isinstance(operand, Tensor) else dtype_of(np.asarray(operand).dtype)


def _is_number(operand: Any) -> bool:
    return isinstance(operand, bool | int | float)


def _number_kind(operand: Any) -> Dtype:
    if isinstance(operand, bool):
        return bool_
    return int64 if isinstance(operand, int) else float32


def cast(b: Build, node: Node, dtype: Dtype) -> Node:
    """``node`` as ``dtype``."""
    return node if node.dtype is dtype else b.cast(node, dtype=dtype)


def spread(b: Build, node: Node, shape: Shape) -> Node:
    """``node`` broadcast to ``shape``; axes of size one that must repeat are dropped first."""
    if node.shape == shape:
        return node
    shift = len(shape) - len(node.shape)
    repeated = tuple(a for a, e in enumerate(node.shape) if e == 1 and shape[shift + a] != 1)
    kept = [a for a in range(len(node.shape)) if a not in repeated]
    flat = b.reshape(node, shape=tuple(node.shape[a] for a in kept)) if repeated else node
    return b.expand(flat, shape=shape, dims=tuple(shift + a for a in kept))


def point(name: str, *operands: Operand, dtype: Dtype | None = None) -> Tensor:
    """A point op on operands of any shapes and types that fit."""
    b = build()
    dtype = dtype or result_dtype(*operands)
    nodes = [cast(b, as_node(o, dtype), dtype) for o in operands]
    shape = broadcast(*(n.shape for n in nodes))
    node = getattr(b, name)(*(spread(b, n, shape) for n in nodes))
    return wrap(node, *(o for o in operands if isinstance(o, Tensor)))


def floating(operand: Operand) -> Dtype:
    """The type in which functions of real numbers compute: the operand's, or float32 for integers."""
    dtype = result_dtype(operand)
    return dtype if dtype.is_floating else float32


def check_rank(x: Tensor, rank: int, what: str) -> None:
    """Refuse a tensor with another number of axes."""
    if x.ndim != rank:
        raise ShapeError(f"{what} needs {rank} axes, but the tensor has the shape {x.shape}")


def require_tensor(x: Any, what: str) -> Tensor:
    """``x`` if it is a tensor, an error with the repair if not."""
    if not isinstance(x, Tensor):
        raise InputError(f"{what} needs a Tensor, not {type(x).__name__}; make one with sklon.tensor(...)")
    return x
