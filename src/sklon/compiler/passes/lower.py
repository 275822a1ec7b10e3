"""From a group of nodes to the body of a loop. Exact.

The walk goes from the roots down to what lies in memory and numbers each pair of node and index map once. It
is iterative: a chain of any length works. Stores come last, so a value updated in place is read before.
"""

from __future__ import annotations

from collections.abc import Mapping

from sklon._base.shapes import Shape
from sklon.graph.node import Node, Slot
from sklon.ops import Constant, Contract, Copy, Expand, Gather, Iota, Point, Reduce, Size
from sklon.program.ir import (
    Access,
    Accumulate,
    Apply,
    Const,
    Index,
    Instruction,
    Load,
    Loop,
    Product,
    Rows,
    Scalar,
    Store,
)

from .fuse import Group
from .products import view

Axes = tuple[int, ...]
Key = tuple[Node, Axes]


def lower(group: Group, places: Mapping[Node, int], scalars: Mapping[Node, int]) -> Loop:
    """The loop that computes ``group``; ``places`` numbers what lies in memory."""
    return _Lowering(group, places, scalars).run()


class _Lowering:
    def __init__(self, group: Group, places: Mapping[Node, int], scalars: Mapping[Node, int]) -> None:
        self.group, self.places, self.scalars = group, places, scalars
        self.body: list[Instruction] = []
        self.number: dict[Key, int] = {}
        self.outer: Shape = group.roots[0].shape
        self.inner: Shape = ()

    def run(self) -> Loop:
        anchor = self.group.anchor
        identity = tuple(range(len(self.outer)))
        if anchor is not None:
            self.number[anchor, identity] = self._anchor(anchor)
        stores = [(root, self.value(root, identity)) for root in self.group.roots]
        for root, value in stores:
            self._emit(Store(self._access(root, identity), value))
        kind = "map" if anchor is None else anchor.op.kind
        return Loop(kind, self.outer, self.inner, tuple(self.body))

    def _emit(self, instruction: Instruction) -> int:
        self.body.append(instruction)
        return len(self.body) - 1

    def _access(self, node: Node, axes: Axes, row: int | None = None) -> Access:
        index = tuple(-1 if e == 1 else a for a, e in zip(axes, node.shape, strict=True))
        return Access(self.places[node], (axes[0], *index[1:]) if row is not None else index, row)

    def _anchor(self, anchor: Node) -> int:
        op = anchor.op
        if isinstance(op, Contract):
            return self._product(anchor, op)
        assert isinstance(op, Reduce)
        (x,) = anchor.inputs
        rank = len(self.outer)
        self.inner = tuple(x.shape[a] for a in op.axes)
        shift = 1 if op.shard else 0
        kept = [a for a in range(len(x.shape)) if a not in op.axes]
        axes = tuple(rank + op.axes.index(a) if a in op.axes else shift + kept.index(a) for a in range(len(x.shape)))
        return self._emit(Accumulate(op.fn, self.value(x, axes)))

    def _product(self, anchor: Node, op: Contract) -> int:
        plan = op.plan()
        assert plan is not None
        shift = 1 if op.shard else 0
        axis = {plan.row: shift, plan.lane: shift + 1, plan.sum: shift + 2}
        self.inner = (op.extents(*(i.type for i in anchor.inputs))[plan.sum],)
        sides = []
        for side in (plan.left, 1 - plan.left):
            seen = view(anchor.inputs[side], (op.a, op.b)[side])
            sides.append(self._access(seen.base, tuple(axis[c] for c in seen.labels)))
        return self._emit(Product(*sides))

    def value(self, node: Node, axes: Axes) -> int:
        """The number of the value of ``node`` at the loop's ``axes``."""
        stack: list[tuple[Key, bool]] = [((node, axes), False)]
        while stack:
            key, done = stack.pop()
            if key in self.number:
                continue
            parts = self._parts(*key)
            if done or not parts:
                self.number[key] = self._compute(*key, [self.number[p] for p in parts])
            else:
                stack.append((key, True))
                stack.extend((p, False) for p in reversed(parts))
        return self.number[node, axes]

    def _stored(self, node: Node, axes: Axes) -> bool:
        """Whether to read the node from memory: not where this very loop computes it."""
        if node not in self.places:
            return False
        return not (node in self.group.roots and axes == tuple(range(len(self.outer))))

    def _parts(self, node: Node, axes: Axes) -> list[Key]:
        if isinstance(node.op, Slot) or self._stored(node, axes):
            return []
        if isinstance(node.op, Expand):
            return [(node.inputs[0], tuple(axes[d] for d in node.op.dims))]
        if isinstance(node.op, Gather):
            return [(node.inputs[1], axes[:1])]
        return [(x, axes) for x in node.inputs]

    def _compute(self, node: Node, axes: Axes, parts: list[int]) -> int:
        if node in self.scalars:
            return self._emit(Scalar(self.scalars[node], node.dtype))
        if self._stored(node, axes):
            return self._emit(Load(self._access(node, axes)))
        op = node.op
        if isinstance(op, Point):
            return self._emit(Apply(op, tuple(parts)))
        if isinstance(op, Expand | Copy):
            return parts[0]
        if isinstance(op, Gather):
            return self._emit(Load(self._access(node.inputs[0], axes, row=parts[0])))
        return self._emit(_leaf(node, axes))


def _leaf(node: Node, axes: Axes) -> Instruction:
    op = node.op
    if isinstance(op, Constant):
        return Const(op.value, op.dtype)
    if isinstance(op, Size):
        return Rows(op.dtype)
    assert isinstance(op, Iota), op
    return Index(axes[op.axis], op.dtype)
