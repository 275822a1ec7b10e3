"""What is known of a product before it is cut into tiles: its axes, its operands' strides, and where its lanes run."""

from __future__ import annotations

from sklon._base.shapes import SHARD, N, S
from sklon.compiler.target import Target
from sklon.program.ir import Access, Loop, Product, Program, stride_along

from .facts import lanes_of
from .lanes import Declarations
from .sums import Strides
from .text import extent_text


class Operands:
    """The product of a loop. ``over_terms``: its lanes run over the sum; ``lanes_are_rows``: and it has one column."""

    def __init__(self, program: Program, loop: Loop, target: Target, declarations: Declarations) -> None:
        self.program, self.loop, self.target, self.declarations = program, loop, target, declarations
        self.product = next(x for x in loop.body if isinstance(x, Product))
        self.sharded = loop.outer[0] == S
        self.row, self.lane, self.sum = (a + self.sharded for a in (0, 1, 2))
        self.width = lanes_of(program, loop, target.vector_bytes)
        self.left, self.right = (program.buffers[a.buffer] for a in (self.product.left, self.product.right))
        self.strides = self._strides()
        columns, terms = loop.axes[self.lane], loop.axes[self.sum]
        assert isinstance(columns, int)
        self.columns = columns
        self.terms = 1 if terms == N and program.max_rows == 1 else terms
        self.over_terms = self.strides.right_lane != 1 and columns != 1
        self.over_terms |= columns == 1 and self.strides.right_sum == 1 and self.strides.left_sum == 1
        self.lanes_are_rows = self.over_terms and columns == 1

    def _strides(self) -> Strides:
        def along(at: Access, axis: int) -> int:
            return stride_along(self.program.buffers[at.buffer], at, axis)

        left, right = self.product.left, self.product.right
        right_lane = 1 if self.right.panel else along(right, self.lane)
        return Strides(along(left, self.row), along(left, self.sum), right_lane, along(right, self.sum))

    @property
    def bounds(self) -> tuple[str, str]:
        """Where the sum begins and ends, as LLVM names: the rows of the unit's shard, or the whole axis."""
        return ("%lo", "%hi") if self.sharded else ("0", extent_text(self.terms))

    @property
    def most_terms(self) -> int:
        """The terms of the sum, at most."""
        terms = self.terms
        return terms if isinstance(terms, int) else min(self.program.max_rows, SHARD if self.sharded else 1 << 30)
