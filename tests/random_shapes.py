"""Random programs of one kind of kernel each, over random shapes: one, primes, and the sizes around vectors and tiles.

All numbers are small integers, which every order of summation adds up exactly in either width of floating numbers, so
native code has to give what NumPy gives to the bit. A trial follows from a seed and its number alone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from math import prod
from typing import TypeVar

import numpy as np

from sklon._base.dtypes import Dtype, float32, float64, int32, int64
from sklon._base.shapes import N, T, concrete
from sklon.graph.node import Graph, Node, slot
from sklon.ops import BUILD as b

from .executors import Array, Trial, named_slots

PRIMES = (2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97, 101, 113, 131)
#: lanes of vectors, and rows and columns of register tiles, of all targets and types; one less and one more as well
EDGES = (4, 6, 8, 12, 14, 16, 24, 32, 48, 64, 96, 128)
LARGEST = 160
MOST_ROWS = 260
#: elements of a value, and multiply-adds of a product
MOST = 400_000
LARGEST_NUMBER = 3

Some = TypeVar("Some")


@dataclass(slots=True)
class Draw:
    """Draws sizes and leaves of a program; the leaves' numbers are drawn with them."""

    rng: np.random.Generator
    dtype: Dtype
    table: int  # rows of the tables of data
    arrays: dict[str, Array] = field(default_factory=dict)
    index: Node = field(default_factory=lambda: slot("index", "index", (N,), int32))

    def choice(self, among: Sequence[Some]) -> Some:
        return among[int(self.rng.integers(len(among)))]

    def below(self, end: int) -> int:
        return int(self.rng.integers(end))

    def often(self) -> bool:
        return bool(self.rng.random() < 0.5)

    def size(self) -> int:
        """One, a prime, a size at an edge, or any."""
        which = self.rng.random()
        if which < 0.1:
            return 1
        if which < 0.45:
            return self.choice(PRIMES)
        if which < 0.85:
            return self.choice(EDGES) + self.choice((-1, 0, 1))
        return 1 + self.below(LARGEST)

    def sizes(self, count: int) -> tuple[int, ...]:
        """Sizes whose product is not too large."""
        while True:
            drawn = tuple(self.size() for _ in range(count))
            if prod(drawn) <= MOST:
                return drawn

    # ---- leaves
    def _slot(self, letter: str, space: str, shape: tuple[object, ...], dtype: Dtype, low: int, high: int) -> Node:
        name = f"{letter}{len(self.arrays)}"
        node = slot(name, space, shape, dtype)  # type: ignore[arg-type]
        self.arrays[name] = self.rng.integers(low, high, concrete(node.shape, self.table)).astype(dtype.numpy)
        return node

    def state(self, *shape: int) -> Node:
        return self._slot("w", "state", shape, self.dtype, -LARGEST_NUMBER, LARGEST_NUMBER + 1)

    def labels(self, count: int, end: int) -> Node:
        """``count`` numbers below ``end``."""
        return self._slot("i", "state", (count,), self.choice((int32, int64)), 0, end)

    def rows(self, *rest: int) -> Node:
        """Rows of the step, gathered from a table."""
        table = self._slot("x", "data", (T, *rest), self.dtype, -LARGEST_NUMBER, LARGEST_NUMBER + 1)
        return b.gather(table, self.index)

    def row_labels(self, end: int) -> Node:
        """A number below ``end`` for each row of the step."""
        table = self._slot("y", "data", (T,), int32, 0, end)
        return b.gather(table, self.index)

    def matrix(self, rows: int, columns: int) -> Node:
        """A state, as it lies or with its axes exchanged."""
        return self.state(rows, columns) if self.often() else exchanged(self.state(columns, rows))

    # ---- what comes after a kernel's own work
    def ended(self, node: Node) -> Node:
        """The value with a few exact point ops behind it: biases, turns, the rows of another table."""
        for _ in range(self.below(3)):
            node = self._end(node)
        return node

    def _end(self, node: Node) -> Node:
        last = node.shape[-1] if node.shape else None
        match self.below(5):
            case 0 if isinstance(last, int):
                return b.add(node, b.expand(self.state(last), shape=node.shape, dims=(len(node.shape) - 1,)))
            case 1 if node.shape[:1] == (N,):
                rest = tuple(e for e in node.shape[1:] if isinstance(e, int))
                return b.sub(node, self.rows(*rest))
            case 2:
                return b.maximum(node, b.full_like(1.0, node))
            case 3:
                return b.where(b.greater(node, b.full_like(0.0, node)), node, b.neg(node))
        return b.abs(node)


