"""What emitters ask of a loop before they write it: how many lanes it runs at once, and whether memory has gaps."""

from __future__ import annotations

from sklon._base.shapes import Shape
from sklon.program.ir import Buffer, Loop, Program
from sklon.program.values import result_dtypes


def lanes_of(program: Program, loop: Loop, vector_bytes: int) -> int:
    """How many lanes a loop runs at once: a vector of its widest floating type."""
    sizes = [d.itemsize for d in result_dtypes(program.buffers, loop) if d.is_floating]
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
