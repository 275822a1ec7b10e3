"""How sums and products are cut and laid out before fusion. Graph to graph.

cut      a sum over N whose declared maximum exceeds a shard is summed by shards of 64 rows, then over shards
matrices a contract that is no product of two matrices becomes a multiplication and a sum
pack     a product's right operand is copied so that its lanes are contiguous, in panels of the tile's width
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from math import prod

from sklon._base.shapes import SHARD, Extent, N, Shape, row_major
from sklon.compiler.target import Target
from sklon.graph.node import Graph, Node, Slot
from sklon.graph.node import apply as apply_op
from sklon.ops import BUILD, Contract, ContractPlan, Copy, Expand, Reduce
from sklon.program.ir import lead

from .fuse import base
from .rewriting import rewrite

#: a weight gradient with at least so many units of output rows is summed over all rows in one loop
ENOUGH_UNITS = 8
#: what a vector costs in a copy that transposes, and in a sum over lanes, which loads one for each: in multiply-adds
PACKING, DOT = 4, 1.1


@dataclass(frozen=True, slots=True)
class View:
    """A value in memory seen through expands: for each of its axes the label that runs along it."""

    base: Node
    labels: tuple[str, ...]

    def stride(self, label: str) -> int:
        """Elements from one index of ``label`` to the next; 0 where it repeats."""
        return sum(s for s, x in zip(strides(self.base), self.labels, strict=True) if x == label)


def view(node: Node, labels: str) -> View:
    """Look through expands at what lies in memory."""
    current = tuple(labels)
    while isinstance(node.op, Expand):
        current = tuple(current[d] for d in node.op.dims)
        (node,) = node.inputs
    return View(node, current)


def strides(node: Node) -> tuple[int, ...]:
    """The strides with which a node will be stored, in elements.

    Rows of activations and copies are padded off multiples of 1 KiB: lines of one column would share cache sets.
    """
    dense = row_major(node.shape)
    padded = len(node.shape) == 2 and (node.shape[0] == N or isinstance(node.op, Copy)) and node.op.name != "slot"
    if padded and dense[0] * node.dtype.itemsize % 1024 == 0:
        return (dense[0] + 64 // node.dtype.itemsize, 1)
    return dense


def cut_sums(graph: Graph, max_rows: int) -> Graph:
    """Cut sums over N into shards where N may exceed one: exact up to the order of summation."""
    if max_rows <= SHARD:
        return graph
    return rewrite(graph, (_cut_reduce, _cut_contract))


def _cut_reduce(node: Node) -> Node | None:
    op = node.op
    if not isinstance(op, Reduce) or op.shard or 0 not in op.axes or node.inputs[0].shape[0] != N:
        return None
    parts = apply_op(Reduce(op.fn, op.axes, SHARD), *node.inputs, source=node.source)
    return apply_op(Reduce(op.fn, (0,)), parts, source=node.source)


def _cut_contract(node: Node) -> Node | None:
    op = node.op
    if not isinstance(op, Contract) or op.shard:
        return None
    plan = op.plan()
    if plan is None or op.extents(*(i.type for i in node.inputs))[plan.sum[0]] != N:
        return None
    extent, block = lead(node.shape)
    assert isinstance(extent, int)
    if -(-extent // block) >= ENOUGH_UNITS:
        return None
    parts = apply_op(Contract(op.a, op.b, op.out, SHARD), *node.inputs, source=node.source)
    return apply_op(Reduce("sum", (0,)), parts, source=node.source)


def make_matrices(graph: Graph) -> Graph:
    """Write a contract that no product of two matrices computes as Σ a·b."""
    return rewrite(graph, (_as_sum,))


def _as_sum(node: Node) -> Node | None:
    op = node.op
    if not isinstance(op, Contract) or op.shard:
        return None
    plan = op.plan()
    in_memory = not any(_is_number(x) for x in node.inputs)
    if in_memory and plan is not None and _fits(op, plan, node):
        return _joined_sums(node, op, plan)
    rest = "".join(dict.fromkeys(x for x in op.a + op.b if x not in op.out))
    labels = _leading_rows_first(op.out + rest, node)
    sizes = op.extents(*(i.type for i in node.inputs))
    shape: Shape = tuple(sizes[x] for x in labels)
    wide = [
        BUILD.expand(x, shape=shape, dims=tuple(labels.index(c) for c in own))
        for x, own in zip(node.inputs, (op.a, op.b), strict=True)
    ]
    product = BUILD.mul(*wide)
    gone = tuple(a for a, c in enumerate(labels) if c in rest)
    kept = [c for c in labels if c not in rest]
    total = BUILD.reduce(product, fn="sum", axes=gone) if gone else product
    if "".join(kept) == op.out:
        return total
    return BUILD.expand(total, shape=node.shape, dims=tuple(op.out.index(c) for c in kept))


def _is_number(node: Node) -> bool:
    """Whether all elements are one number that the program is called with, which lies nowhere in memory."""
    op = base(node).op
    return isinstance(op, Slot) and op.space == "scalar"


def _leading_rows_first(labels: str, node: Node) -> str:
    """N is the leading axis of everything in memory, also of the product that is summed."""
    assert isinstance(node.op, Contract)
    sizes = node.op.extents(*(i.type for i in node.inputs))
    first = [c for c in labels if sizes[c] == N]
    return "".join(first + [c for c in labels if c not in first])


def _fits(op: Contract, plan: ContractPlan, node: Node) -> bool:
    """Whether N is the rows of the matrices, or outermost in their sum, if it is anywhere.

    Stacks of outer products, and of one column summed over the rows of the step, are no work for tiles.
    """
    sizes = op.extents(*(i.type for i in node.inputs))
    slim = sizes[plan.sum[0]] == N and sizes[plan.lane] == 1
    outer = all(sizes[x] == 1 for x in plan.sum)
    if plan.stack and (slim or outer):
        return False
    return all(sizes[x] != N for x in (plan.lane, *plan.stack, *plan.sum[1:]))


def _joined_sums(node: Node, op: Contract, plan: ContractPlan) -> Node | None:
    """The same with operands along which several sums run as one: those that do not lie so are copied first."""
    if len(plan.sum) == 1:
        return None
    sizes = op.extents(*(i.type for i in node.inputs))
    running = [x for x in plan.sum if sizes[x] != 1]
    inputs, labels = [], []
    for x, own in zip(node.inputs, (op.a, op.b), strict=True):
        seen = view(x, own)
        if not all(seen.stride(a) == seen.stride(b) * int(str(sizes[b])) != 0 for a, b in pairwise(running)):
            order = _leading_rows_first(plan.sum + "".join(c for c in own if c not in plan.sum), node)
            x = apply_op(Copy(), _ordered(x, own, order, sizes), source=node.source)
            own = order
        inputs.append(x)
        labels.append(own)
    if tuple(inputs) == node.inputs:
        return None
    return apply_op(Contract(labels[0], labels[1], op.out, op.shard), *inputs, source=node.source)


def _ordered(x: Node, labels: str, order: str, sizes: Mapping[str, Extent]) -> Node:
    """``x`` with its axes in another order."""
    return BUILD.expand(x, shape=tuple(sizes[c] for c in order), dims=tuple(order.index(c) for c in labels))


def pack_operands(graph: Graph, max_rows: int, target: Target) -> Graph:
    """Copy right operands whose lanes are not contiguous. Exact."""
    return rewrite(graph, (lambda node: _pack(node, max_rows, target),))


def _pack(node: Node, max_rows: int, target: Target) -> Node | None:
    op = node.op
    plan = op.plan() if isinstance(op, Contract) else None
    if plan is None or not isinstance(op, Contract):
        return None
    sizes = op.extents(*(i.type for i in node.inputs))
    side = 1 - plan.left
    seen = view(node.inputs[side], (op.a, op.b)[side])
    if isinstance(seen.base.op, Copy) or sums_in_lanes(node, max_rows, target):
        return None
    if seen.stride(plan.lane) == 1 or sizes[plan.lane] == 1:
        return None
    columns = sizes[plan.lane]
    assert isinstance(columns, int)
    lanes = target.lanes(node.dtype.itemsize)
    terms = sizes[plan.sum[0]]
    _, vectors = target.tile(lanes, columns, terms if isinstance(terms, int) else SHARD)
    labels = (op.a, op.b)[side]
    order = _leading_rows_first("".join(c for c in plan.stack if c in labels) + plan.sum + plan.lane, node)
    ordered = _ordered(node.inputs[side], labels, order, sizes)
    # panels need the number of rows beforehand; rows of the step are copied one behind the other, and so are stacks
    in_panels = isinstance(terms, int) and len(order) == 2
    packed = apply_op(Copy(vectors * lanes if in_panels else 0), ordered, source=node.source)
    inputs = [packed if i == side else x for i, x in enumerate(node.inputs)]
    spec = [order if i == side else x for i, x in enumerate((op.a, op.b))]
    return apply_op(Contract(spec[0], spec[1], op.out, op.shard), *inputs, source=node.source)


def sums_in_lanes(node: Node, max_rows: int, target: Target) -> bool:
    """Whether the lanes of a product run over the sum: both operands contiguous there, and few columns or rows.

    The lanes over columns take a copy of the right operand first, which few rows do not repay.
    """
    op = node.op
    assert isinstance(op, Contract)
    plan = op.plan()
    if plan is None:
        return False
    sizes = op.extents(*(i.type for i in node.inputs))
    rows, columns = sizes[plan.row], sizes[plan.lane]
    if not isinstance(columns, int) or sizes[plan.sum[0]] == N:
        return False
    terms, stack = (_known(labels, sizes) for labels in (plan.sum, plan.stack))
    views = [view(x, labels) for x, labels in zip(node.inputs, (op.a, op.b), strict=True)]
    innermost = next((x for x in reversed(plan.sum) if sizes[x] != 1), plan.sum[0])
    if any(v.stride(innermost) != 1 or isinstance(v.base.op, Copy) for v in views):
        return False
    lanes = target.lanes(node.dtype.itemsize)
    times = stack * (rows if isinstance(rows, int) else max_rows)
    copies = _known("".join(x for x in plan.stack if x in (op.a, op.b)[1 - plan.left]), sizes)
    over_columns = times * -(-columns // lanes) * (terms + 8) + copies * PACKING * columns * -(-terms // lanes)
    over_terms = times * columns * (DOT * -(-terms // lanes) + 3)
    return over_terms < over_columns


def _known(labels: str, sizes: Mapping[str, Extent]) -> int:
    """The product of the sizes of labels that are numbers."""
    return prod(e for e in (sizes[x] for x in labels) if isinstance(e, int))
