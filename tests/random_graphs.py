"""Random graphs, grown move by move: each move takes values that are there and adds one.

Hypothesis draws the moves. Values are kept of order one, so that rounding and not conditioning decides how far two
executors differ. ``random_steps`` makes training steps of them.
"""

from __future__ import annotations

from collections.abc import Callable

from hypothesis import strategies as st

from sklon._base.dtypes import Dtype, int32, uint32
from sklon._base.shapes import Extent, N, Shape, T
from sklon.graph.node import Node, slot
from sklon.ops import BUILD as b

#: widths of layers: one, below, at and above a vector of any target, primes, more than a panel
WIDTHS = (1, 2, 3, 7, 8, 16, 17, 31, 33, 48, 64, 67, 100)
CLASSES = 5


class Grower:
    """Adds values to a graph; ``pool`` holds those of each shape that later moves may read."""

    def __init__(self, draw: st.DrawFn, dtype: Dtype) -> None:
        self.draw, self.dtype = draw, dtype
        self.index = slot("index", "index", (N,), int32)
        self.step = slot("step", "scalar", (), uint32)
        self.parameters: list[Node] = []
        self.pool: list[Node] = []
        self.streams = 0
        self.slots = 0

    # ---- leaves
    def parameter(self, *shape: int) -> Node:
        self.slots += 1
        made = slot(f"w{self.slots}", "state", shape, self.dtype)
        self.parameters.append(made)
        return made

    def weight(self, out: int, into: int) -> Node:
        """A weight of this shape: a new one or, tied, one that is there."""
        known = [p for p in self.parameters if p.shape == (out, into)]
        tied: bool = self.draw(st.booleans())
        if known and tied:
            return self.draw(st.sampled_from(known))
        return self.parameter(out, into)

    def data(self, *rest: int, dtype: Dtype | None = None) -> Node:
        self.slots += 1
        table = slot(f"x{self.slots}", "data", (T, *rest), dtype or self.dtype)
        return b.gather(table, self.index)

    def scalar(self) -> Node:
        self.slots += 1
        return slot(f"s{self.slots}", "scalar", (), self.dtype)

    def width(self) -> int:
        return self.draw(st.sampled_from(WIDTHS))

    # ---- choosing
    def pick(self, shape: Shape | None = None) -> Node:
        fits = [v for v in self.pool if shape is None or v.shape == shape]
        return self.draw(st.sampled_from(fits[-4:]))

    def matrix(self) -> Node:
        """An activation of shape [N, k]."""
        fits = [v for v in self.pool if len(v.shape) == 2 and v.shape[0] == N]
        return self.draw(st.sampled_from(fits[-4:]))

    def keep(self, node: Node) -> None:
        self.pool.append(node)

    # ---- small words
    def full(self, value: float, like: Node) -> Node:
        return b.full_like(value, like)

    def spread(self, node: Node, shape: Shape, *dims: int) -> Node:
        return b.expand(node, shape=shape, dims=dims)

    def count(self) -> Node:
        return b.size(dtype=self.dtype)

    def mean(self, node: Node, axis: int) -> Node:
        """The mean along an axis, which is gone."""
        total = b.reduce(node, fn="sum", axes=(axis,))
        n: Extent = node.shape[axis]
        size = self.count() if n == N else b.full(float(n), (), self.dtype)  # type: ignore[arg-type]
        return b.div(total, self.spread(size, total.shape))


Move = Callable[[Grower], None]


def columns(h: Node) -> int:
    """The width of an activation."""
    width = h.shape[1]
    assert isinstance(width, int)
    return width


def dense(g: Grower) -> None:
    h, out = g.matrix(), g.width()
    w = g.weight(out, columns(h))
    z = b.contract(h, w, a="ni", b="oi", out="no")
    if g.draw(st.booleans()):
        z = b.add(z, g.spread(g.parameter(out), z.shape, 1))
    g.keep(z)


def transposed_dense(g: Grower) -> None:
    h = g.matrix()
    w = g.weight(columns(h), g.width())
    g.keep(b.contract(h, w, a="no", b="oi", out="ni"))


def swapped_operands(g: Grower) -> None:
    h = g.matrix()
    w = g.weight(g.width(), columns(h))
    g.keep(b.contract(w, h, a="oi", b="ni", out="no"))


