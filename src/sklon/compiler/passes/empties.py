"""Values without elements, and sums over none: they are known before anything runs. Exact."""

from __future__ import annotations

from sklon.graph.node import Graph, Node
from sklon.ops import BUILD, Contract, Pad, Reduce, ScatterAdd

from .rewriting import rewrite


def fill_empties(graph: Graph) -> Graph:
    """Write what has no elements, or is a sum of none, as zeros."""
    return rewrite(graph, (_fill,))


def _fill(node: Node) -> Node | None:
    if not node.inputs:
        return None
    of_none = isinstance(node.op, Reduce | Contract | Pad | ScatterAdd) and any(0 in i.shape for i in node.inputs)
    return BUILD.full_like(0.0, node) if of_none or 0 in node.shape else None
