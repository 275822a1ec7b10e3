"""What a function may do while it is differentiated or mapped: write in place, go without gradients, hand things on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

import sklon
from sklon import Tensor, nn
from sklon._base.errors import AutogradError, ShapeError
from tests.tensors.transforms.functions import POINT, array, close

Function = Callable[..., Any]


def _scaled(x: Tensor) -> Tensor:
    x.mul_(2.0)
    return (x * x).sum()


def _filled(x: Tensor) -> Tensor:
    x[0] = 5.0
    return x * x * x[1]


def _four_squares(x: Any) -> Any:
    return (4 * x * x).sum()


def _with_five(x: Any) -> Any:
    filled = torch.cat((torch.full((1,), 5.0, dtype=x.dtype), x[1:]))
    return filled * filled * x[1]


#: transforms of functions that write, beside the same without a write for PyTorch, which refuses some
WRITES: dict[str, tuple[Function, Function]] = {
    "mapped": (sklon.vmap(_scaled), torch.vmap(_four_squares)),
    "a mapped gradient": (sklon.vmap(sklon.grad(_scaled)), lambda x: 8 * x),
    "an element, mapped": (sklon.vmap(_filled), torch.vmap(_with_five)),
    "mapped matrices": (sklon.vmap(sklon.jacobian(_filled)), torch.vmap(torch.func.jacrev(_with_five))),
}


class Theirs:
    """The names of ours for PyTorch's transforms."""

    vmap, grad, jacobian, no_grad = torch.vmap, torch.func.grad, torch.func.jacrev, torch.no_grad


@pytest.mark.parametrize("name", WRITES)
def test_a_function_may_write_to_its_argument(name: str) -> None:
    given = np.arange(6.0).reshape(2, 3)
    x = sklon.tensor(given)
    ours, theirs = WRITES[name]
    close(array(ours(x)), array(theirs(torch.tensor(given))))
    np.testing.assert_array_equal(x.numpy(), given)


def _held(transform: Function) -> Function:
    """A function in which the result of a transform counts as a constant."""

    def make(t: Any) -> Function:
        def function(x: Any) -> Any:
            with t.no_grad():
                c = transform(t)(x)
            return (c * x).sum()

        return function

    return make


HELD: dict[str, Function] = {
    "a gradient": _held(lambda t: t.grad(lambda z: (z**3).sum())),
    "a matrix": _held(lambda t: lambda x: t.jacobian(lambda z: z**3)(x).sum(0)),
    "mapped": _held(lambda t: t.vmap(lambda z: z**3)),
}


@pytest.mark.parametrize("name", HELD)
def test_what_a_transform_gives_in_no_grad_is_a_constant(name: str) -> None:
    close(
        array(sklon.grad(HELD[name](sklon))(sklon.tensor(POINT))),
        array(torch.func.grad(HELD[name](Theirs))(torch.tensor(POINT))),
    )


def test_no_grad_outside_changes_no_value_but_ends_the_history() -> None:
    w = sklon.tensor(2.0, requires_grad=True)
    with sklon.no_grad():
        second = sklon.grad(sklon.grad(lambda x: w * x**3))(3.0)
    assert second.item() == 36 and not second.requires_grad


def test_what_is_handed_on_leads_to_leaves_alone() -> None:
    w = sklon.tensor(2.0, requires_grad=True)

    def f(x: Tensor) -> tuple[Tensor, Any]:
        return x * x, {"x": x * 3, "w": w, "xw": x * w, "text": "t"}

    _, aux = sklon.grad(f, has_aux=True)(3.0)
    assert aux["w"] is w and aux["text"] == "t"
    assert not aux["x"].requires_grad and aux["xw"].requires_grad
    outer = sklon.grad(lambda x: sklon.grad(f, has_aux=True)(x)[1]["xw"])
    assert outer(3.0).item() == 2


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_a_module_beside_one_of_its_parameters(order: tuple[int, int]) -> None:
    model = nn.Linear(2, 1, bias=False)
    arguments: list[Any] = [model, model.weight]

    def f(*given: Any) -> Any:
        module, weight = (given[i] for i in order)
        return module(sklon.tensor([[1.0, 2.0]])).sum() + 3 * weight.sum()

    found = sklon.grad(f, (0, 1))(*(arguments[i] for i in order))
    by_module, by_weight = (found[i] for i in order)
    assert by_module["weight"].tolist() == [[1, 2]] and by_weight.tolist() == [[3, 3]]


def test_the_value_of_a_vjp_can_be_read_and_goes_back_while_the_pull_is_kept() -> None:
    x = sklon.tensor([1.0, 2.0], requires_grad=True)
    value, pull = sklon.vjp(lambda x: (x * x).sum(), x)
    assert value.item() == 5
    assert pull(1.0)[0].tolist() == [2, 4]
    value.backward()
    assert x.grad is not None and x.grad.tolist() == [2, 4]
    with pytest.raises(AutogradError, match="gave up"):
        pull(1.0)


def test_a_stated_derivative_is_that_by_the_argument_before_it_was_written() -> None:
    @sklon.custom_vjp
    def doubled(x: Any) -> Any:
        return x.mul_(2.0)

    @doubled.backward
    def rule(g: Tensor, result: Tensor, x: Tensor) -> Tensor:
        return g * x

    assert sklon.grad(doubled)(3.0).item() == 3


def test_a_matrix_by_the_rows_of_a_step_is_refused() -> None:
    class Model(nn.Module):
        def forward(self, x: Tensor) -> Any:
            return sklon.jacobian(lambda z: z.sum(0))(x)

    trainer = sklon.Trainer(nn.Sequential(nn.Linear(2, 2), Model()), loss="mse")
    with pytest.raises(ShapeError, match="known sizes"):
        trainer.fit((np.ones((4, 2), np.float32), np.ones((4, 2), np.float32)), epochs=1)
