"""What happens at kinks, ties and poles, and to NaN and infinities: one table, and every op that has a convention.

Each row gives inputs and what the gradient of the sum of the results is there.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest

from sklon._base.dtypes import Dtype, float32, float64
from sklon.autodiff import gradients
from sklon.compiler.executable import compile_graph
from sklon.graph.node import REGISTRY, Graph, Node, slot
from sklon.ops import BUILD as b
from sklon.ops import Point
from sklon.ops._families import Whole
from tests.executors import Trial, compiled, interpreted

from .test_integers import ENDS

Array = np.ndarray[Any, Any]
NAN, INF = float("nan"), float("inf")
Vector = tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Kink:
    """Inputs, and the gradient with respect to each of them."""

    op: str
    inputs: tuple[Vector, ...]
    grads: tuple[Vector, ...]
    build: Callable[..., Node] | None = None

    def __str__(self) -> str:
        return f"{self.op}{self.inputs}"


KINKS: tuple[Kink, ...] = (
    Kink("relu", ((-1.0, -0.0, 0.0, 1.0, NAN),), ((0.0, 0.0, 0.0, 1.0, 0.0),)),
    Kink("abs", ((-1.0, -0.0, 0.0, 1.0),), ((-1.0, 0.0, 0.0, 1.0),)),
    Kink("maximum", ((1.0, 2.0, 3.0), (2.0, 2.0, 2.0)), ((0.0, 0.5, 1.0), (1.0, 0.5, 0.0))),
    Kink("minimum", ((1.0, 2.0, 3.0), (2.0, 2.0, 2.0)), ((1.0, 0.5, 0.0), (0.0, 0.5, 1.0))),
    Kink("reduce", ((3.0, 1.0, 3.0, 3.0),), ((1 / 3, 0.0, 1 / 3, 1 / 3),), lambda x: b.reduce(x, fn="max", axes=(0,))),
    Kink("where", ((NAN, 2.0), (3.0, NAN)), ((0.0, 1.0), (1.0, 0.0)), lambda x, y: b.where(_second(x), x, y)),
    Kink("sqrt", ((0.0, 4.0),), ((INF, 0.25),)),
    Kink("log", ((0.0, 2.0),), ((INF, 0.5),)),
    Kink("div", ((1.0,), (0.0,)), ((INF,), (-INF,))),
    Kink("asin", ((-1.0, 1.0),), ((INF, INF),)),
    Kink("acos", ((-1.0, 1.0),), ((-INF, -INF),)),
    Kink("acosh", ((1.0,),), ((INF,),)),
    Kink("pow", ((0.0, 3.0, 0.0), (0.0, 0.0, 2.0)), ((0.0, 0.0, 0.0), (0.0, np.log(3.0), 0.0))),
    Kink("atan2", ((0.0, 0.0, 1.0), (0.0, 1.0, 0.0)), ((0.0, 1.0, 0.0), (0.0, 0.0, -1.0))),
    Kink("hypot", ((0.0, 0.0, 1.0), (0.0, 1.0, 0.0)), ((0.0, 0.0, 1.0), (0.0, 1.0, 0.0))),
    Kink("fmod", ((2.0, -2.0, 0.5), (1.0, 1.0, 1.0)), ((1.0, 1.0, 1.0), (-2.0, 2.0, 0.0))),
    Kink("lgamma", ((0.0, -0.0, -1.0, 1.0),), ((-INF, INF, NAN, -0.5772156649015329),)),
    Kink("floor", ((-1.0, 0.5, 2.0),), ((0.0, 0.0, 0.0),)),
    Kink("ceil", ((-1.0, 0.5, 2.0),), ((0.0, 0.0, 0.0),)),
    Kink("trunc", ((-1.0, 0.5, 2.0),), ((0.0, 0.0, 0.0),)),
    Kink("round", ((-1.0, 0.5, 2.5),), ((0.0, 0.0, 0.0),)),
    Kink("less", ((NAN, 1.0), (1.0, NAN)), ((0.0, 0.0), (0.0, 0.0)), lambda x, y: _as_number(b.less(x, y), x)),
    Kink("greater", ((NAN, 1.0), (1.0, NAN)), ((0.0, 0.0), (0.0, 0.0)), lambda x, y: _as_number(b.greater(x, y), x)),
    Kink("equal", ((NAN, 1.0), (NAN, 1.0)), ((0.0, 0.0), (0.0, 0.0)), lambda x, y: _as_number(b.equal(x, y), x)),
)


def _second(x: Node) -> Node:
    """False for the first element, true for the others."""
    index = b.iota(axis=0, shape=x.shape, dtype=x.dtype)
    return b.greater(index, b.full_like(0.0, x))


def _as_number(truth: Node, like: Node) -> Node:
    return b.cast(truth, dtype=like.dtype)


def trial_of(build: Callable[..., Node], arrays: list[Array], dtype: Dtype) -> tuple[Trial, list[Node]]:
    """A function of states as a graph with one output y, and its inputs."""
    nodes = [slot(f"x{i}", "state", a.shape, dtype) for i, a in enumerate(arrays)]
    bound = {f"x{i}": a.astype(dtype.numpy) for i, a in enumerate(arrays)}
    graph = Graph((("y", build(*nodes)),))
    return Trial(graph, 1, (1,), bound, np.zeros(1, np.int32), np.zeros((1, 0))), nodes


def test_every_convention_is_in_the_table() -> None:
    declared = {n for n, op in REGISTRY.items() if op.convention and op.__module__.startswith("sklon.")}
    assert declared <= {kink.op for kink in KINKS} | ENDS.keys()


@pytest.mark.parametrize("kink", KINKS, ids=str)
def test_the_gradient_at_kinks_and_ties(kink: Kink) -> None:
    arrays = [np.array(x) for x in kink.inputs]

    def total(*nodes: Node) -> Node:
        y = (kink.build or getattr(b, kink.op))(*nodes)
        return b.reduce(y, fn="sum", axes=(0,)) if y.shape else y

    trial, nodes = trial_of(total, arrays, float64)
    loss = trial.graph.results[0]
    grads = gradients({loss: b.full_like(1.0, loss)}, nodes)
    named = tuple((f"g{i}", g) for i, g in enumerate(grads) if g is not None)
    own = replace(trial, graph=Graph((*trial.graph.outputs, *named)))
    for trace in (interpreted(own), compiled(own, compile_graph(own.graph, 1))):
        for i, expected in enumerate(kink.grads):
            found = trace.outputs[0].get(f"g{i}", np.zeros(len(expected)))
            np.testing.assert_allclose(found, expected, rtol=1e-15, err_msg=f"input {i}")


# ---- values
SPECIAL = np.array([NAN, INF, -INF, 0.0, -0.0, 1.0, -1.0, 0.5, -2.5, 3.0, 100.0, -100.0, 1e30, -1e30, 1e-30, 17.0, 2.0])
POINTS = [
    op
    for name, op in REGISTRY.items()
    if issubclass(op, Point)
    and not issubclass(op, Whole)
    and op.__module__.startswith("sklon.")
    and name not in ("cast", "where")
    if not name.endswith("_") and not name.startswith(("random", "unit"))
]
CLOSE = {float32: 1e-5, float64: 1e-14}


@pytest.mark.parametrize("dtype", CLOSE, ids=lambda d: d.name)
@pytest.mark.parametrize("op", POINTS, ids=lambda op: op.name)
def test_special_values_go_through_as_in_numpy(op: type[Point], dtype: Dtype) -> None:
    left, right = (a.reshape(-1) for a in np.meshgrid(SPECIAL, SPECIAL))
    arrays = [left, right] if op.arity == 2 else [SPECIAL]
    trial, _ = trial_of(getattr(b, op.name), arrays, dtype)
    found = compiled(trial, compile_graph(trial.graph, 1)).outputs[0]["y"]
    with np.errstate(all="ignore"):
        expected = interpreted(trial).outputs[0]["y"]
    smallest = float(np.finfo(dtype.numpy).tiny)
    np.testing.assert_allclose(found, expected, rtol=CLOSE[dtype], atol=smallest)


@pytest.mark.parametrize("dtype", CLOSE, ids=lambda d: d.name)
@pytest.mark.parametrize(
    ("values", "expected"),
    [((1.0, NAN, 2.0), NAN), ((NAN,) * 40, NAN), ((-INF, -INF), -INF), ((*range(70), INF), INF), ((NAN, INF), NAN)],
)
def test_the_largest_of_special_values(values: Vector, expected: float, dtype: Dtype) -> None:
    trial, _ = trial_of(lambda x: b.reduce(x, fn="max", axes=(0,)), [np.array(values)], dtype)
    for trace in (interpreted(trial), compiled(trial, compile_graph(trial.graph, 1))):
        np.testing.assert_equal(float(trace.outputs[0]["y"]), expected)


@pytest.mark.parametrize("dtype", CLOSE, ids=lambda d: d.name)
def test_where_never_looks_at_what_is_not_chosen(dtype: Dtype) -> None:
    trial, _ = trial_of(lambda x, y: b.where(_second(x), x, y), [np.array([NAN, 1.0]), np.array([2.0, NAN])], dtype)
    assert compiled(trial, compile_graph(trial.graph, 1)).outputs[0]["y"].tolist() == [2.0, 1.0]