def exchanged(node: Node) -> Node:
    """A matrix with its axes exchanged."""
    rows, columns = node.shape
    return b.expand(node, shape=(columns, rows), dims=(1, 0))


# ---- kinds of kernels: each draws a program's results
def product(d: Draw) -> list[Node]:
    """A product of two matrices, either of which lies either way; the result may be the operand of another one."""
    i, j, k = d.sizes(3)
    left, right = d.matrix(i, k), d.matrix(k, j)
    z = _contract(d, left, right, "ik", "kj", "ij")
    return [d.ended(z)]


def product_of_rows(d: Draw) -> list[Node]:
    """A layer: rows times a matrix, and now and then a second one."""
    k, j = d.sizes(2)
    z = d.ended(_contract(d, d.rows(k), d.matrix(k, j), "nk", "kj", "nj"))
    if d.often():
        return [z]
    return [z, b.contract(b.minimum(z, b.full_like(2.0, z)), d.matrix(j, d.size()), a="nj", b="jo", out="no")]


def product_over_rows(d: Draw) -> list[Node]:
    """The gradient of a matrix: a sum over the rows of the step."""
    i, j = d.sizes(2)
    return [d.ended(_contract(d, d.rows(i), d.rows(j), "ni", "nj", d.choice(("ij", "ji"))))]


def odd_product(d: Draw) -> list[Node]:
    """Vectors, outer products, and rows each with a product of its own."""
    k, j = d.sizes(2)
    h = d.rows(k)
    match d.below(5):
        case 0:
            return [d.ended(b.contract(h, d.state(k), a="nk", b="k", out="n"))]
        case 1:
            return [d.ended(b.contract(d.rows(), d.state(j), a="n", b="j", out="nj"))]
        case 2:
            return [d.ended(b.contract(h, d.rows(k), a="nk", b="nk", out="n"))]
        case 3:
            return [d.ended(b.contract(d.state(j, k), d.state(k), a="jk", b="k", out="j"))]
    return [d.ended(b.contract(d.rows(), d.rows(j), a="n", b="nj", out="j"))]


def _contract(d: Draw, left: Node, right: Node, a: str, other: str, out: str) -> Node:
    """The product with its operands in either order."""
    if d.often():
        return b.contract(left, right, a=a, b=other, out=out)
    return b.contract(right, left, a=other, b=a, out=out)


def reduction(d: Draw) -> list[Node]:
    """Sums and maxima along any axes, of values that a map makes on the way."""
    sizes = d.sizes(1 + d.below(3))
    x = d.rows(*sizes[1:]) if d.often() else d.state(*sizes)
    if d.often():
        x = d.ended(x)
    axes = [a for a in range(len(x.shape)) if d.often()] or [d.below(len(x.shape))]
    return [d.ended(b.reduce(x, fn=d.choice(("sum", "max")), axes=tuple(axes)))]


def mapped(d: Draw) -> list[Node]:
    """Point ops on operands that repeat along axes or lie another way round."""
    i, j = d.sizes(2)
    by_rows = d.often()
    x, column = (d.rows(j), d.rows()) if by_rows else (d.matrix(i, j), d.state(i))
    across = b.expand(d.state(j), shape=x.shape, dims=(1,))
    down = b.expand(column, shape=x.shape, dims=(0,))
    return [d.ended(b.mul(b.add(x, across), down)), b.maximum(down, across)][: 1 + d.below(2)]


