"""Random graphs of moved elements: parts, paddings, turns, other shapes, rows at indices, in any order.

Shapes are numbers, small ones and some that make several units of work; with sums, products, gradients and updates
between, so that loops are fused, joined and put off in every way.
"""

from __future__ import annotations

from math import prod

import numpy as np
from hypothesis import strategies as st

from sklon._base.dtypes import float64, int64
from sklon.autodiff import gradients
from sklon.graph.node import Graph, Node, slot
from sklon.ops import BUILD as b
from tests.executors import Array, Trial, named_slots

SIZES = (1, 2, 3, 4, 5, 8, 17, 33, 64, 130, 300)
MOST = 100_000  # elements


class Mover:
    """Grows a graph, move by move; ``pool`` holds its values, ``arrays`` what its slots are bound to."""

    def __init__(self, draw: st.DrawFn) -> None:
        self.draw = draw
        self.rng = np.random.default_rng(draw(st.integers(0, 2**31)))
        self.arrays: dict[str, Array] = {}
        self.leaves: list[Node] = []
        self.pool: list[Node] = []

    def leaf(self, *shape: int) -> Node:
        node = slot(f"x{len(self.arrays)}", "state", shape, float64)
        self.arrays[f"x{len(self.arrays)}"] = self.rng.standard_normal(shape)
        self.leaves.append(node)
        return node

    def labels(self, count: int, below: int) -> Node:
        node = slot(f"i{len(self.arrays)}", "state", (count,), int64)
        self.arrays[f"i{len(self.arrays)}"] = self.rng.integers(0, below, count)
        return node

    def integer(self, low: int, high: int) -> int:
        return self.draw(st.integers(low, high))

    def move(self) -> None:
        x = self.draw(st.sampled_from(self.pool[-3:]))
        shape = sizes(x)
        self.pool.append(self._moved(self.draw(st.integers(0, 9)), x, shape) if shape else b.tanh(x))

    def _moved(self, which: int, x: Node, shape: tuple[int, ...]) -> Node:
        moves = (self._part, self._padded, self._turned, self._reshaped, self._reordered)
        if which < len(moves):
            return moves[which](x, shape)
        match which:
            case 5:
                fn = self.draw(st.sampled_from(("sum", "max")))
                return b.reduce(b.tanh(x), fn=fn, axes=(self.integer(0, len(shape) - 1),))
            case 6:
                index = self.labels(self.draw(st.sampled_from((1, 5, 40))), shape[0])
                return b.gather(x, index) if 40 * prod(shape[1:]) < MOST else b.tanh(x)
            case 7:
                rows = self.draw(st.sampled_from((1, 5, 60)))
                return b.tanh(b.scatter_add(self.labels(shape[0], rows), x, rows=rows))
            case 8 if len(shape) == 2:
                w = self.leaf(shape[1], self.draw(st.sampled_from((1, 3, 17, 40))))
                return b.tanh(b.contract(x, w, a="ni", b="io", out="no"))
        same = [p for p in self.pool if p.shape == shape]
        return b.mul(x, b.tanh(self.draw(st.sampled_from(same))))

    def _part(self, x: Node, shape: tuple[int, ...]) -> Node:
        starts = tuple(self.integer(0, e - 1) for e in shape)
        return b.slice(
            x, starts=starts, shape=tuple(self.integer(1, e - s) for s, e in zip(starts, shape, strict=True))
        )

    def _padded(self, x: Node, shape: tuple[int, ...]) -> Node:
        before = tuple(self.integer(0, 2) for _ in shape)
        wide = tuple(e + p + self.integer(0, 3) for e, p in zip(shape, before, strict=True))
        return b.pad(x, before=before, shape=wide) if prod(wide) < MOST else b.tanh(x)

    def _turned(self, x: Node, shape: tuple[int, ...]) -> Node:
        axes = self.draw(st.sets(st.integers(0, len(shape) - 1), min_size=1))
        return b.flip(x, axes=tuple(sorted(axes)))

    def _reshaped(self, x: Node, shape: tuple[int, ...]) -> Node:
        left = prod(shape)
        new: list[int] = []
        while left > 1 and len(new) < 3:
            factors = [d for d in range(2, min(left, 400) + 1) if left % d == 0] or [left]
            new.append(self.draw(st.sampled_from(factors)))
            left //= new[-1]
        new.insert(self.integer(0, len(new)), left)
        return b.reshape(x, shape=tuple(new))

    def _reordered(self, x: Node, shape: tuple[int, ...]) -> Node:
        order = self.draw(st.permutations(range(len(shape))))
        return b.expand(x, shape=tuple(shape[order.index(a)] for a in range(len(shape))), dims=tuple(order))


def sizes(node: Node) -> tuple[int, ...]:
    """The shape of a node without rows of a step."""
    return tuple(e for e in node.shape if isinstance(e, int))


@st.composite
def movements(draw: st.DrawFn) -> Trial:
    """A graph of movements with its gradients, and sometimes an update of its first input."""
    mover = Mover(draw)
    shape = draw(st.lists(st.sampled_from(SIZES), min_size=1, max_size=3).filter(lambda s: prod(s) < MOST))
    mover.pool.append(mover.leaf(*shape))
    for _ in range(draw(st.integers(2, 7))):
        mover.move()
    loss = b.full(0.0, (), float64)
    for end in mover.pool[-2:]:
        square = b.mul(end, end)
        loss = b.add(loss, b.reduce(square, fn="sum", axes=tuple(range(len(end.shape)))) if end.shape else square)
    grads = gradients({loss: b.full_like(1.0, loss)}, mover.leaves)
    found = [g for g in grads if g is not None]
    kept = [p for p in mover.pool[1:] if draw(st.booleans())][-2:]
    outputs = tuple((f"y{i}", n) for i, n in enumerate([loss, *kept, *found]))
    first, change = mover.leaves[0], grads[0]
    updates = ((first, b.sub(first, change)),) if change is not None and draw(st.booleans()) else ()
    graph = Graph(outputs, updates)
    bound = {name: mover.arrays[name] for name in named_slots(graph, "state")}
    return Trial(graph, 1, (1,), bound, np.zeros(1, np.int32), np.zeros((1, 0)))