def activation(g: Grower) -> None:
    name = g.draw(st.sampled_from(("relu", "tanh", "sigmoid", "softplus", "abs", "neg", "sin", "erf")))
    g.keep(getattr(b, name)(g.pick()))


def bounded_exp(g: Grower) -> None:
    x = b.tanh(g.pick())
    g.keep(b.log(b.add(b.exp(x), b.sqrt(b.add(g.full(1.5, x), x)))))


def binary(g: Grower) -> None:
    x = g.pick()
    y = g.pick(x.shape)
    name = g.draw(st.sampled_from(("add", "sub", "maximum", "minimum", "mul", "div")))
    if name == "mul":
        y = b.sigmoid(y)
    if name == "div":
        y = b.add(g.full(1.0, y), b.abs(y))
    g.keep(getattr(b, name)(x, y))


def choose(g: Grower) -> None:
    x = g.pick()
    y, z = g.pick(x.shape), g.pick(x.shape)
    # away from ties: at a discontinuity rounding decides
    how = g.draw(st.sampled_from(("less", "greater")))
    first, second = getattr(b, how)(y, g.full(0.123, y)), b.greater(z, g.full(-0.321, z))
    mask = g.draw(st.sampled_from((first, b.and_(first, second), b.or_(first, b.not_(second)))))
    g.keep(b.where(mask, z, x))


def residual(g: Grower) -> None:
    h = g.matrix()
    k = columns(h)
    g.keep(b.add(h, b.tanh(b.contract(h, g.weight(k, k), a="ni", b="oi", out="no"))))


def gated(g: Grower) -> None:
    h, out = g.matrix(), g.width()
    k = columns(h)
    left, gate = (b.contract(h, g.weight(out, k), a="ni", b="oi", out="no") for _ in "ab")
    g.keep(b.mul(left, b.sigmoid(gate)))


def normalised(g: Grower) -> None:
    """Layer norm (over columns) or batch norm (over rows), as one op or written out."""
    h = g.matrix()
    axis = g.draw(st.sampled_from((0, 1)))
    mean = g.mean(h, axis)
    centred = b.sub(h, b.spread(mean, h.shape, (axis,)))
    variance = g.mean(b.mul(centred, centred), axis)
    above = b.add(variance, g.full(0.1, variance))
    if g.draw(st.booleans()):
        g.keep(b.standardize(h, mean, above, axes=(axis,)))
    else:
        g.keep(b.div(centred, b.spread(b.sqrt(above), h.shape, (axis,))))


def softmax(g: Grower) -> None:
    h = g.matrix()
    top = b.stop_gradient(b.reduce(h, fn="max", axes=(1,)))
    e = b.exp(b.sub(h, g.spread(top, h.shape, 0)))
    g.keep(b.div(e, g.spread(b.reduce(e, fn="sum", axes=(1,)), h.shape, 0)))


def dropout(g: Grower) -> None:
    h = g.matrix()
    g.streams += 1
    stream, low, high = (b.full(float(word), h.shape, uint32) for word in (g.streams, 7, 0))
    axes = (b.iota(axis=a, shape=h.shape, dtype=uint32) for a in (1, 0))
    bits = b.random_bits(*axes, g.spread(g.step, h.shape), stream, low, high)
    kept = b.less(b.cast(b.unit_interval(bits), dtype=g.dtype), g.full(0.75, h))
    g.keep(b.where(kept, b.mul(h, g.full(4 / 3, h)), g.full(0.0, h)))


def over_columns(g: Grower) -> None:
    h = g.matrix()
    total = b.reduce(b.tanh(h), fn=g.draw(st.sampled_from(("sum", "max"))), axes=(1,))
    g.keep(total)
    if g.draw(st.booleans()):
        g.keep(b.sub(h, b.tanh(g.spread(total, h.shape, 0))))


def over_rows(g: Grower) -> None:
    h = g.matrix()
    if g.draw(st.booleans()):
        total = b.reduce(h, fn="max", axes=(0,))
    else:
        total = b.reduce(b.div(h, g.spread(g.count(), h.shape)), fn="sum", axes=(0,))
    g.keep(b.add(h, g.spread(total, h.shape, 1)))
    g.keep(total)


def over_all(g: Grower) -> None:
    h = g.matrix()
    scale = b.mul(g.count(), b.full(float(columns(h)), (), g.dtype))
    total = b.div(b.reduce(h, fn="sum", axes=(0, 1)), scale)
    g.keep(b.mul(h, g.spread(b.sigmoid(total), h.shape)))


