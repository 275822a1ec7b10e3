"""``derive``: gradients, Hessians and kinds of points as published; the ways agree; a way that is wrong is caught."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import numpy as np
import pytest
import torch

import sklon
from sklon import Tensor
from sklon._base.errors import InputError
from sklon.calculus import Derivation, derive
from sklon.calculus.derivation import reverse
from sklon.calculus.derivation.formulas import Formulas
from sklon.calculus.expressions import parse
from tests.calculus.derivation.points import HIMMELBLAU, ROSENBROCK, ROWS, SADDLE, Row

TORCH: dict[str, Any] = {"exp": torch.exp, "ln": torch.log, "sin": torch.sin, "cos": torch.cos}


@cache
def derived(name: str) -> Derivation:
    """What is found of a row of either table."""
    return derive(*((ROWS[name].formula, ROWS[name].at) if name in ROWS else ROUGH[name][:2]))


def by_torch(row: Row) -> tuple[Any, Any]:
    """The gradient and the Hessian by PyTorch."""
    formula = compile(row.formula.replace("^", "**"), "row", "eval")
    names = parse(row.formula).variables

    def function(*values: Any) -> Any:
        return eval(formula, {**TORCH, **dict(zip(names, values, strict=True))})

    at = tuple(torch.tensor(x, dtype=torch.float64) for x in row.at)
    gradient = torch.stack(torch.autograd.functional.jacobian(function, at))
    hessian = torch.autograd.functional.hessian(function, at)
    return gradient.numpy(), np.array([[float(h) for h in line] for line in hessian])


@pytest.mark.parametrize("name", ROWS)
def test_a_function_is_what_is_known_of_it(name: str) -> None:
    row = ROWS[name]
    local = derived(name).local
    assert local is not None and local.hessian is not None and local.gradient is not None
    assert local.kind.name == row.kind, local.kind.reason
    known = (
        (row.value, local.value),
        (row.gradient, local.gradient),
        (row.hessian, local.hessian.reverse),
        (row.eigenvalues, local.hessian.eigenvalues),
    )
    for expected, found in known:
        assert expected is None or np.allclose(found, expected, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("name", ROWS)
def test_the_three_ways_agree_with_each_other_and_with_pytorch(name: str) -> None:
    row = ROWS[name]
    local = derived(name).local
    assert local is not None and local.hessian is not None and local.gradient is not None
    assert local.agrees and local.hessian.agrees
    gradient, hessian = by_torch(row)
    scale = max(1.0, float(np.abs(hessian).max()))
    assert np.allclose(local.gradient, gradient, rtol=1e-9, atol=1e-12 * scale)
    assert np.allclose(local.hessian.reverse, hessian, rtol=1e-9, atol=1e-12 * scale)
    for partial, truth in zip(local.partials, gradient, strict=True):
        assert abs(partial.differences.value - truth) <= partial.differences.error + 1e-12 * scale


# ---- the checkers
WRONG = {
    "a factor": lambda g: 1.01 * g,
    "a sign": lambda g: -g,
    "a term": lambda g: g + 1e-6,
    "no value": lambda g: np.nan * g,
}


@pytest.mark.parametrize("wrong", WRONG)
@pytest.mark.parametrize("name", ["x1² + x1x2", "Rosenbrock's start", "logistic loss", "xˣ"])
def test_a_wrong_reverse_mode_is_caught(name: str, wrong: str, monkeypatch: pytest.MonkeyPatch) -> None:
    right = reverse.gradient
    monkeypatch.setattr(reverse, "gradient", lambda subject, at: WRONG[wrong](right(subject, at)))
    local = derive(ROWS[name].formula, ROWS[name].at).local
    assert local is not None and not local.agrees
    assert {partial.verdict.kind for partial in local.partials} == {"reverse"}
    assert local.gradient is not None
    assert np.allclose(local.gradient, by_torch(ROWS[name])[0], rtol=1e-8)  # what the values of f say


@pytest.mark.parametrize("wrong", WRONG)
@pytest.mark.parametrize("name", ["x1² + x1x2", "Rosenbrock's start", "logistic loss", "xˣ"])
def test_a_wrong_formula_is_caught(name: str, wrong: str, monkeypatch: pytest.MonkeyPatch) -> None:
    right = Formulas.gradient_at
    monkeypatch.setattr(
        Formulas,
        "gradient_at",
        lambda self, at: [(float(WRONG[wrong](np.array(g))), why) for g, why in right(self, at)],
    )
    local = derive(ROWS[name].formula, ROWS[name].at).local
    assert local is not None and not local.agrees
    assert {partial.verdict.kind for partial in local.partials} == {"formula"}


@pytest.mark.parametrize("wrong", WRONG)
def test_a_wrong_hessian_is_caught_and_decides_nothing(wrong: str, monkeypatch: pytest.MonkeyPatch) -> None:
    right = reverse.hessian
    monkeypatch.setattr(reverse, "hessian", lambda subject, at: WRONG[wrong](right(subject, at)))
    local = derive(ROSENBROCK, (1.0, 1.0)).local
    assert local is not None and local.hessian is not None
    assert not local.hessian.agrees and local.kind.name == "undecided"


@pytest.mark.parametrize("wrong", WRONG)
def test_a_wrong_formula_of_the_hessian_is_caught(wrong: str, monkeypatch: pytest.MonkeyPatch) -> None:
    right = Formulas.hessian_at
    monkeypatch.setattr(
        Formulas, "hessian_at", lambda self, at: tuple(map(tuple, WRONG[wrong](np.array(right(self, at)))))
    )
    local = derive(ROSENBROCK, (1.0, 1.0)).local
    assert local is not None and local.hessian is not None and not local.hessian.agrees


@pytest.mark.parametrize("function", ["x*|x| + y^2", lambda x, y: x * sklon.abs(x) + y * y])
def test_a_slope_with_a_kink_has_no_second_derivative(function: Any) -> None:
    local = derive(function, (0.0, 0.0)).local
    assert local is not None and local.hessian is not None
    assert local.gradient == (0.0, 0.0) and local.kind.name == "undecided"
    assert not local.hessian.settles and not local.hessian.agrees


# ---- where there is no derivative, or autodiff has another
ROUGH: dict[str, tuple[Any, Any, str, str]] = {
    "a kink": ("|x|", 0.0, "kink", "slope −1 from the left and 1 from the right; reverse mode returns 0"),
    "relu": ("relu(x)", 0.0, "kink", "slope 0 from the left and 1 from the right"),
    "a convention": ("relu(x) - relu(-x)", 0.0, "reverse", "reverse mode returns 0, but the values of f say 1 ±"),
    "a kink of a function": (lambda x: sklon.abs(x - 2.0), 2.0, "kink", "a kink"),
    "a detached value": (lambda x: x * x.detach(), 3.0, "reverse", "returns 3, but the values of f say 6 ±"),
    "an edge": ("sqrt(x)", 0.0, "edge", "f has values only for x above the point"),
    "an upper edge": ("sqrt(1 - x)", 1.0, "edge", "f has values only for x below the point"),
    "a jump": ("sign(x)", 0.0, "rough", "do not settle"),
    "a cusp": ("sqrt(|x|)", 0.0, "rough", "do not settle"),
    "a vertical tangent": ("cbrt(x)", 0.0, "rough", "do not settle"),
    "a formula with a hole": ("cbrt(x)^3", 0.0, "reverse", "the values of f say 1 ±"),
}


@pytest.mark.parametrize("name", ROUGH)
def test_where_the_ways_differ_a_sentence_says_why(name: str) -> None:
    _, _, kind, clause = ROUGH[name]
    found = derived(name)
    assert found.local is not None
    verdict = found.local.partials[0].verdict
    assert verdict.kind == kind and clause in verdict.sentence
    assert clause[0].upper() + clause[1:] in str(found).replace("\n    ", " ") or clause in str(found).replace(
        "\n    ", " "
    )
    if kind != "reverse":
        assert found.local.gradient is None and found.local.steepest is None and found.local.kind.name == "undecided"


# ---- directions
def test_the_steepest_descent_is_a_unit_vector_against_the_gradient() -> None:
    local = derive(SADDLE, (1.0, 2.0)).local
    assert local is not None and local.steepest is not None
    assert np.allclose(local.steepest.direction, np.array([-4.0, -1.0]) / np.sqrt(17))
    assert local.steepest.rate == pytest.approx(-np.sqrt(17))


def test_a_direction_is_normalised_and_says_so() -> None:
    found = derive(SADDLE, (1.0, 2.0), along=(3.0, 4.0))
    assert found.local is not None and found.local.along is not None
    assert found.local.along.unit == (0.6, 0.8) and found.local.along.normalised and found.local.along.agrees
    assert found.local.along.by_gradient == pytest.approx((4 * 3 + 1 * 4) / 5)
    assert "Along (3, 4), normalised to u = (0.6, 0.8): ∇f·u = 3.2;" in str(found)
    unit = derive(SADDLE, (1.0, 2.0), along={"x1": 1.0})
    assert unit.local is not None and unit.local.along is not None and not unit.local.along.normalised


def test_across_a_kink_a_direction_has_two_rates() -> None:
    found = derive("|x| + y^2", (0.0, 1.0), along=(1.0, 0.0))
    assert found.local is not None and found.local.along is not None and found.local.along.by_gradient is None
    assert "a kink: the rate is −1 before the point and 1 after it" in str(found)


def test_a_function_with_all_partial_derivatives_need_not_be_differentiable() -> None:
    found = derive("x^2*y/(x^2 + y^2 + 10^-40)", (0.0, 0.0), along=(1.0, 1.0))
    assert found.local is not None and found.local.along is not None
    assert found.local.gradient == (0.0, 0.0) and not found.local.along.agrees
    assert "f is not differentiable here" in str(found).replace("\n    ", " ")


# ---- functions in Python
def test_a_function_in_python_has_no_column_of_formulas() -> None:
    def bowl(x: Tensor) -> Tensor:
        return (x * x).sum()

    found = derive(bowl, [1.0, -2.0])
    assert found.formulas is None and found.latex() == "" and found.variables == ("x1", "x2")
    assert found.local is not None and found.local.agrees and found.local.gradient == (2.0, -4.0)
    assert str(found).startswith("At x₁ = 1, x₂ = −2: bowl = 5\n") and "formula" not in str(found)
    assert "two ways agree" in str(found)


def test_a_constant_function_has_a_gradient_of_zeros() -> None:
    local = derive(lambda x, y: 3.0, (1.0, 2.0)).local
    assert local is not None and local.gradient == (0.0, 0.0) and local.kind.name == "undecided"


def test_many_variables_are_differentiated_without_a_hessian() -> None:
    local = derive(lambda x: (x**3).sum(), list(np.linspace(1.0, 2.0, 20))).local
    assert local is not None and local.agrees and local.hessian is None and local.kind.name == "not stationary"


# ---- what it says
def test_without_a_point_there_are_formulas_only() -> None:
    found = derive(SADDLE)
    assert found.local is None
    assert str(found) == "f(x₁, x₂) = x₁² + x₁·x₂\n\n  ∂f/∂x₁ = 2·x₁ + x₂\n  ∂f/∂x₂ = x₁"
    assert found.latex().splitlines()[1] == r"\frac{\partial f}{\partial x_{1}} = 2 x_{1} + x_{2}"
    assert str(derive("x^2")) == "f(x) = x²\n\n  f′(x) = 2·x" and derive("x^2").latex().endswith("f'(x) = 2 x")


SAID = """\
f(x₁, x₂) = x₁² + x₁·x₂

  ∂f/∂x₁ = 2·x₁ + x₂
  ∂f/∂x₂ = x₁

