"""The passes: what they promise each other, the rewrites one by one, and that a wrong one would be seen."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import pytest

from sklon._base.dtypes import float64, int32
from sklon._base.shapes import N, S, T
from sklon.compiler import native
from sklon.compiler.executable import compile_graph
from sklon.compiler.passes import schedule
from sklon.compiler.passes.fuse import Group
from sklon.compiler.passes.lower import Lowering
from sklon.compiler.passes.rewriting import rewrite
from sklon.compiler.passes.simplify import simplify
from sklon.compiler.pipeline import PASSES, Settings, compile_program, graph_passes
from sklon.graph.node import Graph, Node, slot, walk
from sklon.ops import BUILD as b
from tests.executors import Trial, agree, compiled, interpreted

SPECIAL = np.array([[np.nan, np.inf, -np.inf], [0.0, -0.0, 1e-310], [1.5, -2.5, 1e300]])


def test_every_pass_says_what_it_does_and_comes_after_what_it_needs() -> None:
    ensured: set[str] = set()
    for step in PASSES:
        assert step.doc.endswith(".") and step.name
        assert set(step.needs) <= ensured, step.name
        ensured.add(step.ensures)


def matrix(name: str = "x") -> Node:
    """A state of 3 × 3."""
    return slot(name, "state", (3, 3), float64)


def trial(graph: Graph) -> Trial:
    """A graph over matrices, bound to special values."""
    arrays = {"x": SPECIAL, "y": SPECIAL.T.copy()}
    used = {n.op.label for n in walk(graph.roots) if n.op.name == "slot"}  # type: ignore[attr-defined]
    bound = {name: a for name, a in arrays.items() if name in used}
    return Trial(graph, 1, (1,), bound, np.zeros(1, np.int32), np.zeros((1, 0)))


#: what is simplified, and the ops that are left
SIMPLIFIED: dict[str, tuple[Callable[[Node, Node], Node], list[str]]] = {
    "x·1": (lambda x, y: b.mul(x, b.full_like(1.0, x)), []),
    "1·x": (lambda x, y: b.mul(b.full_like(1.0, x), x), []),
    "x/1": (lambda x, y: b.div(x, b.full_like(1.0, x)), []),
    "1/x": (lambda x, y: b.div(b.full_like(1.0, x), x), ["constant", "div", "expand"]),
    "stop_gradient": (lambda x, y: b.stop_gradient(x), []),
    "x + (−y)": (lambda x, y: b.add(x, b.neg(y)), ["sub"]),
    "−x + y": (lambda x, y: b.add(b.neg(x), y), ["sub"]),
    "x·0": (lambda x, y: b.mul(x, b.full_like(0.0, x)), ["constant", "expand", "mul"]),
    "x + 0": (lambda x, y: b.add(x, b.full_like(0.0, x)), ["add", "constant", "expand"]),
    "x − x": (lambda x, y: b.sub(x, x), ["sub"]),
    "transposed twice": (lambda x, y: _turned(_turned(x)), []),
    "equal ones": (lambda x, y: b.add(b.tanh(x), b.tanh(x)), ["add", "tanh"]),
    "in any order": (lambda x, y: b.sub(b.add(x, y), b.add(y, x)), ["add", "sub"]),
}


def _turned(x: Node) -> Node:
    return b.expand(x, shape=(3, 3), dims=(1, 0))


@pytest.mark.parametrize("name", SIMPLIFIED)
def test_rewrites_keep_every_number(name: str) -> None:
    build, left = SIMPLIFIED[name]
    graph = Graph((("out", build(matrix("x"), matrix("y"))),))
    simple = simplify(graph)
    assert sorted(n.op.name for n in walk(simple.roots) if n.op.name != "slot") == left
    before = trial(graph)
    found, expected = (trace.outputs[0]["out"] for trace in (interpreted(before, simple), interpreted(before)))
    np.testing.assert_array_equal(found, expected)
    number = ~np.isnan(expected)
    np.testing.assert_array_equal(np.signbit(found[number]), np.signbit(expected[number]))


def test_sums_of_sums_are_joined() -> None:
    x = matrix()
    graph = simplify(Graph((("out", b.reduce(b.reduce(x, fn="sum", axes=(0,)), fn="sum", axes=(0,))),)))
    assert [n.op.name for n in walk(graph.roots)] == ["slot", "reduce"]


def test_a_wrong_rewrite_is_seen() -> None:
    def wrong(node: Node) -> Node | None:
        return b.sub(*reversed(node.inputs)) if node.op.name == "sub" else None

    before = trial(Graph((("out", b.sub(matrix("x"), matrix("y"))),)))
    with pytest.raises(AssertionError, match="out of step 0 differs"):
        agree(interpreted(before, rewrite(before.graph, (wrong,))), interpreted(before), 1e-10, "the wrong rewrite")


def rows_summed() -> Graph:
    """The sum over rows of a gathered table."""
    x = b.gather(slot("X", "data", (T, 5), float64), slot("index", "index", (N,), int32))
    return Graph((("out", b.reduce(x, fn="sum", axes=(0,))),))


@pytest.mark.parametrize(("max_rows", "cut"), [(1, False), (64, False), (65, True), (4096, True)])
def test_sums_over_rows_are_cut_where_the_declared_maximum_asks(max_rows: int, cut: bool) -> None:
    final = graph_passes(rows_summed(), Settings(max_rows, native.host()))[-1][1]
    assert any(n.shape[:1] == (S,) for n in walk(final.roots)) == cut


def test_only_states_that_change_places_are_copied() -> None:
    x, y = matrix("x"), matrix("y")

    def scratch(graph: Graph) -> int:
        program = compile_program(graph, Settings(1, native.host()))
        return sum(buffer.space in ("scratch", "local") for buffer in program.buffers)

    assert scratch(Graph((), ((x, b.neg(x)), (y, b.abs(y))))) == 0
    assert scratch(Graph((), ((x, b.tanh(y)),))) == 0
    assert scratch(Graph((), ((x, y), (y, x)))) > 0
    assert scratch(Graph((), ((x, _turned(x)),))) > 0


def test_a_product_with_one_number_everywhere_is_a_sum() -> None:
    number = slot("s", "scalar", (), float64)
    product = b.contract(b.expand(number, shape=(3, 3), dims=()), matrix(), a="ij", b="jk", out="ik")
    program = compile_program(Graph((("out", product),)), Settings(1, native.host()))
    assert program.scalars == 1


def test_two_sums_whose_epilogues_read_each_other_are_taken_apart() -> None:
    """−Σx feeds Σx²'s epilogue and −Σx² that of Σx: as two loops each would wait for the other."""
    x = matrix()
    total, square = (b.reduce(v, fn="sum", axes=(1,)) for v in (x, b.mul(x, x)))
    less, squareless = b.neg(total), b.neg(square)
    results = {"a": less, "b": squareless, "c": b.mul(total, squareless), "d": b.mul(square, less)}
    graph = Graph(tuple(results.items()))
    array = np.random.default_rng(0).standard_normal((3, 3))
    one = Trial(graph, 1, (1,), {"x": array}, np.zeros(1, np.int32), np.zeros((1, 0)))
    agree(compiled(one, compile_graph(graph, 1)), interpreted(one), 1e-15, "taken apart")


def test_maps_that_join_are_lowered_once_each(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many of them become one loop: what was lowered before is not lowered anew for each that joins."""
    lowered: list[Group] = []

    class Counted(Lowering):
        def __init__(self, group: Group, places: Mapping[Node, int], scalars: Mapping[Node, int]) -> None:
            lowered.append(group)
            super().__init__(group, places, scalars)

    monkeypatch.setattr(schedule, "Lowering", Counted)
    states = [slot(f"s{i}", "state", (3, 5), float64) for i in range(6)]
    graph = Graph((), tuple((s, b.tanh(b.add(s, states[0]))) for s in states))
    program = compile_program(graph, Settings(1, native.host()))
    (loop,) = program.loops()
    assert len(loop.writes) == len(lowered) == 6
