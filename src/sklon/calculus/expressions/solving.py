"""Where all partial derivatives of a formula are zero, as SymPy finds it: points, and families of them.

SymPy's solvers are not complete: of sin x they give two points of infinitely many. What they give is true of the
formula as SymPy simplifies it, and has to be checked against the formula as typed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sympy

from sklon._base.errors import UndecidedError

from .bounded import bounded
from .expression import Expression
from .symbolic import symbol

#: an imaginary part below this share of a number is rounding: real roots of cubics are written with complex ones
ROUNDING = 1e-12


@dataclass(frozen=True, slots=True)
class Solution:
    """Values of some variables: exact as text, and as floats where they are numbers; the other variables are free."""

    exact: Mapping[str, str]
    values: Mapping[str, float]


def gradient_roots(expression: Expression, seconds: float) -> tuple[Solution, ...] | None:
    """Solutions of ∇f = 0 in real numbers; None where SymPy finds no way in this time.

    >>> from sklon.calculus.expressions import parse
    >>> [dict(found.exact) for found in gradient_roots(parse("x^3 - 6x + y^2"), 5.0)]
    [{'x': '-sqrt(2)', 'y': '0'}, {'x': 'sqrt(2)', 'y': '0'}]
    """
    equations = [partial.formula for partial in expression.gradient()]
    symbols = [symbol(name) for name in expression.variables]
    try:
        found = bounded(seconds, lambda: _solved(equations, symbols))
        solutions = bounded(seconds, lambda: [_solution(one) for one in found])
    except (UndecidedError, NotImplementedError):
        return None
    return tuple(solution for solution in solutions if solution is not None)


def _solved(equations: list[Any], symbols: list[Any]) -> list[dict[Any, Any]]:
    """What SymPy solves: the real roots of a polynomial in one variable, which are all; else what it finds."""
    if all(equation == 0 for equation in equations):
        return [{}]
    if len(symbols) > 1:
        return list(sympy.solve(equations, symbols, dict=True))
    (equation,), (x,) = equations, symbols
    rational = equation.is_polynomial(x) and all(c.is_rational for c in sympy.Poly(equation, x).all_coeffs())
    roots = sympy.real_roots(equation) if rational and x in equation.free_symbols else sympy.solve(equation, x)
    return [{x: root} for root in dict.fromkeys(roots)]


def _solution(found: Mapping[Any, Any]) -> Solution | None:
    """None for one that is not real."""
    numbers = {key.name: complex(value) for key, value in found.items() if value.is_number}
    if any(abs(number.imag) > ROUNDING * abs(number) for number in numbers.values()):
        return None
    exact = {key.name: str(value) for key, value in found.items()}
    return Solution(exact, {name: number.real for name, number in numbers.items()})
