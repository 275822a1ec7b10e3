"""Shapes: tuples of integers, the first of which may be symbolic.

``N`` is the number of rows of the step, known at run time and at most a declared maximum. ``T`` is the
length of a table of data, of which a step reads N rows. ``S`` is the number of shards of 64 rows that N
rows make. They occur only as the leading axis, so every stride is a plain integer. All functions are pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import prod
from typing import TypeAlias

from .errors import ShapeError


@dataclass(frozen=True, slots=True, eq=False)
class Symbol:
    """A size that is known only when the program runs. There is one of each, also after copying and pickling.

    So equality is identity: shapes are compared and hashed some thousand times for each program.
    """

    name: str

    def __reduce__(self) -> str:
        return self.name

    def __repr__(self) -> str:
        return self.name


N = Symbol("N")
T = Symbol("T")
S = Symbol("S")
SHARD = 64  # rows; where a sum over rows is cut, it is cut here, whatever the number of threads (DESIGN §4.8)
Extent: TypeAlias = int | Symbol
Shape: TypeAlias = tuple[Extent, ...]


def check_shape(shape: Iterable[Extent]) -> Shape:
    """``shape`` as a tuple, after the rule that only the leading axis may be symbolic."""
    result = tuple(shape)
    if any(isinstance(e, Symbol) for e in result[1:]):
        raise ShapeError(f"only the leading axis may be symbolic, but the shape is {result}")
    return result


def is_symbolic(shape: Shape) -> bool:
    """Whether the leading axis is a symbol, and so a size that is not known yet."""
    return bool(shape) and isinstance(shape[0], Symbol)


def shards(rows: int) -> int:
    """The number of shards that ``rows`` rows make; at least one."""
    return max(1, -(-rows // SHARD))


def concrete(shape: Shape, rows: int) -> tuple[int, ...]:
    """``shape`` with N replaced by ``rows``, and S by the number of their shards."""
    return tuple(e if isinstance(e, int) else shards(rows) if e == S else rows for e in shape)


def row_size(shape: Shape) -> int:
    """The number of elements behind one index of the leading axis.

    >>> row_size((N, 3, 4))
    12
    """
    return prod(e for e in shape[1:] if isinstance(e, int))


def size(shape: Shape, rows: int = 1) -> int:
    """The number of elements, with N taken as ``rows``."""
    return prod(concrete(shape, rows))


def row_major(shape: Shape) -> tuple[int, ...]:
    """Strides in elements of a dense array. The extent of the leading axis is not needed for them.

    >>> row_major((N, 3, 4))
    (12, 4, 1)
    """
    strides: list[int] = []
    step = 1
    for extent in reversed(shape):
        strides.append(step)
        step *= extent if isinstance(extent, int) else 1
    return tuple(reversed(strides))


def broadcast(*shapes: Shape) -> Shape:
    """The common shape after NumPy's rules.

    >>> broadcast((N, 1), (5,))
    (N, 5)
    """
    rank = max((len(s) for s in shapes), default=0)
    padded = [(1,) * (rank - len(s)) + s for s in shapes]
    result: list[Extent] = []
    for axis in range(rank):
        extents = {s[axis] for s in padded if s[axis] != 1}
        if len(extents) > 1:
            listed = " and ".join(str(s) for s in shapes)
            raise ShapeError(
                f"shapes {listed} do not broadcast: axis {axis - rank} has sizes "
                f"{' and '.join(str(e) for e in sorted(extents, key=str))}; they must be equal, or one of them 1"
            )
        result.append(extents.pop() if extents else 1)
    return tuple(result)


def normalise_axes(axes: int | Sequence[int] | None, rank: int) -> tuple[int, ...]:
    """Axes as sorted non-negative integers; ``None`` means all of them."""
    if axes is None:
        return tuple(range(rank))
    given = (axes,) if isinstance(axes, int) else tuple(axes)
    for axis in given:
        if not -rank <= axis < rank:
            raise ShapeError(f"axis {axis} is out of range for {rank} axes")
    result = sorted(axis % rank for axis in given)
    if len(set(result)) != len(result):
        raise ShapeError(f"an axis is named twice in {given}")
    return tuple(result)


#: axes of one shape, and those of another one over which the same elements run
Group: TypeAlias = tuple[tuple[int, ...], tuple[int, ...]]


def groups(old: Shape, new: Shape) -> tuple[Group, ...] | None:
    """How the axes of ``old`` become those of ``new`` in row-major order; None if they hold not as many elements.

    Axes of size one belong to no group. A symbolic axis is a group of its own.

    >>> groups((N, 28, 28), (N, 784))
    (((0,), (0,)), ((1, 2), (1,)))
    >>> groups((6, 4), (8, 3))
    (((0, 1), (0, 1)),)
    """
    left, right = ([a for a, e in enumerate(shape) if e != 1] for shape in (old, new))
    found: list[Group] = []
    i = j = 0
    while i < len(left) or j < len(right):
        a, b = left[i : i + 1], right[j : j + 1]
        i, j = i + 1, j + 1
        while not _same_count(old, a, new, b):
            if i < len(left) and (j == len(right) or _count(old, a) <= _count(new, b)):
                a.append(left[i])
                i += 1
            elif j < len(right):
                b.append(right[j])
                j += 1
            else:
                return None
        found.append((tuple(a), tuple(b)))
    return tuple(found)


def _same_count(old: Shape, a: list[int], new: Shape, b: list[int]) -> bool:
    symbols = [e for e in [*(old[x] for x in a), *(new[x] for x in b)] if isinstance(e, Symbol)]
    if symbols:
        return len(a) == len(b) == 1 and old[a[0]] == new[b[0]]
    return _count(old, a) == _count(new, b)


def _count(shape: Shape, axes: list[int]) -> int:
    return prod(e for a in axes if isinstance(e := shape[a], int))
