"""Factors that are the same for all terms of a sum stand before it: Σ a·c = c·Σ a. Exact up to rounding.

It saves more than the multiplication: sums that differ only in such factors become one.
"""

from __future__ import annotations

from sklon.graph.node import Graph, Node
from sklon.graph.node import apply as apply_op
from sklon.ops import BUILD, Expand, Reduce

from .rewriting import rewrite


def take_out_factors(graph: Graph) -> Graph:
    """Take common factors out of sums."""
    return rewrite(graph, (_take_out,))


def _take_out(node: Node) -> Node | None:
    op = node.op
    if not isinstance(op, Reduce) or op.fn != "sum" or not node.dtype.is_floating:
        return None
    factors = _factors(node.inputs[0])
    common = [x for x in factors if _is_common(x, op.axes)]
    if not common or len(common) == len(factors):
        return None
    terms = _product([x for x in factors if x not in common])
    total = apply_op(op, terms, source=node.source)
    return _product([total, *(_without(x, op.axes, node) for x in common)])


def _factors(node: Node) -> list[Node]:
    """The factors of a product of point ops, in their order."""
    if node.op.name != "mul":
        return [node]
    return [x for factor in node.inputs for x in _factors(factor)]


def _is_common(node: Node, axes: tuple[int, ...]) -> bool:
    """Whether a factor is the same for all terms; a single number may be there to keep the sum small, and stays."""
    return isinstance(node.op, Expand) and bool(node.op.dims) and not set(axes) & set(node.op.dims)


def _without(node: Node, axes: tuple[int, ...], total: Node) -> Node:
    """A factor over the axes that are left."""
    assert isinstance(node.op, Expand)
    kept = [a for a in range(len(node.shape)) if a not in axes]
    dims = tuple(kept.index(d) for d in node.op.dims)
    return BUILD.expand(node.inputs[0], shape=total.shape, dims=dims)


def _product(factors: list[Node]) -> Node:
    product = factors[0]
    for factor in factors[1:]:
        product = BUILD.mul(product, factor)
    return product
