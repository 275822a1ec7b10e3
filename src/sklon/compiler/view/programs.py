"""A program as people read it: where values lie, and phases between barriers, each a parallel loop over units."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sklon._base.columns import aligned, in_bytes, in_flops
from sklon._base.shapes import T, concrete, row_major
from sklon.graph.node import Type
from sklon.program.ir import Buffer, Program, Track
from sklon.program.memory import Arena, Memory, Span, buffer_bytes
from sklon.program.work import NONE

from .loops import LoopView, flow, fused, loop_name

#: characters of a line
WIDTH = 120
#: what the spaces of buffers are for
SPACES = {
    "state": "kept from step to step",
    "data": "all rows",
    "index": "the rows of a step",
    "output": "results",
    "scratch": "common to all threads, for a step",
    "local": "a thread's own, for a unit",
}


INDENT = "    "
LEGEND = (
    "a line is: loop [outer] over [summed] · kernel, ×loops that share it · tile and ops · reads → writes",
    "a tile is: rows×columns, ×panels +columns that are left; u2: two terms (or vectors of them) in an iteration;",
    "its lanes run over columns, or over the terms of the sum",
)


# ---- memory
def memory_text(program: Program, memory: Memory) -> str:
    """The buffers of each space: names, types, bytes, how they are laid out, and when and where they lie."""
    lives = {s.number: (clock, s) for clock, arena in _clocks(memory) for s in arena.spans}
    rows = [[*_buffer(i, b, program), *_life(*lives.get(i, ("", None)))] for i, b in enumerate(program.buffers)]
    cells = aligned(rows, "lllrllr")
    lines: list[str] = []
    for space, purpose in SPACES.items():
        found = [f"  {cells[i]}" for i, b in enumerate(program.buffers) if b.space == space]
        if found:
            lines += [f"{space}: {purpose}{_total(space, memory)}", *found]
    return _cut(lines)


def _clocks(memory: Memory) -> tuple[tuple[str, Arena], tuple[str, Arena]]:
    """What the lives in each arena are counted in."""
    return ("phase", memory.scratch), ("loop", memory.local)


def _life(clock: str, span: Span | None) -> list[str]:
    """From when to when a buffer lives, and its first byte."""
    if span is None:
        return ["", ""]
    when = f"{clock} {span.first}" if span.first == span.last else f"{clock}s {span.first}–{span.last}"
    return [when, f"at {span.offset:,}"]


def _total(space: str, memory: Memory) -> str:
    """The bytes of a space, what they were if none were shared, and the share of them that lives at once."""
    if space not in ("scratch", "local"):
        return ""
    arena, whose = (memory.scratch, "in all") if space == "scratch" else (memory.local, "a thread")
    share = arena.least / arena.bytes if arena.bytes else 1.0
    return f"; {in_bytes(arena.bytes)} {whose} ({in_bytes(arena.apart)} unshared), {share:.0%} in use at once"


def _buffer(number: int, buffer: Buffer, program: Program) -> list[str]:
    unknown = T in buffer.shape
    size = "" if unknown else in_bytes(buffer_bytes(buffer, program.max_rows))
    kind = str(Type(buffer.shape, buffer.dtype))
    return [f"%{number}", buffer.name, kind, size, layout(buffer)]


def layout(buffer: Buffer) -> str:
    """How the elements of a buffer lie, as ``panels of 48 columns`` or ``rows padded to 40``."""
    if buffer.panel:
        return f"panels of {buffer.panel} columns"
    dense = row_major(buffer.shape)
    if len(buffer.shape) < 2 or buffer.strides == dense:
        return ""
    return f"rows padded to {buffer.strides[0]}" if buffer.strides[1:] == dense[1:] else f"strides {buffer.strides}"


# ---- work
def phases_text(program: Program, loops: Sequence[LoopView], rows: int) -> str:
    """The phases, their tracks and loops; between two phases all threads meet."""
    lines = [*LEGEND]
    cells = _lines(program, loops)
    done = 0
    for number, phase in enumerate(program.phases):
        mine = [view for view in loops if view.phase == number]
        flops = sum((view.work for view in mine), NONE).flops
        lines.append(f"phase {number}: {count(sum(units(t, rows) for t in phase.tracks), 'unit')}, {in_flops(flops)}")
        for track in phase.tracks:
            lines.append(f"  {_track(track, rows)}")
            lines += cells[done : done + len(track.loops)]
            done += len(track.loops)
        lines.append("barrier")
    return _cut(lines)


def units(track: Track, rows: int) -> int:
    """The units of a track in a step over so many rows."""
    (extent,) = concrete((track.extent,), rows)
    return -(-extent // track.block)


def _track(track: Track, rows: int) -> str:
    found = units(track, rows)
    along = f"along {track.extent}"
    return f"one unit {along}" if found == 1 else f"{count(found, 'unit')} of {track.block} {along}"


def _lines(program: Program, loops: Sequence[LoopView]) -> list[str]:
    """A line for each loop: what it is, its kernel, how it is computed, and what flows."""
    heads = aligned([_cells(view) for view in loops], "lll")
    left = max(map(len, heads), default=0)
    most = WIDTH - len(INDENT) - left - 2
    return [
        f"{INDENT}{head.ljust(left)}  {flow(program, view.loop, most)}" for head, view in zip(heads, loops, strict=True)
    ]


def _cells(view: LoopView) -> list[str]:
    name = view.function + (f" ×{view.shared}" if view.shared > 1 else "")
    return [loop_name(view.loop), name, " ".join(x for x in (view.how, fused(view.loop)) if x)]


def count(number: int, what: str) -> str:
    """As ``1 unit`` or ``2 units``."""
    return f"{number} {what}{'s' * (number != 1)}"


def _cut(lines: Iterable[str]) -> str:
    """Lines of at most ``WIDTH`` characters."""
    return "".join(f"{line if len(line) <= WIDTH else line[: WIDTH - 1] + '…'}\n" for line in lines)
