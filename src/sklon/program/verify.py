"""The rules that every program obeys. A violation is our bug, never the user's.

buffers     names are unique; only leading axes are symbolic; elements do not overlap; what others bind is dense
loops       one anchor for each kind; indices fit extents; values are used after they are made, types fit,
            and what is stored depends on no axis that was summed away
products    panels are read as right operands only; lanes or terms of the right operand are contiguous
writers     each place is written by one loop, and never data or indices
order       a place is read after it is written; within a phase only by the same track, and each unit reads
            only what the same unit wrote, whether before or after (an update in place)
local       a local place belongs to one track, whose units have its rows
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from sklon._base.errors import InputError, VerificationError
from sklon._base.shapes import Extent, N, S, Symbol, T, row_major

from .ir import (
    SPACES,
    Access,
    Accumulate,
    Apply,
    Buffer,
    Index,
    Load,
    Loop,
    Product,
    Program,
    Roles,
    Scalar,
    Scatter,
    Store,
    Track,
    lead,
    roles_of,
    stride_along,
)
from .places import ORIGIN, Place, affine, axes_of, bounds
from .values import result_dtypes, running, uses

BOUND = ("state", "data", "index", "output")  # spaces whose memory others own
WRITTEN_HERE = ("scratch", "local", "output")  # spaces that hold nothing when a step begins
ANCHORS = {"map": (), "reduce": (Accumulate,), "contract": (Product,), "scatter": (Scatter,)}  # kind → what it sums
JOINS = ("sum", "max")


def verify_program(program: Program) -> None:
    """Raise VerificationError unless the program is well-formed."""
    _require(program.max_rows >= 1, f"the declared maximum of N is {program.max_rows}")
    names = [b.name for b in program.buffers]
    _require(len(set(names)) == len(names), f"two buffers have one name: {sorted(names)}")
    for buffer in program.buffers:
        _check_buffer(buffer)
    for at, track, loop in _places(program):
        _require(lead(loop.outer) == (track.extent, track.block), f"{at}: its units are not those of its track")
        _LoopCheck(program, loop, str(at)).run()
    _check_writers(program)
    _check_order(program)
    _check_locals(program)


def _require(holds: bool, otherwise: str) -> None:
    if not holds:
        raise VerificationError(otherwise)


@dataclass(frozen=True, slots=True, order=True)
class _Place:
    """Where a loop stands."""

    phase: int
    track: int
    loop: int

    def __str__(self) -> str:
        return f"phase {self.phase}, track {self.track}, loop {self.loop}"


def _places(program: Program) -> Iterator[tuple[_Place, Track, Loop]]:
    for p, phase in enumerate(program.phases):
        for t, track in enumerate(phase.tracks):
            for i, loop in enumerate(track.loops):
                yield _Place(p, t, i), track, loop


# ---- buffers
def _check_buffer(b: Buffer) -> None:
    who = f"buffer {b.name!r}"
    _require(b.space in SPACES, f"{who} lies in an unknown space {b.space!r}")
    _require(not any(isinstance(e, Symbol) for e in b.shape[1:]), f"{who} has a symbolic axis that does not lead")
    _require((b.shape[:1] == (T,)) <= (b.space == "data"), f"{who} has the length of a data table, but is none")
    _require(len(b.strides) == len(b.shape), f"{who} has {len(b.shape)} axes and {len(b.strides)} strides")
    if b.panel:
        panels = b.space in ("scratch", "local") and len(b.shape) == 2 and isinstance(b.shape[0], int)
        _require(panels and b.strides == (b.panel, 1), f"{who} cannot be stored in panels")
    elif b.space in BOUND:
        _require(b.strides == row_major(b.shape), f"{who} is bound from outside and must be dense")
    else:
        _require(not _overlaps(b), f"{who} has elements that overlap")
    if b.space == "index":
        _require(b.shape[:1] == (N,) and b.dtype.kind == "integer", f"{who} holds row indices, but is {b.shape}")


def _overlaps(b: Buffer) -> bool:
    """Whether an axis steps by less than what the axes behind it take."""
    needed = 1
    for extent, stride in zip(reversed(b.shape), reversed(b.strides), strict=True):
        if extent == 1:
            continue
        if stride < needed:
            return True
        needed = stride * (extent if isinstance(extent, int) else 1)
    return False


# ---- one loop
class _LoopCheck:
    """The rules of one loop; ``where`` names it in messages."""

    def __init__(self, program: Program, loop: Loop, where: str) -> None:
        self.program, self.loop, self.where = program, loop, where
        self.buffers = program.buffers
        self.rank = len(loop.outer)

    def require(self, holds: bool, otherwise: str) -> None:
        _require(holds, f"{self.where}: {otherwise}")

    def run(self) -> None:
        self._check_axes()
        self._check_references()
        self._check_types()
        for i in self.loop.body:
            if isinstance(i, Product):
                self._check_product(i)
            elif isinstance(i, Scatter):
                self._check_scatter(i)
            elif isinstance(i, Store):
                self._check_store(i)
            elif isinstance(i, Load):
                self._check_access(i.at, masked=i.mask is not None)
                self.require(not self.buffers[i.at.buffer].panel, "panels are read other than by a product")
        self._check_dependences()
        self._check_in_place()

    def _check_axes(self) -> None:
        loop = self.loop
        anchors = tuple(type(i) for i in loop.body if isinstance(i, Accumulate | Product | Scatter))
        self.require(loop.kind in ANCHORS, f"there is no kind {loop.kind!r}")
        self.require(anchors == ANCHORS[loop.kind], f"a {loop.kind} cannot have the anchors {anchors}")
        self.require(bool(loop.inner) == (loop.kind != "map"), f"a {loop.kind} over the axes {loop.inner}")
        later = loop.outer[1:] + loop.inner[1:]
        self.require(not any(isinstance(e, Symbol) for e in later), "a symbolic axis does not lead")
        self.require(T not in loop.axes, "a loop cannot run over a data table")
        if loop.outer[:1] == (S,):
            self.require(loop.inner[:1] == (N,), "units of shards must sum over the rows of their shard")

    def _check_references(self) -> None:
        for number, i in enumerate(self.loop.body):
            match i:
                case Apply():
                    earlier: tuple[int, ...] = i.args
                case Accumulate() | Store():
                    earlier = (i.value,)
                case Load():
                    earlier = tuple(n for n in (i.at.row, i.mask) if n is not None)
                case _:
                    earlier = ()
            for a in earlier:
                fits = 0 <= a < number and not isinstance(self.loop.body[a], Store)
                self.require(fits, f"value {number} uses value {a}, which is none before it")
            if isinstance(i, Scalar):
                self.require(0 <= i.position < self.program.scalars, f"there is no scalar {i.position}")
            if isinstance(i, Index):
                self.require(0 <= i.axis < len(self.loop.axes), f"there is no axis {i.axis}")
        buffers = [at.buffer for at in self.loop.accesses]
        self.require(all(0 <= n < len(self.buffers) for n in buffers), "a buffer is named that does not exist")

    def _check_types(self) -> None:
        try:
            dtypes = result_dtypes(self.buffers, self.loop)
        except InputError as error:
            raise VerificationError(f"{self.where}: {error}") from error
        for i in self.loop.body:
            if isinstance(i, Store):
                buffer = self.buffers[i.to.buffer]
                self.require(dtypes[i.value] == buffer.dtype, f"{dtypes[i.value]} is stored into {buffer.name!r}")
            elif isinstance(i, Accumulate):
                self.require(i.fn in JOINS and dtypes[i.value].kind != "bool", f"there is no {i.fn} of these values")
            elif isinstance(i, Product):
                types = {self.buffers[at.buffer].dtype for at in (i.left, i.right)}
                self.require(len(types) == 1 and types.pop().is_floating, "a product of two types")
            elif isinstance(i, Load):
                row, mask = (dtypes[n].kind if n is not None else "" for n in (i.at.row, i.mask))
                self.require(row in ("", "integer"), "a row is chosen by a value that is no integer")
                self.require(mask in ("", "bool"), "a load depends on a value that is no truth")

    def _check_access(self, at: Access, masked: bool = False) -> None:
        buffer = self.buffers[at.buffer]
        who = f"the index {at.index} of {buffer.name!r}"
        self.require(len(at.index) == len(buffer.shape), f"{who} does not have its {len(buffer.shape)} axes")
        self.require(all(a < len(self.loop.axes) for a in running(at)), f"{who} runs along an axis that is not there")
        self.require(at.row is None or at.index[0] == ORIGIN, f"{who} gathers rows and names one")
        for place, extent in list(zip(at.index, buffer.shape, strict=True))[at.row is not None :]:
            self.require(self._fits(place, extent, masked), f"{who} runs beyond {extent}")

    def _fits(self, place: Place, extent: Extent, masked: bool) -> bool:
        """Whether a place stays on an axis; one that is symbolic is run along from end to end."""
        axes = axes_of(place)
        if isinstance(extent, Symbol) or any(isinstance(self.loop.axes[a], Symbol) for a in axes):
            return isinstance(place, int) and place >= 0 and self.loop.axes[place] == extent
        if any(self.loop.axes[a] == 0 for a in axes):
            return True
        low, high = bounds(place, self.loop.axes)
        return masked or (low >= 0 and high < extent)

    def _check_scatter(self, i: Scatter) -> None:
        """out[v, …] = Σ source[i, …] where index[i] = v; i runs over all inner axes."""
        for at in (i.index, i.source):
            self._check_access(at)
            self.require(at.row is None, "a scatter reads gathered rows")
        axes, inner = self.loop.axes, tuple(range(self.rank, len(self.loop.axes)))

        def found(*places: int) -> tuple[Place, ...]:
            return tuple(a if axes[a] != 1 else ORIGIN for a in places)

        self.require(i.index.index == found(*inner), f"indices are read at {i.index.index}")
        rows = found(*inner, *range(1, self.rank))
        self.require(i.source.index == rows, f"rows are read at {i.source.index}")
        self.require(self.buffers[i.index.buffer].dtype.kind == "integer", "the index is no integer")

    def _check_product(self, product: Product) -> None:
        """out[…, row, lane] = Σ left[…, row, term]·right[…, term, lane]; "…" are stacks, and S where rows are cut."""
        roles = roles_of(self.loop, product)
        where = f"the right operand runs along {product.right.index}"
        self.require(roles is not None, f"{where}: no axis is left for rows")
        assert roles is not None
        left, right = product.left, product.right
        self._check_access(left)
        self._check_access(right)
        self.require(left.row is None and right.row is None, "a product reads gathered rows")
        terms = set(range(self.rank, len(self.loop.axes)))
        common = {*roles.stack, *terms, -1}
        plain = {place for at in (left, right) for place in at.index if isinstance(place, int)}
        self.require(set(left.index) <= {roles.row, *common} & plain, f"the left operand runs along {left.index}")
        self.require(set(right.index) <= {roles.lane, *common} & plain, where)
        self._check_operands(product, roles)

    def _check_operands(self, product: Product, roles: Roles) -> None:
        """Sums run as one, and the lanes or the terms of the right operand are contiguous."""
        left, right = product.left, product.right
        a, b = self.buffers[left.buffer], self.buffers[right.buffer]
        inner = range(self.rank, len(self.loop.axes))
        real = [t for t in inner if self.loop.axes[t] != 1] or [inner[0]]
        for at, buffer in ((left, a), (right, b)):
            for one, other in pairwise(real):
                extent = self.loop.axes[other]
                assert isinstance(extent, int)
                joined = stride_along(buffer, at, one) == stride_along(buffer, at, other) * extent
                self.require(joined, "sums are apart")
        term = real[-1]
        self.require(not a.panel, "panels are read as a left operand")
        one_column = self.loop.axes[roles.lane] == 1
        lanes = b.panel or one_column or stride_along(b, right, roles.lane) == 1
        over_terms = stride_along(a, left, term) == 1 and stride_along(b, right, term) == 1
        self.require(bool(lanes or over_terms), "neither lanes nor terms of the right operand are contiguous")
        if b.panel:
            lane = roles.lane
            self.require(right.index in ((term, lane), (-1, lane), (term, -1)), "panels are read across")

    def _check_store(self, store: Store) -> None:
        self._check_access(store.to)
        buffer = self.buffers[store.to.buffer]
        self.require(store.to.row is None, f"rows of {buffer.name!r} are scattered")
        self.require(running(store.to) <= set(range(self.rank)), f"{buffer.name!r} is written inside a sum")
        left = {a for a, e in enumerate(self.loop.outer) if e != 1}
        for place, extent in zip(store.to.index, buffer.shape, strict=True):
            self.require(self._covers(place, extent, left), f"elements of {buffer.name!r} are written not exactly once")
            left -= axes_of(place)
        self.require(not left, f"elements of {buffer.name!r} are written more than once")

    def _covers(self, place: Place, extent: Extent, free: set[int]) -> bool:
        """Whether a place takes every value of an axis once: as the digits of a number in a mixed radix."""
        form = affine(place)
        if isinstance(extent, Symbol):
            return self._fits(place, extent, masked=False)
        count = 1
        for axis, step in sorted(form.terms, key=lambda term: term[1]):
            own = self.loop.axes[axis]
            if step != count or axis not in free or not isinstance(own, int):
                return False
            count *= own
        return form.start == 0 and count == extent

    def _check_dependences(self) -> None:
        """What is stored is known once for each outer index."""
        inner = set(range(self.rank, len(self.loop.axes)))
        for number, axes in enumerate(uses(self.loop)):
            if isinstance(self.loop.body[number], Store):
                self.require(not axes & inner, f"value {number} stores what varies along an axis that was summed")

    def _check_in_place(self) -> None:
        """A place that this loop also writes is read at the same index, and not by a store after that one."""
        reads, writes = self.loop.reads, self.loop.writes
        written = {at.buffer: at for at in writes}
        for at in reads:
            if at.buffer in written:
                same = at.row is None and at.index == written[at.buffer].index
                self.require(same, f"{self.buffers[at.buffer].name!r} is overwritten while it is read elsewhere")
        done: set[int] = set()
        gone: set[int] = set()
        for i in self.loop.body:
            if isinstance(i, Store):
                new = self._below(i.value) - done
                late = {x.at.buffer for x in (self.loop.body[n] for n in new) if isinstance(x, Load)} & gone
                self.require(not late, f"buffers {sorted(late)} are read after they were overwritten")
                done |= new
                gone.add(i.to.buffer)

    def _below(self, number: int) -> set[int]:
        """A value and all that it is computed from."""
        found: set[int] = set()
        stack = [number]
        while stack:
            n = stack.pop()
            if n not in found:
                found.add(n)
                stack += _arguments(self.loop, n)
        return found


def _arguments(loop: Loop, number: int) -> tuple[int, ...]:
    match loop.body[number]:
        case Apply() as i:
            return i.args
        case Accumulate() as i:
            return (i.value,)
        case Load() as i:
            return tuple(n for n in (i.at.row, i.mask) if n is not None)
    return ()


# ---- all loops
def _check_writers(program: Program) -> None:
    writer: dict[int, _Place] = {}
    for at, _, loop in _places(program):
        for to in loop.writes:
            b = program.buffers[to.buffer]
            _require(b.space not in ("data", "index"), f"{at}: {b.name!r} is not ours to write")
            _require(to.buffer not in writer, f"{at}: {b.name!r} is written a second time")
            writer[to.buffer] = at
    for number, b in enumerate(program.buffers):
        _require(b.space not in WRITTEN_HERE or number in writer, f"{b.name!r} is never written")


def _check_order(program: Program) -> None:
    writers = {to.buffer: (at, loop, to) for at, _, loop in _places(program) for to in loop.writes}
    for at, track, loop in _places(program):
        for read in loop.reads:
            if read.buffer not in writers:
                continue
            first, producer, written = writers[read.buffer]
            b = program.buffers[read.buffer]
            _require(b.space == "state" or first < at, f"{at}: {b.name!r} is read before {first} writes it")
            if first.phase == at.phase and producer is not loop:
                _require(first.track == at.track, f"{at}: {b.name!r} is written at the same time by another track")
                _require(
                    _one_unit(track) or _span(producer, written) == _span(loop, read),
                    f"{at}: a unit reads of {b.name!r} what another unit of {first} writes",
                )


def _one_unit(track: Track) -> bool:
    return isinstance(track.extent, int) and track.extent <= track.block


def _span(loop: Loop, at: Access) -> str:
    """Which part of a buffer's first axis a unit touches: its own rows, its shard's row, or anything."""
    sharded = loop.outer[:1] == (S,)
    if at.row is not None or not at.index or not loop.outer:
        return "all"
    if at.index[0] == 0:
        return "shard" if sharded else "rows"
    return "rows" if sharded and at.index[0] == len(loop.outer) else "all"


def _check_locals(program: Program) -> None:
    """A local place has the rows of one unit, and is reached by them alone."""
    home: dict[int, tuple[int, int]] = {}
    for at, track, loop in _places(program):
        for access in loop.accesses:
            b = program.buffers[access.buffer]
            if b.space != "local":
                continue
            here = (at.phase, at.track)
            _require(home.setdefault(access.buffer, here) == here, f"{at}: {b.name!r} is local to another track")
            _require(lead(b.shape) == (track.extent, track.block), f"{at}: {b.name!r} has other units")
            near = _one_unit(track) or _span(loop, access) == "rows"
            _require(near, f"{at}: {b.name!r} is local, but is read beyond its unit")
