"""Recomputation: backward loops compute forward values anew instead of finding them in memory. Exact.

*Stations* are the products and sums whose results, by rows, a forward pass hands on. Of every ``keep`` stations one
stays in memory; what else backward loops read by rows is computed from those once more, by nodes of its own. Values
that do not grow with N (statistics, packed weights) all stay. Going back, every ``apart`` stations there is a barrier,
so that partial sums of weight gradients are joined, and their memory is free, before the next ones are written.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from sklon._base.shapes import N, row_size
from sklon.graph.node import Graph, Node, walk
from sklon.ops import Contract, Reduce

from .fuse import Fusion, Group

#: the output whose ancestors are the forward pass
FORWARD = "loss"


@dataclass(frozen=True, slots=True)
class Choice:
    """One station of ``keep`` is kept; a barrier after every ``apart`` stations, 0 for none."""

    keep: int
    apart: int


@dataclass(frozen=True, slots=True)
class Timing:
    """What the order of loops respects besides reads: who runs late, and the stages between which barriers lie."""

    late: frozenset[Node] = frozenset()
    stages: Mapping[Node, int] = field(default_factory=dict)

    def is_late(self, group: Group) -> bool:
        """Whether a loop waits until it is needed."""
        return all(root in self.late for root in group.roots)

    def parts(self, first: Group, second: Group) -> bool:
        """Whether a barrier lies between a loop and its reader."""
        before, after = (
            min((self.stages[r] for r in g.roots if r in self.stages), default=None) for g in (first, second)
        )
        return before is not None and after is not None and after < before


#: nobody waits
EARLY = Timing()


class Recomputation:
    """The forward pass of a graph, its stations, and graphs that recompute."""

    def __init__(self, graph: Graph, fusion: Fusion) -> None:
        self.graph, self.order = graph, graph.nodes
        loss = [n for name, n in graph.outputs if name == FORWARD]
        reach = _stations_below(self.order)  # stations on the way to a value
        self.length = max((reach[n] for n in walk(loss)), default=0)  # stations one behind the other
        # statistics that move are of the forward pass: no gradient, which comes from the last station, reaches them
        self.forward = set(walk([*loss, *(value for _, value in graph.updates if reach[value] < self.length)]))
        #: values that only backward loops read, but that follow from the forward pass alone, such as masks
        self.beside = [n for n in self.order if n not in self.forward and reach[n] < self.length]
        ends = {g.anchor: g.roots for g in fusion.groups if g.anchor is not None}
        self.depth = {n: reach[n] for n in self.forward}
        self.stations = {n: self._representative(n, ends[n]) for n in self.forward if is_station(n)}

    def _representative(self, station: Node, roots: tuple[Node, ...]) -> Node:
        """What is kept for a station: its epilogue's only result; with several, what all of them follow from."""
        stored = [r for r in roots if r in self.forward and by_rows(r)]
        return stored[0] if len(stored) == 1 else station

    def chosen(self, choice: Choice) -> tuple[Graph, Timing]:
        """The graph that recomputes, and when its loops shall run."""
        kept = {value for s, value in self.stations.items() if self.depth[s] % choice.keep == 0}
        again: dict[Node, Node] = {}
        new: dict[Node, Node] = {}
        for node in self.order:
            if node in self.forward:
                new[node] = node
                same = not by_rows(node) or node in kept or not node.inputs
                again[node] = node if same else _with(node, again)
            else:
                again[node] = new[node] = _with(node, again) if any(again[i] is not i for i in node.inputs) else node
        graph = self.graph.replace(new)
        late = [again[n] for n in self.forward if again[n] is not n] + [new[n] for n in self.beside]
        return graph, Timing(frozenset(late), self._stages(new, choice.apart) if choice.apart else {})

    def _stages(self, new: Mapping[Node, Node], apart: int) -> dict[Node, int]:
        """For each backward value the earliest stage of the forward pass that it depends on."""
        stages: dict[Node, int] = {}
        for node in self.order:
            if node in self.forward:
                if by_rows(node) and self.depth[node]:
                    stages[node] = self.depth[node] // apart
            elif below := [stages[i] for i in node.inputs if i in stages]:
                stages[node] = min(below)
        return {new[n]: s for n, s in stages.items() if n not in self.forward}


def _stations_below(order: Iterable[Node]) -> dict[Node, int]:
    """For each node the most stations on a way to it, itself included."""
    count: dict[Node, int] = {}
    for node in order:
        count[node] = max((count[i] for i in node.inputs), default=0) + is_station(node)
    return count


def by_rows(node: Node) -> bool:
    """Whether a value grows with N."""
    return node.shape[:1] == (N,)


def is_station(node: Node) -> bool:
    """A product or sum with several results for each row."""
    return isinstance(node.op, Contract | Reduce) and by_rows(node) and row_size(node.shape) > 1


def _with(node: Node, inputs: Mapping[Node, Node]) -> Node:
    return Node(node.op, tuple(inputs[i] for i in node.inputs), node.shape, node.dtype, node.source)
