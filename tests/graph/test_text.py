"""The text of graphs: an example to read, round trips of what is awkward, and lines that are refused."""

from __future__ import annotations

import pytest

from sklon._base.dtypes import bool_, float32, float64, int32
from sklon._base.errors import InputError
from sklon._base.shapes import N, T
from sklon.graph.node import Graph, Node, slot, structure
from sklon.graph.text import parse, parse_op, print_graph, print_op
from sklon.graph.verify import verify
from sklon.ops import BUILD as b

EXAMPLE = """\
%0 = slot{label='X', space='data', shape=('T', 3), dtype='f32'}() : f32[T,3]
%1 = slot{label='rows', space='index', shape=('N',), dtype='i32'}() : i32[N]
%2 = gather{}(%0, %1) : f32[N,3]
%3 = slot{label='w', space='state', shape=(2, 3), dtype='f32'}() : f32[2,3]
%4 = contract{a='ni', b='oi', out='no', shard=0}(%2, %3) : f32[N,2]
%5 = reduce{fn='sum', axes=(0, 1), shard=0}(%4) : f32[]
%6 = neg{}(%3) : f32[2,3]
output 'total' %5
update %3 %6
"""


def example() -> Graph:
    """The graph of the text above."""
    index = slot("rows", "index", (N,), int32)
    x = b.gather(slot("X", "data", (T, 3), float32), index)
    w = slot("w", "state", (2, 3), float32)
    total = b.reduce(b.contract(x, w, a="ni", b="oi", out="no"), fn="sum", axes=(0, 1))
    return Graph((("total", total),), ((w, b.neg(w)),))


def test_the_text_of_a_graph() -> None:
    assert print_graph(example()) == EXAMPLE
    verify(parse(EXAMPLE))


def awkward() -> list[Node]:
    """Values whose attributes are hard to write."""
    x = slot('it\'s "a" name, with }(%1) : f32[ in it\n', "state", (), float32)
    return [
        x,
        b.constant(value=float("inf"), dtype=float64),
        b.constant(value=float("-inf"), dtype=float32),
        b.constant(value=0.1, dtype=float32),
        b.constant(value=1e-300, dtype=float64),
        b.cast(x, dtype=bool_),
        b.full(2.0, (N, 1, 3), float32),
        b.expand(x, shape=(1,), dims=()),
        b.iota(axis=0, shape=(N,), dtype=int32),
    ]


@pytest.mark.parametrize("node", awkward(), ids=lambda n: n.op.name)
def test_round_trips(node: Node) -> None:
    graph = Graph((("an 'odd' %1 name", node),))
    text = print_graph(graph)
    assert print_graph(parse(text)) == text
    assert structure(parse(text)) == structure(graph)
    assert parse_op(print_op(node.op)) == node.op


def test_a_constant_that_is_no_number_comes_back() -> None:
    op = b.constant(value=float("nan"), dtype=float64).op
    assert print_op(parse_op(print_op(op))) == print_op(op)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("%0 = nonsense{}() : f32[]", "no op called 'nonsense'"),
        ("what is this", "no part of a graph"),
        ("%0 = constant{value=1.0, dtype='f32'}() : f64[]", "type does not fit"),
    ],
)
def test_other_lines_are_refused(line: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        parse(line)
