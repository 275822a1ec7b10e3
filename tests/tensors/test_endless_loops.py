"""Loops without an end: running totals, gradients that add up and updates by hand neither grow nor recompile."""

from __future__ import annotations

import gc
from collections.abc import Callable

import pytest

import sklon
from sklon.graph.node import Node
from sklon.tensors import Tensor, values
from sklon.tensors.pending import pending
from sklon.tensors.programs import counters
from sklon.tensors.realise import LONG

STEPS = 10_000
#: nodes that one step of the loops below records, at most
NODES_A_STEP = 12


def _loss(w: Tensor, i: int) -> Tensor:
    return (w * (i % 7 + 0.25)).sum()


def _item(w: Tensor, total: Tensor, i: int) -> Tensor:
    total += _loss(w, i).item()
    return total


def _detach(w: Tensor, total: Tensor, i: int) -> Tensor:
    total += _loss(w, i).detach()
    return total


def _another(w: Tensor, total: Tensor, i: int) -> Tensor:
    return total + _loss(w, i).detach()


def _no_grad(w: Tensor, total: Tensor, i: int) -> Tensor:
    with sklon.no_grad():
        total += _loss(w, i)
    return total


def _naive(w: Tensor, total: Tensor, i: int) -> Tensor:
    w.grad = None
    loss = _loss(w, i)
    loss.backward()
    total += loss
    return total


FORMS = {
    "item": (_item, STEPS // 5),  # one program a step, so a step takes longest
    "detach": (_detach, STEPS),
    "no += but +": (_another, STEPS // 4),
    "no_grad": (_no_grad, STEPS),
    "naive, with backward of each loss": (_naive, STEPS),
}


def _live_nodes() -> int:
    gc.collect()
    return sum(type(thing) is Node for thing in gc.get_objects())


def _live_arrays() -> int:
    found = {id(o.array) for o in gc.get_objects() if type(o) is values.Outside and o.array is not None}
    return len(found)


@pytest.mark.parametrize("form", FORMS)
def test_a_running_total_neither_grows_nor_recompiles(form: str) -> None:
    step, steps = FORMS[form]
    nodes, arrays = _live_nodes(), _live_arrays()
    w, total = sklon.tensor([1.0, 2.0], requires_grad=True, dtype="float64"), sklon.tensor(0.0, dtype="float64")
    compiled = 0
    for i in range(steps):
        total = step(w, total, i)
        if i % 999 == 500:
            compiled = compiled or counters.compiled
            assert _live_nodes() - nodes < 2 * LONG * NODES_A_STEP
            assert _live_arrays() - arrays < 2 * LONG + 8
            assert len(pending) < 8
    assert counters.compiled == compiled
    assert total.item() == pytest.approx(sum(3 * (i % 7 + 0.25) for i in range(steps)), rel=1e-12)


def _by_hand(w: Tensor, i: int) -> None:
    _loss(w, i).backward()
    with sklon.no_grad():
        w -= 0.001 * w.grad  # type: ignore[operator]
    w.grad = None


def _by_data(w: Tensor, i: int) -> None:
    _loss(w, i).backward()
    w.data.sub_(w.grad, alpha=0.001)  # type: ignore[arg-type]
    w.grad = None


def _added_up(w: Tensor, i: int) -> None:
    _loss(w, i).backward()


def _written(w: Tensor, i: int) -> None:
    with sklon.no_grad():
        w.mul_(0.999).add_(0.001)


UPDATES: dict[str, Callable[[Tensor, int], None]] = {
    "by hand": _by_hand,
    "by data": _by_data,
    "gradients that add up": _added_up,
    "written and never read": _written,
}


@pytest.mark.parametrize("name", UPDATES)
def test_nobody_asks_for_a_value_and_nothing_piles_up(name: str) -> None:
    nodes, arrays = _live_nodes(), _live_arrays()
    w = sklon.tensor([1.0, 2.0], requires_grad=True)
    compiled = 0
    for i in range(600):
        UPDATES[name](w, i)
        if i == 300:
            compiled = counters.compiled
    assert counters.compiled == compiled
    assert _live_nodes() - nodes < LONG * NODES_A_STEP
    assert _live_arrays() - arrays < 12
    assert w.is_leaf and w.requires_grad


def test_an_update_by_hand_is_one_program_for_each_step() -> None:
    w = sklon.tensor([1.0, 2.0], requires_grad=True)
    for i in range(5):
        _by_hand(w, i)
    before = counters.runs
    for i in range(10):
        _by_hand(w, i)
    assert counters.runs - before == 10


def test_a_history_that_nobody_gave_up_is_kept() -> None:
    w, total = sklon.tensor([1.0, 2.0], requires_grad=True, dtype="float64"), sklon.tensor(0.0, dtype="float64")
    for i in range(3 * LONG):
        total += _loss(w, i)
    total.backward()
    assert w.grad is not None
    assert w.grad.tolist() == pytest.approx([sum(i % 7 + 0.25 for i in range(3 * LONG))] * 2)


def test_a_total_of_losses_that_were_given_up_says_so() -> None:
    w, total = sklon.tensor([1.0, 2.0], requires_grad=True), sklon.tensor(0.0)
    for i in range(2 * LONG):
        total = _naive(w, total, i)
    assert total.requires_grad and not total.is_leaf
    with pytest.raises(sklon._base.errors.AutogradError, match="retain_graph=True"):
        total.backward()
