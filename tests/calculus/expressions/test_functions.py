"""The contract of the table of functions: every row is the same function and derivative everywhere."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pytest
import scipy.special
import sympy

from sklon.calculus.expressions import parse
from sklon.calculus.expressions.functions import FUNCTIONS, SPELLINGS
from tests.calculus.random_expressions import by_differences, by_reverse_mode, by_rules, by_sympy


@dataclass(frozen=True, slots=True)
class Row:
    """A function at points where it is smooth, and its value there from elsewhere."""

    at: tuple[tuple[float, ...], ...]
    reference: object


def points(*numbers: float) -> tuple[tuple[float, ...], ...]:
    return tuple((x,) for x in numbers)


PAIRS = ((0.7, 1.9), (3.0, 0.4), (1.2, 5.0))
ANYWHERE, INSIDE, ABOVE = points(-1.3, 0.4, 2.2), points(-0.6, 0.3, 0.9), points(1.1, 2.0, 7.5)
POSITIVE = points(0.2, 1.5, 30.0)
ROWS = {
    "sin": Row(ANYWHERE, np.sin),
    "cos": Row(ANYWHERE, np.cos),
    "tan": Row(ANYWHERE, np.tan),
    "cot": Row(ANYWHERE, lambda u: 1 / np.tan(u)),
    "sec": Row(ANYWHERE, lambda u: 1 / np.cos(u)),
    "csc": Row(ANYWHERE, lambda u: 1 / np.sin(u)),
    "arcsin": Row(INSIDE, np.arcsin),
    "arccos": Row(INSIDE, np.arccos),
    "arctan": Row(ANYWHERE, np.arctan),
    "arccot": Row(ANYWHERE, lambda u: np.pi / 2 - np.arctan(u)),
    "atan2": Row((*PAIRS, (-1.0, -2.0), (1.0, -2.0)), np.arctan2),
    "sinh": Row(ANYWHERE, np.sinh),
    "cosh": Row(ANYWHERE, np.cosh),
    "tanh": Row(ANYWHERE, np.tanh),
    "coth": Row(ANYWHERE, lambda u: 1 / np.tanh(u)),
    "arsinh": Row(ANYWHERE, np.arcsinh),
    "arcosh": Row(ABOVE, np.arccosh),
    "artanh": Row(INSIDE, np.arctanh),
    "exp": Row(ANYWHERE, np.exp),
    "ln": Row(POSITIVE, np.log),
    "lg": Row(POSITIVE, np.log10),
    "log2": Row(POSITIVE, np.log2),
    "log": Row(PAIRS, lambda u, v: np.log(u) / np.log(v)),
    "sqrt": Row(POSITIVE, np.sqrt),
    "cbrt": Row((*POSITIVE, *points(-8.0)), np.cbrt),
    "root": Row(((2.0, 5.0), (0.3, 4.0)), lambda u, v: u ** (1 / v)),
    "abs": Row(ANYWHERE, np.abs),
    "sign": Row(ANYWHERE, np.sign),
    "step": Row(ANYWHERE, lambda u: np.heaviside(u, 0.5)),
    "floor": Row(ANYWHERE, np.floor),
    "ceil": Row(ANYWHERE, np.ceil),
    "frac": Row(ANYWHERE, lambda u: u - np.floor(u)),
    "min": Row(PAIRS, np.minimum),
    "max": Row(PAIRS, np.maximum),
    "relu": Row(ANYWHERE, lambda u: np.maximum(u, 0)),
    "sigmoid": Row(ANYWHERE, scipy.special.expit),
    "softplus": Row(ANYWHERE, lambda u: np.logaddexp(u, 0)),
    "silu": Row(ANYWHERE, lambda u: u * scipy.special.expit(u)),
    "gelu": Row(ANYWHERE, lambda u: u * scipy.special.ndtr(u)),
    "erf": Row(ANYWHERE, scipy.special.erf),
}


def formula(name: str) -> str:
    """f(u, v) = name(u, v), with as many variables as the row's points have numbers."""
    names = "u" if len(ROWS[name].at[0]) == 1 else "u, v"
    return f"f({names}) = {name}({names})"


def test_every_function_has_a_row() -> None:
    assert ROWS.keys() == FUNCTIONS.keys()


def test_no_spelling_stands_for_two_functions() -> None:
    assert len(SPELLINGS) == sum(len(row.spellings.split()) for row in FUNCTIONS.values())


@pytest.mark.parametrize("name", ROWS)
def test_values_are_the_same_everywhere(name: str) -> None:
    from sklon import tensor

    f, row = parse(formula(name)), ROWS[name]
    columns = np.array(row.at).T
    reference = row.reference(*columns)  # type: ignore[operator]
    computed = f.function()(*(tensor(c, dtype="float64") for c in columns)).numpy()
    np.testing.assert_allclose(computed, reference, rtol=1e-12)
    np.testing.assert_allclose([f.value(*at) for at in row.at], reference, rtol=1e-12)
    for at, expected in zip(row.at, reference, strict=True):
        symbols = {sympy.Symbol(n, real=True): sympy.Float(x, 30) for n, x in zip("uv", at, strict=False)}
        assert float(f.formula.subs(symbols).evalf()) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("name", ROWS)
def test_derivatives_are_the_same_everywhere(name: str) -> None:
    f = parse(formula(name))
    for at in ROWS[name].at:
        expected = by_rules(f, at)
        if name not in ("floor", "ceil", "frac"):  # SymPy has no derivative of ⌊u⌋
            np.testing.assert_allclose(by_sympy(f, at), expected, rtol=1e-11, atol=1e-12)
        np.testing.assert_allclose(by_reverse_mode(f, at), expected, rtol=1e-11, atol=1e-12)
        np.testing.assert_allclose(by_differences(f, at), expected, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_every_spelling_is_read(spelling: str) -> None:
    row = SPELLINGS[spelling]
    inside = "(x; y)" if row.most > 1 else "(x)"
    assert parse(spelling + inside).node == parse(row.name + inside).node
    assert row.english and row.russian


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_the_derivative_is_an_expression_that_is_read_again(name: str) -> None:
    for partial in parse(formula(name)).gradient():
        assert parse(partial.plain()).plain() == partial.plain()
        assert partial.latex().count("{") == partial.latex().count("}")


@pytest.mark.parametrize("name", ROWS)
def test_high_precision_holds_beyond_floats(name: str) -> None:
    """At huge and tiny arguments nothing hangs and nothing is raised."""
    f = parse(formula(name))
    for x in (1e300, -1e300, 1e-300, 0.0, 2.0, math.inf, math.nan):
        point = dict.fromkeys(f.variables, x)
        for g in (f, *f.gradient()):
            found = g.evaluate(point)
            assert math.isfinite(found.number) == (not found.reason)
