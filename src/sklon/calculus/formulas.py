"""Partial derivatives of a formula as formulas, and their values at a point."""

from __future__ import annotations

from dataclasses import dataclass

from .curvature import Matrix
from .expressions import Expression
from .subject import Array


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A formula as plain text and as LaTeX."""

    text: str
    latex: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Formulas:
    function: Written
    gradient: tuple[Written, ...]

    def gradient_at(self, at: Array) -> tuple[float, ...]:
        raise NotImplementedError

    def hessian_at(self, at: Array) -> Matrix:
        raise NotImplementedError


def formulas_of(expression: Expression) -> Formulas:
    raise NotImplementedError
