"""Recording: from operands as users write them to nodes.

Here, and only here, operands are broadcast, types are promoted, and Python numbers become nodes: 0, ±1, ½ and 2
are part of the structure, any other number is an input, so that a changing number changes no program.
"""

from __future__ import annotations

from math import copysign
from typing import Any

import numpy as np

from sklon._base.dtypes import Dtype, bool_, dtype_of, float32, int64, promote
from sklon._base.errors import InputError, ShapeError
from sklon._base.shapes import Shape, broadcast
from sklon._base.source import source_line
from sklon._base.store import Store
from sklon.graph.build import Build
from sklon.graph.node import Node

from . import realise, values
from .fragments import Fragment
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
    requires, depth = False, 0
    for tensor in inputs:
        requires = requires or tensor._requires_grad
        depth = max(depth, tensor._depth)
    if requires and not node.dtype.is_floating:
        requires = False
    if requires and not gradients_wanted():
        node, requires = Build(node.source).stop_gradient(node), False
    result = Tensor(node, requires_grad=requires, depth=depth + 1)
    if depth + 1 >= realise.LONG:
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
        if is_structural(value):
            return Build().constant(value=value, dtype=dtype)
        return values.number(value, dtype)
    return values.leaf(np.array(operand, dtype_of(np.asarray(operand).dtype).numpy, order="C"))


def is_structural(value: float) -> bool:
    """Whether a number is written into the structure of a graph; −0 is not, as it equals 0."""
    return value in STRUCTURAL and (value != 0 or copysign(1.0, value) > 0)


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
    kinds: list[Any] = [name, dtype]
    inputs: list[Any] = []
    tensors: list[Tensor] = []
    for operand in operands:
        if isinstance(operand, Tensor):
            node = operand.node
            kinds += (node.shape, node.dtype)
            inputs.append(node)
            tensors.append(operand)
        elif isinstance(operand, int | float) and abs(operand) <= EXACT:
            fixed = is_structural(operand)
            kinds += (type(operand), operand if fixed else None)
            inputs += () if fixed else (operand,)
        else:
            return _point_now(name, operands, dtype)
    key = tuple(kinds)
    known = _points.get(key)
    if known is None:
        known = _point_of(name, operands, dtype)
        _points.put(key, known)
    fragment, common = known
    nodes = [i if type(i) is Node else values.number(i, common) for i in inputs]
    return wrap(fragment.repeat(nodes, source_line())[0], *tensors)


#: how many kinds of operations are remembered
KINDS = 4096
#: point ops on operands of certain types, with the type in which they compute
_points: Store[tuple[Any, ...], tuple[Fragment, Dtype]] = Store(KINDS)


def _point_of(name: str, operands: tuple[Operand, ...], dtype: Dtype | None) -> tuple[Fragment, Dtype]:
    """A point op on stand-ins for operands, and the type in which it computes."""
    dtype = dtype or result_dtype(*operands)
    stands = [Tensor(values.stand_in(o.shape, o.dtype)) if isinstance(o, Tensor) else o for o in operands]
    nodes = [as_node(s, dtype) for s in stands]
    inputs = [n for n in nodes if n.op.kind == "slot"]
    return Fragment([_point(build(), name, nodes, dtype)], inputs), dtype


def _point_now(name: str, operands: tuple[Operand, ...], dtype: Dtype | None) -> Tensor:
    """A point op on operands among which are arrays."""
    dtype = dtype or result_dtype(*operands)
    node = _point(build(), name, [as_node(o, dtype) for o in operands], dtype)
    return wrap(node, *(o for o in operands if isinstance(o, Tensor)))


def _point(b: Build, name: str, nodes: list[Node], dtype: Dtype) -> Node:
    nodes = [cast(b, n, dtype) for n in nodes]
    shape = broadcast(*(n.shape for n in nodes))
    made: Node = getattr(b, name)(*(spread(b, n, shape) for n in nodes))
    return made


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
