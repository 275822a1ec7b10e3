"""Random bits for neighbouring lanes: each Philox counter is computed once for the four elements that read it.

That needs a loop that goes through BLOCK elements of a sample at a time, from a multiple of BLOCK on, with the lanes
along them. Anywhere else each element computes its counter alone.
"""

from __future__ import annotations

from sklon._base.dtypes import uint32
from sklon.ops.random import BLOCK, LANES, RandomBits
from sklon.program.ir import Apply, Index, Loop

from .addresses import Frame
from .lanes import Lanes, Value


def draws_along(loop: Loop, axis: int) -> bool:
    """Whether a loop draws random bits for elements that are counted along an axis."""
    return any(isinstance(i, Apply) and counts_along(loop, i, axis) for i in loop.body)


def counts_along(loop: Loop, drawn: Apply, axis: int) -> bool:
    """Whether an instruction draws random bits, and the element's number is the index along an axis."""
    if not isinstance(drawn.op, RandomBits):
        return False
    element = loop.body[drawn.args[0]]
    return isinstance(element, Index) and element.axis == axis


class BlockWords:
    """The words of a block's counters."""

    def __init__(self, frame: Frame) -> None:
        self.frame, self.lanes = frame, frame.lanes
        self.known: dict[tuple[str, ...], tuple[Value, ...]] = {}

    def word(self, start: int, rest: tuple[Value, ...]) -> Value:
        """The bits of the elements from ``start`` within the block on; ``rest`` are the other words and the key."""
        number, first = divmod(start % BLOCK, LANES)
        key = (str(start // BLOCK), str(first), *(v.text for v in rest))
        if key not in self.known:
            counter = self._counter(self.lanes, start // BLOCK * LANES + first)
            self.known[key] = self.lanes.philox((counter, *rest[:3]), rest[3:])
        return self.known[key][number]

    def _counter(self, lanes: Lanes, first: int) -> Value:
        """16·⌊e/64⌋ + e mod 16: a quarter of the block's first element, and the lanes after ``first``."""
        assert self.frame.lane is not None
        at = self.frame.counters[self.frame.lane]
        narrow = lanes.name(at.depth, f"trunc i64 {at.text} to i32")
        quarter = lanes.splat(lanes.name(at.depth, f"lshr i32 {narrow}, 2"), at.depth, uint32)
        within = lanes.add(lanes.counted(1, uint32), lanes.constant(first, uint32))
        return lanes.add(quarter, within)
