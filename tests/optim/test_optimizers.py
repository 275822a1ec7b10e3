"""The Optimizer around the rules: groups, gradients, states; PyTorch's interface."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import sklon
from sklon import nn, optim
from sklon._base.errors import InputError, ShapeError
from tests.optim.rows import Problem


def _leaf(*values: float) -> sklon.Tensor:
    return sklon.tensor([float(v) for v in values], requires_grad=True)


# ---- groups
def test_groups_have_settings_of_their_own() -> None:
    a, b = _leaf(1), _leaf(1)
    groups: list[dict[str, Any]] = [{"params": [a]}, {"params": b, "lr": 0.5}]
    optimizer = optim.SGD(groups, lr=0.1)
    (a + b).sum().backward()
    optimizer.step()
    np.testing.assert_allclose([a.item(), b.item()], [0.9, 0.5])


def test_settings_are_checked_in_each_group_and_at_each_step() -> None:
    a = _leaf(1)
    with pytest.raises(InputError, match="lr must be at least 0"):
        optim.SGD([{"params": [a], "lr": -0.1}])
    optimizer = optim.SGD([a], 0.1)
    optimizer.param_groups[0]["lr"] = -1.0
    a.grad = _leaf(1).detach()
    with pytest.raises(InputError, match="lr must be at least 0"):
        optimizer.step()


def test_a_group_that_is_added_later_counts_its_own_steps() -> None:
    """The bias correction of a parameter starts with its own first step: Adam's first step has the length lr."""
    a, b = _leaf(1), _leaf(1)
    optimizer = optim.Adam([a], lr=0.1, eps=0.0)
    (a * 3).sum().backward()
    optimizer.step()
    optimizer.add_param_group({"params": [b]})
    optimizer.zero_grad()
    (a * 3 + b * 3).sum().backward()
    optimizer.step()
    np.testing.assert_allclose([a.item(), b.item()], [0.8, 0.9], rtol=1e-6)


def test_names_of_parameters_stand_in_the_groups() -> None:
    model = nn.Linear(2, 1)
    optimizer = optim.SGD(model.named_parameters(), lr=0.1)
    assert optimizer.param_groups[0]["param_names"] == ["weight", "bias"]
    assert optimizer.state_dict()["param_groups"][0]["params"] == [0, 1]


WRONG: list[tuple[Any, type[Exception], str]] = [
    ([], InputError, "no parameters"),
    (_leaf(1), TypeError, "iterable of tensors or of groups, not a Tensor"),
    (3, TypeError, "iterable of tensors"),
    ([np.ones(2)], TypeError, "takes tensors, not a ndarray"),
    ([_leaf(1) * 2], InputError, "leaf"),
    ([{"lr": 0.1}], TypeError, '"params"'),
    ([{"params": {1, 2}}], TypeError, "no order"),
    ([{"params": [(same := _leaf(1)), same]}], InputError, "twice"),
    ([{"params": [same]}, {"params": [same]}], InputError, "more than one group"),
    ([("a", _leaf(1)), _leaf(2)], InputError, "names"),
    ([{"params": [("a", _leaf(1))]}, {"params": [_leaf(2)]}], InputError, "names"),
]


@pytest.mark.parametrize(("params", "error", "message"), WRONG)
def test_wrong_parameters_are_refused(params: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        optim.SGD(params)


# ---- gradients
def test_a_parameter_without_gradient_stays() -> None:
    a, b = _leaf(1), _leaf(1)
    optimizer = optim.Adam([a, b], lr=0.1)
    (a * 2).sum().backward()
    optimizer.step()
    assert b.item() == 1 and a.item() < 1 and a.is_leaf
    assert list(optimizer.state_dict()["state"]) == [0]


def test_zero_grad_gives_none_or_zeros() -> None:
    a, b = _leaf(1, 2), _leaf(3)
    optimizer = optim.SGD([a, b], lr=0.1)
    a.grad = sklon.tensor([float("nan"), 1.0])
    optimizer.zero_grad(set_to_none=False)
    assert a.grad is not None and a.grad.tolist() == [0, 0] and b.grad is None
    optimizer.zero_grad()
    assert a.grad is None


def test_step_takes_a_closure_and_returns_its_loss() -> None:
    a = _leaf(3)
    optimizer = optim.SGD([a], lr=0.5)

    def closure() -> sklon.Tensor:
        optimizer.zero_grad()
        loss = (a * a).sum()
        loss.backward()
        return loss

    assert optimizer.step(closure).item() == 9 and a.item() == 0


def test_momentum_may_be_switched_on_later() -> None:
    a = _leaf(1)
    optimizer = optim.SGD([a], lr=0.1)
    for momentum in (0.0, 0.9, 0.9):
        optimizer.param_groups[0]["momentum"] = momentum
        a.grad = sklon.ones(1)
        optimizer.step()
    np.testing.assert_allclose(a.item(), 1 - 0.1 * (1 + 1 + 1.9), rtol=1e-6)


# ---- states
def test_a_state_continues_the_run_to_the_bit() -> None:
    whole, halves = Problem(sklon), Problem(sklon)
    whole.steps(optim.Adam(whole.params, lr=0.1, amsgrad=True), 6)
    first = optim.Adam(halves.params, lr=0.1, amsgrad=True)
    halves.steps(first, 3)
    second = optim.Adam(halves.params)
    second.load_state_dict(first.state_dict())
    halves.steps(second, 3)
    for a, b in zip(whole.values(), halves.values(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_state_is_a_copy() -> None:
    problem, other = Problem(sklon), Problem(sklon)
    optimizer = optim.Adam(problem.params, lr=0.1)
    problem.steps(optimizer, 1)
    state = optimizer.state_dict()
    before = state["state"][0]["exp_avg"].copy()
    problem.steps(optimizer, 1)
    np.testing.assert_array_equal(state["state"][0]["exp_avg"], before)
    loaded = optim.Adam(other.params)
    loaded.load_state_dict(state)
    other.steps(loaded, 1)
    np.testing.assert_array_equal(state["state"][0]["exp_avg"], before)


def _state_of(optimizer: type[optim.Optimizer], shape: tuple[int, ...]) -> dict[str, Any]:
    p = sklon.ones(*shape, requires_grad=True)
    made = optimizer([p], lr=0.1)
    p.sum().backward()
    made.step()
    return made.state_dict()


MISFITS: list[tuple[dict[str, Any], type[Exception], str]] = [
    (_state_of(optim.RMSprop, (2,)), InputError, "has no 'exp_avg', only step, square_avg; was the state saved"),
    (_state_of(optim.Adam, (3,)), ShapeError, r"shape \(3,\), the parameter \(2,\)"),
    (optim.Adam([_leaf(1), _leaf(2)]).state_dict(), InputError, r"groups of \[2\] parameters, the optimizer of \[1\]"),
    ({"state": {}, "param_groups": []}, InputError, "groups of"),
    ({}, InputError, '"state" and "param_groups"'),
]


@pytest.mark.parametrize(("state", "error", "message"), MISFITS)
def test_a_state_that_does_not_fit_changes_nothing(state: dict[str, Any], error: type[Exception], message: str) -> None:
    p = sklon.ones(2, requires_grad=True)
    optimizer = optim.Adam([p], lr=0.3)
    with pytest.raises(error, match=message):
        optimizer.load_state_dict(state)
    assert optimizer.param_groups[0]["lr"] == 0.3 and not optimizer.state
