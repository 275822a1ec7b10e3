"""What a loop does in a step: arithmetic, and the distinct bytes that it reads and writes.

Other than ``cost``, an estimate for choices, these are counts of what the loop's body says, for people who look at a
program. Whether a byte comes from memory or from a cache is not known here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import gcd, prod

from sklon._base.shapes import S, concrete

from .ir import Access, Accumulate, Apply, Index, Instruction, Load, Loop, Product, Program, Scatter
from .places import Place, affine, axes_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """Operations on numbers of a step, and bytes."""

    flops: int
    read: int
    written: int

    @property
    def bytes(self) -> int:
        """Those read and those written."""
        return self.read + self.written

    def __add__(self, other: Work) -> Work:
        return Work(flops=self.flops + other.flops, read=self.read + other.read, written=self.written + other.written)


NONE = Work(flops=0, read=0, written=0)


def work_of(program: Program, loop: Loop, rows: int) -> Work:
    """The work of a loop in a step over ``rows`` rows."""
    read, written = moved_by(program, loop, rows)
    return Work(flops=flops_of(loop, rows), read=read, written=written)


def moved_by(program: Program, loop: Loop, rows: int) -> tuple[int, int]:
    """The bytes that a loop reads and those that it writes, in a step over ``rows`` rows."""
    return _bytes(program, loop, loop.reads, rows), _bytes(program, loop, loop.writes, rows)


def flops_of(loop: Loop, rows: int) -> int:
    """2 operations for each term of a product, 1 for each of a sum, and the cost of each point op.

    A point op counts once for each index of the axes on which its value depends: kernels compute it no more often.
    """
    extents = concrete(loop.axes, rows)
    # shards split the rows of the sum, and add none; each index of a scatter adds to one row
    terms = range(loop.outer[:1] == (S,) or loop.kind == "scatter", len(extents))
    axes = _dependences(loop)
    return sum(
        _cost(x) * prod(extents[a] for a in (axes[i] if isinstance(x, Apply) else terms))
        for i, x in enumerate(loop.body)
    )


def _cost(instruction: Instruction) -> int:
    match instruction:
        case Apply():
            return instruction.op.cost
        case Product():
            return 2
        case Accumulate() | Scatter():
            return 1
    return 0


def _bytes(program: Program, loop: Loop, found: Sequence[Access], rows: int) -> int:
    """Bytes of the distinct elements; those of a buffer that is named twice in the same way count once."""
    extents = concrete(loop.axes, rows)
    return sum(_elements(loop, at, extents) * program.buffers[at.buffer].dtype.itemsize for at in dict.fromkeys(found))


def _elements(loop: Loop, at: Access, extents: tuple[int, ...]) -> int:
    """How many elements an access names: at most one for each index of the axes on which it depends."""
    axes = frozenset[int]().union(*map(axes_of, at.index))
    along = [_extent(place, extents) for place in at.index]
    if at.row is not None:
        gathered = _dependences(loop)[at.row]
        axes, along = axes | gathered, [prod(extents[a] for a in gathered), *along[1:]]
    return min(prod(along), prod(extents[a] for a in axes))


def _extent(place: Place, extents: tuple[int, ...]) -> int:
    """How many indices along an axis of a buffer a place takes on, or slightly more where steps leave holes."""
    terms = [(abs(step), extents[axis]) for axis, step in affine(place).terms]
    if not terms:
        return 1
    if any(extent == 0 for _, extent in terms):
        return 0
    reach = sum(step * (extent - 1) for step, extent in terms) // gcd(*(step for step, _ in terms)) + 1
    return min(reach, prod(extent for _, extent in terms))


def _dependences(loop: Loop) -> list[frozenset[int]]:
    """The axes on which each value of the body depends; a sum depends on all outer ones."""
    found: list[frozenset[int]] = []
    for value in loop.body:
        axes = frozenset[int]()
        match value:
            case Load():
                axes = axes.union(*(axes_of(place) for place in value.at.index))
                if value.at.row is not None:
                    axes |= found[value.at.row]
            case Index():
                axes = frozenset((value.axis,))
            case Apply():
                axes = axes.union(*(found[a] for a in value.args))
            case Product() | Accumulate() | Scatter():
                axes = frozenset(range(len(loop.outer)))
        found.append(axes)
    return found
