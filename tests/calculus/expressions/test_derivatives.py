"""Derivatives: their form, their steps, what they say at corners and holes."""

from __future__ import annotations

import math

import numpy as np
import pytest
import sympy

from sklon import tensor
from sklon._base.errors import InputError, UndecidedError
from sklon.calculus.expressions import parse
from sklon.calculus.expressions.text import plain
from tests.calculus.random_expressions import by_reverse_mode, by_rules, by_sympy

#: formula, variable, derivative as it is written
WRITTEN = (
    ("x1^2 + x1*x2", "x1", "2*x1 + x2"),
    ("x1^2 + x1*x2", "x2", "x1"),
    ("5", "x", "0"),
    ("x x x", "x", "3*x^2"),
    ("0.1x^2", "x", "0.2*x"),
    ("x^2/3", "x", "2*x/3"),
    ("x^0.5", "x", "0.5/x^0.5"),
    ("1/x", "x", "-1/x^2"),
    ("1/x^2", "x", "-2/x^3"),
    ("sqrt(x)", "x", "1/(2*sqrt(x))"),
    ("e^(-x^2)", "x", "-2*x*e^(-x^2)"),
    ("exp(2x)", "x", "2*exp(2*x)"),
    ("2^x", "x", "2^x*ln(2)"),
    ("x^x", "x", "x^x*(ln(x) + 1)"),
    ("x^n", "x", "n*x^(n - 1)"),
    ("x^n", "n", "x^n*ln(x)"),
    ("ln(x^2 + 1)", "x", "2*x/(x^2 + 1)"),
    ("sin(x)*cos(x)", "x", "cos(x)^2 - sin(x)^2"),
    ("|x|", "x", "sign(x)"),
    ("|x - t|", "x", "sign(x - t)"),
    ("relu(x)^2", "x", "2*where(x > 0, 1, 0)*relu(x)"),
    ("max(x)", "x", "1"),
    ("max(x, y)", "x", "where(x > y, 1, 0)"),
    ("max(x, 0)*y", "y", "max(x, 0)"),
    ("max(x, 0)*y", "x", "y*where(x > 0, 1, 0)"),
    ("where(x > 0, x^2, -x)", "x", "where(x > 0, 2*x, -1)"),
    ("floor(x)*x", "x", "floor(x)"),
    ("100(x2 - x1^2)^2 + (1 - x1)^2", "x1", "2*x1 - 400*x1*(x2 - x1^2) - 2"),
    ("x/x", "x", "0"),
)


@pytest.mark.parametrize(("text", "name", "expected"), WRITTEN)
def test_a_derivative_is_written_like_this(text: str, name: str, expected: str) -> None:
    f = parse(text if text != "5" else "f(x) = 5")
    assert f.partial(name).plain() == expected


@pytest.mark.parametrize(("text", "name", "expected"), WRITTEN)
def test_the_steps_end_with_the_derivative(text: str, name: str, expected: str) -> None:
    f = parse(text if text != "5" else "f(x) = 5")
    steps = f.steps(name)
    assert plain(steps[-1].whole) == expected
    assert all(s.rule.english and s.rule.russian and s.rule.equation and s.latex() and s.pretty() for s in steps)


@pytest.mark.parametrize(
    ("text", "rules"),
    [
        ("x^2 + 3x", ["sum", "power", "constant factor", "variable"]),
        ("sin(x^2)", ["sine and chain rule", "power"]),
        ("x*sin(x)", ["product", "variable", "sine"]),
        ("(x + 1)^3", ["power and chain rule", "sum", "variable", "constant"]),
        ("x/(x + 1)", ["quotient", "variable", "sum", "variable", "constant"]),
        ("1/x", ["reciprocal", "variable"]),
        ("2^x", ["exponential", "variable"]),
        ("x^x", ["logarithmic differentiation", "variable", "variable"]),
        ("max(x, 2)", ["largest and smallest", "variable", "constant"]),
        ("where(x > 0, x, 2)", ["cases", "variable", "constant"]),
        ("-|x|", ["sign", "absolute value"]),
    ],
)
def test_each_rule_is_named(text: str, rules: list[str]) -> None:
    found = [s.rule.english for s in parse(text).steps("x") if s.rule.english != "collect like terms"]
    assert found == rules


