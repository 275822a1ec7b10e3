"""Algebra that is exact, as rules. None of them changes a number by a bit; infinities and NaN stay where they are.

x·1 → x · x/1 → x · stop_gradient(x) → x · x + (−y) → x − y · expand∘expand → expand · reshape∘reshape → reshape ·
sum∘sum → sum · (Σ over axes of size 1) → no sum · the whole as a part → the whole. Sums of sums are reordered
sums: exact up to rounding, fixed by the shape.
"""

from __future__ import annotations

from collections.abc import Mapping

from sklon.graph.node import Graph, Node
from sklon.graph.node import apply as apply_op
from sklon.ops import BUILD, Constant, Expand, Reduce, Reshape

from .rewriting import Rule, rewrite


def simplify(graph: Graph) -> Graph:
    """Apply the rules until nothing changes."""
    while (new := rewrite(graph, (_simplified,))) is not graph:
        graph = new
    return graph


def _simplified(node: Node) -> Node:
    """What the rules of its op make of a node."""
    new = node
    for rule in RULES.get(node.op.name, ()):
        new = rule(new) or new
    return new


def _is_one(node: Node) -> bool:
    while isinstance(node.op, Expand):
        (node,) = node.inputs
    return isinstance(node.op, Constant) and node.op.value == 1.0


def _drop_marker(node: Node) -> Node:
    """What stops gradients only."""
    return node.inputs[0]


def _drop_factor(node: Node) -> Node | None:
    x, y = node.inputs
    return y if _is_one(x) else _drop_divisor(node)


def _drop_divisor(node: Node) -> Node | None:
    x, y = node.inputs
    return x if _is_one(y) else None


def _subtract(node: Node) -> Node | None:
    x, y = node.inputs
    if y.op.name == "neg":
        return BUILD.sub(x, y.inputs[0])
    if x.op.name == "neg":
        return BUILD.sub(y, x.inputs[0])
    return None


def _drop_idle(node: Node) -> Node | None:
    """A part that is the whole, padding with nothing, the same shape again."""
    return node.inputs[0] if node.shape == node.inputs[0].shape else None


def _join_reshapes(node: Node) -> Node | None:
    if not isinstance(node.op, Reshape) or not isinstance(node.inputs[0].op, Reshape):
        return None
    return apply_op(node.op, node.inputs[0].inputs[0], source=node.source)


def _join_expands(node: Node) -> Node | None:
    if not isinstance(node.op, Expand):
        return None
    (x,) = node.inputs
    if x.shape == node.shape and node.op.dims == tuple(range(len(node.shape))):
        return x
    if isinstance(x.op, Expand):
        outer = node.op.dims
        return apply_op(Expand(node.shape, tuple(outer[d] for d in x.op.dims)), x.inputs[0])
    return None


def _drop_unit_axes(node: Node) -> Node | None:
    """A sum along axes of size one moves values; an expand says so without adding."""
    if not isinstance(node.op, Reduce) or node.op.shard:
        return None
    (x,) = node.inputs
    real = tuple(a for a in node.op.axes if x.shape[a] != 1)
    if len(real) == len(node.op.axes):
        return None
    return _squeeze(node, x, real) if isinstance(x.op, Expand) else None


def _squeeze(node: Node, x: Node, real: tuple[int, ...]) -> Node | None:
    """Drop repeated axes of size one from below the reduction."""
    assert isinstance(node.op, Reduce) and isinstance(x.op, Expand)
    gone = [a for a in node.op.axes if x.shape[a] == 1 and a not in x.op.dims]
    if not gone:
        return None
    kept = [a for a in range(len(x.shape)) if a not in gone]
    shape = tuple(x.shape[a] for a in kept)
    inner = apply_op(Expand(shape, tuple(kept.index(d) for d in x.op.dims)), x.inputs[0])
    axes = tuple(kept.index(a) for a in node.op.axes if a in kept)
    return apply_op(Reduce(node.op.fn, axes), inner) if axes else inner


def _join_sums(node: Node) -> Node | None:
    if not isinstance(node.op, Reduce) or node.op.fn != "sum" or node.op.shard:
        return None
    (inner,) = node.inputs
    if not isinstance(inner.op, Reduce) or inner.op.fn != "sum" or inner.op.shard:
        return None
    (x,) = inner.inputs
    kept = [a for a in range(len(x.shape)) if a not in inner.op.axes]
    axes = sorted(inner.op.axes + tuple(kept[a] for a in node.op.axes))
    return apply_op(Reduce("sum", tuple(axes)), x)


#: by the name of the op
RULES: Mapping[str, tuple[Rule, ...]] = {
    "stop_gradient": (_drop_marker,),
    "mul": (_drop_factor,),
    "div": (_drop_divisor,),
    "add": (_subtract,),
    "slice": (_drop_idle,),
    "pad": (_drop_idle,),
    "reshape": (_drop_idle, _join_reshapes),
    "expand": (_join_expands,),
    "reduce": (_drop_unit_axes, _join_sums),
}