def gram(g: Grower) -> None:
    """h·(hᵀf/(N·k)): the rows are summed by a product, whose result is then an operand."""
    h, f = g.matrix(), g.matrix()
    small = b.div(f, g.spread(b.mul(g.count(), b.full(float(columns(h)), (), g.dtype)), f.shape))
    if g.draw(st.booleans()):
        m = b.contract(h, small, a="ni", b="nj", out="ij")
        g.keep(b.tanh(b.contract(h, m, a="ni", b="ij", out="nj")))
    else:
        m = b.contract(h, small, a="ni", b="nj", out="ji")
        g.keep(b.tanh(b.contract(h, m, a="ni", b="ji", out="nj")))


def odd_contract(g: Grower) -> None:
    """Products that are no product of two matrices, or nearly none."""
    h = g.matrix()
    k = columns(h)
    f = g.pick(h.shape)
    match g.draw(st.integers(0, 5)):
        case 0:
            r = b.contract(h, b.tanh(f), a="ni", b="ni", out="n")
            g.keep(b.tanh(r))
        case 1:
            g.keep(b.contract(h, g.parameter(k), a="ni", b="i", out="n"))
        case 2:
            g.keep(b.contract(h, g.parameter(k), a="ni", b="i", out="ni"))
        case 3:
            r = b.contract(h, g.parameter(3), a="ni", b="j", out="nij")
            g.keep(b.reduce(b.tanh(r), fn="sum", axes=(2,)))
        case 4:
            m = b.reduce(b.tanh(h), fn="max", axes=(1,))
            g.keep(b.contract(m, g.parameter(g.width()), a="n", b="o", out="no"))
        case _:
            w = g.weight(g.width(), k)
            v = b.contract(w, w, a="oi", b="oi", out="i")
            g.keep(b.mul(h, g.spread(b.sigmoid(v), h.shape, 1)))


def repeated_operand(g: Grower) -> None:
    """Operands of a product that repeat along an axis, or whose axes are exchanged."""
    h = g.matrix()
    k = columns(h)
    match g.draw(st.integers(0, 3)):
        case 0:
            row = g.spread(g.parameter(k), (g.width(), k), 1)
            g.keep(b.contract(h, row, a="ni", b="oi", out="no"))
        case 1:
            w = g.weight(k, g.width())
            swapped = b.expand(w, shape=tuple(reversed(w.shape)), dims=(1, 0))
            g.keep(b.contract(h, swapped, a="ni", b="oi", out="no"))
        case 2:
            r = b.tanh(b.reduce(h, fn="sum", axes=(1,)))
            wide = g.spread(b.div(r, g.spread(g.count(), r.shape)), (N, g.width()), 0)
            m = b.contract(h, wide, a="ni", b="no", out="io")
            g.keep(b.contract(h, b.tanh(m), a="ni", b="io", out="no"))
        case _:
            r = b.tanh(b.reduce(h, fn="max", axes=(1,)))
            wide = g.spread(r, (N, 5), 0)
            g.keep(b.contract(wide, g.weight(g.width(), 5), a="ni", b="oi", out="no"))


def cube(g: Grower) -> None:
    """Values of three axes, reduced along any of them, and products with a batch label."""
    h = g.matrix()
    k, m = columns(h), g.draw(st.sampled_from((2, 5, 17)))
    w = g.parameter(m, k)
    x = b.tanh(b.mul(g.spread(h, (N, m, k), 0, 2), g.spread(w, (N, m, k), 1, 2)))
    match g.draw(st.integers(0, 5)):
        case 0:
            g.keep(b.reduce(x, fn="max", axes=(1,)))
        case 1:
            g.keep(b.reduce(x, fn="max", axes=(2,)))
        case 2:
            g.keep(b.tanh(b.contract(x, h, a="nmk", b="nk", out="nm")))
        case 3:
            g.keep(b.contract(x, g.parameter(m), a="nmk", b="m", out="nk"))
        case 4:
            total = b.reduce(x, fn="max", axes=(0, 2))
            g.keep(b.contract(h, b.mul(w, g.spread(total, w.shape, 0)), a="nk", b="mk", out="nm"))
        case _:
            back = b.expand(x, shape=(N, k, m), dims=(0, 2, 1))
            g.keep(b.reduce(back, fn="max", axes=(1, 2)))
            g.keep(x)


