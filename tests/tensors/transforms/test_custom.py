"""Derivatives that somebody states: in both modes, mapped, differentiated again; and wrong ones are refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import sklon
from sklon import Tensor, Trainer, nn
from sklon._base.errors import AutogradError, InputError, ShapeError
from tests.tensors.transforms.functions import POINT, array, close

Function = Callable[..., Any]
W = np.array([1.5, -0.5, 2.0])


def plain(x: Tensor, w: Tensor) -> tuple[Tensor, Tensor]:
    return (sklon.sin(x) * w).sum(), x * w**2


@sklon.custom_vjp
def by_reverse(x: Tensor, w: Tensor) -> tuple[Tensor, Tensor]:
    return plain(x, w)


@by_reverse.backward
def _pull(g: Any, result: Any, x: Tensor, w: Tensor) -> tuple[Tensor, Tensor]:
    return g[0] * w * sklon.cos(x) + g[1] * w**2, g[0] * sklon.sin(x) + 2 * g[1] * result[1] / w


@sklon.custom_jvp
def by_forward(x: Tensor, w: Tensor) -> tuple[Tensor, Tensor]:
    return plain(x, w)


@by_forward.forward
def _push(tangents: Any, result: Any, x: Tensor, w: Tensor) -> tuple[Tensor, Tensor]:
    dx, dw = tangents
    return (sklon.cos(x) * dx * w + sklon.sin(x) * dw).sum(), dx * w**2 + 2 * result[1] / w * dw


def _total(f: Function) -> Function:
    return lambda x, w: sum(part.sum() ** 2 for part in f(x, w))


#: what is done with a function of x and w
USES: dict[str, Callable[[Function], Function]] = {
    "gradient": lambda f: sklon.grad(_total(f), argnums=(0, 1)),
    "curvature": lambda f: sklon.hessian(_total(f), argnums=(0, 1)),
    "matrix": lambda f: sklon.jacobian(f, argnums=(0, 1)),
    "ahead": lambda f: lambda x, w: sklon.jvp(f, (x, w), (w, x)),
    "back": lambda f: lambda x, w: sklon.vjp(f, x, w)[1]((x.sum(), w)),
    "mapped, one for all": lambda f: lambda x, w: sklon.vmap(f, (0, None))(sklon.outer(w, x), w),
    "gradients of samples": lambda f: (
        lambda x, w: sklon.vmap(sklon.grad(_total(f), (0, 1)), (0, None))(sklon.outer(w, x), w)
    ),
    "gradient of samples": lambda f: (
        lambda x, w: sklon.grad(lambda w: sum(p.sum() ** 2 for p in sklon.vmap(f, (0, None))(sklon.outer(x, x), w)))(w)
    ),
    "mapped twice": lambda f: (
        lambda x, w: sklon.grad(
            lambda x: sum(
                p.sum() ** 2
                for p in sklon.vmap(lambda x: sklon.vmap(f, (None, 0))(x, sklon.outer(w, w)))(sklon.outer(x, x))
            )
        )(x)
    ),
}


@pytest.mark.parametrize("use", USES)
@pytest.mark.parametrize("custom", [by_reverse, by_forward])
def test_a_right_rule_is_the_derivative(custom: Function, use: str) -> None:
    x, w = sklon.tensor(POINT), sklon.tensor(W)
    expected = array(USES[use](plain)(x, w))
    close(array(USES[use](custom)(x, w)), expected)
    close(array(sklon.jit(USES[use](custom))(x, w)), expected)


def test_a_rule_is_what_backward_and_grad_use() -> None:
    x = sklon.tensor(POINT, requires_grad=True)
    _total(by_reverse)(x, sklon.tensor(W)).backward()
    assert x.grad is not None
    close(x.grad.numpy(), array(sklon.grad(_total(plain))(sklon.tensor(POINT), sklon.tensor(W))))


def test_a_rule_may_state_something_else_than_the_derivative() -> None:
    @sklon.custom_vjp
    def reversed_gradient(x: Tensor) -> Tensor:
        return +x

    @reversed_gradient.backward
    def _(g: Tensor, result: Tensor, x: Tensor) -> Tensor:
        return -g

    found = sklon.grad(lambda x: (reversed_gradient(x) ** 2).sum())(sklon.tensor(POINT))
    np.testing.assert_array_equal(found.numpy(), -2 * POINT)


def test_a_trainer_trains_through_a_rule() -> None:
    @sklon.custom_vjp
    def step(x: Tensor) -> Tensor:
        return sklon.sign(x)

    @step.backward
    def _(g: Tensor, result: Tensor, x: Tensor) -> Tensor:
        return g

    class Steps(nn.Module):
        def forward(self, x: Tensor) -> Any:
            return step(x)

    sklon.manual_seed(0)
    model = nn.Sequential(nn.Linear(2, 8), Steps(), nn.Linear(8, 1))
    first = model[0].weight.numpy()
    X = np.random.default_rng(0).standard_normal((64, 2)).astype(np.float32)
    Trainer(model, loss="mse", optimizer="sgd", lr=0.1).fit((X, X[:, :1]), epochs=2)
    assert not np.array_equal(first, model[0].weight.numpy())


def test_stop_gradient_of_a_nested_value() -> None:
    def f(x: Tensor) -> Any:
        kept = sklon.stop_gradient({"a": x, "b": (x * x,)})
        return (x * kept["a"] + kept["b"][0]).sum()

    np.testing.assert_array_equal(sklon.grad(f)(sklon.tensor(POINT)).numpy(), POINT)


def _with_rule(rule: Function, kind: Any = sklon.custom_vjp) -> Function:
    made = kind(lambda x, y: x * y)
    (made.forward if kind is sklon.custom_jvp else made.backward)(rule)
    return lambda x, y: made(x, y)


LEAF = sklon.tensor(2.0, dtype="float64", requires_grad=True)
#: rules that cannot be used, and what is said
WRONG: dict[str, tuple[Function, type[Exception], str]] = {
    "too few gradients": (_with_rule(lambda g, r, x, y: g), AutogradError, "1 gradients for 2 arguments"),
    "another shape": (_with_rule(lambda g, r, x, y: (g.sum(), g)), ShapeError, r"shape \(\) belongs to .* \(3,\)"),
    "no tensor": (_with_rule(lambda g, r, x, y: ("g", g)), InputError, "holds a str"),
    "not linear": (
        _with_rule(lambda t, r, x, y: t[0] ** 2 + t[1], sklon.custom_jvp),
        AutogradError,
        "not linear in the tangents",
    ),
    "a module": (lambda x, y: _with_rule(lambda g, r, x, y: (g, g))(nn.Linear(3, 3), y), InputError, "of a module"),
    "a leaf besides the arguments": (
        _with_rule(lambda g, r, x, y: (g, g), lambda f: sklon.custom_vjp(lambda x, y: f(x, y) * LEAF)),
        AutogradError,
        "reads a tensor that requires gradients besides its arguments",
    ),
    "no rule": (sklon.custom_vjp(lambda x, y: x * y), AutogradError, r"has no derivative yet; register one with @"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_rule_that_cannot_be_used(name: str) -> None:
    function, error, told = WRONG[name]
    with pytest.raises(error, match=told):
        sklon.grad(lambda x: function(x, x).sum())(sklon.tensor(POINT))


def test_forward_mode_refuses_a_gradient_that_is_not_linear() -> None:
    squared = _with_rule(lambda g, r, x, y: (g * g, g))
    with pytest.raises(AutogradError, match="not linear in the gradient"):
        sklon.jvp(lambda x: squared(x, x), (sklon.tensor(POINT),), (sklon.tensor(POINT),))
