"""The value of a formula with many digits, by mpmath: real, or not defined with the reason.

Division by zero, a logarithm of zero, a root of a negative number are *not defined* here, where floats would say ∞
or NaN. Work is bounded: a number beyond 10^±10000 ends the computation.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from typing import Any, TypeAlias

from .functions import FUNCTIONS
from .nodes import (
    Call,
    Compare,
    Constant,
    Negative,
    Node,
    Number,
    Power,
    Product,
    Quotient,
    Sum,
    Variable,
    Where,
)
from .parsing import definition
from .rules import Guard
from .text import plain

Leaf: TypeAlias = Number | Constant | Variable
#: decimal digits that are computed
DIGITS = 50
#: binary exponents beyond which a number is no longer followed
MOST_EXPONENT = 33_000


class UndefinedError(Exception):
    """A value that does not exist; its text says why."""


@dataclass(frozen=True, slots=True)
class Value:
    """A value as a float, and the reason where it is none: NaN where undefined, ±∞ where float64 ends."""

    number: float
    reason: str = ""


@cache
def _context() -> Any:
    """A context of our own, so that no other setting of digits matters."""
    from mpmath.ctx_mp import MPContext  # comes with SymPy, which is not everywhere

    context = MPContext()
    context.dps = DIGITS
    return context


def exactly(value: float | Fraction) -> Any:
    """A number with many digits."""
    context, fraction = _context(), Fraction(value)
    return context.mpf(fraction.numerator) / context.mpf(fraction.denominator)


def compute(node: Node, point: Mapping[str, Any]) -> Any:
    """The value at a point of many-digit numbers. Raises UndefinedError."""
    if isinstance(node, Where):
        chosen = node.then if all(_holds(c, point) for c in node.conditions) else node.otherwise
        return compute(chosen, point)
    return _real(_leaf(node, point) if isinstance(node, Leaf) else _joined(node, point), node)


def _leaf(node: Leaf, point: Mapping[str, Any]) -> Any:
    match node:
        case Number(value):
            return exactly(value)
        case Variable(name):
            return point[name]
    return +(_context().pi if node.name == "pi" else _context().e)


def _joined(node: Node, point: Mapping[str, Any]) -> Any:
    match node:
        case Sum(terms):
            return _context().fsum([compute(t, point) for t in terms])
        case Product(factors):
            return _context().fprod([compute(f, point) for f in factors])
        case Quotient(numerator, denominator):
            return _quotient(node, compute(numerator, point), compute(denominator, point))
        case Negative(operand):
            return -compute(operand, point)
        case Power(base, exponent):
            return _power(node, compute(base, point), compute(exponent, point))
        case Call(function, arguments):
            return _call(node, function, [compute(a, point) for a in arguments])
    raise TypeError(node)


def _real(found: Any, node: Node) -> Any:
    context = _context()
    if isinstance(found, context.mpc):
        raise UndefinedError(f"{plain(node)} is no real number there")
    if not context.isfinite(found):
        raise UndefinedError(f"{plain(node)} is not defined there")
    if found and context.mag(found) > MOST_EXPONENT:
        raise BeyondError(f"{plain(node)} is too large", 1 if found > 0 else -1)
    return found if not found or context.mag(found) > -MOST_EXPONENT else context.mpf(0)


class BeyondError(UndefinedError):
    """A number too large to be followed, of this sign."""

    def __init__(self, reason: str, sign: int) -> None:
        super().__init__(reason)
        self.sign = sign


def _quotient(node: Quotient, numerator: Any, denominator: Any) -> Any:
    if not denominator:
        raise UndefinedError(f"{plain(node)} divides by 0 there")
    return numerator / denominator


def _power(node: Power, base: Any, exponent: Any) -> Any:
    context = _context()
    if not base and exponent < 0:
        raise UndefinedError(f"{plain(node)} divides by 0 there")
    if base < 0 and exponent != context.floor(exponent):
        raise UndefinedError(f"{plain(node)} is a negative number to a fractional power there")
    if base and abs(exponent * context.log(abs(base), 2)) > MOST_EXPONENT:
        if exponent * context.log(abs(base)) < 0:
            return context.mpf(0)
        raise BeyondError(f"{plain(node)} is too large", -1 if base < 0 and context.fmod(exponent, 2) else 1)
    return base**exponent


_RELATIONS: dict[str, Callable[[Any, Any], Any]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "=": operator.eq,
    "!=": operator.ne,
}


def _holds(condition: Compare, point: Mapping[str, Any]) -> bool:
    return bool(_RELATIONS[condition.relation](compute(condition.left, point), compute(condition.right, point)))


# ---- functions
def _call(node: Call, function: str, arguments: list[Any]) -> Any:
    row = FUNCTIONS[function]
    if row.means:
        return compute(meaning(function), dict(zip("uv", arguments, strict=False)))
    special = _SPECIAL.get(function)
    if special is not None:
        return special(*arguments)
    if function in _GROWING and abs(arguments[0]) > MOST_EXPONENT // 2:
        return _grown(node, function, arguments[0])
    try:
        return getattr(_context(), row.computed or row.name)(*arguments)
    except (ValueError, ZeroDivisionError, OverflowError) as error:
        raise UndefinedError(f"{plain(node)} is not defined there") from error


@cache
def meaning(function: str) -> Node:
    """The formula in u and v by which a function is defined."""
    return definition(FUNCTIONS[function].means)


def _sign(x: Any) -> Any:
    return _context().sign(x)


def _step(x: Any) -> Any:
    return (_context().sign(x) + 1) / 2


def _cbrt(x: Any) -> Any:
    return _context().sign(x) * _context().cbrt(abs(x))


def _sigmoid(x: Any) -> Any:
    small = _context().exp(-abs(x)) if abs(x) < MOST_EXPONENT else _context().mpf(0)
    return (1 if x >= 0 else small) / (1 + small)


def _softplus(x: Any) -> Any:
    small = _context().exp(-abs(x)) if abs(x) < MOST_EXPONENT else _context().mpf(0)
    return max(x, 0) + _context().log1p(small)


_SPECIAL: dict[str, Callable[..., Any]] = {
    "sign": _sign,
    "step": _step,
    "cbrt": _cbrt,
    "relu": lambda x: max(x, _context().mpf(0)),
    "sigmoid": _sigmoid,
    "softplus": _softplus,
    "min": lambda *several: min(several),
    "max": lambda *several: max(several),
}
#: functions whose values leave what is followed at arguments of half its largest exponent
_GROWING = ("exp", "sinh", "cosh")


def _grown(node: Node, function: str, x: Any) -> Any:
    if function == "exp" and x < 0:
        return _context().mpf(0)
    raise BeyondError(f"{plain(node)} is too large", -1 if function == "sinh" and x < 0 else 1)


def evaluate(node: Node, point: Mapping[str, float], guards: tuple[Guard, ...] = ()) -> Value:
    """The value as a float, with the reason where there is none: of the formula, or of a guard."""
    endless = next((n for n, x in point.items() if not math.isfinite(x)), None)
    if endless is not None:
        return Value(math.nan, f"{endless} is no finite number there")
    exact = {name: exactly(x) for name, x in point.items()}
    try:
        for guard in guards:
            if not compute(guard.node, exact) and guard.zero:
                raise UndefinedError(f"not differentiable there: {guard.reason}")
        found = compute(node, exact)
    except BeyondError as error:
        return Value(error.sign * float("inf"), str(error))
    except UndefinedError as error:
        return Value(float("nan"), str(error))
    number = float(found)
    return Value(number, f"{plain(node)} is beyond float64" if number in (float("inf"), float("-inf")) else "")