def test_steps_of_several_variables_are_partial() -> None:
    step = parse("x*y").steps("x")[0]
    assert step.pretty() == "∂/∂x[x·y] = y·∂/∂x[x]"
    assert r"\frac{\partial}{\partial x}" in step.latex()


HESSIANS = ("x^2*y + sin(x y)", "ln(1 + x^2 + y^4)", "x^y + y^x", "exp(-x/y)*cbrt(x)")


@pytest.mark.parametrize("text", HESSIANS)
def test_hessians_are_those_of_sympy(text: str) -> None:
    f = parse(text)
    at = {sympy.Symbol("x", real=True): 1.25, sympy.Symbol("y", real=True): 0.75}
    expected = [[float(e.subs(at)) for e in row] for row in sympy.hessian(f.formula, list(at)).tolist()]
    found = [[e.value(1.25, 0.75) for e in row] for row in f.hessian()]
    np.testing.assert_allclose(found, expected, rtol=1e-12)


#: formula of x, point, what reverse mode says by convention, words of the reason why there is no derivative
CORNERS = (
    ("|x|", 0.0, 0.0, "corner or jump of abs(x)"),
    ("relu(x)", 0.0, 0.0, "corner or jump of relu(x)"),
    ("max(x, 0)", 0.0, 0.5, "corner of max(x, 0)"),
    ("min(x, -x)", 0.0, 0.0, "corner of min(x, -x)"),
    ("sign(x)", 0.0, 0.0, "corner or jump of sign(x)"),
    ("step(x - 1)", 1.0, 0.0, "corner or jump of step(x - 1)"),
    ("floor(x)", 2.0, 0.0, "corner or jump of floor(x)"),
    ("where(x > 0, x, 2x)", 0.0, 2.0, "border x = 0 of two cases"),
    ("sqrt(x)", 0.0, math.inf, "divides by 0"),
    ("cbrt(x)", 0.0, math.inf, "divides by 0"),
    ("1/x", 0.0, -math.inf, "1/x is not defined there|divides by 0"),
    ("x/x", 0.0, math.nan, "divides by 0"),
    ("ln(x)", -1.0, -1.0, "no real number"),
)


@pytest.mark.parametrize(("text", "at", "convention", "reason"), CORNERS)
def test_at_corners_autodiff_has_conventions_and_formulas_have_none(
    text: str, at: float, convention: float, reason: str
) -> None:
    f = parse(text)
    np.testing.assert_array_equal(by_reverse_mode(f, [at]), [convention])
    value = f.partial("x").evaluate({"x": at})
    assert math.isnan(value.number)
    assert any(words in value.reason for words in reason.split("|"))


@pytest.mark.parametrize("text", ["where(x > 1, |x|, x^2)", "where(x > 1, x^2, where(x < -1, |x|, x))"])
def test_a_corner_in_a_case_counts_in_that_case_only(text: str) -> None:
    assert parse(text).partial("x").evaluate({"x": 0.0}).reason == ""


def test_second_derivatives_know_the_corners_of_the_first() -> None:
    second = parse("x*|x|").partial("x").partial("x")
    assert math.isnan(second.value(0.0)) and second.value(-3.0) == -2.0


@pytest.mark.parametrize("text", ["x/x", "sqrt(x^2)", "(x^2 - 1)/(x - 1)", "exp(ln(x))", "relu(x) - relu(-x)"])
def test_functions_are_as_typed(text: str) -> None:
    """Where SymPy simplifies, the tensors compute what stands there."""
    f = parse(text)
    reference = {
        "x/x": lambda x: x / x,
        "sqrt(x^2)": lambda x: np.sqrt(x * x),
        "(x^2 - 1)/(x - 1)": lambda x: (x * x - 1) / (x - 1),
        "exp(ln(x))": lambda x: np.exp(np.log(x)),
        "relu(x) - relu(-x)": lambda x: x,
    }[text]
    points = np.array([-2.0, 0.0, 0.5, 1.0])
    with np.errstate(all="ignore"):
        np.testing.assert_allclose(f.function()(tensor(points)).numpy(), reference(points), rtol=1e-14)


