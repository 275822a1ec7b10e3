"""The verifier of graphs catches each thing that a graph must not be."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from sklon._base.dtypes import float32, float64, int32
from sklon._base.errors import VerificationError
from sklon._base.shapes import N, T
from sklon.graph.node import Graph, Node, slot
from sklon.graph.verify import verify
from sklon.ops import BUILD as b
from sklon.ops import Expand

Case = Callable[[], Graph]


def one(node: Node) -> Graph:
    """A graph with this result."""
    return Graph((("out", node),))


def state(*shape: int) -> Node:
    """A new state."""
    return slot("w", "state", shape, float32)


def wrong_type() -> Graph:
    x = state(3)
    return one(Node(b.neg(x).op, (x,), (4,), float32))


def wrong_inputs() -> Graph:
    x = state(3)
    return one(Node(b.add(x, x).op, (x, state(4)), (3,), float32))


def symbol_inside() -> Graph:
    return one(slot("w", "state", (3, N), float32))


def symbol_expanded() -> Graph:
    x = state(3)
    return one(Node(Expand((3, N), (0,)), (x,), (3, N), float32))


def table_read_whole() -> Graph:
    return one(b.neg(slot("X", "data", (T, 3), float32)))


def table_that_is_state() -> Graph:
    return one(slot("X", "state", (T, 3), float32))


def odd_indices() -> Graph:
    return one(slot("rows", "index", (5,), int32))


def unknown_space() -> Graph:
    return one(slot("w", "heap", (3,), float32))


def updated_twice() -> Graph:
    w = state(3)
    return Graph((), ((w, b.neg(w)), (w, b.abs(w))))


def update_of_another_type() -> Graph:
    w = state(3)
    return Graph((), ((w, b.cast(w, dtype=float64)),))


def update_of_a_value() -> Graph:
    w = b.neg(state(3))
    return Graph((), ((w, w),))


def update_of_data() -> Graph:
    x = slot("X", "data", (3,), float32)
    return Graph((), ((x, b.neg(x)),))


BROKEN: dict[Case, str] = {
    wrong_type: "should have the type",
    wrong_inputs: "does not accept its inputs",
    symbol_inside: "not the leading one",
    symbol_expanded: "does not accept its inputs",
    table_read_whole: "other than by a gather|length of a data table",
    table_that_is_state: "length of a data table",
    odd_indices: "row indices",
    unknown_space: "unknown space",
    updated_twice: "updated twice",
    update_of_another_type: "its update",
    update_of_a_value: "it is no state",
    update_of_data: "it is no state",
}


@pytest.mark.parametrize("case", BROKEN, ids=lambda c: c.__name__)
def test_each_fault_is_caught(case: Case) -> None:
    with pytest.raises(VerificationError, match=BROKEN[case]):
        verify(case())


def test_a_sound_graph_passes() -> None:
    w = state(3)
    verify(Graph((("out", b.neg(w)),), ((w, b.abs(w)),)))
