"""Identity of nodes, keys of structures, and walks of any depth."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.networks import Perceptron
from sklon._base.dtypes import float32, float64
from sklon._base.errors import DtypeError, ShapeError
from sklon._base.shapes import N
from sklon.autodiff import gradients
from sklon.compiler.executable import compile_graph
from sklon.compiler.passes.rewriting import rewrite
from sklon.graph.interpret import interpret
from sklon.graph.node import Graph, Node, primitive, slot, slots, structure, walk
from sklon.graph.text import parse, print_graph
from sklon.graph.verify import verify
from sklon.ops import BUILD as b
from tests.executors import Trial, compiled

DEPTH = 10_000


def test_recording_twice_gives_the_same_key() -> None:
    networks = [Perceptron((5, 7, 3), loss, rule) for loss, rule in (("classes", "adam"), ("classes", "sgd"))]
    for network in networks:
        assert structure(network.graph()) == structure(network.graph())
        assert hash(structure(network.graph())) == hash(structure(network.graph()))
    assert structure(networks[0].graph()) != structure(networks[1].graph())


def test_a_step_reads_only_slots_and_the_number_of_rows() -> None:
    leaves = {n.op.name for n in walk(Perceptron((5, 7, 3), "classes", "adam").graph().roots) if not n.inputs}
    assert leaves == {"slot", "size", "constant", "iota"}
    values = {
        n.op.value  # type: ignore[attr-defined]
        for n in walk(Perceptron((5, 7, 3), "classes", "adam").graph().roots)
        if n.op.name == "constant"
    }
    assert values <= {0.0, 1.0, -1.0, 0.5, 2.0}


def pair(what: str) -> tuple[Graph, Graph]:
    """Two graphs that differ in ``what`` alone."""
    x, y, z = (slot(name, "state", (3,), float32) for name in "xyz")
    wide = slot("x", "state", (4,), float32)
    data = slot("x", "data", (3,), float32)
    table = {
        "names": (_one(b.add(x, y)), _one(b.add(y, z))),
        "attributes": (_one(b.reduce(x, fn="sum", axes=(0,))), _one(b.reduce(x, fn="max", axes=(0,)))),
        "sign of zero": (_one(b.mul(x, b.full_like(0.0, x))), _one(b.mul(x, b.full_like(-0.0, x)))),
        "sharing": (_one(b.add(x, x)), _one(b.add(x, y))),
        "order": (_one(b.sub(x, y)), Graph((("out", b.sub(y, x)), ("x", x)))),
        "shape": (_one(b.neg(x)), _one(b.neg(wide))),
        "space": (_one(b.neg(x)), _one(b.neg(data))),
        "updates": (Graph((), ((x, b.neg(x)),)), Graph((), ((x, b.abs(x)),))),
        "target": (Graph((), ((x, b.add(x, y)),)), Graph((), ((y, b.add(x, y)),))),
    }
    return table[what]


def _one(node: Node) -> Graph:
    return Graph((("out", node),))


@pytest.mark.parametrize(
    "what", ["attributes", "sign of zero", "sharing", "order", "shape", "space", "updates", "target"]
)
def test_keys_tell_structures_apart(what: str) -> None:
    left, right = pair(what)
    assert structure(left) != structure(right)


def test_keys_know_no_names() -> None:
    left, right = pair("names")
    assert structure(left) == structure(right)


def test_equal_computations_stay_apart_until_they_are_merged() -> None:
    x = slot("x", "state", (), float64)
    first, second = b.add(x, x), b.add(x, x)
    g = b.constant(value=1.0, dtype=float64)
    assert first is not second
    assert gradients({b.mul(first, second): g}, [first, second])[0] is not None
    merged = rewrite(Graph((("a", first), ("b", second))))
    assert merged.results[0] is merged.results[1]


def test_a_graph_in_which_nothing_merges_stays_the_same_object() -> None:
    x = slot("x", "state", (), float64)
    merged = rewrite(Graph((("a", b.add(x, x)), ("b", b.add(x, x)))))
    assert rewrite(merged) is merged


def test_the_nodes_of_a_graph_are_those_of_a_walk() -> None:
    x, y = slot("x", "state", (2,), float64), slot("y", "state", (2,), float64)
    graph = Graph((("out", b.mul(b.add(x, y), x)),), ((y, b.sub(y, x)),))
    assert graph.nodes == tuple(walk(graph.roots))
    assert [n.op.name for n in graph.nodes] == ["slot", "slot", "add", "mul", "sub"]
    assert slots(graph) == [x, y]


def test_slots_never_merge() -> None:
    x, y = slot("same", "state", (2,), float32), slot("same", "state", (2,), float32)
    graph = rewrite(Graph((("out", b.sub(x, y)),)))
    assert slots(graph) == [x, y]
    zero = interpret(graph, {x: np.ones(2), y: np.zeros(2)})[0]["out"]
    assert zero.tolist() == [1.0, 1.0]


def test_a_deep_chain_prints_walks_interprets_differentiates_and_compiles() -> None:
    x = slot("x", "state", (3,), float64)
    node = x
    for _ in range(DEPTH):
        node = b.add(node, x)
    assert len(walk((node,))) == DEPTH + 1
    g = slot("g", "state", (3,), float64)
    (grad,) = gradients({node: g}, [x])
    assert grad is not None
    graph = Graph((("y", node), ("grad", grad)))
    verify(graph)
    assert structure(parse(print_graph(graph))) == structure(graph)
    outputs, _ = interpret(graph, {x: np.ones(3), g: np.ones(3)})
    assert outputs["y"].tolist() == outputs["grad"].tolist() == [DEPTH + 1.0] * 3
    trial = Trial(graph, 1, (1,), {"x": np.ones(3), "g": np.ones(3)}, np.zeros(1, np.int32), np.zeros((1, 0)))
    found = compiled(trial, compile_graph(graph, 1)).outputs[0]
    assert found["y"].tolist() == found["grad"].tolist() == [DEPTH + 1.0] * 3


def test_two_ops_cannot_have_one_name() -> None:
    with pytest.raises(ValueError, match="two ops are called 'add'"):
        primitive("add")(type(b.neg(slot("x", "state", (), float32)).op))


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda f, d, i: b.add(f, b.full(1.0, (2,), float32)), ShapeError, "one shape"),
        (lambda f, d, i: b.add(f, d), DtypeError, "one type"),
        (lambda f, d, i: b.exp(b.equal(f, f)), DtypeError, "floating"),
        (lambda f, d, i: b.neg(f, f), ShapeError, "takes 1 inputs"),
        (lambda f, d, i: b.contract(f, f, a="ni", b="oi", out="nx"), ShapeError, "labels 'nx'"),
        (lambda f, d, i: b.contract(f, d, a="ni", b="oi", out="no"), DtypeError, "one type"),
        (lambda f, d, i: b.reduce(f, fn="sum", axes=(2,)), ShapeError, "no axes"),
        (lambda f, d, i: b.reduce(f, fn="mean", axes=(0,)), ShapeError, "no reduction"),
        (lambda f, d, i: b.reduce(b.equal(f, f), fn="sum", axes=(0,)), DtypeError, "convert first"),
        (lambda f, d, i: b.expand(f, shape=(3, N, 3), dims=(1, 2)), ShapeError, "leading axis"),
        (lambda f, d, i: b.expand(f, shape=(5, 5), dims=(0, 1)), ShapeError, "does not expand"),
        (lambda f, d, i: b.gather(f, f), DtypeError, "integers"),
        (lambda f, d, i: b.where(f, f, f), DtypeError, "condition"),
        (lambda f, d, i: b.nonsense(f), AttributeError, "no primitive"),
    ],
)  # fmt: skip
def test_inputs_that_do_not_fit_are_refused(make: object, error: type[Exception], message: str) -> None:
    f, d, i = slot("f", "state", (N, 3), float32), slot("d", "state", (N, 3), float64), None
    with pytest.raises(error, match=message):
        make(f, d, i)  # type: ignore[operator]
