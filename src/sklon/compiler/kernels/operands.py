"""What is known of a product before it is cut into tiles: its axes, its operands' strides, and where its lanes run."""

from __future__ import annotations

from math import prod

from sklon._base.shapes import SHARD, Extent, N, S
from sklon.compiler.target import Target
from sklon.program.ir import Access, Loop, Product, Program, roles_of, stride_along
from sklon.program.values import uses

from .facts import lanes_of
from .lanes import Declarations
from .sums import Strides
from .text import extent_text


class Operands:
    """The product of a loop. ``over_terms``: its lanes run over the sum; ``lanes_are_rows``: and it has one column."""

    def __init__(self, program: Program, loop: Loop, target: Target, declarations: Declarations) -> None:
        self.program, self.loop, self.target, self.declarations = program, loop, target, declarations
        self.uses = uses(loop)
        self.product = next(x for x in loop.body if isinstance(x, Product))
        self.sharded = loop.outer[0] == S
        roles = roles_of(loop, self.product)
        assert roles is not None
        self.row, self.lane, self.stack = roles.row, roles.lane, roles.stack
        terms = range(len(loop.outer), len(loop.axes))
        self.sum = next((a for a in reversed(terms) if loop.axes[a] != 1), terms[0])  # the innermost one that runs
        self.width = lanes_of(program, loop, target.vector_bytes)
        self.left, self.right = (program.buffers[a.buffer] for a in (self.product.left, self.product.right))
        self.strides = self._strides()
        columns = loop.axes[self.lane]
        assert isinstance(columns, int)
        self.columns = columns
        first, *others = loop.inner
        self.times = prod(int(str(e)) for e in others)  # terms for each of the outermost sum
        first = 1 if first == N and program.max_rows == 1 else first
        self.terms: Extent = first * self.times if isinstance(first, int) else first
        self.over_terms = self.strides.right_lane != 1 and columns != 1
        self.over_terms |= columns == 1 and self.strides.right_sum == 1 and self.strides.left_sum == 1
        self.lanes_are_rows = self.over_terms and columns == 1

    def _strides(self) -> Strides:
        right_lane = 1 if self.right.panel else self.step(self.product.right, self.lane)
        left, right = self.product.left, self.product.right
        return Strides(self.step(left, self.row), self.step(left, self.sum), right_lane, self.step(right, self.sum))

    def step(self, at: Access, axis: int) -> int:
        """Elements from one index of an axis to the next, of an operand."""
        return stride_along(self.program.buffers[at.buffer], at, axis)

    def whole(self, axis: int) -> tuple[str, str]:
        """The first and the last index of an outer axis in a unit: the unit's rows, or the whole axis."""
        return ("%lo", "%hi") if axis == 0 else ("0", extent_text(self.loop.axes[axis]))

    @property
    def terms_text(self) -> str:
        """What computes the names of ``bounds``."""
        if isinstance(self.terms, int) or self.times == 1:
            return ""
        first, last = ("%lo", "%hi") if self.sharded else ("0", extent_text(self.terms))
        return f" %t_lo = mul i64 {first}, {self.times}\n %t_hi = mul i64 {last}, {self.times}\n"

    @property
    def bounds(self) -> tuple[str, str]:
        """Where the sum begins and ends, as LLVM names: the rows of the unit's shard, or the whole axis."""
        if self.terms_text:
            return "%t_lo", "%t_hi"
        return ("%lo", "%hi") if self.sharded else ("0", extent_text(self.terms))

    @property
    def most_terms(self) -> int:
        """The terms of the sum, at most."""
        terms = self.terms
        if isinstance(terms, int):
            return terms
        return self.times * min(self.program.max_rows, SHARD if self.sharded else 1 << 30)
