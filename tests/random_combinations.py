"""Moves that join what others do apart: parts of sums, paddings of what was gathered, joins under products, and
products and look-ups of several members or columns at once.
"""

from __future__ import annotations

from hypothesis import strategies as st

from sklon._base.dtypes import int32
from sklon._base.shapes import N
from sklon.ops import BUILD as b

from .random_graphs import CLASSES, Grower, Move, columns


def padded_rows(g: Grower) -> None:
    """What was gathered is padded, and a part of that is turned around."""
    width = g.width()
    rows = b.gather(g.parameter(CLASSES, width), g.data(dtype=int32))
    before, after = (g.draw(st.integers(0, 9)) for _ in "ab")
    wide = b.pad(rows, before=(0, before), shape=(N, width + before + after))
    start = g.draw(st.integers(0, width + before + after - 1))
    g.keep(b.flip(b.slice(wide, starts=(0, start), shape=(N, width + before + after - start)), axes=(1,)))


def part_of_sum(g: Grower) -> None:
    """A part of what rows add up to, put back beside zeros, for every row."""
    h = g.matrix()
    k = columns(h)
    total = b.reduce(b.div(h, g.spread(g.count(), h.shape)), fn="sum", axes=(0,))
    start = g.draw(st.integers(0, k - 1))
    part = b.slice(total, starts=(start,), shape=(g.draw(st.integers(1, k - start)),))
    g.keep(b.add(h, g.spread(b.pad(part, before=(start,), shape=(k,)), h.shape, 1)))


def joined_operand(g: Grower) -> None:
    """Two axes that are joined are the operand of a product, whose result is added up at labels."""
    h, parts = g.matrix(), g.draw(st.sampled_from((2, 3, 5)))
    k = columns(h)
    x = b.tanh(b.mul(g.spread(h, (N, parts, k), 0, 2), g.spread(g.parameter(parts, k), (N, parts, k), 1, 2)))
    joined = b.reshape(x, shape=(N, parts * k))
    z = b.tanh(b.contract(joined, g.weight(g.width(), parts * k), a="ni", b="oi", out="no"))
    labels = g.data(dtype=int32)
    sums = b.scatter_add(labels, b.div(z, g.spread(g.count(), z.shape)), rows=CLASSES)
    g.keep(b.add(z, b.gather(b.flip(sums, axes=(0,)), labels)))


def members(g: Grower) -> None:
    """Products of several matrices beside each other, shared or of each member's own."""
    h, k, out = g.matrix(), g.draw(st.sampled_from((1, 2, 5))), g.width()
    c = columns(h)
    x = g.spread(h, (N, k, c), 0, 2)
    if g.draw(st.booleans()):
        x = b.mul(x, g.spread(b.tanh(g.parameter(k, c)), x.shape, 1, 2))
    if g.draw(st.booleans()):
        y = b.contract(x, g.weight(out, c), a="nki", b="oi", out="nko")
    else:
        y = b.contract(x, g.parameter(k, c, out), a="nki", b="kio", out="nko")
    if g.draw(st.booleans()):
        y = b.tanh(
            b.add(b.mul(y, g.spread(g.parameter(k, out), y.shape, 1, 2)), g.spread(g.parameter(k, out), y.shape, 1, 2))
        )
    match g.draw(st.integers(0, 2)):
        case 0:
            g.keep(b.reduce(y, fn=g.draw(st.sampled_from(("sum", "max"))), axes=(1,)))
        case 1:
            g.keep(b.contract(b.tanh(y), g.parameter(k, out, 3), a="nko", b="koj", out="nj"))
        case _:
            g.keep(b.reshape(y, shape=(N, k * out)))


def many_lookups(g: Grower) -> None:
    """Several rows of a table for each sample, of sums over its rows perhaps; and rows added up at several labels."""
    h, m = g.matrix(), g.draw(st.sampled_from((1, 3)))
    labels = g.data(m, dtype=int32)
    table = g.parameter(CLASSES, g.width())
    if g.draw(st.booleans()):
        t, u = (b.iota(axis=axis, shape=(CLASSES, CLASSES), dtype=int32) for axis in (0, 1))
        table = b.contract(b.cast(b.less(u, t), dtype=g.dtype), table, a="tu", b="ud", out="td")
    rows = b.gather(table, labels)
    width = columns(table)
    match g.draw(st.integers(0, 2)):
        case 0:
            g.keep(b.reshape(b.tanh(rows), shape=(N, m * width)))
        case 1:
            g.keep(b.reduce(b.mul(rows, b.gather(g.parameter(CLASSES, width), labels)), fn="sum", axes=(1,)))
        case _:
            part = b.div(g.spread(h, (N, m, columns(h)), 0, 2), g.spread(g.count(), (N, m, columns(h))))
            sums = b.scatter_add(labels, part, rows=CLASSES)
            g.keep(b.add(h, b.gather(sums, b.reshape(b.slice(labels, starts=(0, 0), shape=(N, 1)), shape=(N,)))))


COMBINED: tuple[Move, ...] = (padded_rows, part_of_sum, joined_operand, members, many_lookups)
