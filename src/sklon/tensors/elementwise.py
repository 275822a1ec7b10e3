"""Elementwise functions of the Python array API standard beyond arithmetic, each on single elements."""

from __future__ import annotations

from math import log

from sklon._base.dtypes import bool_
from sklon._base.errors import DtypeError

from .functional import add, divide, equal, greater, less, maximum, multiply, where
from .functional import exp as _exp
from .functional import log as _log
from .record import floating, point, result_dtype
from .tensor import Operand, Tensor


def sin(x: Operand) -> Tensor:
    """sin x."""
    return point("sin", x, dtype=floating(x))


def cos(x: Operand) -> Tensor:
    """cos x."""
    return point("cos", x, dtype=floating(x))


def tan(x: Operand) -> Tensor:
    """tan x."""
    return point("tan", x, dtype=floating(x))


def asin(x: Operand) -> Tensor:
    """arcsin x; NaN beyond ±1."""
    return point("asin", x, dtype=floating(x))


def acos(x: Operand) -> Tensor:
    """arccos x; NaN beyond ±1."""
    return point("acos", x, dtype=floating(x))


def atan(x: Operand) -> Tensor:
    """arctan x."""
    return point("atan", x, dtype=floating(x))


def sinh(x: Operand) -> Tensor:
    """sinh x."""
    return point("sinh", x, dtype=floating(x))


def cosh(x: Operand) -> Tensor:
    """cosh x."""
    return point("cosh", x, dtype=floating(x))


def asinh(x: Operand) -> Tensor:
    """arsinh x."""
    return point("asinh", x, dtype=floating(x))


def acosh(x: Operand) -> Tensor:
    """arcosh x; NaN below 1."""
    return point("acosh", x, dtype=floating(x))


def atanh(x: Operand) -> Tensor:
    """artanh x; ±∞ at ±1, NaN beyond."""
    return point("atanh", x, dtype=floating(x))


def expm1(x: Operand) -> Tensor:
    """eˣ − 1, accurate near 0."""
    return point("expm1", x, dtype=floating(x))


def log1p(x: Operand) -> Tensor:
    """ln(1 + x), accurate near 0."""
    return point("log1p", x, dtype=floating(x))


def log2(x: Operand) -> Tensor:
    """The logarithm to the base 2."""
    return multiply(_log(x), 1 / log(2))


def log10(x: Operand) -> Tensor:
    """The logarithm to the base 10."""
    return multiply(_log(x), 1 / log(10))


def exp2(x: Operand) -> Tensor:
    """2ˣ."""
    return _exp(multiply(x, log(2)))


def erf(x: Operand) -> Tensor:
    """The error function."""
    return point("erf", x, dtype=floating(x))


def pow(x1: Operand, x2: Operand) -> Tensor:
    """x₁ to the power x₂, for any real exponents; NaN for a negative base and a fractional exponent."""
    dtype = result_dtype(x1, x2)
    return point("pow", x1, x2, dtype=dtype if dtype.is_floating else floating(x1))


def square(x: Operand) -> Tensor:
    """x²."""
    return multiply(x, x)


def reciprocal(x: Operand) -> Tensor:
    """1 / x."""
    return divide(1, x)


def minimum(x1: Operand, x2: Operand) -> Tensor:
    """The smaller of x₁ and x₂; at ties each gets half the gradient."""
    return point("minimum", x1, x2)


def clip(x: Tensor, min: float | None = None, max: float | None = None) -> Tensor:
    """x within [min, max]; the gradient passes where x is inside, the ends included."""
    below = less(x, min) if min is not None else None
    above = greater(x, max) if max is not None else None
    result = x
    if below is not None:
        result = where(below, min if min is not None else 0.0, result)
    if above is not None:
        result = where(above, max if max is not None else 0.0, result)
    return result


def sign(x: Operand) -> Tensor:
    """−1, 0 or 1; NaN for NaN. The derivative is 0."""
    positive, negative = where(greater(x, 0), 1.0, 0.0), where(less(x, 0), 1.0, 0.0)
    signed = add(positive, multiply(negative, -1.0))
    return where(not_equal(x, x), x, signed)


def floor(x: Operand) -> Tensor:
    """The largest integer that is at most x."""
    return point("floor", x, dtype=floating(x))


def ceil(x: Operand) -> Tensor:
    """The smallest integer that is at least x."""
    return point("ceil", x, dtype=floating(x))


def trunc(x: Operand) -> Tensor:
    """x without its fraction."""
    return point("trunc", x, dtype=floating(x))


def round(x: Operand) -> Tensor:
    """The nearest integer, ties to even."""
    return point("round", x, dtype=floating(x))


# ---- comparisons and logic
def less_equal(x1: Operand, x2: Operand) -> Tensor:
    """x₁ ≤ x₂; false where one of them is NaN."""
    return logical_or(less(x1, x2), equal(x1, x2))


def greater_equal(x1: Operand, x2: Operand) -> Tensor:
    """x₁ ≥ x₂; false where one of them is NaN."""
    return logical_or(greater(x1, x2), equal(x1, x2))


def not_equal(x1: Operand, x2: Operand) -> Tensor:
    """x₁ ≠ x₂; true where one of them is NaN."""
    return logical_not(equal(x1, x2))


def logical_and(x1: Tensor, x2: Tensor) -> Tensor:
    """Both."""
    return point("and_", _boolean(x1), _boolean(x2))


def logical_or(x1: Tensor, x2: Tensor) -> Tensor:
    """Either, or both."""
    return point("or_", _boolean(x1), _boolean(x2))


def logical_not(x: Tensor) -> Tensor:
    """Not."""
    return point("not_", _boolean(x))


def logical_xor(x1: Tensor, x2: Tensor) -> Tensor:
    """Either, but not both."""
    return logical_and(logical_or(x1, x2), logical_not(logical_and(x1, x2)))


def isnan(x: Operand) -> Tensor:
    """Whether x is NaN."""
    return not_equal(x, x)


def isinf(x: Operand) -> Tensor:
    """Whether x is ±∞."""
    return equal(maximum(x, multiply(x, -1)), float("inf"))


def isfinite(x: Operand) -> Tensor:
    """Whether x is neither NaN nor ±∞."""
    return logical_not(logical_or(isnan(x), isinf(x)))


def _boolean(x: Tensor) -> Tensor:
    if x.dtype is not bool_:
        raise DtypeError(f"logic takes booleans, not {x.dtype!r}; compare first, for instance x != 0")
    return x
