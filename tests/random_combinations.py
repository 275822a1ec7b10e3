"""Moves that join what others do apart: parts of sums, paddings of what was gathered, joins under products."""

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


COMBINED: tuple[Move, ...] = (padded_rows, part_of_sum, joined_operand)