def test_a_constant_function_has_the_gradient_zero() -> None:
    f = parse("f(x, y) = 2π")
    assert by_reverse_mode(f, [1.0, 2.0]) == by_rules(f, [1.0, 2.0]) == [0.0, 0.0]
    assert f.function()(tensor([1.0, math.inf]), tensor([0.0, 0.0])).tolist() == pytest.approx([2 * math.pi] * 2)


def test_the_slope_of_relu_is_the_engines() -> None:
    slope = parse("relu(x)").partial("x").function()
    assert slope(tensor([-1.0, 0.0, 1.0], dtype="float64")).tolist() == [0.0, 0.0, 1.0]


def test_float32_stays_float32() -> None:
    f = parse("where(x > 0, 1, 2) + max(x, 0)*sin(2) + log(x, 3)^2 + atan2(x, 1)")
    assert f.function()(tensor([1.0, 2.0], dtype="float32")).dtype.name in ("float32", "f32")


def test_simplification_keeps_what_is_not_defined() -> None:
    f = parse("(x^2 - 1)/(x - 1)").simplified()
    assert f.plain() == "x + 1" and f.value(3.0) == 4.0 and math.isnan(f.value(1.0))


def test_unknown_variables_are_refused() -> None:
    with pytest.raises(InputError, match="no variable 'y'"):
        parse("x^2").partial("y")
    with pytest.raises(InputError, match="takes 1 numbers"):
        parse("x^2").value(1.0, 2.0)
    with pytest.raises(InputError, match="no value for 'x'"):
        parse("x^2").evaluate({"y": 1.0})


@pytest.mark.parametrize(
    ("text", "at", "left", "right"),
    [
        ("sin(x)/x", 0.0, 1.0, 1.0),
        ("1/x", 0.0, -math.inf, math.inf),
        ("|x|/x", 0.0, -1.0, 1.0),
        ("exp(1/x)", 0.0, 0.0, math.inf),
        ("floor(x)", 2.0, 1.0, 2.0),
        ("where(x > 0, x + 1, x)", 0.0, 0.0, 1.0),
        ("where(x^2 > 1, x, where(x = 1, 5, -x))", 1.0, -1.0, 1.0),
        ("step(x) + max(x, 0)", 0.0, 0.0, 1.0),
        ("sign(x^2 - 1)", 1.0, -1.0, 1.0),
        ("sin(1/x)", 0.0, math.nan, math.nan),
        ("sqrt(x)", 0.0, math.nan, 0.0),
        ("(1 + 1/x)^x", math.inf, math.e, math.e),
        ("where(x > 3, 1/x, x)", math.inf, 0.0, 0.0),
        ("where(x > 3, 1/x, 2)", -math.inf, 2.0, 2.0),
    ],
)
def test_limits(text: str, at: float, left: float, right: float) -> None:
    f = parse(text)
    sides = ("left", "right") if math.isfinite(at) else ("left", "left")
    assert [f.limit("x", at, side) for side in sides] == pytest.approx([left, right], nan_ok=True)


def test_a_limit_whose_case_goes_to_and_fro_is_undecided() -> None:
    with pytest.raises(UndecidedError, match="which case holds"):
        parse("where(sin(x) > 0, 1, 2)").limit("x", math.inf)


def test_three_ways_at_a_point_of_the_issue() -> None:
    f = parse("x1^2 + x1*x2")
    assert by_rules(f, [1, 2]) == by_sympy(f, [1, 2]) == by_reverse_mode(f, [1, 2]) == [4.0, 1.0]
