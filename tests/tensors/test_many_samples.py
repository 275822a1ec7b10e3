"""Recordings for many samples: their random streams, and fragments that were recorded as one call."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import sklon
from sklon._base.dtypes import float64, uint32
from sklon.autodiff.batching import batched, draws
from sklon.graph.interpret import evaluate
from sklon.graph.node import Node, slot, walk
from sklon.nn import functional as F
from sklon.ops import BUILD as b
from sklon.tensors.fragments import Fragment, written_out
from sklon.tensors.modes import random_source, seeded
from sklon.tensors.record import wrap
from sklon.tensors.samples import mapping


@pytest.mark.parametrize("stream", [None, 5])
def test_dropout_of_single_rows_is_that_of_the_batch(stream: int | None) -> None:
    x = sklon.tensor(np.random.default_rng(0).standard_normal((6, 40)).astype(np.float32))
    with seeded(3):
        expected = F.dropout(x, stream=stream)
    with seeded(3):
        found = sklon.vmap(lambda row: F.dropout(row, stream=stream))(x)
    assert found.tolist() == expected.tolist()


def test_what_is_drawn_inside_is_known_by_its_streams_alone() -> None:
    """The words of step and seed are shared by all operations of a training step, inside and outside."""
    source = _Step()
    with random_source(source):
        before = F.dropout(sklon.ones(4))
        with mapping(3, "different", {}) as outer:
            first = F.dropout(sklon.ones(4))
            with mapping(2, "different", {}) as inner:
                second = F.dropout(sklon.ones(4))
    everything = [(first * second * before).node]
    assert len(draws(everything, outer.streams)) == 2
    assert draws(everything, inner.streams) == draws([second.node], inner.streams) != set()


class _Step:
    """Words as a training step gives them."""

    def __init__(self) -> None:
        self.shared = [slot(name, "scalar", (), uint32) for name in ("step", "low", "high")]
        self.streams = 0

    def words(self) -> tuple[Node, Node, Node, Node]:
        self.streams += 1
        step, low, high = self.shared
        return step, b.constant(value=float(self.streams), dtype=uint32), low, high

    def first_row(self) -> None:
        return None


def test_a_call_for_many_samples_is_the_call_of_the_fragment_for_many() -> None:
    """Also where one result depends on nothing that is mapped, and an input is the same for all samples."""
    ins = [slot(n, "state", (3,), float64) for n in "xyz"]
    x, y, z = ins
    fragment = Fragment([b.mul(x, b.exp(y)), b.neg(y), b.add(x, z)], ins)
    given = [slot(n, "state", (3,), float64) for n in "abc"]
    results = [b.tanh(part) for part in fragment.called(given, "line")]
    many = slot("many", "state", (4, 3), float64)
    found = batched(results, {given[0]: many})
    values = {n: np.random.default_rng(i).standard_normal(n.shape) for i, n in enumerate((*given, many))}  # type: ignore[arg-type]
    roots = [n for n in found if n is not None]
    assert len(roots) == 3 and given[1] in walk(roots)
    new = written_out(roots, {n: n for n in (*given, many)})
    known = evaluate(tuple(new[r] for r in roots), values, 0)
    a, bb, c = (values[n] for n in (many, *given[1:]))
    expected = [a * np.exp(bb), np.broadcast_to(-bb, (4, 3)), a + c]
    for root, right in zip(roots, expected, strict=True):
        np.testing.assert_allclose(known[new[root]], np.tanh(right), rtol=1e-15)


@sklon.custom_vjp
def _half(x: sklon.Tensor, y: sklon.Tensor) -> sklon.Tensor:
    return (x * y).sum()


@_half.backward
def _(g: sklon.Tensor, result: sklon.Tensor, x: sklon.Tensor, y: sklon.Tensor) -> tuple[sklon.Tensor, None]:
    """Half of the derivative by x, plus the result; none by y."""
    return g * (y * 0.5 * x.sum() + result), None


@sklon.custom_jvp
def _third(x: sklon.Tensor, y: sklon.Tensor) -> sklon.Tensor:
    return (x * y).sum()


@_third.forward
def _(tangents: tuple[sklon.Tensor, sklon.Tensor], result: sklon.Tensor, *given: sklon.Tensor) -> sklon.Tensor:
    x, y = given
    return (tangents[0] * y * x.sum() / 3).sum() + (tangents[1] * x).sum()


def _gradient(y: sklon.Tensor, x: sklon.Tensor) -> sklon.Tensor:
    (found,) = sklon.autograd.grad(y, x, create_graph=True)
    assert found is not None
    return found


@pytest.mark.parametrize("function", [_half, _third], ids=["by a way back", "by a way ahead"])
@pytest.mark.parametrize("shared", [False, True], ids=["both mapped", "one shared"])
def test_a_stated_derivative_holds_for_each_of_many_samples(function: Any, shared: bool) -> None:
    rng = np.random.default_rng(0)
    xs = sklon.tensor(rng.standard_normal((4, 3)), requires_grad=True)
    ys = sklon.tensor(rng.standard_normal(3 if shared else (4, 3)))
    x, y = (slot(n, "state", (3,), float64) for n in "xy")
    one = function(wrap(x), ys if shared else wrap(y))
    (found,) = batched([one.node], {x: xs.node} if shared else {x: xs.node, y: ys.node})
    assert found is not None
    many, loop = wrap(found, xs), sklon.stack([function(xs[i], ys if shared else ys[i]) for i in range(4)])
    assert many.tolist() == loop.tolist()
    weights = sklon.tensor(rng.standard_normal(4))
    first, of_loop = (_gradient((result * weights).sum(), xs) for result in (many, loop))
    np.testing.assert_allclose(first.detach().numpy(), of_loop.detach().numpy(), rtol=1e-13)
    second, of_loop = (_gradient((g * g).sum(), xs) for g in (first, of_loop))
    np.testing.assert_allclose(second.detach().numpy(), of_loop.detach().numpy(), rtol=1e-13)
