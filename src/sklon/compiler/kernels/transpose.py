"""Copies that exchange rows and columns: square blocks are transposed in registers.

A block of W×W elements is W loads along the rows of the source, log₂ W rounds of shuffles, and W stores along
the rows of the target, where element by element it would be W² gathers.
"""

from __future__ import annotations

from sklon._base.dtypes import Dtype
from sklon.compiler.target import Target
from sklon.program.ir import Access, Load, Loop, Program, Store, lead

from .body import PROLOGUE, function, lanes_of
from .lanes import MEMORY_TYPES, Declarations, Lanes


def is_transposition(program: Program, loop: Loop, target: Target) -> bool:
    """Whether a map copies a matrix with its axes exchanged, in whole blocks."""
    if loop.kind != "map" or len(loop.outer) != 2 or len(loop.body) != 2:
        return False
    load, store = loop.body
    if not isinstance(load, Load) or not isinstance(store, Store) or load.at.row is not None:
        return False
    source = program.buffers[load.at.buffer]
    if load.at.index != (1, 0) or store.to.index != (0, 1) or source.panel or source.strides[1] != 1:
        return False
    width = lanes_of(program, loop, target.vector_bytes)
    rows, columns = loop.outer
    if not isinstance(rows, int) or not isinstance(columns, int) or not source.dtype.is_floating:
        return False
    return rows % width == 0 and columns % width == 0 and lead(loop.outer)[1] % width == 0


def emit_transposition(
    program: Program, loop: Loop, target: Target, declarations: Declarations
) -> tuple[str, list[int]]:
    """The function of a transposing copy, and the buffers that it takes."""
    load, store = loop.body
    assert isinstance(load, Load) and isinstance(store, Store)
    return _Block(program, loop, load.at, store.to, target, declarations).emit()


class _Block:
    def __init__(
        self, program: Program, loop: Loop, read: Access, write: Access, target: Target, declarations: Declarations
    ) -> None:
        self.source, self.target = program.buffers[read.buffer], program.buffers[write.buffer]
        self.buffers = [read.buffer, write.buffer]
        self.columns = loop.outer[1]
        self.rows = loop.outer[0]
        self.width = lanes_of(program, loop, target.vector_bytes)
        self.dtype: Dtype = self.source.dtype
        self.lanes = Lanes(self.width, target.fma, declarations)
        self.element = MEMORY_TYPES[self.dtype.short]

    def emit(self) -> tuple[str, list[int]]:
        text = f""" br label %I
I:
 %i = phi i64 [%lo, %entry], [%in, %E]
 br label %J
J:
 %j = phi i64 [0, %I], [%jn, %J]
{self._source()}{self._place()}{self._body()} %jn = add i64 %j, {self.width}
 %morej = icmp slt i64 %jn, {self.columns}
 br i1 %morej, label %J, label %E
E:
 %in = add i64 %i, {self.width}
 %morei = icmp slt i64 %in, %hi
 br i1 %morei, label %I, label %X
X:
"""
        return function(2, PROLOGUE + text), self.buffers

    def _source(self) -> str:
        return (
            f" %so = mul i64 %j, {self.source.strides[0]}\n %sp = add i64 %so, %i\n"
            f" %from = getelementptr {self.element}, ptr %p0, i64 %sp\n"
        )

    def _place(self) -> str:
        """The target's element (i, j); see Buffer for panels."""
        start = f" %tr = mul i64 %i, {self.target.strides[0]}\n %tp = add i64 %tr, %j\n"
        if not self.target.panel:
            return f"{start} %to = getelementptr {self.element}, ptr %p1, i64 %tp\n"
        assert isinstance(self.rows, int)
        return (
            f"{start} %panel = udiv i64 %j, {self.target.panel}\n"
            f" %skip = mul i64 %panel, {(self.rows - 1) * self.target.panel}\n %tq = add i64 %tp, %skip\n"
            f" %to = getelementptr {self.element}, ptr %p1, i64 %tq\n"
        )

    def _body(self) -> str:
        vector, size = self.lanes.type(self.dtype), self.dtype.itemsize
        lines: list[str] = []
        rows: list[str] = []
        for r in range(self.width):
            lines.append(f" %f{r} = getelementptr {self.element}, ptr %from, i64 {r * self.source.strides[0]}")
            lines.append(f" %r{r} = load {vector}, ptr %f{r}, align {size}")
            rows.append(f"%r{r}")
        rows = self._shuffled(rows, lines)
        for r, name in enumerate(rows):
            lines.append(f" %t{r} = getelementptr {self.element}, ptr %to, i64 {r * self.target.strides[0]}")
            lines.append(f" store {vector} {name}, ptr %t{r}, align {size}")
        return "".join(line + "\n" for line in lines)

    def _shuffled(self, rows: list[str], lines: list[str]) -> list[str]:
        """Round s exchanges, between rows r and r + s, the elements whose index differs in the bit s."""
        vector, width = self.lanes.type(self.dtype), self.width
        s = 1
        while s < width:
            new = list(rows)
            for r in (r for r in range(width) if not r & s):
                low = [k if not k & s else width + k - s for k in range(width)]
                high = [k + s if not k & s else width + k for k in range(width)]
                for place, order in ((r, low), (r + s, high)):
                    name = f"%s{s}_{place}"
                    mask = ", ".join(f"i32 {k}" for k in order)
                    lines.append(
                        f" {name} = shufflevector {vector} {rows[r]}, {vector} {rows[r + s]}, <{width} x i32> <{mask}>"
                    )
                    new[place] = name
            rows = new
            s *= 2
        return rows