At x₁ = 0, x₂ = 0: f = 0

          formula  reverse mode  differences
  ∂f/∂x₁        0             0  0
  ∂f/∂x₂        0             0  0
  The three ways agree.

  ∇f = 0: no direction of steepest descent.

  Hessian  x₁  x₂
  x₁        2   1
  x₂        1   0
  The three ways agree; eigenvalues −0.414214, 2.41421.

  Saddle: the Hessian has eigenvalues of both signs."""


def test_the_text_is_short_and_says_all() -> None:
    lines = [line.split(" ±")[0] for line in str(derive(SADDLE, (0.0, 0.0))).splitlines()]
    assert "\n".join(lines) == SAID


@pytest.mark.parametrize("name", [*ROWS, *ROUGH])
def test_lines_are_not_long(name: str) -> None:
    told = str(derived(name)).split("At ", 1)[1]
    assert max(map(len, told.splitlines())) <= 100


@pytest.mark.parametrize("name", [*ROWS, *ROUGH])
def test_json_is_strict_and_comes_back(name: str) -> None:
    found = derived(name)
    told = found.json()
    assert json.loads(json.dumps(told, allow_nan=False)) == told
    assert list(told["point"]["at"]) == told["variables"] and told["point"]["agrees"] == (name in ROWS)


def test_a_notebook_shows_the_same() -> None:
    page = derive(HIMMELBLAU, (3.0, 2.0), along=(1.0, 1.0))._repr_html_()
    assert "f(x, y) = " in page and "∂f/∂x" in page and "The three ways agree." in page and "Minimum: " in page
    assert "<script" not in page and derive("x^2")._repr_html_().count("<table>") == 1


# ---- what cannot be derived
BAD: dict[str, tuple[tuple[Any, ...], str]] = {
    "no formula": (("x +",), "missing after"),
    "no variables": (("3 + pi",), "has no variables to differentiate by"),
    "a function without a point": ((lambda x: x,), "give a point, such as at=(1.0,)"),
    "a direction without a point": (("x^2", None, (1.0,)), "give at="),
    "the direction zero": (("x + y", (1.0, 1.0), (0.0, 0.0)), "(0, 0) has no direction"),
    "an infinite direction": (("x + y", (1.0, 1.0), (np.inf, 0.0)), "has no direction; give finite numbers"),
    "a direction of another size": (("x + y", (1.0, 1.0), (1.0,)), "the direction has 1 numbers"),
    "no direction": (("x + y", (1.0, 1.0), "north"), "a direction is made of numbers, not 'north'"),
    "a direction by another name": (("x + y", (1.0, 1.0), {"z": 1.0}), "the direction names 'z'"),
    "outside": (("ln(x)", -1.0), "f has no value at x = −1: ln(x) is no real number there"),
    "a hole": (("sin(x)/x", 0.0), "f has no value at x = 0: sin(x)/x divides by 0 there"),
    "outside in Python": ((lambda x: sklon.log(x), -1.0), "f has no value at x = −1: undefined"),
    "too large": (("exp(x)", 1000.0), "is beyond float64"),
    "a missing value": (("x + y", {"x": 1.0}), "gives no value for 'y'"),
    "an unknown name": (("x + y", {"x": 1.0, "y": 1.0, "z": 1.0}), "names 'z'"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_cannot_be_derived_is_said_in_a_sentence(name: str) -> None:
    arguments, clause = BAD[name]
    with pytest.raises(InputError) as raised:
        derive(*arguments)
    assert clause in str(raised.value)


def test_no_number_of_reverse_mode_is_no_convention() -> None:
    told = str(derive("sqrt(x^2+y^2)", (0.0, 0.0)))
    assert "reverse mode returns no number" in told and "undefined by convention" not in told
