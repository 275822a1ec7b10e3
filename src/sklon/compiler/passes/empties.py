"""Values without elements, and sums over none: they are known before anything runs. Exact."""

from __future__ import annotations

from sklon.graph.node import Graph, Node, Slot
from sklon.ops import BUILD, Contract, Pad, Reduce, ScatterAdd

from .rewriting import rewrite


def fill_empties(graph: Graph) -> Graph:
    """Write what has no elements, or is a sum of none, as zeros."""
    return rewrite(graph, (_fill,))


def _fill(node: Node) -> Node | None:
    if isinstance(node.op, Slot):
        return None
    if 0 in node.shape and node.inputs:
        return BUILD.full_like(0.0, node)
    of_none = isinstance(node.op, Reduce | Contract | Pad | ScatterAdd) and any(0 in i.shape for i in node.inputs)
    return BUILD.full_like(0.0, node) if of_none else None
