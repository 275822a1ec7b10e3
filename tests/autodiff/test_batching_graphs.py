"""Whole graphs for many samples: against PyTorch, of random graphs, a map inside a map, and products."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sklon._base.dtypes import float64, int32
from sklon._base.errors import ShapeError
from sklon._base.shapes import Extent, N, Shape, T, concrete
from sklon.autodiff import batched, gradients
from sklon.graph.build import Build
from sklon.graph.interpret import evaluate
from sklon.graph.node import Graph, Node, Op, Slot, Type, apply, slot, walk
from sklon.graph.verify import verify
from sklon.ops import BUILD as b
from sklon.ops import Contract
from tests.agreement import native_agrees
from tests.executors import Trial
from tests.random_graphs import CLASSES, Grower
from tests.random_movements import movements
from tests.random_steps import CONTINUOUS, loss_of

from .samples import Mapped, numbered, one, state

Array = np.ndarray[Any, Any]
CLOSE = 1e-9  # relative to 1 + the largest element: sums in another order, through a few layers


# ---- what is rewritten, and what is not
def test_what_is_the_same_for_all_samples_stays_the_same_node() -> None:
    x, w, many = state(3), state(3), state(5, 3)
    same = b.tanh(w)
    result = b.mul(x, same)
    found, other, key = batched([result, same, x], {x: many})
    assert other is None and key is many and found is not None
    assert same in walk([found]) and x not in walk([found])
    assert [n for n in walk([found]) if n.op.name == "tanh"] == [same]


def test_a_node_is_rewritten_once_and_keeps_its_line() -> None:
    x, many = state(3), state(5, 3)
    build = Build("line 7")
    shared = build.exp(x)
    first, second = batched([build.neg(shared), build.sin(shared)], {x: many})
    assert first is not None and second is not None and first.inputs == second.inputs
    assert {n.source for n in walk([first, second]) if n is not many} == {"line 7"}


def test_depth_is_no_limit() -> None:
    x, many = state(), state(2)
    node = x
    for _ in range(10_000):
        node = b.neg(node)
    (found,) = batched([node], {x: many})
    assert found is not None and len(walk([found])) == 10_001


def test_an_op_without_a_rule_says_what_is_missing() -> None:
    class Odd(Op):
        name = "odd"
        kind = "composite"

        def infer(self, *inputs: Type) -> Type:
            return inputs[0]

    x = state(3)
    with pytest.raises(NotImplementedError, match="odd has no rule for many samples; write `batched`"):
        batched([apply(Odd(), x)], {x: state(5, 3)})


def test_a_node_in_the_middle_can_be_mapped() -> None:
    x, many = state(2), state(3, 2)
    h = b.exp(x)
    (found,) = batched([b.neg(h)], {h: many})
    assert found is not None and found.inputs == (many,)


@pytest.mark.parametrize(
    ("shapes", "told"),
    [
        ([((3,), (5, 4))], "come as one array with an axis in front"),
        ([((3,), (3,))], "come as one array with an axis in front"),
        ([((3,), (5, 3)), ((3,), (4, 3))], "the same number of samples, not 4 and 5"),
        ([], "the same number of samples, not none"),
    ],
)
def test_what_does_not_fit_is_refused(shapes: list[tuple[tuple[int, ...], tuple[int, ...]]], told: str) -> None:
    mapped = {state(*single): state(*many) for single, many in shapes}
    with pytest.raises(ShapeError, match=told):
        batched([b.full(1.0, (), float64)], mapped)


def test_samples_before_the_rows_of_a_step_are_refused() -> None:
    x, rows, many = state(3), slot("rows", "state", (N, 3), float64), state(5, 3)
    with pytest.raises(ShapeError, match="rows of a training step"):
        batched([b.mul(rows, b.expand(x, shape=(N, 3), dims=(1,)))], {x: many})


def test_the_rows_of_a_step_may_be_the_samples() -> None:
    """Per-sample gradients inside a step: ∂(Σ tanh(w·x)²)/∂w for each of N rows x."""
    x, w, many = state(3), slot("w", "state", (2, 3), float64), slot("many", "state", (N, 3), float64)
    y = b.tanh(b.contract(b.reshape(x, shape=(1, 3)), w, a="ni", b="oi", out="no"))
    (gradient,) = gradients({_sum(b.mul(y, y), 0, 1): b.full(1.0, (), float64)}, [w])
    assert gradient is not None
    (found,) = batched([gradient], {x: many})
    assert found is not None and found.shape == (N, 2, 3)
    verify(Graph((("y", found),)))
    rng = np.random.default_rng(0)
    arrays = {"many": rng.standard_normal((4, 3)), "w": rng.standard_normal((2, 3))}
    value = evaluate((found,), {many: arrays["many"], w: arrays["w"]}, 4)[found]
    for row, got in zip(arrays["many"], value, strict=True):
        t = np.tanh(arrays["w"] @ row)
        np.testing.assert_allclose(got, np.outer(2 * t * (1 - t * t), row), rtol=1e-13)
    native_agrees(Trial(Graph((("y", found),)), 4, (4,), arrays, np.zeros(4, np.int32), np.zeros((1, 0))))


def test_rows_at_indices_of_their_own_need_a_known_number_of_samples() -> None:
    index = state(2, dtype=int32)
    with pytest.raises(ShapeError, match="known number of samples"):
        batched([b.gather(state(4, 3), index)], {index: slot("many", "state", (N, 2), int32)})


# ---- products
@pytest.mark.parametrize("side", [0, 1])
@pytest.mark.parametrize("spec", ["ni,oi->no", "no,oi->ni", "no,ni->oi", "ik,jk->ji", "ik,kj->ij"])
def test_a_product_of_matrices_stays_one_product(spec: str, side: int) -> None:
    """With one matrix that is the same for all samples: nothing is repeated, and the plan is that of two matrices."""
    a, other, out = spec.replace("->", ",").split(",")
    sizes = dict(zip(dict.fromkeys(a + other), (4, 6, 8), strict=True))
    nodes = [state(*(sizes[c] for c in labels)) for labels in (a, other)]
    product = b.contract(*nodes, a=a, b=other, out=out)
    (found,) = batched([product], {nodes[side]: state(5, *nodes[side].shape)})
    assert found is not None
    contracts = [n for n in walk([found]) if isinstance(n.op, Contract)]
    assert len(contracts) == 1 and contracts[0].op.plan() is not None  # type: ignore[attr-defined]
    assert nodes[1 - side] in contracts[0].inputs


def test_a_vector_per_sample_makes_a_matrix() -> None:
    x, w = state(4), state(6, 4)
    (found,) = batched([b.contract(x, w, a="i", b="oi", out="o")], {x: state(5, 4)})
    assert found is not None and isinstance(found.op, Contract) and found.op.plan() is not None


# ---- indices
def test_an_index_outside_its_own_table_reaches_no_neighbour() -> None:
    index, x = state(3, dtype=int32), slot("v", "state", (3,), float64)
    many, values = slot("many", "state", (2, 3), int32), slot("values", "state", (2, 3), float64)
    for mapped in ({index: many}, {index: many, x: values}):
        (found,) = batched([b.scatter_add(index, x, rows=4)], mapped)
        assert found is not None
        indices = np.array([[-1, 0, 4], [5, 3, -4]], np.int32)
        got = one(found, many=indices, v=np.ones(3), values=np.ones((2, 3)))
        assert got.tolist() == [[1, 0, 0, 0], [0, 0, 0, 1]]


# ---- PyTorch
@dataclass(frozen=True, slots=True)
class Composed:
    """A function of one sample in our nodes and in PyTorch, and which inputs are mapped."""

    name: str
    ours: Callable[..., Node]
    theirs: Callable[..., Any]
    shapes: tuple[tuple[int, ...], ...]
    mapped: tuple[bool, ...]

    def __str__(self) -> str:
        return self.name


def _sum(x: Node, *axes: int) -> Node:
    return b.reduce(x, fn="sum", axes=axes)


def _perceptron(x: Node, w: Node, v: Node) -> Node:
    h = b.tanh(b.contract(x, w, a="i", b="oi", out="o"))
    return b.contract(h, v, a="o", b="ko", out="k")


def _softmax(x: Node) -> Node:
    e = b.exp(b.sub(x, b.spread(b.reduce(x, fn="max", axes=(1,)), x.shape, (1,))))
    return b.div(e, b.spread(_sum(e, 1), x.shape, (1,)))


def _attention(q: Node, k: Node, v: Node) -> Node:
    weights = _softmax(b.contract(q, k, a="td", b="sd", out="ts"))
    return b.contract(weights, v, a="ts", b="sd", out="td")


def _norm(x: Node, w: Node) -> Node:
    mean = b.div(_sum(x, 1), b.full(4.0, (3,), float64))
    centred = b.sub(x, b.spread(mean, x.shape, (1,)))
    variance = b.div(_sum(b.mul(centred, centred), 1), b.full(4.0, (3,), float64))
    standard = b.standardize(x, mean, b.add(variance, b.full(1e-5, (3,), float64)), axes=(1,))
    return b.mul(standard, b.spread(w, x.shape, (0,)))


def _gradient_of_loss(x: Node, w: Node, v: Node) -> Node:
    loss = _sum(b.mul(y := _perceptron(x, w, v), y), 0)
    (found,) = gradients({loss: b.full(1.0, (), float64)}, [w])
    assert found is not None
    return found


def _hessian_along(x: Node, w: Node, v: Node) -> Node:
    (found,) = gradients({_gradient_of_loss(x, w, v): b.full(1.0, (5, 4), float64)}, [v])
    assert found is not None
    return found


def _their_perceptron(t: Any, x: Any, w: Any, v: Any) -> Any:
    return v @ t.tanh(w @ x)


def _their_gradient(t: Any, x: Any, w: Any, v: Any) -> Any:
    return t.func.grad(lambda w: (_their_perceptron(t, x, w, v) ** 2).sum())(w)


NETWORK = ((4,), (5, 4), (3, 5))
COMPOSED = (
    Composed("perceptron", _perceptron, _their_perceptron, NETWORK, (True, False, False)),
    Composed("an ensemble of perceptrons", _perceptron, _their_perceptron, NETWORK, (False, True, True)),
    Composed("per-sample gradients", _gradient_of_loss, _their_gradient, NETWORK, (True, False, False)),
    Composed("gradients of an ensemble", _gradient_of_loss, _their_gradient, NETWORK, (True, True, False)),
    Composed(
        "second derivatives",
        _hessian_along,
        lambda t, x, w, v: t.func.grad(lambda v: _their_gradient(t, x, w, v).sum())(v),
        NETWORK,
        (True, False, True),
    ),
    Composed("softmax", _softmax, lambda t, x: t.softmax(x, 1), ((3, 4),), (True,)),
    Composed(
        "attention to what all samples share",
        _attention,
        lambda t, q, k, v: t.softmax(q @ k.T, 1) @ v,
        ((2, 4), (3, 4), (3, 4)),
        (True, False, False),
    ),
    Composed(
        "attention within a sample",
        _attention,
        lambda t, q, k, v: t.softmax(q @ k.T, 1) @ v,
        ((2, 4), (3, 4), (3, 4)),
        (True, True, True),
    ),
    Composed(
        "a norm's weight for each sample",
        _norm,
        lambda t, x, w: t.nn.functional.layer_norm(x, (4,), w),
        ((3, 4), (4,)),
        (False, True),
    ),
)


@pytest.mark.parametrize("row", COMPOSED, ids=str)
def test_composed_functions_are_those_of_pytorchs_vmap(row: Composed) -> None:
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(0)
    samples = [[rng.standard_normal(shape) for shape in row.shapes] for _ in range(3)]
    mapped = Mapped(row.ours, samples, row.mapped)
    (found,) = mapped.batched(mapped.result)
    arguments = [torch.from_numpy(np.array(mapped.values[n])) for n in mapped.many]
    dims = tuple(0 if m else None for m in row.mapped)
    expected = torch.vmap(lambda *xs: row.theirs(torch, *xs), dims)(*arguments)
    np.testing.assert_allclose(mapped.at_once(found), expected.numpy(), rtol=1e-12, atol=1e-13)
    native_agrees(mapped.trial(found))


# ---- random graphs
ROWS, TABLE = 4, 6


@st.composite
def grown(draw: st.DrawFn) -> Mapped:
    """A random graph, its loss and a gradient added up, over a random choice of mapped leaves."""
    g = Grower(draw, float64)
    g.keep(g.data(g.width()))
    for move in draw(st.lists(st.sampled_from(CONTINUOUS), min_size=1, max_size=5)):
        move(g)
    loss = loss_of(g.pool[-1])
    found = [d for d in gradients({loss: b.full_like(1.0, loss)}, g.parameters) if d is not None]
    result = b.add(loss, loss_of(found[0])) if found else loss
    leaves = [n for n in walk((result,)) if isinstance(n.op, Slot)]
    rng = np.random.default_rng(draw(st.integers(0, 1000)))
    choice = draw(st.lists(st.booleans(), min_size=len(leaves), max_size=len(leaves)).filter(any))
    sizes: dict[Extent, int] = {N: ROWS, T: TABLE}
    samples = [[_sample(n, rng) for n in leaves] for _ in range(2)]
    return Mapped(lambda *nodes: numbered(result, dict(zip(leaves, nodes, strict=True)), sizes), samples, choice)


def _sample(node: Node, rng: np.random.Generator) -> Array:
    shape: Shape = tuple(TABLE if e == T else e for e in node.shape)
    known = concrete(shape, ROWS)
    if node.dtype.is_floating:
        return np.asarray(rng.standard_normal(known) / np.sqrt(max(1, *known[-1:], 1)))
    return np.asarray(rng.integers(0, CLASSES, known), node.dtype.numpy)


@st.composite
def moved(draw: st.DrawFn) -> Mapped:
    """A random graph of moved elements or one of its gradients, over a random choice of mapped leaves."""
    trial = draw(movements())
    result = trial.graph.outputs[draw(st.integers(0, len(trial.graph.outputs) - 1))][1]
    leaves = [n for n in walk((result,)) if isinstance(n.op, Slot)]
    rng = np.random.default_rng(draw(st.integers(0, 1000)))
    choice = draw(st.lists(st.booleans(), min_size=len(leaves), max_size=len(leaves)).filter(any))
    arrays = [trial.arrays[n.op.label] for n in leaves if isinstance(n.op, Slot)]
    samples = [[rng.permuted(a).reshape(a.shape) for a in arrays] for _ in range(2)]
    return Mapped(lambda *nodes: numbered(result, dict(zip(leaves, nodes, strict=True)), {}), samples, choice)


@settings(max_examples=60)
@given(st.one_of(grown(), moved()))
def test_random_graphs_are_a_loop_over_samples(mapped: Mapped) -> None:
    (found,) = mapped.batched(mapped.result)
    np.testing.assert_allclose(mapped.at_once(found), mapped.one_by_one(mapped.result), rtol=CLOSE, atol=CLOSE)
    native_agrees(mapped.trial(found))


# ---- one map inside another
def test_a_map_inside_a_map() -> None:
    """All pairs of rows: f(xₘ, yₙ) for all m and n."""
    x, y, xs, ys = (slot(n, "state", s, float64) for n, s in (("x", (3,)), ("y", (3,)), ("xs", (4, 3)), ("ys", (5, 3))))
    pair = _sum(b.tanh(b.mul(x, b.exp(y))), 0)
    (inner,) = batched([pair], {y: ys})
    assert inner is not None
    (outer,) = batched([inner], {x: xs})
    assert outer is not None
    values = {"xs": np.random.default_rng(0).standard_normal((4, 3)), "ys": np.random.default_rng(1).random((5, 3))}
    expected = np.tanh(values["xs"][:, None] * np.exp(values["ys"])).sum(-1)
    np.testing.assert_allclose(one(outer, **values), expected, rtol=1e-14)
    product = b.contract(x, y, a="i", b="i", out="")
    (inner,) = batched([product], {y: ys})
    assert inner is not None
    (outer,) = batched([inner], {x: xs})
    assert outer is not None and isinstance(outer.op, Contract) and outer.op.plan() is not None
