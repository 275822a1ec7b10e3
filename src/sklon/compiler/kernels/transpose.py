"""Copies that exchange rows and columns: square blocks are transposed in registers.

A block of W×W elements is W loads along the rows of the source, log₂ W rounds of shuffles, and W stores along
the rows of the target, where element by element it would be W² gathers.
"""

from __future__ import annotations

from sklon._base.dtypes import Dtype
from sklon.compiler.target import Target
from sklon.program.ir import Buffer, Load, Loop, Program, Store, lead

from .facts import lanes_of
from .lanes import MEMORY_TYPES, Declarations, Lanes
from .text import function


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
) -> list[tuple[str, list[int]]]:
    """The function of one block, which all transpositions share, and the loop's own, which calls it as @@0@@."""
    load, store = loop.body
    assert isinstance(load, Load) and isinstance(store, Store)
    source, copy = program.buffers[load.at.buffer], program.buffers[store.to.buffer]
    lanes = Lanes(lanes_of(program, loop, target.vector_bytes), target.fma, declarations)
    return [
        (_block(lanes, source.dtype), []),
        (_unit(loop, source, copy, lanes.width), [load.at.buffer, store.to.buffer]),
    ]


def _unit(loop: Loop, source: Buffer, copy: Buffer, width: int) -> str:
    """For each block of the unit's rows i and all columns j: copy source[j, i] to (i, j)."""
    element = MEMORY_TYPES[source.dtype.short]
    rows, columns = loop.outer
    assert isinstance(rows, int)
    panel = copy.panel or columns  # without panels, the whole row is one
    text = f""" br label %I
I:
 %i = phi i64 [%lo, %entry], [%in, %E]
 br label %J
J:
 %j = phi i64 [0, %I], [%jn, %J]
 %so = mul i64 %j, {source.strides[0]}
 %sp = add i64 %so, %i
 %from = getelementptr {element}, ptr %p0, i64 %sp
 %panel = udiv i64 %j, {panel}
 %skip = mul i64 %panel, {(rows - 1) * copy.panel}
 %row = mul i64 %i, {copy.strides[0]}
 %tp = add i64 %row, %j
 %tq = add i64 %tp, %skip
 %to = getelementptr {element}, ptr %p1, i64 %tq
 call void @@0@@(ptr %from, i64 {source.strides[0]}, ptr %to, i64 {copy.strides[0]})
 %jn = add i64 %j, {width}
 %morej = icmp slt i64 %jn, {columns}
 br i1 %morej, label %J, label %E
E:
 %in = add i64 %i, {width}
 %morei = icmp slt i64 %in, %hi
 br i1 %morei, label %I, label %X
X:
"""
    return function(2, text)


def _block(lanes: Lanes, dtype: Dtype) -> str:
    """Transpose one block; strides in elements."""
    vector, size, element = lanes.type(dtype), dtype.itemsize, MEMORY_TYPES[dtype.short]
    lines, rows, pointer = [], [], "%from"
    for r in range(lanes.width):
        lines.append(f" %r{r} = load {vector}, ptr {pointer}, align {size}")
        lines.append(f" %f{r} = getelementptr {element}, ptr {pointer}, i64 %from_stride")
        rows.append(f"%r{r}")
        pointer = f"%f{r}"
    pointer = "%to"
    for r, name in enumerate(_shuffled(lanes, dtype, rows, lines)):
        lines.append(f" store {vector} {name}, ptr {pointer}, align {size}")
        lines.append(f" %t{r} = getelementptr {element}, ptr {pointer}, i64 %to_stride")
        pointer = f"%t{r}"
    arguments = "ptr %from, i64 %from_stride, ptr %to, i64 %to_stride"
    body = "".join(line + "\n" for line in lines)
    return f"define internal void @@({arguments}) #0 {{\nentry:\n{body} ret void\n}}\n"


def _shuffled(lanes: Lanes, dtype: Dtype, rows: list[str], lines: list[str]) -> list[str]:
    """Round s exchanges, between rows r and r + s, the elements whose index differs in the bit s."""
    vector, width = lanes.type(dtype), lanes.width
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
