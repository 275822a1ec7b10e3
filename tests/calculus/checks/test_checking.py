"""Checks of gradients: right ones pass here, in PyTorch and in SciPy; wrong ones are caught, and the cause is named."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import sklon
from sklon._base.errors import GradientError, InputError
from sklon.nn import functional as F
from sklon.tensors import Tensor
from sklon.tensors.trees import flatten

from ..tensor_functions import CUT_OFF, RULES, SMOOTH, Array, Function, normal, square


# ---- right
@pytest.mark.parametrize("name", SMOOTH)
def test_derivatives_of_both_orders_pass(name: str) -> None:
    function, arrays = SMOOTH[name]
    assert sklon.check_grads(function, *arrays, orders=2).largest_error < 1e-6


def as_torch(function: Function, results: int) -> Callable[..., Any]:
    """Our function for PyTorch: forward and backward compute here, and so does the backward of the backward."""
    torch: Any = pytest.importorskip("torch")

    def ours(*arrays: Any) -> list[Tensor]:
        given = [sklon.tensor(a.detach().numpy(), requires_grad=True) for a in arrays]
        return [r for r in flatten(function(*given))[0]]

    class Ours(torch.autograd.Function):  # type: ignore[misc]
        @staticmethod
        def forward(context: Any, *arrays: Any) -> Any:
            context.save_for_backward(*arrays)
            return tuple(torch.from_numpy(r.numpy()) for r in ours(*arrays))

        @staticmethod
        def backward(context: Any, *gradients: Any) -> Any:
            back = backwards(function, results)
            return as_torch(back, len(context.saved_tensors))(*gradients, *context.saved_tensors)

    return lambda *arrays: Ours.apply(*arrays)


def backwards(function: Function, results: int) -> Function:
    """(ȳ₁, …, x₁, …) ↦ Σ ȳᵀ·∂f/∂x as a function of tensors, with a history of its own."""

    def back(*given: Tensor) -> tuple[Tensor, ...]:
        seeds, inputs = given[:results], given[results:]
        pairs = [(r, s) for r, s in zip(flatten(function(*inputs))[0], seeds, strict=True) if r.requires_grad]
        if not pairs:
            return tuple(x * 0 for x in inputs)
        outputs, weights = zip(*pairs, strict=True)
        found = sklon.autograd.grad(outputs, inputs, weights, create_graph=True, materialize_grads=True)
        return tuple(g for g in found if g is not None)

    return back


@pytest.mark.parametrize("name", SMOOTH)
def test_pytorch_accepts_our_derivatives(name: str) -> None:
    torch: Any = pytest.importorskip("torch")
    function, arrays = SMOOTH[name]
    results = len(flatten(function(*map(sklon.tensor, arrays)))[0])
    given = [torch.tensor(a, requires_grad=True) for a in arrays]
    wrapped = as_torch(function, results)
    assert torch.autograd.gradcheck(wrapped, given)
    assert torch.autograd.gradgradcheck(wrapped, given)


@pytest.mark.parametrize("name", SMOOTH)
def test_scipy_accepts_our_derivatives(name: str) -> None:
    optimize = pytest.importorskip("scipy.optimize")
    function, arrays = SMOOTH[name]
    cuts = np.cumsum([a.size for a in arrays])[:-1]

    def value(x: Array) -> tuple[float, Array]:
        parts = [p.reshape(a.shape) for p, a in zip(np.split(x, cuts), arrays, strict=True)]
        given = [sklon.tensor(p, requires_grad=True) for p in parts]
        result = sum((r.sin().sum() for r in flatten(function(*given))[0]), start=sklon.tensor(0.0, dtype="float64"))
        found = sklon.autograd.grad(result, given)
        return float(result.item()), np.concatenate([g.numpy().ravel() for g in found if g is not None])

    at = np.concatenate([a.ravel() for a in arrays])
    error = optimize.check_grad(lambda x: value(x)[0], lambda x: value(x)[1], at, seed=0)
    assert error < 1e-5 * (1 + np.linalg.norm(value(at)[1]))


# ---- wrong
@pytest.mark.parametrize("rule", RULES)
def test_a_wrong_derivative_is_caught_and_its_op_named(rule: str) -> None:
    function = square(RULES[rule])
    with pytest.raises(
        GradientError, match=r"central differences .* The derivative of the op 'square' \(tensor_functions.py:\d+\)"
    ):
        sklon.check_grads(lambda x: function(x.sin()) * 2, normal(4))


def test_the_right_rule_passes() -> None:
    sklon.check_grads(square(), normal(4), orders=3)


def test_a_second_derivative_that_is_cut_off_is_caught() -> None:
    function = square(CUT_OFF)
    sklon.check_grads(function, normal(4))
    with pytest.raises(GradientError, match=r"the second derivative of .* cuts the gradient off"):
        sklon.check_grads(function, normal(4), orders=2)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_a_derivative_that_is_stated_wrongly_is_caught(dtype: Any) -> None:
    @sklon.custom_vjp
    def cube(x: Tensor) -> Any:
        return x**3

    @cube.backward
    def rule(g: Tensor, result: Tensor, x: Tensor) -> Any:
        return g * 2 * x**2

    with pytest.raises(GradientError, match=r"The derivative of the function 'cube' \(test_checking.py:\d+\) is wrong"):
        sklon.check_grads(lambda x: cube(x.sin()) * 2, normal(4).astype(dtype))

    @cube.backward
    def right(g: Tensor, result: Tensor, x: Tensor) -> Any:
        return g * 3 * x**2

    sklon.check_grads(lambda x: cube(x.sin()) * 2, normal(4).astype(dtype), orders=2)


def test_where_a_wrong_op_lies_below_a_stated_derivative_the_op_is_named() -> None:
    @sklon.custom_vjp
    def twice(x: Tensor) -> Any:
        return x * 2

    @twice.backward
    def rule(g: Tensor, result: Tensor, x: Tensor) -> Any:
        return g * 2

    function = square(RULES["the wrong sign"])
    with pytest.raises(GradientError, match="'square'"):
        sklon.check_grads(lambda x: twice(function(x)), normal(3))


def left_the_graph(x: Tensor) -> Tensor:
    return sklon.tensor(x.numpy() * 2.0)


def half_left_the_graph(x: Tensor) -> Any:
    return x * x.detach().sum().item()


def written(x: Tensor) -> Any:
    y = x * 1.0
    with sklon.no_grad():
        y *= y
    return y


WRONG: dict[str, tuple[Function, Any, str]] = {
    "detach": (lambda x: x * x.detach(), normal(3), r"cuts the gradient off \(read in test_checking.py:\d+\)"),
    "detach on the way": (lambda x: x.sin() * x.sin().detach(), normal(3), "cuts the gradient off"),
    "numpy": (left_the_graph, normal(3), "never sees it: its values left the graph"),
    "item": (half_left_the_graph, normal(3), "What was recorded has this derivative, so a part of it was not"),
    "no_grad": (written, normal(3), "cuts the gradient off"),
    "kink of relu": (sklon.relu, np.array([1.0, 0.0]), r"a kink of the op 'relu' .* slope is 0 from the left and 1"),
    "step": (sklon.round, 0.5, "a kink"),
    "log of 0": (lambda x: x.log().sum(), np.array([1.0, 0.0]), "log.* gave -inf .* ln 0 is −∞"),
    "root of 0": (lambda x: x.sqrt().sum(), np.array([1.0, 0.0]), "the slope of √x at 0 is ∞"),
}


@pytest.mark.parametrize("case", WRONG)
def test_the_likely_cause_is_named(case: str) -> None:
    function, x, words = WRONG[case]
    with pytest.raises(AssertionError, match=words):
        sklon.check_grads(function, x)


def test_the_entry_the_output_and_both_values_are_named() -> None:
    def model(weights: dict[str, Any], x: Tensor) -> Any:
        return weights["layers"][0] * x + sklon.where(sklon.tensor([False, True]), x.detach() * x, x)

    with pytest.raises(GradientError) as caught:
        sklon.check_grads(model, {"layers": [np.array([1.0, 2.0])]}, np.array([3.0, 4.0]))
    told = str(caught.value)
    assert (
        "the gradient of model is wrong at x[1] for the output [1]: reverse mode gives 6, central differences 10"
        in told
    )
    assert "(tolerance 0.0001)" in told


def test_arguments_in_trees_are_named_by_their_paths() -> None:
    def model(weights: dict[str, Any]) -> Any:
        return (weights["layers"][0].detach() * weights["bias"]).sum()

    with pytest.raises(GradientError, match=r"wrong at weights\['layers'\]\[0\]\[\d\]: reverse mode gives 0"):
        sklon.check_grads(model, {"layers": [normal(2)], "bias": normal(2)})


def test_a_wrong_entry_that_is_not_looked_at_shows_along_a_random_direction() -> None:
    mask = np.zeros(400, bool)
    mask[123] = True

    def function(x: Tensor) -> Tensor:
        return (sklon.where(sklon.tensor(mask), x.detach() * 0.01, x) * sklon.tensor(np.ones(400))).sum()

    with pytest.raises(GradientError, match=r"wrong along a random direction: .* look at more of them with entries="):
        sklon.check_grads(function, normal(400), entries=2)
    with pytest.raises(GradientError, match=r"wrong at x\[123\]"):
        sklon.check_grads(function, normal(400), entries=400)


def test_a_kink_where_quotient_and_convention_agree_passes() -> None:
    """|x| at 0: the central quotient is 0, and so is what autodiff returns."""
    assert sklon.check_grads(abs, 0.0).largest_error == 0


def test_a_kink_beside_the_point_is_none_at_it() -> None:
    """At 1e-6 from the kink of relu the longest step crosses it, a shorter one does not."""
    sklon.check_grads(sklon.relu, np.array([1e-6, -1e-6]))


# ---- types, randomness, and what cannot be checked
def test_float32_is_compared_less_closely_and_told() -> None:
    report = sklon.check_grads(lambda x: (x * x).sin(), normal(4).astype(np.float32), orders=2)
    assert report.dtype == "float32" and "float32 resolves about three digits" in str(report)
    inside = sklon.check_grads(lambda x: x.float().sin(), normal(4))
    assert inside.dtype == "float32"
    with pytest.raises(GradientError, match="'square'"):
        sklon.check_grads(square(RULES["a missing factor"]), normal(4).astype(np.float32))


def test_tolerances_can_be_chosen() -> None:
    function = square(RULES["one part in a thousand"])
    sklon.check_grads(function, normal(4), rtol=1e-2)


def test_dropout_draws_one_mask_and_leaves_the_generator() -> None:
    sklon.manual_seed(3)
    first = sklon.rand(2).tolist()
    sklon.manual_seed(3)
    sklon.check_grads(lambda x: F.dropout(x, 0.5) ** 2, normal(6), orders=2)
    assert sklon.rand(2).tolist() == first


BAD: dict[str, tuple[Function, tuple[Any, ...], str]] = {
    "values that change": (lambda x: x * np.random.default_rng().random(), (normal(2),), "for the same arguments"),
    "no floating argument": (lambda x: x, (np.arange(3),), "no floating number to differentiate by"),
    "no floating result": (lambda x: x > 0, (normal(2),), "returns no floating tensor"),
}


@pytest.mark.parametrize("case", BAD)
def test_what_has_no_derivative_is_refused(case: str) -> None:
    function, arguments, words = BAD[case]
    with pytest.raises(InputError, match=words):
        sklon.check_grads(function, *arguments)


def test_bad_settings_are_refused() -> None:
    for value in (-1.0, float("nan"), float("inf")):
        with pytest.raises(InputError, match="atol must be a finite number of at least 0"):
            sklon.check_grads(lambda x: x * x, 1.0, atol=value)
        with pytest.raises(InputError, match="rtol must be a finite number of at least 0"):
            sklon.check_grads(lambda x: x * x, 1.0, rtol=value)
    function: Any = 3
    with pytest.raises(InputError, match="takes a function"):
        sklon.check_grads(function, 1.0)


def test_constants_and_numbers_that_are_not_floating_are_arguments_too() -> None:
    report = sklon.check_grads(lambda x, power, rows: x[rows] ** power, normal(3), 2, np.array([0, 2]))
    assert report.compared == 3 + 1
    assert sklon.check_grads(lambda x: sklon.tensor([1.0], dtype="float64"), normal(2)).largest_error == 0


def test_under_no_grad_gradients_are_checked_all_the_same() -> None:
    with sklon.no_grad():
        assert sklon.check_grads(lambda x: x**3, normal(2), orders=2).compared == 6
    with pytest.raises(GradientError, match="a jitted function"):
        sklon.check_grads(sklon.jit(lambda x: x * x), normal(2))


def test_order_two_of_what_is_linear_is_zero() -> None:
    assert sklon.check_grads(lambda x: 3 * x, normal(3), orders=2).compared == 8
