"""The function of one register tile: its sum, and its epilogue at the tile's rows and columns.

The epilogue is the loop's other instructions, evaluated with the finished sums in place of the product. A tile whose
lanes run over the sum has one vector of columns, or of rows where there is one column.
"""

from __future__ import annotations

from dataclasses import dataclass

from sklon._base.shapes import SHARD
from sklon.program.ir import Access, Store

from .addresses import Counter, Offsets
from .body import Body
from .lanes import MEMORY_TYPES, Lanes, Value
from .operands import Operands
from .sums import OverColumns, OverTerms, Place, Terms
from .text import PROLOGUE, function, lines_of


@dataclass(frozen=True, slots=True)
class Panel:
    """Columns ``first`` to ``first + count·width``: ``count`` steps of ``vectors`` vectors of lanes.

    ``valid`` are the lanes of the last vector that are columns.
    """

    first: int
    count: int
    vectors: int
    width: int
    valid: int


class Tile:
    """A tile of ``rows`` rows in a panel of columns, at row %m and column %n; ``unroll`` steps make an iteration."""

    def __init__(self, of: Operands, rows: int, panel: Panel, unroll: int) -> None:
        self.of, self.rows, self.panel, self.unroll = of, rows, panel, unroll
        self.lanes = Lanes(of.width, of.target.fma, of.declarations)
        self.dtype = of.left.dtype

    def emit(self) -> tuple[str, list[int]]:
        """The function, and the buffers that it takes."""
        of = self.of
        body = Body(of.program, of.loop, of.uses, self.lanes)
        body.frame.counters = {of.row: Counter("%m", 0), of.lane: Counter("%n", 0)}
        body.frame.counters |= {axis: Counter(f"%t{axis}", 0) for axis in of.stack}
        if of.sharded:
            body.frame.counters[0] = Counter("%shard", 0)
            self.lanes.lines[0] = [f" %shard = udiv i64 %lo, {SHARD}"]
        body.frame.lane = of.row if of.lanes_are_rows else of.lane
        body.frame.mask = self._mask
        left, right = (body.frame.pointer(at.buffer) for at in (of.product.left, of.product.right))
        loops, totals = self._sum(Terms(of.terms, *of.bounds, self.unroll))
        body.anchor = lambda offsets: totals[self._place(offsets)]
        for r, v in totals:
            for instruction in of.loop.body:
                if isinstance(instruction, Store):
                    body.store(instruction, {of.row: r, of.lane: v * of.width}, 0)
        epilogue = lines_of(self.lanes.lines[0])
        lines = PROLOGUE + of.terms_text + self._operands(left, right) + loops + epilogue
        stack = "".join(f", i64 %t{axis}" for axis in of.stack)
        text = function(len(body.parameters), lines, f"i64 %lo, i64 %hi, i64 %m, i64 %n{stack}")
        return text, body.parameters

    def _sum(self, terms: Terms) -> tuple[str, dict[Place, Value]]:
        """The loops, and the finished sums as vectors by row and vector of columns."""
        of = self.of
        if of.over_terms:
            dots = OverTerms(self.lanes, self.dtype, of.strides, self.rows, self.panel.width)
            return dots.text(terms), dots.totals_of_rows() if of.lanes_are_rows else dots.totals()
        tail = None if of.right.panel or self.panel.valid == of.width else self._first(self.panel.valid)
        products = OverColumns(self.lanes, self.dtype, of.strides, self.rows, self.panel.vectors, tail)
        return products.text(terms), products.totals()

    def _place(self, offsets: Offsets) -> tuple[int, int]:
        row = 0 if self.of.lanes_are_rows else offsets.get(self.of.row, 0)
        return row, offsets.get(self.of.lane, 0) // self.of.width

    def _mask(self, offsets: Offsets) -> str | None:
        """Only the last vector of the last panel is partial; where the lanes are rows, all that are not the tallest."""
        if self.of.lanes_are_rows:
            return None if self.rows == self.of.width else self._first(self.rows)
        last = offsets.get(self.of.lane, 0) == (self.panel.vectors - 1) * self.of.width
        return self._first(self.panel.valid) if last and self.panel.valid < self.of.width else None

    def _first(self, count: int) -> str:
        """The mask of the first lanes."""
        return f"<{', '.join(['i1 true'] * count + ['i1 false'] * (self.of.width - count))}>"

    # ---- where the operands begin
    def _operands(self, left: str, right: str) -> str:
        of = self.of
        above, left = self._stacked("%left", left, of.product.left)
        text = above + self._offset("%left", left, "%m", of.strides.left_row)
        if not of.right.panel:
            above, right = self._stacked("%right", right, of.product.right)
            return text + above + self._offset("%right", right, "%n", of.strides.right_lane)
        rows = int(str(of.right.shape[0]))
        panel = f" %panel = udiv i64 %n, {of.right.panel}\n"
        return text + panel + self._offset("%right", right, "%panel", rows * of.right.panel)

    def _stacked(self, name: str, pointer: str, at: Access) -> tuple[str, str]:
        """What moves a pointer to the matrix of the stack's indices, and the pointer's name."""
        text = ""
        for axis in self.of.stack:
            if step := self.of.step(at, axis):
                text += self._offset(f"{name}_{axis}", pointer, f"%t{axis}", step)
                pointer = f"{name}_{axis}"
        return text, pointer

    def _offset(self, name: str, pointer: str, index: str, stride: int) -> str:
        element = MEMORY_TYPES[self.dtype.short]
        return f" {name}s = mul i64 {index}, {stride}\n {name} = getelementptr {element}, ptr {pointer}, i64 {name}s\n"
