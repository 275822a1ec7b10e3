"""Where a program's working memory lies: buffers that are never needed at the same time share bytes.

Scratch memory is common to all threads. Its clock are the phases: between two barriers all units may run at once.
Local memory is a thread's own. Its clock are the loops: a thread runs one unit after the other, and each unit the
loops of its track in order. A buffer lives from the first tick that writes it to the last that touches it, both
included, and holds nothing from one step to the next; ``verify_memory.py`` checks every plan against that.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from sklon._base.shapes import concrete

from .ir import Buffer, Program, lead

#: bytes of a cache line, and of a page
LINE, PAGE = 64, 4096
#: the spaces that a program works in and owns for one step
WORKING = ("scratch", "local")


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A buffer's life, in ticks, and its bytes ``offset`` to ``offset + size``."""

    number: int
    size: int
    first: int
    last: int
    offset: int = 0

    @property
    def room(self) -> int:
        """The bytes it takes: whole lines, and one more, so that equal rows of neighbours do not lie 4 KiB apart."""
        return -(-self.size // LINE) * LINE + LINE

    @property
    def end(self) -> int:
        """The first byte behind its room."""
        return self.offset + self.room

    def meets(self, other: Span) -> bool:
        """Whether both live at some tick."""
        return self.first <= other.last and other.first <= self.last


@dataclass(frozen=True, slots=True)
class Arena:
    """One block of memory and the buffers in it, by number."""

    spans: tuple[Span, ...]

    @property
    def bytes(self) -> int:
        """Its size."""
        return max((s.end for s in self.spans), default=0)

    @property
    def apart(self) -> int:
        """The size that it would have if no bytes were shared."""
        return sum(s.room for s in self.spans)

    @property
    def least(self) -> int:
        """What lives at the fullest tick: no plan needs less."""
        change: dict[int, int] = {}
        for s in self.spans:
            change[s.first] = change.get(s.first, 0) + s.room
            change[s.last + 1] = change.get(s.last + 1, 0) - s.room
        now = most = 0
        for _, amount in sorted(change.items()):
            now += amount
            most = max(most, now)
        return most

    def offsets(self) -> dict[int, int]:
        """Where each buffer begins, by its number."""
        return {s.number: s.offset for s in self.spans}


@dataclass(frozen=True, slots=True)
class Memory:
    """Where each buffer lies: a position in the argument block, or a place in scratch or local memory."""

    external: dict[int, int]
    scratch: Arena
    local: Arena

    @property
    def scratch_bytes(self) -> int:
        """Bytes that all threads share."""
        return self.scratch.bytes

    @property
    def local_bytes(self) -> int:
        """Bytes of each thread."""
        return self.local.bytes

    @property
    def local_stride(self) -> int:
        """Bytes from one thread's local memory to the next one's: whole pages, and one that keeps them apart."""
        return -(-self.local_bytes // PAGE) * PAGE + PAGE

    def bytes(self, threads: int) -> int:
        """All that a step works in, on so many threads."""
        return self.scratch_bytes + threads * self.local_bytes


def place(program: Program) -> Memory:
    """Positions for what is bound from outside; scratch and local memory as small as ``packed`` makes them."""
    bound = [i for i, b in enumerate(program.buffers) if b.space not in WORKING]
    scratch, local = (packed(lives(program, space)) for space in WORKING)
    return Memory({n: i for i, n in enumerate(bound)}, scratch, local)


# ---- lives
def lives(program: Program, space: str) -> list[Span]:
    """The life of each buffer of a space, not yet placed."""
    ticks: dict[int, list[int]] = {}
    for tick, number in touches(program, space):
        ticks.setdefault(number, []).append(tick)
    size = {n: buffer_bytes(program.buffers[n], program.max_rows) for n in ticks}
    return [Span(number=n, size=size[n], first=min(t), last=max(t)) for n, t in sorted(ticks.items())]


def touches(program: Program, space: str) -> Iterator[tuple[int, int]]:
    """Each use of a buffer of a space: the tick of the space's clock, and the buffer's number."""
    loops = 0
    for number, phase in enumerate(program.phases):
        for track in phase.tracks:
            for loop in track.loops:
                tick = loops if space == "local" else number
                loops += 1
                yield from ((tick, at.buffer) for at in loop.accesses if program.buffers[at.buffer].space == space)


def buffer_bytes(buffer: Buffer, max_rows: int) -> int:
    """The bytes of a scratch or local buffer; of a local one, those of one unit."""
    if not buffer.shape:
        return buffer.dtype.itemsize
    rows = lead(buffer.shape)[1] if buffer.space == "local" else concrete(buffer.shape[:1], max_rows)[0]
    if buffer.panel:
        columns = buffer.shape[1]
        assert isinstance(columns, int)
        return rows * -(-columns // buffer.panel) * buffer.panel * buffer.dtype.itemsize
    return rows * (buffer.strides[0] if len(buffer.shape) > 1 else 1) * buffer.dtype.itemsize


# ---- packing
def packed(spans: list[Span]) -> Arena:
    """Give each span, the largest first, the tightest gap that is free for its life, or else the end of what it meets.

    Measured against placing the earliest first: see docs/decisions/0014-working-memory-is-planned.md.
    """
    done: list[Span] = []
    for span in sorted(spans, key=lambda s: (-s.room, s.first, s.number)):
        done.append(replace(span, offset=_gap(span, sorted((s.offset, s.end) for s in done if s.meets(span)))))
    return Arena(tuple(sorted(done, key=lambda s: s.number)))


def _gap(span: Span, taken: list[tuple[int, int]]) -> int:
    """The start of the tightest gap between taken ranges that holds the span, the first of equals; else their end."""
    end, best, room = 0, None, 0
    for start, stop in taken:
        if start - end >= span.room and (best is None or start - end < room):
            best, room = end, start - end
        end = max(end, stop)
    return end if best is None else best
