"""One-sided limits of a formula, and of its difference quotient, by SymPy within a limit of time.

SymPy computes in exact numbers, so the point is made exact: a decimal as it is written, and a float that is the nearest
one to a fraction of π as that fraction. SymPy goes on into complex numbers where a real function ends: only sides on
which the function is defined are asked for. Of branches SymPy would take those that hold *at* the point.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import copysign, inf, isfinite, nan, pi
from typing import TYPE_CHECKING, Any

import sympy

from sklon._base.errors import UndecidedError

from .bounded import bounded
from .symbolic import formula, symbol

if TYPE_CHECKING:
    from .expression import Expression
    from .nodes import Node

SECONDS = 5.0
"""How long SymPy may take for a point, by default."""
MOST_PARTS = 12
"""The largest denominator of a fraction of π that a point is recognized as."""
BESIDE = tuple(sympy.Rational(1, 10**power) for power in (30, 40, 60))
"""Distances from a point at which a condition holds that holds next to it; their inverses are next to infinity."""
#: sides as SymPy names them
_DIRECTIONS = {-1: "-", 1: "+"}
_UNDECIDED = "not decided: SymPy finds no limit here; ask for numbers instead"


@dataclass(frozen=True, slots=True)
class Limit:
    """A one-sided limit: a number or ±∞, or ``low`` and ``high`` of what has none; ``text`` is SymPy's exact form."""

    value: float
    low: float
    high: float
    text: str

    @property
    def oscillates(self) -> bool:
        """Whether there is no limit, but bounds between which the function goes to and fro."""
        return self.low < self.high


@dataclass(frozen=True, slots=True)
class SideLimits:
    """On one side: the limit of f, and that of (f(x) − b)/(x − c) where b is f(c) or the limit; None where unknown."""

    function: Limit | None
    quotient: Limit | None


def limit(node: Node, name: str, at: float, side: int, seconds: float) -> float:
    """The limit of a formula in one variable from −1, the left, or 1, the right; ±∞, or NaN where it has none.

    Raises UndecidedError where SymPy finds no answer in time.
    """
    x, place = symbol(name), exact(at) if isfinite(at) else sympy.oo * int(copysign(1, at))
    try:
        found = bounded(seconds, lambda: _limit(_beside(formula(node), x, place, side), x, place, side))
    except (NotImplementedError, ValueError, TypeError, AttributeError, KeyError, IndexError) as error:
        raise UndecidedError(_UNDECIDED) from error
    if found.has(sympy.AccumBounds, sympy.nan) or (found.is_real is False and not found.is_infinite):
        return nan
    if not (found.is_number and (found.is_extended_real or found.is_infinite)):
        raise UndecidedError(_UNDECIDED)
    return float(found)


def limits_at(
    expression: Expression, at: float, sides: Iterable[int], start: float, seconds: float = SECONDS
) -> dict[int, SideLimits]:
    """The limits of a formula in one variable at a point, from −1, the left, and 1, the right.

    Quotients start from the one-sided limit where that agrees with ``start``, a float, else from ``start`` itself.
    Empty where SymPy does not decide in time.

    >>> from .expression import parse
    >>> found = limits_at(parse("abs(sin x)/x"), 0.0, (-1, 1), float("nan"))
    >>> found[-1].function.text, found[1].function.value
    ('-1', 1.0)
    """
    (name,) = expression.variables
    try:
        return bounded(seconds, lambda: {s: _side(expression.node, symbol(name), exact(at), s, start) for s in sides})
    except (UndecidedError, ArithmeticError, TypeError, ValueError, NotImplementedError, AttributeError):
        return {}  # SymPy knows many functions at some points only, and says so in many ways


def exact(at: float) -> Any:
    """The number that a float stands for: a fraction of π where it is the nearest float to one, else its decimals.

    >>> exact(0.1), exact(-1.5707963267948966)
    (1/10, -pi/2)
    """
    for parts in range(1, MOST_PARTS + 1):
        whole = round(at * parts / pi)
        if whole and float(sympy.Rational(whole, parts) * sympy.pi) == at:
            return sympy.Rational(whole, parts) * sympy.pi
    return sympy.Rational(repr(float(at)))


def _beside(meaning: Any, x: Any, point: Any, side: int) -> Any:
    """The formula with the branches that hold next to a point, or far out where the point is infinite."""
    near = [point + side * distance if point.is_finite else sympy.sign(point) / distance for distance in BESIDE]

    def branch(*cases: Any) -> Any:
        for value, condition in cases:
            holds = {condition.subs(x, place) for place in near}
            if holds == {sympy.true}:
                return value
            if holds != {sympy.false}:
                break
        raise UndecidedError("not decided: which case holds beside the point is not known; ask for numbers instead")

    return meaning.replace(sympy.Piecewise, branch)


def _side(node: Node, x: Any, point: Any, side: int, start: float) -> SideLimits:
    meaning = _beside(formula(node), x, point, side)
    end = _limit(meaning, x, point, side)
    found = _read(end)
    base = end if found is not None and _is_start(found, start) else None
    if base is None and start == start and abs(start) != inf:
        base = sympy.Rational(repr(float(start)))
    quotient = None if base is None else _read(_limit((meaning - base) / (x - point), x, point, side))
    return SideLimits(found, quotient)


def _is_start(limit: Limit, start: float) -> bool:
    return abs(limit.value - start) <= 1e-9 * (1 + abs(start))


def _limit(meaning: Any, x: Any, point: Any, side: int) -> Any:
    return sympy.limit(meaning, x, point, _DIRECTIONS[side])


def _read(found: Any) -> Limit | None:
    """A limit of SymPy's as numbers; None where it did not find one, or left the real numbers."""
    if isinstance(found, sympy.AccumBounds):
        return Limit(nan, float(found.min), float(found.max), str(found))
    if found in (sympy.oo, -sympy.oo):
        return Limit(inf if found == sympy.oo else -inf, nan, nan, str(found))
    if found.has(sympy.Limit, sympy.nan, sympy.zoo, sympy.oo) or not found.is_number or found.is_real is not True:
        return None
    return Limit(float(found), nan, nan, str(found))
