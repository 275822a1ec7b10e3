"""Rows added up at indices: each unit owns a block of rows of the result, clears them, and goes through all indices.

No two units write to one row, and every row takes its terms in the order of the indices, so the bits do not depend
on the threads.
"""

from __future__ import annotations

from collections.abc import Callable
from math import prod

from sklon._base.dtypes import Dtype
from sklon._base.shapes import row_size
from sklon.compiler.target import Target
from sklon.program.ir import Buffer, Loop, Program, Scatter, Store

from .lanes import MEMORY_TYPES
from .text import PROLOGUE, extent_text, function


def emit_scatter(program: Program, loop: Loop, target: Target) -> tuple[str, list[int]]:
    """The function of a scatter, and the buffers that it takes: the indices, the rows, the result."""
    anchor, store = loop.body
    assert isinstance(anchor, Scatter) and isinstance(store, Store)
    index, source, result = (program.buffers[at.buffer] for at in (anchor.index, anchor.source, store.to))
    row = _Row(source.dtype, row_size(loop.outer), target.vector_bytes // source.dtype.itemsize)
    stride = result.strides[0] if len(result.shape) > 1 else 1
    text = PROLOGUE + _clear(row, stride) + _add(row, index, _steps(loop, index), _steps(loop, source), stride, loop)
    return function(3, text), [anchor.index.buffer, anchor.source.buffer, store.to.buffer]


def _steps(loop: Loop, buffer: Buffer) -> tuple[int, int]:
    """Elements from one index of the first inner axis to the next, and of the others, which lie close together."""
    return buffer.strides[0], buffer.strides[len(loop.inner) - 1]


def _clear(row: _Row, stride: int) -> str:
    """For each row v of the unit: result[v, …] = 0."""
    return f""" br label %C
C:
 %c = phi i64 [%lo, %entry], [%cn, %C_done]
 %co = mul i64 %c, {stride}
 %cp = getelementptr {row.element}, ptr %p2, i64 %co
{row.each("C", row.cleared)} %cn = add i64 %c, 1
 %cmore = icmp slt i64 %cn, %hi
 br i1 %cmore, label %C, label %S
S:
"""


def _add(
    row: _Row, index: Buffer, index_steps: tuple[int, int], steps: tuple[int, int], stride: int, loop: Loop
) -> str:
    """For each i, j: if row v = index[i, j] is the unit's, result[v, …] += source[i, j, …]."""
    number, bits = MEMORY_TYPES[index.dtype.short], index.dtype.bits
    wide = f"sext {number} %v to i64" if bits < 64 else f"add {number} %v, 0"
    first, *others = loop.inner
    return f""" br label %O
O:
 %o = phi i64 [0, %S], [%on, %P]
 %vo = mul i64 %o, {index_steps[0]}
 %vb = getelementptr {number}, ptr %p0, i64 %vo
 %sb0 = mul i64 %o, {steps[0]}
 %sb = getelementptr {row.element}, ptr %p1, i64 %sb0
 br label %I
I:
 %i = phi i64 [0, %O], [%in, %N]
 %vi = mul i64 %i, {index_steps[1]}
 %vp = getelementptr {number}, ptr %vb, i64 %vi
 %v = load {number}, ptr %vp
 %row = {wide}
 %after = icmp sge i64 %row, %lo
 %before = icmp slt i64 %row, %hi
 %own = and i1 %after, %before
 br i1 %own, label %A, label %N
A:
 %so = mul i64 %i, {steps[1]}
 %sp = getelementptr {row.element}, ptr %sb, i64 %so
 %to = mul i64 %row, {stride}
 %tp = getelementptr {row.element}, ptr %p2, i64 %to
{row.each("A", row.added)} br label %N
N:
 %in = add i64 %i, 1
 %imore = icmp slt i64 %in, {prod(int(str(e)) for e in others)}
 br i1 %imore, label %I, label %P
P:
 %on = add i64 %o, 1
 %omore = icmp slt i64 %on, {extent_text(first)}
 br i1 %omore, label %O, label %X
X:
"""


class _Row:
    """Loops over the elements of one row: whole vectors first, then what is left, one by one."""

    def __init__(self, dtype: Dtype, size: int, width: int) -> None:
        self.dtype, self.size, self.width = dtype, size, width
        self.element = MEMORY_TYPES[dtype.short]

    def each(self, name: str, step: Callable[[str, str], str]) -> str:
        """``step`` for every element; control comes from block ``name`` and ends in ``name_done``."""
        whole = self.size // self.width * self.width
        vector = self._loop(f"{name}_v", name, 0, whole, self.width, step) if whole else ""
        before = f"{name}_v_end" if whole else name
        rest = self._loop(f"{name}_e", before, whole, self.size, 1, step) if whole < self.size else ""
        return f"{vector}{rest} br label %{name}_done\n{name}_done:\n"

    def _loop(self, name: str, before: str, first: int, last: int, width: int, step: Callable[[str, str], str]) -> str:
        kind = f"<{width} x {self.element}>" if width > 1 else self.element
        return f""" br label %{name}
{name}:
 %{name}k = phi i64 [{first}, %{before}], [%{name}n, %{name}]
{step(f"%{name}", kind)} %{name}n = add i64 %{name}k, {width}
 %{name}more = icmp slt i64 %{name}n, {last}
 br i1 %{name}more, label %{name}, label %{name}_end
{name}_end:
"""

    def cleared(self, name: str, kind: str) -> str:
        """Zeros at the result's place."""
        return (
            f" {name}p = getelementptr {self.element}, ptr %cp, i64 {name}k\n"
            f" store {kind} zeroinitializer, ptr {name}p, align {self.dtype.itemsize}\n"
        )

    def added(self, name: str, kind: str) -> str:
        """The source's elements added to the result's."""
        add, size = "fadd" if self.dtype.is_floating else "add", self.dtype.itemsize
        return (
            f" {name}s = getelementptr {self.element}, ptr %sp, i64 {name}k\n"
            f" {name}t = getelementptr {self.element}, ptr %tp, i64 {name}k\n"
            f" {name}x = load {kind}, ptr {name}s, align {size}\n"
            f" {name}y = load {kind}, ptr {name}t, align {size}\n"
            f" {name}z = {add} {kind} {name}y, {name}x\n store {kind} {name}z, ptr {name}t, align {size}\n"
        )
