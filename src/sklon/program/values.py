"""What the values in a loop's body are: their element types, and the axes on which they depend."""

from __future__ import annotations

from collections.abc import Sequence

from sklon._base.dtypes import Dtype

from .ir import (
    Access,
    Accumulate,
    Apply,
    Buffer,
    Const,
    Index,
    Instruction,
    Load,
    Loop,
    Product,
    Rows,
    Scalar,
    Scatter,
    Store,
)
from .places import axes_of

Axes = frozenset[int]


def uses(loop: Loop) -> list[Axes]:
    """For each instruction of a loop the axes on which its value depends."""
    inner = frozenset(range(len(loop.outer), len(loop.axes)))
    outer = frozenset(range(len(loop.outer)))
    result: list[Axes] = []
    for i in loop.body:
        result.append(_uses(i, result, inner, outer))
    return result


def _uses(i: Instruction, known: list[Axes], inner: Axes, outer: Axes) -> Axes:
    match i:
        case Load():
            return running(i.at).union(*[known[n] for n in (i.at.row, i.mask) if n is not None])
        case Index():
            return frozenset((i.axis,))
        case Apply():
            return frozenset().union(*[known[a] for a in i.args])
        case Accumulate():
            return known[i.value] - inner
        case Product() | Scatter():
            return outer
        case Store():
            return known[i.value]
    return frozenset()


def result_dtypes(buffers: Sequence[Buffer], loop: Loop) -> list[Dtype]:
    """The element type of each instruction's value; a store has the type that it stores."""
    result: list[Dtype] = []
    for i in loop.body:
        result.append(_dtype(buffers, i, result))
    return result


def _dtype(buffers: Sequence[Buffer], i: Instruction, known: list[Dtype]) -> Dtype:
    match i:
        case Load():
            return buffers[i.at.buffer].dtype
        case Const() | Rows() | Scalar() | Index():
            return i.dtype
        case Apply():
            return i.op.result_dtype(*[known[a] for a in i.args])
        case Accumulate() | Store():
            return known[i.value]
        case Product():
            return buffers[i.left.buffer].dtype
        case Scatter():
            return buffers[i.source.buffer].dtype


def running(at: Access) -> Axes:
    """The axes along which an access moves, the row's aside."""
    return frozenset().union(*map(axes_of, at.index))
