"""What a program is made of, and its kernel language.

    Program  buffers, and phases separated by barriers
    Phase    tracks, in which all units are independent of each other
    Track    units: blocks of rows of one leading extent; each unit runs the track's loops in order
    Loop     a nest over ``outer`` axes (its first is the unit's rows) and ``inner`` axes that are summed away

The body of a loop is a list of instructions whose values are numbered by their position. Axes are numbered
outer first. Instructions before the accumulation run for every outer and inner index, those after it once for
each outer index. A loop whose first axis is S sums, in unit u, over the rows of shard u alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

from sklon._base.dtypes import Dtype
from sklon._base.shapes import SHARD, Extent, N, S, Shape
from sklon.ops import Point

from .places import Place, axes_of, step_along

SPACES = ("state", "data", "index", "output", "scratch", "local")


@dataclass(frozen=True, slots=True)
class Buffer:
    """A place in memory. ``strides`` are in elements; ``panel`` > 0 tells columns stored in panels.

    In a panelled matrix, element (i, j) lies at (j // panel)·rows·panel + i·panel + j % panel.
    """

    name: str
    space: str
    shape: Shape
    dtype: Dtype
    strides: tuple[int, ...]
    panel: int = 0

    @property
    def rows_padded(self) -> int:
        """Elements from one row to the next."""
        return self.strides[0] if self.strides else 1


@dataclass(frozen=True, slots=True)
class Access:
    """Elements of a buffer: for each of its axes the place along it, usually a loop's axis.

    ``row`` is the value that indexes the first axis instead, where rows are gathered; the first place is then 0.
    """

    buffer: int
    index: tuple[Place, ...]
    row: int | None = None


@dataclass(frozen=True, slots=True)
class Load:
    """The element at ``at``; 0 where the value ``mask`` is false, and there ``at`` may lie anywhere."""

    at: Access
    mask: int | None = None


@dataclass(frozen=True, slots=True)
class Const:
    """A number."""

    value: float
    dtype: Dtype


@dataclass(frozen=True, slots=True)
class Rows:
    """N."""

    dtype: Dtype


@dataclass(frozen=True, slots=True)
class Scalar:
    """The step's scalar at a position of the scalar table."""

    position: int
    dtype: Dtype


@dataclass(frozen=True, slots=True)
class Index:
    """The index along an axis."""

    axis: int
    dtype: Dtype


@dataclass(frozen=True, slots=True)
class Apply:
    """A point op on earlier values."""

    op: Point
    args: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Accumulate:
    """Joins an earlier value over the inner axes: the reduction of a ``reduce`` loop."""

    fn: str
    value: int


@dataclass(frozen=True, slots=True)
class Product:
    """Σ left·right over the inner axis: the anchor of a ``contract`` loop; ``right`` carries the lanes."""

    left: Access
    right: Access


@dataclass(frozen=True, slots=True)
class Scatter:
    """Σ source[i, …] over those i of the inner axis for which ``index`` holds this row: the anchor of ``scatter``."""

    index: Access
    source: Access


@dataclass(frozen=True, slots=True)
class Store:
    """Writes an earlier value."""

    to: Access
    value: int


Instruction: TypeAlias = Load | Const | Rows | Scalar | Index | Apply | Accumulate | Product | Scatter | Store


@dataclass(frozen=True)
class Loop:
    """A nest of loops. ``kind`` is map, reduce, contract or scatter. Its properties are asked for dozens of times."""

    kind: str
    outer: Shape
    inner: Shape
    body: tuple[Instruction, ...]

    @cached_property
    def axes(self) -> Shape:
        """All axes, outer first."""
        return self.outer + self.inner

    @cached_property
    def reads(self) -> tuple[Access, ...]:
        """What the loop reads, in the order of its body."""
        return tuple(at for i in self.body for at in _read_by(i))

    @cached_property
    def writes(self) -> tuple[Access, ...]:
        """What the loop writes, in the order of its body."""
        return tuple(i.to for i in self.body if isinstance(i, Store))

    @property
    def accesses(self) -> tuple[Access, ...]:
        """What the loop reads, and then what it writes."""
        return self.reads + self.writes

    def over(self, number: Mapping[int, int]) -> Loop:
        """The same loop over the buffers of other numbers."""
        return Loop(self.kind, self.outer, self.inner, tuple([_over(i, number) for i in self.body]))


@dataclass(frozen=True, slots=True)
class Track:
    """Units of ``block`` rows along ``extent``, each running ``loops`` in order."""

    extent: Extent
    block: int
    loops: tuple[Loop, ...]


@dataclass(frozen=True, slots=True)
class Phase:
    """Tracks between two barriers."""

    tracks: tuple[Track, ...]


@dataclass(frozen=True, slots=True)
class Program:
    """A whole step. ``max_rows`` is the declared maximum of N."""

    buffers: tuple[Buffer, ...]
    phases: tuple[Phase, ...]
    max_rows: int
    scalars: int

    def loops(self) -> list[Loop]:
        """All loops in order."""
        return [loop for phase in self.phases for track in phase.tracks for loop in track.loops]


def lead(outer: Shape) -> tuple[Extent, int]:
    """The extent along which a loop is cut into units, and the rows of a unit: a function of the shape alone.

    Rows of the step are cut into shards; anything else into units of about UNIT elements, so that a unit is
    worth handing to a thread.
    """
    if not outer:
        return 1, 1
    first = outer[0]
    if first in (N, S):
        return N, SHARD
    assert isinstance(first, int)
    rest = 1
    for extent in outer[1:]:
        rest *= extent if isinstance(extent, int) else 1
    rows = -(-UNIT // rest // 16) * 16 if 0 < rest < UNIT else 16
    return first, max(1, min(first, max(16, rows)))


UNIT = 32768  # elements of a unit


def _over(instruction: Instruction, number: Mapping[int, int]) -> Instruction:
    def renumbered(at: Access) -> Access:
        return Access(number[at.buffer], at.index, at.row)

    match instruction:
        case Load():
            return Load(renumbered(instruction.at), instruction.mask)
        case Product():
            return Product(renumbered(instruction.left), renumbered(instruction.right))
        case Scatter():
            return Scatter(renumbered(instruction.index), renumbered(instruction.source))
        case Store():
            return Store(renumbered(instruction.to), instruction.value)
    return instruction


def _read_by(instruction: Instruction) -> tuple[Access, ...]:
    match instruction:
        case Load():
            return (instruction.at,)
        case Product():
            return instruction.left, instruction.right
        case Scatter():
            return instruction.index, instruction.source
    return ()


def stride_along(buffer: Buffer, at: Access, axis: int) -> int:
    """Elements by which an access moves from one index of ``axis`` to the next."""
    return sum([s * step_along(place, axis) for place, s in zip(at.index, buffer.strides, strict=True)])


@dataclass(frozen=True, slots=True)
class Roles:
    """Which axes of a product are the rows and the lanes of its matrices, and along which several of them lie.

    The terms of the sum are the inner axes, of which the elements run as one.
    """

    row: int
    lane: int
    stack: tuple[int, ...]


def roles_of(loop: Loop, product: Product) -> Roles | None:
    """The roles of the axes of a product; None where none can be the rows."""
    shift = loop.outer[:1] == (S,)
    lane = len(loop.outer) - 1
    across = frozenset[int]().union(*(axes_of(place) for place in product.right.index))
    free = [a for a in range(shift, lane) if a not in across]
    if not free:
        return None
    row = next((a for a in free if loop.outer[a] != 1), free[0])
    return Roles(row, lane, tuple(a for a in range(shift, lane) if a != row))
