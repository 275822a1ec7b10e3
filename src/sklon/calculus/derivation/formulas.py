"""A formula with its partial derivatives as formulas, and what these are at a point."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite
from typing import Any

from sklon._base.errors import InputError

from ..expressions import Expression
from ..subject import Array
from .curvature import MOST_VARIABLES, Matrix


@dataclass(frozen=True, slots=True, kw_only=True)
class Formulas:
    """f, ∂f/∂xᵢ and ∂²f/∂xᵢ∂xⱼ as formulas, in the order of the variables; ``hessian`` is None of more than 12.

    >>> from sklon.calculus.expressions import parse
    >>> found = formulas_of(parse("x1^2 + x1*x2"))
    >>> [partial.pretty() for partial in found.gradient], [[str(h) for h in row] for row in found.hessian]
    (['2·x₁ + x₂', 'x₁'], [['2', '1'], ['1', '0']])
    """

    function: Expression
    gradient: tuple[Expression, ...]
    hessian: tuple[tuple[Expression, ...], ...] | None

    def gradient_at(self, at: Array) -> list[tuple[float, str]]:
        """The partial derivatives at a point, with a reason for each that is NaN there."""
        values = [partial.evaluate(self._point(at)) for partial in self.gradient]
        return [(value.number, value.reason) for value in values]

    def hessian_at(self, at: Array) -> Matrix | None:
        """The second derivatives at a point; NaN where they have no value."""
        if self.hessian is None:
            return None
        return tuple(tuple(second.evaluate(self._point(at)).number for second in row) for row in self.hessian)

    def beyond_the_second(self, at: Array, most: int) -> list[float]:
        """f‴, f⁗ and so on up to order ``most`` of a formula in one variable, as far as they have values."""
        derivative, found = self.gradient[0].partial(self.function.variables[0]), list[float]()
        for _ in range(3, most + 1):
            try:
                derivative = derivative.partial(self.function.variables[0])
            except InputError:  # it has become too long
                break
            value = derivative.evaluate(self._point(at)).number
            if not isfinite(value):
                break
            found.append(value)
        return found

    def why_undefined(self, at: Array) -> str:
        """Why the formula has no value at a point; empty where it has one."""
        return self.function.evaluate(self._point(at)).reason

    def json(self) -> dict[str, Any]:
        """Each formula as it is typed, and as LaTeX."""
        return {
            "function": _written(self.function),
            "gradient": [_written(partial) for partial in self.gradient],
            "hessian": self.hessian and [[_written(second) for second in row] for row in self.hessian],
        }

    def _point(self, at: Array) -> dict[str, float]:
        return dict(zip(self.function.variables, map(float, at), strict=True))


def formulas_of(expression: Expression) -> Formulas:
    """The derivatives of a formula, up to the second."""
    gradient = expression.gradient()
    few = len(gradient) <= MOST_VARIABLES
    hessian = tuple(partial.gradient() for partial in gradient) if few else None
    return Formulas(function=expression, gradient=gradient, hessian=hessian)


def _written(expression: Expression) -> dict[str, str]:
    return {"text": expression.plain(), "latex": expression.latex()}
