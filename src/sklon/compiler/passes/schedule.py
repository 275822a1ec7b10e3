"""Phases: which loops run between the same two barriers, and in which order. Exact.

One rule makes phases: a reader shares its producer's phase if each of its units reads only what the same unit of
the producer wrote; otherwise it is one later. An update in place waits in the same way for every reader of the
old value; where that would make a cycle, the new value gets memory of its own and is copied at the end.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sklon._base.errors import CompilerError
from sklon._base.shapes import N, S
from sklon.graph.node import Graph, Node
from sklon.graph.node import apply as apply_op
from sklon.ops import Copy
from sklon.program.ir import Access, Loop, lead

from .fuse import Fusion, Group
from .lower import Lowering
from .recompute import EARLY, Timing

#: instructions; maps are not joined beyond, so that no kernel grows without bound
LARGEST_BODY = 2000


@dataclass(frozen=True, slots=True)
class Schedule:
    """Loops by phase, in order, over numbered places; ``alias`` tells which place is a slot's new value."""

    phases: tuple[tuple[Loop, ...], ...]
    places: dict[Node, int]
    alias: dict[int, int]
    graph: Graph


class _ConflictError(Exception):
    """Updates that cannot be done in place."""

    def __init__(self, targets: set[Node]) -> None:
        self.targets = targets


def schedule(
    graph: Graph, fusion: Fusion, slots: Iterable[Node], scalars: Mapping[Node, int], timing: Timing = EARLY
) -> Schedule:
    """Order the loops of a fusion: each in the first phase that it can run in, but for what ``timing`` says."""
    slots = tuple(slots)
    copied: set[Node] = set()
    while True:
        try:
            return _Scheduler(graph, fusion, slots, scalars, timing).run()
        except _ConflictError as conflict:
            if conflict.targets <= copied:
                raise CompilerError("loops wait for each other, and not for the sake of an update") from conflict
            copied |= conflict.targets
            graph, fusion = _copy_updates(graph, fusion, conflict.targets)


def _copy_updates(graph: Graph, fusion: Fusion, targets: set[Node]) -> tuple[Graph, Fusion]:
    """Give the new values of ``targets`` memory of their own; a last copy brings them into place."""
    updates, groups, memory = [], list(fusion.groups), set(fusion.memory)
    for target, value in graph.updates:
        if target in targets:
            value = apply_op(Copy(), value)
            groups.append(Group(None, (value,)))
            memory.add(value)
        updates.append((target, value))
    return Graph(graph.outputs, tuple(updates)), Fusion(frozenset(memory), tuple(groups))


@dataclass(slots=True, eq=False)
class _Item:
    """A loop on its way into the schedule."""

    group: Group
    lowering: Lowering
    loop: Loop
    bit: int
    before: dict[_Item, int]  # the loops that come first, and by how many phases at least
    ancestors: int = 0
    phase: int = 0


