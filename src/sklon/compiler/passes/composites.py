"""Compositions that the graph holds as one op are written out as primitives. Exact."""

from __future__ import annotations

from sklon.graph.node import Composite, Graph, Node
from sklon.ops import BUILD

from .rewriting import rewrite


def write_out(graph: Graph) -> Graph:
    """Write compositions as what they are made of."""
    return rewrite(graph, (_written_out,))


def _written_out(node: Node) -> Node | None:
    return node.op.written_out(BUILD, node) if isinstance(node.op, Composite) else None
