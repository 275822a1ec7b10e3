"""Rows that a map gathers, asked for before they are needed: where they lie is known from the indices ahead.

The processor's own prefetching follows a row to its end, but cannot guess where the next one begins.
"""

from __future__ import annotations

from sklon.program.ir import Access, Buffer, Load, Loop

from .addresses import Counter
from .body import Body
from .lanes import MEMORY_TYPES
from .text import extent_text

#: bytes of rows that are on their way, and rows at most
AHEAD_BYTES, AHEAD_ROWS = 4096, 16
#: bytes of a cache line, and lines that are asked for in each row
LINE, MOST_LINES = 64, 32


def prefetch_rows(body: Body) -> None:
    """Ask for rows some iterations ahead, wherever the rows of a map are gathered by an index of each."""
    for at, index in _gathered(body.loop):
        counter = body.frame.counters.get(0)
        if counter is not None and body.frame.lane != 0:
            _Prefetch(body, counter).rows(at, index)


def _gathered(loop: Loop) -> list[tuple[Access, Access]]:
    """Accesses whose row is read from an array along the first axis, and where it is read."""
    found = []
    for i in loop.body:
        if isinstance(i, Load) and i.at.row is not None:
            row = loop.body[i.at.row]
            if isinstance(row, Load) and row.at.row is None and row.at.index == (0,):
                found.append((i.at, row.at))
    return found


class _Prefetch:
    """Writes the lines at the depth of the row's counter."""

    def __init__(self, body: Body, counter: Counter) -> None:
        self.body, self.lanes, self.counter, self.depth = body, body.lanes, counter, counter.depth

    def rows(self, at: Access, index: Access) -> None:
        """The row that comes some iterations later, or the last one."""
        table, indices = (self.body.program.buffers[a.buffer] for a in (at, index))
        size = table.strides[0] * table.dtype.itemsize
        ahead = max(2, min(AHEAD_ROWS, AHEAD_BYTES // size))
        row = self._row_ahead(indices, self.body.frame.pointer(index.buffer), ahead)
        start = self._name(f"mul i64 {row}, {size}")
        first = self._name(f"getelementptr i8, ptr {self.body.frame.pointer(at.buffer)}, i64 {start}")
        name = self.lanes.declarations.declare("llvm.prefetch.p0", "void", ["ptr", "i32", "i32", "i32"])
        for line in range(min(MOST_LINES, -(-size // LINE))):
            place = self._name(f"getelementptr i8, ptr {first}, i64 {line * LINE}")
            self.lanes.line(self.depth, f"call void @{name}(ptr {place}, i32 0, i32 3, i32 1)")

    def _row_ahead(self, indices: Buffer, pointer: str, ahead: int) -> str:
        element = MEMORY_TYPES[indices.dtype.short]
        later = self._name(f"add i64 {self.counter.text}, {ahead}")
        last = self._name(f"sub i64 {extent_text(self.body.loop.outer[0])}, 1")
        inside = self._name(f"icmp slt i64 {later}, {last}")
        chosen = self._name(f"select i1 {inside}, i64 {later}, i64 {last}")
        place = self._name(f"getelementptr {element}, ptr {pointer}, i64 {chosen}")
        row = self._name(f"load {element}, ptr {place}, align {indices.dtype.itemsize}")
        return row if indices.dtype.bits == 64 else self._name(f"sext {element} {row} to i64")

    def _name(self, text: str) -> str:
        return self.lanes.name(self.depth, text)