class _Scheduler:
    def __init__(
        self, graph: Graph, fusion: Fusion, slots: tuple[Node, ...], scalars: Mapping[Node, int], timing: Timing
    ) -> None:
        self.graph, self.scalars, self.timing = graph, scalars, timing
        stored = [n for n in slots if n not in scalars] + [r for g in fusion.groups for r in g.roots]
        self.places = {n: i for i, n in enumerate(stored)}
        self.items = [self._item(g, 1 << i) for i, g in enumerate(fusion.groups)]
        self.producer = {self.places[r]: item for item in self.items for r in item.group.roots}
        #: the place of a slot's new value, whose writing must not cross a reading of the old one
        self.renewed = {self.places[slot]: self.places[value] for slot, value in graph.updates}

    def _item(self, group: Group, bit: int) -> _Item:
        lowering = Lowering(group, self.places, self.scalars)
        return _Item(group, lowering, lowering.loop(), bit, {})

    def run(self) -> Schedule:
        self._add_reads()
        self._add_updates()
        self._order()
        self._merge()
        count = 1 + max((i.phase for i in self.items), default=0)
        phases = tuple(tuple(i.loop for i in self.items if i.phase == p) for p in range(count))
        alias = {self.places[v]: self.places[s] for s, v in self.graph.updates}
        return Schedule(phases, self.places, alias, self.graph)

    def _add_reads(self) -> None:
        for item in self.items:
            for at in item.loop.reads:
                first = self.producer.get(at.buffer)
                if first is not None and first is not item:
                    near = aligned(first.loop, at, item.loop) and not self.timing.parts(first.group, item.group)
                    _require(item, first, 0 if near else 1)

    def _add_updates(self) -> None:
        self._check_cycles()
        conflicts: set[Node] = set()
        readers = self._readers()
        closure = _ancestors(self.items)
        for target, value in self.graph.updates:
            writer = self.producer[self.places[value]]
            for item, at in readers.get(self.places[target], ()):
                if item is writer:
                    if not _same_element(at, item.loop, self.places[value]):
                        conflicts.add(target)
                elif closure[item] & writer.bit:
                    conflicts.add(target)
        if conflicts:
            raise _ConflictError(conflicts)
        for target, value in self.graph.updates:
            writer = self.producer[self.places[value]]
            for item, at in readers.get(self.places[target], ()):
                if item is not writer:
                    _require(writer, item, 0 if aligned(writer.loop, at, item.loop) else 1)
        self._check_cycles()

    def _readers(self) -> dict[int, list[tuple[_Item, Access]]]:
        readers: dict[int, list[tuple[_Item, Access]]] = {}
        for item in self.items:
            for at in item.loop.reads:
                readers.setdefault(at.buffer, []).append((item, at))
        return readers

    def _check_cycles(self) -> None:
        """Updates that wait for each other (a ← b, b ← a) are all copied."""
        if len(_topological(self.items)) < len(self.items):
            done = set(_topological(self.items))
            targets = {s for s, v in self.graph.updates if self.producer[self.places[v]] not in done}
            raise _ConflictError(targets)

    def _order(self) -> None:
        self.items = _topological(self.items)
        for item in self.items:
            item.phase = max((b.phase + w for b, w in item.before.items()), default=0)
            item.ancestors = item.bit
            for b in item.before:
                item.ancestors |= b.ancestors
        self._delay()

    def _delay(self) -> None:
        """Move what may run late behind, to the phase of its first reader where that is possible."""
        latest: dict[_Item, int] = {}
        for item in reversed(self.items):
            if item in latest and self.timing.is_late(item.group):
                item.phase = latest[item]
            for b, weight in item.before.items():
                latest[b] = min(item.phase - weight, latest.get(b, item.phase))

    def _merge(self) -> None:
        """Join maps of one domain and phase, unless a path leaves one and comes back by the other.

        Copies that pack an operand stay alone: a map that only transposes runs in registers.
        """
        alive: list[_Item] = []
        by_domain: dict[object, list[_Item]] = {}
        for item in self.items:
            partner = None
            if item.loop.kind == "map" and not _is_packing(item.group):
                peers = by_domain.setdefault((item.loop.outer, item.phase), [])
                partner = next((p for p in peers if self._mergeable(p, item)), None)
                if partner is None:
                    peers.append(item)
            if partner is None:
                alive.append(item)
            else:
                self._join(partner, item)
        self.items = _topological(alive)

    def _mergeable(self, first: _Item, second: _Item) -> bool:
        if len(first.loop.body) + len(second.loop.body) > LARGEST_BODY:
            return False
        for b in second.before:
            if b is not first and b.ancestors & first.bit:
                return False
        return self._apart(first, second) and self._apart(second, first)

    def _apart(self, writer: _Item, reader: _Item) -> bool:
        """Whether each element of ``reader`` needs no other element of ``writer`` than its own."""
        mine = {self.places[r] for r in writer.group.roots}
        crossing = [(a, self.renewed.get(a.buffer, a.buffer)) for a in reader.loop.reads]
        return all(_same_element(a, writer.loop, place) for a, place in crossing if place in mine)

    def _join(self, first: _Item, second: _Item) -> None:
        first.group = Group(None, first.group.roots + second.group.roots)
        first.lowering.add(second.group.roots)
        first.loop = first.lowering.loop()
        for b, w in second.before.items():
            if b is not first:
                first.before[b] = max(w, first.before.get(b, 0))
        joined = first.ancestors | second.ancestors
        for item in self.items:
            if second in item.before:
                weight = item.before.pop(second)
                if item is not first:
                    item.before[first] = max(weight, item.before.get(first, 0))
            if item.ancestors & (first.bit | second.bit):
                item.ancestors |= joined


def _require(item: _Item, first: _Item, distance: int) -> None:
    item.before[first] = max(distance, item.before.get(first, 0))


def _is_packing(group: Group) -> bool:
    return any(isinstance(root.op, Copy) and root.op.panel for root in group.roots)


def _same_element(at: Access, loop: Loop, place: int) -> bool:
    """Whether ``at`` names the very element that ``loop`` stores into ``place``."""
    written = next(to for to in loop.writes if to.buffer == place)
    return at.row is None and at.index == written.index


def aligned(producer: Loop, at: Access, reader: Loop) -> bool:
    """Whether each unit of ``reader`` reads through ``at`` only what the same unit of ``producer`` writes."""
    if lead(producer.outer) != lead(reader.outer):
        return False
    extent, block = lead(reader.outer)
    if isinstance(extent, int) and extent <= block:
        return True  # there is one unit
    if at.row is not None or any(to.index[:1] != (0,) for to in producer.writes):
        return False
    if producer.outer[0] == N and reader.outer[0] == S:
        return at.index[0] == len(reader.outer) and reader.axes[len(reader.outer)] == N
    return producer.outer[0] == reader.outer[0] and at.index[0] == 0


def _ancestors(items: list[_Item]) -> dict[_Item, int]:
    closure: dict[_Item, int] = {}
    for item in _topological(items):
        mask = item.bit
        for b in item.before:
            mask |= closure[b]
        closure[item] = mask
    return closure


def _topological(items: list[_Item]) -> list[_Item]:
    """The items in an order in which each comes after those it waits for; what waits in a cycle is left out."""
    waiting = {item: len(item.before) for item in items}
    readers: dict[_Item, list[_Item]] = {}
    for item in items:
        for b in item.before:
            readers.setdefault(b, []).append(item)
    ready = [item for item in reversed(items) if not waiting[item]]
    order: list[_Item] = []
    while ready:
        item = ready.pop()
        order.append(item)
        for r in reversed(readers.get(item, [])):
            waiting[r] -= 1
            if not waiting[r]:
                ready.append(r)
    return order
