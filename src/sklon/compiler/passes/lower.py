"""From a group of nodes to the body of a loop. Exact.

The walk goes from the roots down to what lies in memory and numbers each pair of node and index map once. It
is iterative: a chain of any length works. Stores come last, so a value updated in place is read before.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sklon._base.dtypes import Dtype, int32, int64, uint32
from sklon._base.shapes import Shape
from sklon.graph.node import REGISTRY, Node, Slot
from sklon.ops import (
    Constant,
    Contract,
    Expand,
    Flip,
    Gather,
    Iota,
    Pad,
    Point,
    Reduce,
    Reshape,
    ScatterAdd,
    Size,
    Slice,
)
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
    Scatter,
    Store,
)
from sklon.program.places import ORIGIN, Place, affine, axes_of, combined

from .fuse import Group
from .products import view
from .reshapes import is_split, joined_places, split_places

Places = tuple[Place, ...]
Key = tuple[Node, Places]


class Lowering:
    """The loop that computes a group; ``places`` numbers what lies in memory. A map may get more roots."""

    def __init__(self, group: Group, places: Mapping[Node, int], scalars: Mapping[Node, int]) -> None:
        self.anchor, self.places, self.scalars = group.anchor, places, scalars
        self.body: list[Instruction] = []
        self.stores: list[Store] = []
        self.number: dict[Key, int] = {}
        self.indices: dict[tuple[Place, Dtype], int] = {}
        self.outer: Shape = domain(group.roots[0])
        self.identity = _at(self.outer, tuple(range(len(self.outer))))
        self.inner: Shape = ()
        self.own: dict[Node, Places] = {}  # by root
        if self.anchor is not None:
            self.number[self.anchor, self.identity] = self._anchor(self.anchor)
        self.add(group.roots)

    def add(self, roots: Sequence[Node]) -> None:
        """Compute more roots, none of which those before read."""
        self.own |= {root: self._own(root) for root in roots}
        for root in roots:
            places = self.own[root]
            self.stores.append(Store(self._access(root, places), self.value(root, places)))

    def loop(self) -> Loop:
        """The loop for the roots so far."""
        kind = "map" if self.anchor is None else self.anchor.op.kind
        return Loop(kind, self.outer, self.inner, (*self.body, *self.stores))

    def _own(self, root: Node) -> Places:
        """The places of the element of ``root`` that the loop computes; joined axes are filled over the old ones."""
        return _at(root.shape, joined_places(root)) if is_join(root) else self.identity

    def _emit(self, instruction: Instruction) -> int:
        self.body.append(instruction)
        return len(self.body) - 1

    def _access(self, node: Node, places: Places, row: int | None = None) -> Access:
        index = _at(node.shape, places)
        return Access(self.places[node], (ORIGIN, *index[1:]) if row is not None else index, row)

    def _anchor(self, anchor: Node) -> int:
        op = anchor.op
        if isinstance(op, Contract):
            return self._product(anchor, op)
        if isinstance(op, ScatterAdd):
            return self._scatter(anchor)
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
        sizes = op.extents(*(i.type for i in anchor.inputs))
        axis = {label: shift + place for place, label in enumerate(op.out + plan.sum)}
        self.inner = tuple(sizes[label] for label in plan.sum)
        sides = []
        for side in (plan.left, 1 - plan.left):
            seen = view(anchor.inputs[side], (op.a, op.b)[side])
            sides.append(self._access(seen.base, tuple(axis[c] for c in seen.labels)))
        return self._emit(Product(*sides))

    def _scatter(self, anchor: Node) -> int:
        index, source = anchor.inputs
        self.inner = index.shape
        rank = len(self.outer)
        inner = tuple(range(rank, rank + len(self.inner)))
        return self._emit(Scatter(self._access(index, inner), self._access(source, (*inner, *range(1, rank)))))

    def value(self, node: Node, places: Places) -> int:
        """The number of the value of ``node`` at ``places``."""
        first = (node, _at(node.shape, places))
        stack = [first]
        below: dict[Key, list[Key]] = {}  # what the values that wait on the stack are computed from
        while stack:
            key = stack.pop()
            if key in self.number:
                continue
            parts = below.get(key)
            if parts is None:
                parts = below[key] = [(part, _at(part.shape, there)) for part, there in self._parts(*key)]
                if parts:
                    stack += [key, *reversed(parts)]
                    continue
            self.number[key] = self._compute(*key, [self.number[p] for p in parts])
        return self.number[first]

    def _stored(self, node: Node, places: Places) -> bool:
        """Whether to read the node from memory: not where this very loop computes it."""
        return node in self.places and self.own.get(node) != places

    def _parts(self, node: Node, places: Places) -> list[Key]:
        if isinstance(node.op, Slot) or self._stored(node, places):
            return []
        if isinstance(node.op, Point):
            return [(x, places) for x in node.inputs]
        if isinstance(node.op, Pad):
            (x,), inside = node.inputs, self._inside(node.op, places)
            apart = isinstance(x.op, Slot) or _beside(x.shape, inside) or self._stored(x, _at(x.shape, inside))
            return [] if apart else [(x, inside)]
        if isinstance(node.op, Gather):
            return [(node.inputs[1], places[: len(node.inputs[1].shape)])]
        if is_join(node):
            return [(node.inputs[0], self.identity)]
        if node.op.kind == "movement":
            return [(node.inputs[0], moved(node, places))]
        return [(x, places) for x in node.inputs]

    def _compute(self, node: Node, places: Places, parts: list[int]) -> int:
        if node in self.scalars:
            return self._emit(Scalar(self.scalars[node], node.dtype))
        if self._stored(node, places):
            return self._emit(Load(self._access(node, places)))
        op = node.op
        if isinstance(op, Point):
            return self._emit(Apply(op, tuple(parts)))
        if isinstance(op, Gather):
            rest = places[len(node.inputs[1].shape) :]
            return self._emit(Load(self._access(node.inputs[0], (ORIGIN, *rest), row=parts[0])))
        if isinstance(op, Pad) and not parts:
            return self._padded(node, op, places)
        if isinstance(op, Iota):
            return self._index(places[op.axis], op.dtype)
        if parts:
            return parts[0]  # a movement or a copy, or an element that this very loop pads
        return self._emit(_leaf(node))

    def _padded(self, node: Node, op: Pad, places: Places) -> int:
        """The element of the input where there is one, 0 elsewhere."""
        (x,), inside = node.inputs, self._inside(op, places)
        if _beside(x.shape, inside):
            return self._emit(Const(0.0, node.dtype))
        masks = [self._mask(p, e) for p, e, wide in zip(inside, x.shape, op.shape, strict=True) if e != wide]
        mask: int | None = None
        for one in masks:
            mask = one if mask is None else self._apply("and_", mask, one)
        return self._emit(Load(self._access(x, inside), mask))

    def _inside(self, op: Pad, places: Places) -> Places:
        return tuple(combined(((p, 1),), -before) for p, before in zip(places, op.before, strict=True))

    def _mask(self, place: Place, extent: object) -> int:
        """Whether a place is at least 0 and below an extent: as unsigned numbers, negative ones are large."""
        assert isinstance(extent, int)
        index = self._cast(self._index(place, int32), uint32)
        return self._apply("less", index, self._emit(Const(float(extent), uint32)))

    def _index(self, place: Place, dtype: Dtype) -> int:
        """A place as a value of an integer loop type, or of any other type for a plain axis."""
        key = (place, dtype)
        if key not in self.indices:
            self.indices[key] = self._new_index(place, dtype)
        return self.indices[key]

    def _new_index(self, place: Place, dtype: Dtype) -> int:
        if isinstance(place, int):
            return self._emit(Index(place, dtype) if place >= 0 else Const(0.0, dtype))
        if dtype.kind != "integer":
            return self._cast(self._index(place, int64), dtype)
        total = self._emit(Const(float(place.start), dtype))
        for axis, step in place.terms:
            factor = self._emit(Const(float(step), dtype))
            total = self._apply("add", total, self._apply("mul", self._index(axis, dtype), factor))
        return total

    def _cast(self, value: int, dtype: Dtype) -> int:
        return self._apply("cast", value, dtype=dtype)

    def _apply(self, name: str, *arguments: int, **attributes: object) -> int:
        op = REGISTRY[name](**attributes)
        assert isinstance(op, Point)
        return self._emit(Apply(op, arguments))


def _leaf(node: Node) -> Instruction:
    op = node.op
    if isinstance(op, Constant):
        return Const(op.value, op.dtype)
    assert isinstance(op, Size), op
    return Rows(op.dtype)


def _at(shape: Shape, places: Places) -> Places:
    """The same places, with one word for the only index of an axis of size one."""
    if 1 not in shape:
        return places
    return tuple([ORIGIN if e == 1 else p for p, e in zip(places, shape, strict=True)])


def _beside(shape: Shape, places: Places) -> bool:
    """Whether fixed places lie outside a shape, so that nothing of it is there."""
    return any(
        not axes_of(p) and isinstance(e, int) and not 0 <= affine(p).start < e
        for p, e in zip(places, shape, strict=True)
    )


def domain(root: Node) -> Shape:
    """The axes over which a value in memory is computed: its own, or those that it joins."""
    return root.inputs[0].shape if is_join(root) else root.shape


def is_join(node: Node) -> bool:
    """Whether the node stores several axes as one."""
    return isinstance(node.op, Reshape) and not is_split(node)


def moved(node: Node, places: Places) -> Places:
    """Where a movement reads its input, for an element at ``places``."""
    op = node.op
    if isinstance(op, Expand):
        return tuple(places[d] for d in op.dims)
    if isinstance(op, Slice):
        return tuple(combined(((p, 1),), start) for p, start in zip(places, op.starts, strict=True))
    if isinstance(op, Flip):
        return tuple(
            _turned(p, e) if a in op.axes else p for a, (p, e) in enumerate(zip(places, node.shape, strict=True))
        )
    assert isinstance(op, Reshape), op
    return split_places(node, places)


def _turned(place: Place, extent: object) -> Place:
    assert isinstance(extent, int)
    return combined(((place, -1),), extent - 1)
