"""Rewriting a graph from its leaves to its roots, merging equal nodes on the way.

A rule sees a node whose inputs are already rewritten and returns its replacement, or None to keep it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sklon.graph.node import Graph, Node, Slot
from sklon.graph.node import apply as apply_op

Rule = Callable[[Node], Node | None]


def rewrite(graph: Graph, rules: Sequence[Rule] = ()) -> Graph:
    """The graph after ``rules``, with equal nodes merged. Slots are never equal to one another."""
    merged: dict[object, Node] = {}
    new: dict[Node, Node] = {}
    for node in graph.nodes:
        inputs = tuple([new[i] for i in node.inputs])
        current = node if inputs == node.inputs else Node(node.op, inputs, node.shape, node.dtype, node.source)
        for rule in rules:
            current = rule(current) or current
        new[node] = _merge(current, merged)
    return graph if all(new[root] is root for root in graph.roots) else graph.replace(new)


def _merge(node: Node, merged: dict[object, Node]) -> Node:
    if isinstance(node.op, Slot):
        return node
    inputs = node.inputs
    if node.op.commutative:
        inputs = tuple(sorted(inputs, key=id))
    return merged.setdefault((node.op, inputs), node)


def replaced(node: Node, *inputs: Node) -> Node:
    """``node``'s op on other inputs."""
    return apply_op(node.op, *inputs, source=node.source)
