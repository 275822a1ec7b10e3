"""Fusion: the choice of the values that live in memory. Everything else is computed where it is read.

In memory are the results, the operands of products, copies, gathered and padded values, joined axes, values that
are expensive and read more than once, and whatever stands between two sums. An anchor (sum, maximum, product) that
is not in memory hands its value in registers to an epilogue of point ops, whose ends, its roots, are stored. Exact.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from sklon.graph.node import Graph, Node, Slot
from sklon.ops import Contract, Copy, Expand, Gather, Pad, Point, Reduce, Reshape, ScatterAdd

from .reshapes import is_split

Anchor: TypeAlias = Reduce | Contract | ScatterAdd
NOTHING: frozenset[Node] = frozenset()
#: vector instructions; a value that costs as much and has two readers is stored rather than computed twice
WORTH_STORING = 8
#: vector instructions; a chain as long is cut, so that no kernel grows without bound
LONGEST_CHAIN = 600
#: vector instructions; a longer epilogue would run out of registers and runs as the next loop of the unit
LONGEST_EPILOGUE = 6


@dataclass(frozen=True, slots=True, eq=False)
class Group:
    """One loop to be: what it sums, if anything, and the nodes in memory that it computes."""

    anchor: Node | None
    roots: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Fusion:
    """The nodes in memory, slots aside, and the loops that compute them, producers first."""

    memory: frozenset[Node]
    groups: tuple[Group, ...]


def fuse(graph: Graph) -> Fusion:
    """Choose the values in memory."""
    return _Fuser(graph).run()


def is_anchor(node: Node) -> bool:
    """Whether the node sums or multiplies out, so that it needs a loop of its own."""
    return isinstance(node.op, Anchor)


def base(node: Node) -> Node:
    """What lies below expands."""
    while isinstance(node.op, Expand):
        (node,) = node.inputs
    return node


def knotted(before: Mapping[Group, set[Group]]) -> list[Group]:
    """Those groups that wait for themselves, or lie between such; ``before`` tells for whom each one waits."""
    left = _unordered(before)
    behind: dict[Group, set[Group]] = {g: set() for g in left}
    for g, waited in left.items():
        for x in waited:
            behind[x].add(g)
    found = _unordered(behind)
    return [g for g in before if g in found]


def _unordered(before: Mapping[Group, set[Group]]) -> dict[Group, set[Group]]:
    """The groups that no order can hold, with those among them that each one waits for."""
    left = {g: set(waited) for g, waited in before.items()}
    readers: dict[Group, list[Group]] = {}
    for g, waited in before.items():
        for x in waited:
            readers.setdefault(x, []).append(g)
    ready = [g for g, waited in left.items() if not waited]
    while ready:
        done = ready.pop()
        del left[done]
        for g in readers.get(done, ()):
            left[g].discard(done)
            if not left[g]:
                ready.append(g)
    return left


class _Fuser:
    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.order = graph.nodes
        self.position = {n: i for i, n in enumerate(self.order)}
        self.anchors = {n for n in self.order if is_anchor(n)}
        self.memory: set[Node] = set()
        self.flows: dict[Node, frozenset[Node]] = {}  # the anchors whose values reach a node in registers

    def run(self) -> Fusion:
        self._start()
        while True:
            before = len(self.memory)
            self._spread()
            if len(self.memory) == before:
                self._split_epilogues()
                self._break_cycles()
                if len(self.memory) == before:
                    return Fusion(frozenset(self.memory), tuple(self._groups()))

    def _store(self, node: Node) -> None:
        if not isinstance(node.op, Slot):
            self.memory.add(node)

    def _start(self) -> None:
        readers: dict[Node, set[Node]] = {}
        for node in self.order:
            for i in node.inputs:
                readers.setdefault(i, set()).add(node)
        for node in self.graph.results:
            self._store(node)
        for node in self.order:
            self._store_operands(node)
        self._store_expensive(readers)

    def _store_operands(self, node: Node) -> None:
        if isinstance(node.op, Copy | ScatterAdd) or (isinstance(node.op, Contract) and node.op.shard):
            self._store(node)
        if isinstance(node.op, Reshape) and not is_split(node):
            self._store(node)
        if isinstance(node.op, Contract):
            for x in node.inputs:
                self._store(base(x))
        if isinstance(node.op, Gather | Pad):
            self._store(node.inputs[0])
        if isinstance(node.op, ScatterAdd):
            for x in node.inputs:
                self._store(x)

    def _store_expensive(self, readers: dict[Node, set[Node]]) -> None:
        cost: dict[Node, int] = {}
        for node in self.order:
            own = node.op.cost if isinstance(node.op, Point) else 0
            below = 0 if node in self.anchors else sum([cost[i] for i in node.inputs])
            cost[node] = min(own + below, 2 * LONGEST_CHAIN)
            shared = cost[node] >= WORTH_STORING and len(readers.get(node, ())) > 1
            if isinstance(node.op, Point) and node.shape and (shared or cost[node] > LONGEST_CHAIN):
                self._store(node)
            if node in self.memory:
                cost[node] = 0

    def _reaching(self, *nodes: Node) -> frozenset[Node]:
        """The anchors whose values whoever reads these nodes gets in registers."""
        flows = [self.flows[n] for n in nodes if n not in self.memory]
        return NOTHING.union(*flows) if flows else NOTHING

    def _spread(self) -> None:
        for node in self.order:
            if isinstance(node.op, Point):
                self.flows[node] = self._spread_point(node)
                continue
            for x in node.inputs:
                if self._reaching(x):
                    self._store(x)
            self.flows[node] = frozenset((node,)) if node in self.anchors else NOTHING

    def _spread_point(self, node: Node) -> frozenset[Node]:
        reaching = self._reaching(*node.inputs)
        if len(reaching) < 2:
            return reaching
        last = max(reaching, key=self.position.__getitem__)
        for x in node.inputs:
            if self._reaching(x) - {last}:
                self._store(x)
        return self._reaching(*node.inputs)

    def _split_epilogues(self) -> None:
        """Store an anchor whose epilogue is too long or reads what only comes after it."""
        ends: dict[Node, list[Node]] = {}
        for node in self.order:
            if node in self.memory:
                for anchor in self.flows[node]:
                    ends.setdefault(anchor, []).append(node)
        after = self._ancestors()
        for anchor, roots in ends.items():
            if anchor in self.memory:
                continue
            cost, reads = self._epilogue(anchor, roots)
            bit = after[anchor][0]
            if cost > LONGEST_EPILOGUE or any(after[x][1] & bit for x in reads):
                self._store(anchor)

    def _ancestors(self) -> dict[Node, tuple[int, int]]:
        """For each node its own bit, if it is an anchor, and the bits of the anchors that it depends on."""
        bits: dict[Node, tuple[int, int]] = {}
        count = 0
        for node in self.order:
            mask = 0
            for x in node.inputs:
                mask |= bits[x][1]
            own = 0
            if node in self.anchors:
                own = 1 << count
                count += 1
            bits[node] = (own, mask | own)
        return bits

    def _epilogue(self, anchor: Node, roots: list[Node]) -> tuple[int, list[Node]]:
        cost, reads = 0, []
        seen: set[Node] = set()
        stack = list(roots)
        while stack:
            node = stack.pop()
            if node in seen or node is anchor:
                continue
            seen.add(node)
            if isinstance(node.op, Point) and node.shape:
                cost += node.op.cost
            for x in node.inputs:
                if x in self.memory:
                    reads.append(x)
                else:
                    stack.append(x)
        return cost, reads

    def _break_cycles(self) -> None:
        """Store the sum of a group that waits for itself: one of its roots is below what another one reads."""
        groups = self._groups()
        producer = {root: group for group in groups for root in group.roots}
        before = {g: {producer[x] for x in self._read(g) if x in producer} - {g} for g in groups}
        for group in knotted(before):
            if group.anchor is not None and len(group.roots) > 1:
                self._store(group.anchor)
                return

    def _read(self, group: Group) -> set[Node]:
        """What a group reads from memory."""
        found: set[Node] = set()
        stack = [x for root in group.roots for x in root.inputs]
        seen = set(stack)
        while stack:
            node = stack.pop()
            if node in self.memory:
                found.add(node)
                continue
            fresh = [x for x in node.inputs if x not in seen]
            seen.update(fresh)
            stack += fresh
        return found

    def _groups(self) -> list[Group]:
        ends: dict[Node, list[Node]] = {}
        for node in self.order:
            if node in self.memory:
                for anchor in self.flows[node]:
                    ends.setdefault(anchor, []).append(node)
        groups: list[Group] = []
        for node in self.order:
            if node in self.anchors:
                roots = [node] if node in self.memory else ends[node]
                groups.append(Group(node, tuple(roots)))
            elif node in self.memory and not self.flows[node]:
                groups.append(Group(None, (node,)))
        return groups
