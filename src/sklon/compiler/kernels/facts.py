"""What emitters ask of a loop before they write it: dependences on axes, element types, lanes, gaps in memory."""

from __future__ import annotations

from sklon._base.dtypes import Dtype
from sklon._base.shapes import Shape
from sklon.program.ir import (
    Accumulate,
    Apply,
    Buffer,
    Const,
    Index,
    Instruction,
    Load,
    Loop,
    Product,
    Program,
    Rows,
    Scalar,
    Store,
)


def uses(loop: Loop) -> list[frozenset[int]]:
    """For each instruction of a loop the axes on which its value depends."""
    inner = frozenset(range(len(loop.outer), len(loop.axes)))
    result: list[frozenset[int]] = []
    for i in loop.body:
        result.append(_uses(i, result, inner, len(loop.outer)))
    return result


def _uses(i: Instruction, known: list[frozenset[int]], inner: frozenset[int], rank: int) -> frozenset[int]:
    match i:
        case Load():
            axes = frozenset(a for a in i.at.index if a >= 0)
            return axes | known[i.at.row] if i.at.row is not None else axes
        case Index():
            return frozenset((i.axis,))
        case Apply():
            return frozenset().union(*(known[a] for a in i.args))
        case Accumulate():
            return known[i.value] - inner
        case Product():
            return frozenset(range(rank))
    return frozenset()


def result_dtypes(program: Program, loop: Loop) -> list[Dtype]:
    """The element type of each instruction's value; a store has the type that it stores."""
    result: list[Dtype] = []
    for i in loop.body:
        match i:
            case Load():
                dtype = program.buffers[i.at.buffer].dtype
            case Const() | Rows() | Scalar() | Index():
                dtype = i.dtype
            case Apply():
                dtype = i.op.result_dtype(*(result[a] for a in i.args))
            case Accumulate() | Store():
                dtype = result[i.value]
            case Product():
                dtype = program.buffers[i.left.buffer].dtype
        result.append(dtype)
    return result


def lanes_of(program: Program, loop: Loop, vector_bytes: int) -> int:
    """How many lanes a loop runs at once: a vector of its widest floating type."""
    sizes = [d.itemsize for d in result_dtypes(program, loop) if d.is_floating]
    return vector_bytes // max(sizes, default=4)


def is_dense(buffer: Buffer) -> bool:
    """Whether a buffer's elements lie one behind the other."""
    expected = 1
    for extent, stride in zip(reversed(buffer.shape), reversed(buffer.strides), strict=True):
        if extent != 1 and stride != expected:
            return False
        expected *= extent if isinstance(extent, int) else 1
    return not buffer.panel


def real_axes(shape: Shape) -> list[int]:
    """The axes with more than one index."""
    return [a for a, e in enumerate(shape) if e != 1]
