"""What is recorded once and repeated is what would be recorded anew."""

from __future__ import annotations

import numpy as np
import pytest

import sklon
from sklon import Tensor, nn
from sklon._base.errors import ShapeError
from sklon.graph.node import Graph, walk
from sklon.graph.text import print_graph
from sklon.tensors import functional, remembered, values, ways
from sklon.tensors.fragments import Call, Fragment, one_for_all, written_out
from sklon.tensors.programs import counters


def _text(x: Tensor) -> str:
    return print_graph(Graph((("out", x.node),)))


def test_two_arguments_are_not_one_that_is_given_twice() -> None:
    x, y = sklon.ones(2), sklon.full((2,), 3.0)
    assert (x * x).tolist() == [1.0, 1.0]
    assert (x * y).tolist() == [3.0, 3.0]
    a, b = sklon.ones(2, 2), sklon.full((2, 2), 3.0)
    assert functional.contract("ik,jk->ij", a, a).tolist() == [[2.0, 2.0]] * 2
    assert functional.contract("ik,jk->ij", a, b).tolist() == [[6.0, 6.0]] * 2


def test_numbers_of_other_kinds_and_values_are_kept_apart() -> None:
    x = sklon.tensor([3])
    found = [x + one for one in (True, 1, 1.0, 2, 5, 6, 5.0, -1, 0.0)]
    assert [f.dtype.name for f in found] == ["int64", "int64", "float32", *["int64"] * 3, "float32", "int64", "float32"]
    assert [f.item() for f in found] == [4, 4, 4.0, 5, 8, 9, 8.0, 2, 3.0]
    assert [(1 / (sklon.ones(1) * zero)).item() for zero in (0.0, -0.0, 0.0)] == [np.inf, -np.inf, np.inf]


def test_the_second_recording_is_the_first_one() -> None:
    layer, target = nn.Linear(3, 2), sklon.ones(4, 2)
    texts = []
    for _ in range(2):
        x = sklon.ones(4, 3)
        texts.append(_text(nn.functional.binary_cross_entropy_with_logits(layer(x).relu() * 0.3, target)))
    remembered._fragments.clear()
    texts.append(_text(nn.functional.binary_cross_entropy_with_logits(layer(x).relu() * 0.3, target)))
    assert texts[0] == texts[1] == texts[2]


def test_modes_are_those_of_the_call() -> None:
    layer = nn.Linear(3, 2)
    x = sklon.ones(4, 3)
    assert layer(x).requires_grad
    with sklon.no_grad():
        assert not layer(x).requires_grad
    layer.requires_grad_(False)
    assert not layer(x).requires_grad
    assert not functional.sum(sklon.ones(3)).requires_grad


def test_an_error_comes_every_time() -> None:
    for _ in range(2):
        with pytest.raises(ShapeError, match="needs x of shape"):
            nn.Linear(3, 2)(sklon.ones(4, 5))


def test_lines_are_those_of_the_call() -> None:
    x = sklon.ones(2)
    first, second = (
        x + x,
        x + x,
    )
    lines = [int(y.node.source.rpartition(":")[2]) for y in (first, second)]
    assert lines[1] == lines[0] + 1


# ---- the way back
def _loss(x: Tensor, w: Tensor, how: str) -> Tensor:
    y = (x * w).tanh() if how == "tanh" else (x * w).exp()
    return (y * y).mean()


def test_each_structure_has_its_own_way_back() -> None:
    x = sklon.tensor([0.5, -0.25])
    for _ in range(2):
        for how, slope in (("tanh", lambda z: 2 * np.tanh(z) / np.cosh(z) ** 2), ("exp", lambda z: 2 * np.exp(2 * z))):
            w = sklon.tensor([1.0, 2.0], requires_grad=True)
            _loss(x, w, how).backward()
            assert w.grad is not None
            z = x.numpy() * w.numpy()
            np.testing.assert_allclose(w.grad.numpy(), slope(z) * x.numpy() / 2, rtol=1e-5)


def test_one_leaf_in_two_places_is_not_two_leaves() -> None:
    a, b = (sklon.tensor([v], requires_grad=True) for v in (2.0, 3.0))
    for _ in range(2):
        a.grad = b.grad = None
        (a * b).sum().backward()
        assert a.grad is not None and b.grad is not None
        assert (a.grad.item(), b.grad.item()) == (3.0, 2.0)
        a.grad = None
        (a * a).sum().backward()
        assert a.grad.item() == 4.0


def test_the_way_back_is_one_node_until_a_program_is_made() -> None:
    w = sklon.tensor([1.0, 2.0], requires_grad=True)
    loss = _loss(sklon.ones(2), w, "tanh")
    found = ways.find(loss)
    assert found is not None
    (gradient,) = found.gradients()
    assert isinstance(gradient.inputs[0].op, Call)
    written = written_out([gradient], {n: n for n in found.nodes})[gradient]
    assert {"call", "part"}.isdisjoint(n.op.name for n in walk([written]))


def test_hooks_and_given_up_histories_go_their_own_way() -> None:
    w = sklon.tensor([1.0], requires_grad=True)
    loss = (w * 2).sum()
    handle = w.register_hook(lambda gradient: gradient * 10)
    assert ways.find(loss) is None
    handle.remove()
    loss.backward()
    assert ways.find(loss) is None


# ---- fragments
def test_fragments_of_the_same_nodes_are_one_and_those_with_numbers_are_their_own() -> None:
    def fragment(number: float) -> Fragment:
        x = Tensor(values.stand_in((2,), sklon.float32))
        return Fragment([(x * number).tanh().node], [x.node])

    assert one_for_all(fragment(2.0)) is one_for_all(fragment(2.0))
    assert not fragment(0.3).is_pure
    assert one_for_all(fragment(0.3)) is not one_for_all(fragment(0.3))


def test_a_gradient_that_nobody_keeps_is_not_computed() -> None:
    a, b = (sklon.tensor([v], requires_grad=True) for v in (2.0, 3.0))
    nodes: list[int] = []
    for drop in (False, True):
        a.grad = b.grad = None
        loss = (a.exp() * b.tanh()).sum()
        loss.backward()
        if drop:
            b.grad = None
        del loss
        before = counters.nodes
        assert a.grad is not None
        a.grad.item()
        nodes.append(counters.nodes - before)
    assert nodes[1] < nodes[0]
