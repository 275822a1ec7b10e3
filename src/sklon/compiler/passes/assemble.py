"""From scheduled loops to the program: which place is which buffer, and how it is laid out. Exact.

A value that is read only by the unit that wrote it lives in a buffer of the unit's size, local to a thread.
"""

from __future__ import annotations

from sklon._base.shapes import Extent, row_major
from sklon.graph.node import Node, Slot
from sklon.ops import Copy
from sklon.program.ir import Access, Buffer, Loop, Phase, Program, Track, lead
from sklon.program.places import ORIGIN

from .products import strides
from .schedule import Schedule, aligned


def assemble(plan: Schedule, max_rows: int, scalars: int) -> Program:
    """The program of a schedule."""
    by_place = {p: n for n, p in plan.places.items()}
    used = sorted({_final(plan, at.buffer) for loop in _loops(plan) for at in loop.accesses})
    names = {n: name for name, n in plan.graph.outputs}
    local = _locals(plan)
    buffers = tuple(_buffer(by_place[p], p, names, p in local) for p in used)
    number = {p: i for i, p in enumerate(used)}
    final = {p: number[_final(plan, p)] for p in by_place if _final(plan, p) in number}
    phases = tuple(_phase(loops, final) for loops in plan.phases if loops)
    return Program(buffers, phases, max_rows, scalars)


def _loops(plan: Schedule) -> list[Loop]:
    return [loop for loops in plan.phases for loop in loops]


def _final(plan: Schedule, place: int) -> int:
    return plan.alias.get(place, place)


def _buffer(node: Node, place: int, names: dict[Node, str], local: bool) -> Buffer:
    if isinstance(node.op, Slot):
        return Buffer(node.op.label, node.op.space, node.shape, node.dtype, row_major(node.shape))
    if node in names:
        return Buffer(names[node], "output", node.shape, node.dtype, row_major(node.shape))
    space = "local" if local else "scratch"
    panel = node.op.panel if isinstance(node.op, Copy) and len(node.shape) == 2 else 0
    layout = (panel, 1) if panel else strides(node)
    return Buffer(f"t{place}", space, node.shape, node.dtype, layout, panel)


def _locals(plan: Schedule) -> set[int]:
    """Places that only the writing unit reads."""
    phase = {id(loop): i for i, loops in enumerate(plan.phases) for loop in loops}
    producer = {at.buffer: loop for loop in _loops(plan) for at in loop.writes}
    outputs = {plan.places[n] for _, n in plan.graph.outputs}
    local = {p for p in producer if p not in outputs and p not in plan.alias and _stored_by_row(producer[p])}
    for loop in _loops(plan):
        for at in loop.reads:
            first = producer.get(at.buffer)
            if first is None:
                continue
            if phase[id(first)] != phase[id(loop)] or not _same_unit(first, at, loop):
                local.discard(at.buffer)
    return {p for p in local if lead(producer[p].outer)[0] == producer[p].outer[0]}


def _same_unit(first: Loop, at: Access, loop: Loop) -> bool:
    return first is loop or (aligned(first, at, loop) and at.index[:1] != (ORIGIN,) and _by_row(at))


def _by_row(at: Access) -> bool:
    return bool(at.index) and isinstance(at.index[0], int)


def _stored_by_row(loop: Loop) -> bool:
    return bool(loop.outer) and all(to.index[:1] == (0,) for to in loop.writes)


def _phase(loops: tuple[Loop, ...], final: dict[int, int]) -> Phase:
    tracks: dict[tuple[Extent, int], list[Loop]] = {}
    for loop in loops:
        tracks.setdefault(lead(loop.outer), []).append(loop.over(final))
    return Phase(tuple(Track(extent, block, tuple(ls)) for (extent, block), ls in tracks.items()))
