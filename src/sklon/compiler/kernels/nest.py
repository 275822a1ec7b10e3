"""Nests of loops for maps and reductions.

The lanes run along the axis whose neighbours lie next to each other in most operands. A map whose operands all
have its own shape and no gaps is one flat loop. A sum keeps its accumulators in registers through its inner axes.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from sklon._base.dtypes import Dtype, bool_
from sklon._base.shapes import SHARD, N, S
from sklon.compiler.target import Target
from sklon.ops.random import BLOCK
from sklon.program.ir import (
    Access,
    Accumulate,
    Buffer,
    Index,
    Load,
    Loop,
    Program,
    Store,
    lead,
    stride_along,
)
from sklon.program.places import ORIGIN
from sklon.program.values import uses

from .addresses import Counter, Offsets
from .body import Body
from .facts import is_dense, lanes_of, real_axes
from .lanes import Declarations, Lanes, Value
from .prefetch import prefetch_rows
from .random import draws_along
from .text import PROLOGUE, extent_text, function, lines_of

#: the depth of what is known only after the inner axes have been joined
AFTER = 1000
#: accumulators side by side, so that additions need not wait for each other
UNROLL = 4


@dataclass(frozen=True, slots=True)
class Axis:
    """One loop of a nest."""

    axis: int
    first: str
    last: str
    step: int


def emit_map(program: Program, loop: Loop, target: Target, declarations: Declarations) -> tuple[str, list[int]]:
    """The function of a map, and the buffers that it takes."""
    body = _body(program, loop, target, declarations)
    if _is_flat(program, loop):
        return _emit_flat(body)
    axes = _outer_axes(loop)
    lane = body.frame.lane = _best_lane(program, loop, [a.axis for a in axes])
    width = body.lanes.width
    step = BLOCK if lane and draws_along(loop, lane) else width  # along the rows a unit begins anywhere
    body.frame.multiple = step
    nest = _Nest(body, _lane_last(axes, lane, step), len(axes))
    for instruction in loop.body:
        if isinstance(instruction, Store):
            for start in range(0, step, width):
                body.store(instruction, {lane: start} if lane is not None else {}, len(axes))
    prefetch_rows(body)
    return function(len(body.parameters), nest.text()), body.parameters


def emit_reduce(program: Program, loop: Loop, target: Target, declarations: Declarations) -> tuple[str, list[int]]:
    """The function of a reduction, and the buffers that it takes."""
    body = _body(program, loop, target, declarations)
    outer, inner = _outer_axes(loop), _inner_axes(loop)
    body.frame.lane = _best_lane(program, loop, [a.axis for a in outer + inner])
    width = body.lanes.width
    outer, inner = (_lane_last(axes, body.frame.lane, width) for axes in (outer, inner))
    unroll = _unroll(loop, body.frame.lane, width)
    axes = [Axis(a.axis, a.first, a.last, a.step * unroll) if a.axis == body.frame.lane else a for a in outer + inner]
    nest = _Nest(body, axes, len(outer))
    _accumulate(nest, [{body.frame.lane: width * u} if body.frame.lane is not None else {} for u in range(unroll)])
    return function(len(body.parameters), nest.text()), body.parameters


def _body(program: Program, loop: Loop, target: Target, declarations: Declarations) -> Body:
    width = lanes_of(program, loop, target.vector_bytes)
    return Body(program, loop, uses(loop), Lanes(width, target.fma, declarations))


def _outer_axes(loop: Loop) -> list[Axis]:
    axes = []
    for a in real_axes(loop.outer):
        if loop.outer[a] == S:
            continue  # one shard a unit
        first, last = ("%lo", "%hi") if a == 0 else ("0", extent_text(loop.outer[a]))
        axes.append(Axis(a, first, last, 1))
    return axes


def _inner_axes(loop: Loop) -> list[Axis]:
    shift = len(loop.outer)
    axes = []
    for a in real_axes(loop.inner) or [0]:
        own_rows = loop.inner[a] == N and loop.outer[:1] == (S,)
        first, last = ("%lo", "%hi") if own_rows else ("0", extent_text(loop.inner[a]))
        axes.append(Axis(shift + a, first, last, 1))
    return axes


def _lane_last(axes: list[Axis], lane: int | None, width: int) -> list[Axis]:
    """The axis of the lanes innermost, in steps of a vector."""
    rest = [a for a in axes if a.axis != lane]
    return rest + [Axis(a.axis, a.first, a.last, width) for a in axes if a.axis == lane]


def _best_lane(program: Program, loop: Loop, axes: list[int]) -> int | None:
    """The axis with the most operands whose neighbours are adjacent; the last of equals."""
    if not axes:
        return None
    scores = {a: 0 for a in axes}
    for at in loop.accesses:
        for a in scores:
            stride = stride_along(program.buffers[at.buffer], at, a)
            if stride:
                scores[a] += 1 if stride == 1 else -1
    return max(axes, key=lambda a: (scores[a], a))


def _is_flat(program: Program, loop: Loop) -> bool:
    real = real_axes(loop.outer)
    if len(real) < 2 or any(isinstance(i, Index) for i in loop.body):
        return False
    return all(_is_whole(program.buffers[at.buffer], at, loop, real) for at in loop.accesses) and not any(
        isinstance(i, Load) and i.mask is not None for i in loop.body
    )


def _is_whole(buffer: Buffer, at: Access, loop: Loop, real: list[int]) -> bool:
    """Whether an access reads one element for all, or a dense buffer from end to end in the order of the loop."""
    if at.row is not None:
        return False
    if all(place == ORIGIN for place in at.index):
        return True
    used = [(place, e) for place, e in zip(at.index, buffer.shape, strict=True) if e != 1]
    return used == [(a, loop.outer[a]) for a in real] and is_dense(buffer)


def _emit_flat(body: Body) -> tuple[str, list[int]]:
    loop = body.loop
    rest = 1
    for extent in loop.outer[1:]:
        assert isinstance(extent, int)
        rest *= extent
    body.frame.flat, body.frame.lane = True, 0
    bounds = f" %first = mul i64 %lo, {rest}\n %last = mul i64 %hi, {rest}\n"
    exact = rest % body.lanes.width == 0
    nest = _Nest(body, [Axis(0, "%first", "%last", body.lanes.width)], 1, exact)
    for instruction in loop.body:
        if isinstance(instruction, Store):
            body.store(instruction, {}, 1)
    return function(len(body.parameters), nest.text(bounds)), body.parameters


def _unroll(loop: Loop, lane: int | None, width: int) -> int:
    """How many vectors side by side a reduction joins; only where they always fit."""
    extent = loop.axes[lane] if lane is not None else None
    if not isinstance(extent, int):
        return 1
    block = lead(loop.outer)[1] if lane == 0 and loop.outer else extent
    return next(u for u in (UNROLL, 2, 1) if not (extent % (u * width) or block % (u * width)) or u == 1)


def _accumulate(nest: _Nest, columns: list[Offsets]) -> None:
    body, loop = nest.body, nest.body.loop
    at, joined = next((i, x) for i, x in enumerate(loop.body) if isinstance(x, Accumulate))
    inner_lane = body.frame.lane is not None and body.frame.lane >= len(loop.outer)
    totals = [_join(nest, joined, offsets, i, inner_lane) for i, offsets in enumerate(columns)]
    if inner_lane:
        total = _across(body.lanes, joined.fn, totals)
        body.known[at, ()] = total
        columns = [{}]
        body.frame.lane = None
        body.frame.mask = lambda offsets: None
    else:
        for offsets, total in zip(columns, totals, strict=True):
            key = tuple((a, o) for a, o in offsets.items() if o and a in body.uses[at])
            body.known[at, key] = total
    for instruction in loop.body:
        if isinstance(instruction, Store):
            for offsets in columns:
                body.store(instruction, offsets, AFTER)


def _join(nest: _Nest, joined: Accumulate, offsets: Offsets, number: int, inner_lane: bool) -> Value:
    """Add one more term to an accumulator; returns the finished accumulator."""
    body, depth = nest.body, len(nest.axes)
    lanes = body.lanes
    term = body.value(joined.value, offsets)
    neutral = lanes.constant(0.0 if joined.fn == "sum" else _lowest(term.dtype), term.dtype)
    mask = body.frame.mask(offsets)
    if mask is not None and inner_lane:
        term = lanes.select(Value(mask, depth, bool_), term, neutral)
    running = Value(nest.accumulator(number), depth, term.dtype)
    new = lanes.add(running, term) if joined.fn == "sum" else _larger(lanes, running, term)
    nest.carry(lanes.type(term.dtype), neutral.text, new.text)
    return Value(new.text, AFTER, term.dtype)


def _lowest(dtype: Dtype) -> float:
    return float("-inf") if dtype.is_floating else -(2 ** (dtype.bits - 1)) if dtype.kind == "integer" else 0


def _larger(lanes: Lanes, x: Value, y: Value) -> Value:
    """The maximum; NaN if either is."""
    larger = lanes.select(lanes.compare("gt", y, x), y, x)
    if not x.dtype.is_floating:
        return larger
    return lanes.select(lanes.compare("unordered", y, y), y, larger)


def _across(lanes: Lanes, fn: str, totals: list[Value]) -> Value:
    """Join accumulators and then their lanes, in the order of a tree."""
    while len(totals) > 1:
        pairs = zip(totals[::2], totals[1::2], strict=True)
        totals = [lanes.add(x, y) if fn == "sum" else _larger(lanes, x, y) for x, y in pairs]
    (total,) = totals
    vector, width = lanes.type(total.dtype), lanes.width
    while width > 1:
        width //= 2
        order = ", ".join(f"i32 {i + width if i < width else i}" for i in range(lanes.width))
        other = lanes.emit(
            AFTER, total.dtype, f"shufflevector {vector} {total.text}, {vector} poison, <{lanes.width} x i32> <{order}>"
        )
        total = lanes.add(total, other) if fn == "sum" else _larger(lanes, total, other)
    return lanes.splat(lanes.first(total, AFTER), AFTER, total.dtype)


class _Nest:
    """The loops around a body, as text. The lines of each depth go where its index is known."""

    def __init__(self, body: Body, axes: list[Axis], kept: int, exact: bool | None = None) -> None:
        self.body, self.axes, self.kept = body, axes, kept
        self.carried: list[tuple[str, str, str]] = []  # type, start, next
        for depth, axis in enumerate(axes):
            body.frame.counters[axis.axis] = Counter(f"%i{axis.axis}", depth + 1)
        if body.loop.outer[:1] == (S,):
            body.frame.counters[0] = Counter("%shard", 0)
            body.lanes.name(0, f"udiv i64 %lo, {SHARD}")
            body.lanes.lines[0][-1] = f" %shard = udiv i64 %lo, {SHARD}"
        lane = next((a for a in axes if a.axis == body.frame.lane), None)
        if lane is not None and not (self._exact(lane) if exact is None else exact):
            self._mask(lane)

    def _exact(self, lane: Axis) -> bool:
        """Whether the lanes never reach beyond the axis."""
        loop, step = self.body.loop, lane.step
        extent = loop.axes[lane.axis]
        if not isinstance(extent, int) or extent % step:
            return False
        return lane.axis != 0 or not loop.outer or lead(loop.outer)[1] % step == 0

    def _mask(self, lane: Axis) -> None:
        """The lanes before the end of the axis, at each offset along it."""
        lanes, depth = self.body.lanes, self.axes.index(lane) + 1
        left = lanes.name(depth, f"sub i64 {lane.last}, %i{lane.axis}")
        narrow = lanes.name(depth, f"trunc i64 {left} to i32")
        width = f"<{lanes.width} x i32>"
        one = lanes.name(depth, f"insertelement {width} poison, i32 {narrow}, i32 0")
        wide = lanes.name(depth, f"shufflevector {width} {one}, {width} poison, {width} zeroinitializer")

        @cache
        def before_the_end(start: int) -> str:
            steps = ", ".join(f"i32 {start + i}" for i in range(lanes.width))
            return lanes.name(depth, f"icmp sgt {width} {wide}, <{steps}>")

        self.body.frame.mask = lambda offsets: before_the_end(offsets.get(lane.axis, 0))

    def accumulator(self, number: int) -> str:
        """The name of an accumulator in the innermost loop."""
        return f"%a{number}_{len(self.axes) - 1}"

    def carry(self, kind: str, start: str, new: str) -> None:
        """Keep a value in registers through the inner loops."""
        self.carried.append((kind, start, new))

    def text(self, bounds: str = "") -> str:
        lines = self.body.lanes.lines
        shards = f" %more = add i64 %rows, {SHARD - 1}\n %shards = udiv i64 %more, {SHARD}\n"
        text = [PROLOGUE, shards, bounds, lines_of(lines.get(0, []))]
        previous = "entry"
        for depth in range(len(self.axes)):
            text.append(self._header(depth, previous))
            text.append(lines_of(lines.get(depth + 1, [])))
            previous = f"h{depth}"
        for depth in range(len(self.axes) - 1, -2, -1):
            if depth == self.kept - 1:
                text.append(lines_of(lines.get(AFTER, [])))
            if depth >= 0:
                text.append(self._latch(depth))
        return "".join(text)

    def _header(self, depth: int, previous: str) -> str:
        axis = self.axes[depth]
        latch = f"h{depth}" if depth == len(self.axes) - 1 else f"x{depth + 1}"
        name = f"%i{axis.axis}"
        text = f" br label %h{depth}\nh{depth}:\n {name} = phi i64 [{axis.first}, %{previous}], [{name}n, %{latch}]\n"
        if depth >= self.kept:
            for i, (kind, start, new) in enumerate(self.carried):
                entry = start if depth == self.kept else f"%a{i}_{depth - 1}"
                text += f" %a{i}_{depth} = phi {kind} [{entry}, %{previous}], [{new}, %{latch}]\n"
        return text

    def _latch(self, depth: int) -> str:
        axis = self.axes[depth]
        name = f"%i{axis.axis}"
        return (
            f" {name}n = add i64 {name}, {axis.step}\n"
            f" %more{depth} = icmp slt i64 {name}n, {axis.last}\n"
            f" br i1 %more{depth}, label %h{depth}, label %x{depth}\nx{depth}:\n"
        )