def gathered(d: Draw) -> list[Node]:
    """Rows of a table at labels: of the step, or as many as one likes."""
    end, width = d.sizes(2)
    table = d.state(end, width) if d.often() else d.ended(d.state(end, width))
    if d.often():
        return [d.ended(b.gather(table, d.row_labels(end)))]
    return [d.ended(b.gather(table, d.labels(d.size(), end))), b.gather(d.state(end), d.labels(d.size(), end))]


def scattered(d: Draw) -> list[Node]:
    """Rows added up at labels, and read from there."""
    end, width = d.sizes(2)
    if d.often():
        labels, source = d.row_labels(end), d.rows(*([width] if d.often() else []))
    else:
        count = d.size()
        labels, source = d.labels(count, end), d.state(count, width)
    sums = b.scatter_add(labels, d.ended(source) if d.often() else source, rows=end)
    return [sums, b.gather(sums, labels)][: 1 + d.below(2)]


def transposed(d: Draw) -> list[Node]:
    """Axes in another order, copied and added to."""
    sizes = d.sizes(2 + d.below(2))
    order = d.rng.permutation(len(sizes)).tolist()
    x = d.state(*sizes)
    turned = b.expand(x, shape=tuple(sizes[order.index(a)] for a in range(len(sizes))), dims=tuple(order))
    return [d.ended(turned)]


def moved(d: Draw) -> list[Node]:
    """Parts, paddings, turns and other shapes of rows or of a state."""
    i, j = d.sizes(2)
    x = d.rows(j) if d.often() else d.state(i, j)
    start = d.below(j)
    part = b.slice(x, starts=(0, start), shape=(x.shape[0], 1 + d.below(j - start)))
    width = part.shape[1]
    assert isinstance(width, int)
    before = d.below(20)
    wide = b.pad(part, before=(0, before), shape=(x.shape[0], before + width + d.below(20)))
    turned = b.flip(wide, axes=(1,))
    factors = [f for f in range(1, j + 1) if j % f == 0]
    f = d.choice(factors)
    split = b.reshape(x, shape=(x.shape[0], f, j // f))
    joined = b.reshape(b.expand(split, shape=(x.shape[0], j // f, f), dims=(0, 2, 1)), shape=x.shape)
    return [d.choice((part, wide, turned)), d.ended(joined)]


KINDS: tuple[Callable[[Draw], list[Node]], ...] = (
    product, product, product_of_rows, product_of_rows, product_over_rows, product_over_rows, odd_product,
    reduction, reduction, mapped, gathered, scattered, transposed, moved,
)  # fmt: skip
EXACT: tuple[Dtype, ...] = (float32, float64)


def trial(number: int, seed: int = 0) -> Trial:
    """The program of this number, for one to three steps of any number of rows."""
    rng = np.random.default_rng([seed, number])
    max_rows = _rows(rng)
    d = Draw(rng, EXACT[int(rng.integers(len(EXACT)))], max_rows)
    results = d.choice(KINDS)(d)
    outputs = tuple((f"y{i}", node) for i, node in enumerate(results))
    rows = (max_rows, *(int(r) for r in rng.integers(1, max_rows + 1, d.below(3))))
    indices = rng.integers(0, d.table, sum(rows)).astype(np.int32)
    graph = Graph(outputs, _updates(d, results))
    used = {name: d.arrays[name] for name in named_slots(graph, "state", "data")}
    return Trial(graph, max_rows, rows, used, indices, np.zeros((len(rows), 0)))


def _rows(rng: np.random.Generator) -> int:
    """Rows of the largest step: an edge as often as any other number."""
    if rng.random() < 0.5:
        return int(rng.choice(EDGES)) + int(rng.integers(-1, 2))
    return 1 + int(rng.integers(MOST_ROWS))


def _updates(d: Draw, results: list[Node]) -> tuple[tuple[Node, Node], ...]:
    """Now and then a state that takes the shape's result."""
    shape = results[0].shape
    if not shape or not all(isinstance(e, int) for e in shape) or d.often():
        return ()
    new = d.state(*(e for e in shape if isinstance(e, int)))
    return ((new, b.minimum(results[0], b.full_like(3.0, new))),)