def embedding(g: Grower) -> None:
    table = g.parameter(CLASSES, g.width())
    g.keep(b.gather(table, g.data(dtype=int32)))


def against_data(g: Grower) -> None:
    """Rows gathered where a product or a sum ends."""
    h, out = g.matrix(), g.width()
    z = b.contract(h, g.weight(out, columns(h)), a="ni", b="oi", out="no")
    match g.draw(st.integers(0, 3)):
        case 0:
            g.keep(b.sub(z, g.data(out)))
        case 1:
            g.keep(b.add(z, g.spread(g.data(), z.shape, 0)))
        case 2:
            g.keep(b.mul(z, b.gather(g.parameter(CLASSES, out), g.data(dtype=int32))))
        case _:
            g.keep(b.sub(b.tanh(b.reduce(z, fn="max", axes=(1,))), g.data()))


def scaled(g: Grower) -> None:
    x = g.pick()
    g.keep(b.mul(x, g.spread(g.scalar(), x.shape)))


def fresh_data(g: Grower) -> None:
    g.keep(g.data(g.width()))


def between_types(g: Grower) -> None:
    x = g.pick()
    half = b.cast(b.cast(b.mul(b.tanh(x), g.full(3.0, x)), dtype=int32), dtype=g.dtype)
    g.keep(b.add(x, b.mul(half, g.full(0.25, x))))


def window(g: Grower) -> None:
    """A part of the columns, put at another place, turned around."""
    h = g.matrix()
    k = columns(h)
    start = g.draw(st.integers(0, k - 1))
    part = b.slice(h, starts=(0, start), shape=(N, g.draw(st.integers(1, k - start))))
    match g.draw(st.integers(0, 3)):
        case 0:
            g.keep(part)
        case 1:
            before = g.draw(st.integers(0, 9))
            wide = columns(part) + before + g.draw(st.integers(0, 20))
            g.keep(b.pad(part, before=(0, before), shape=(N, wide)))
        case 2:
            g.keep(b.add(h, b.pad(b.flip(part, axes=(1,)), before=(0, start), shape=h.shape)))
        case _:
            g.keep(b.mul(b.flip(h, axes=(1,)), b.sigmoid(h)))


def reshaped(g: Grower) -> None:
    """Columns cut into two axes, worked on, and joined in another order."""
    h = g.matrix()
    k = columns(h)
    parts = g.draw(st.sampled_from([p for p in (1, 2, 3, 5, 8, 25) if k % p == 0]))
    x = b.reshape(h, shape=(N, parts, k // parts))
    match g.draw(st.integers(0, 3)):
        case 0:
            g.keep(b.reduce(x, fn="max", axes=(g.draw(st.sampled_from((1, 2))),)))
        case 1:
            turned = b.expand(x, shape=(N, k // parts, parts), dims=(0, 2, 1))
            g.keep(b.reshape(b.tanh(turned), shape=(N, k)))
        case 2:
            scale = g.parameter(parts, k // parts)
            g.keep(b.reshape(b.mul(x, g.spread(b.sigmoid(scale), x.shape, 1, 2)), shape=(N, k)))
        case _:
            w = b.reshape(g.parameter(k * 3), shape=(3, k))
            g.keep(b.contract(h, w, a="ni", b="oi", out="no"))


def counted(g: Grower) -> None:
    """Rows added up at labels, and read again there."""
    h = g.matrix()
    labels = g.data(dtype=int32)
    sums = b.scatter_add(labels, b.div(h, g.spread(g.count(), h.shape)), rows=CLASSES)
    g.keep(b.add(h, b.gather(sums, labels)))


MOVES: tuple[Move, ...] = (
    window, reshaped, counted,
    dense, dense, transposed_dense, swapped_operands, activation, activation, bounded_exp, binary, binary, choose,
    residual, gated, normalised, softmax, dropout, over_columns, over_rows, over_all, gram, odd_contract, cube,
    repeated_operand, embedding, against_data, against_data, scaled, fresh_data, between_types,
)  # fmt: skip

#: moves without jumps, at which rounding would decide: for comparisons at low precision
SMOOTH: tuple[Move, ...] = tuple(m for m in MOVES if m not in (choose, between_types))
