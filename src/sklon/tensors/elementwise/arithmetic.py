"""Arithmetic beyond + − · /: powers, division with a remainder, rounding, bounds, signs, and mixed sums.

Division of integers by zero is refused where values can be looked at, as in PyTorch. In a step that is being
recorded for rows still to come it cannot be: there ⌊x / 0⌋ is 0 and the remainder is x, and nothing stops.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from sklon._base.dtypes import bool_
from sklon._base.errors import InputError
from sklon._base.shapes import Symbol

from .. import realise, tracing
from ..functional import abs, add, divide, equal, greater, less, multiply, negative, sqrt, subtract, where
from ..record import point, result_dtype
from ..tensor import Operand, Tensor
from .elementary import exp2
from .logic import greater_equal, isnan, isneginf, isposinf, logical_and, logical_or, logical_xor, signbit
from .operands import real, real_dtype, together

Array = np.ndarray[Any, Any]

__all__ = [
    "addcdiv",
    "addcmul",
    "ceil",
    "clip",
    "copysign",
    "floor",
    "floor_divide",
    "fmax",
    "fmin",
    "fmod",
    "frac",
    "heaviside",
    "ldexp",
    "lerp",
    "minimum",
    "nan_to_num",
    "positive",
    "pow",
    "reciprocal",
    "remainder",
    "round",
    "sign",
    "square",
    "trunc",
]

#: whole exponents up to this size are multiplications: faster than a power, and as accurate
MULTIPLIED = 64


# ---- powers
def pow(x1: Operand, x2: Operand) -> Tensor:
    """x₁ to the power x₂; NaN for a negative base and a fractional exponent.

    A small whole exponent that is a Python number stands for multiplications, ±½ for a root. Integers to integers
    are integers that wrap around; a negative number as their exponent is an error.
    """
    dtype = result_dtype(x1, x2)
    if not dtype.is_floating:
        return _integer_power(x1, x2)
    if isinstance(x2, int | float) and isinstance(x1, Tensor):
        return _number_power(x1, float(x2))
    if isinstance(x1, int | float) and x1 == 2:
        return exp2(x2)
    return point("pow", x1, x2, dtype=real_dtype(x1, x2))


def _integer_power(x1: Operand, x2: Operand) -> Tensor:
    if not isinstance(x2, int):
        return point("integer_pow", x1, x2)
    if x2 < 0:
        raise InputError(f"an integer to the power {x2} is no integer; use floats, as x.float() ** {x2}")
    (x,) = together(x1, dtype=result_dtype(x1, x2))
    return _repeated(x, x2) if x2 else point("integer_pow", x, 0)


def _number_power(x1: Tensor, n: float) -> Tensor:
    (x,) = real(x1)
    if n in (0.5, -0.5):
        root = sqrt(x)
        return root if n > 0 else divide(1, root)
    size = n if n > 0 else -n
    if not size.is_integer() or not 0 < size <= MULTIPLIED:
        return point("pow", x, n)
    product = _repeated(x, int(size))
    return product if n > 0 else divide(1, product)


def _repeated(x: Tensor, n: int) -> Tensor:
    """xⁿ for n ≥ 1 by repeated squaring."""
    result, square = None, x
    while n:
        if n & 1:
            result = square if result is None else multiply(result, square)
        n >>= 1
        if n:
            square = multiply(square, square)
    assert result is not None
    return result


def square(x: Operand) -> Tensor:
    """x²."""
    return multiply(x, x)


def reciprocal(x: Operand) -> Tensor:
    """1 / x."""
    return divide(1, x)


def ldexp(x1: Operand, x2: Operand) -> Tensor:
    """x₁·2^x₂."""
    return multiply(x1, exp2(x2))


# ---- division with a remainder
def floor_divide(x1: Operand, x2: Operand) -> Tensor:
    """⌊x₁ / x₂⌋; the derivative is 0. Division of floats by 0 is ±∞ or NaN."""
    x, y = together(x1, x2)
    if not x.dtype.is_floating:
        return _whole_quotient(x, y, x2)
    rest = remainder(x, y)
    multiple = round(divide(subtract(x, rest), y))  # already whole, up to rounding
    return where(equal(y, 0), trunc(divide(x, y)), multiple)


def remainder(x1: Operand, x2: Operand) -> Tensor:
    """x₁ − ⌊x₁ / x₂⌋·x₂, with the sign of the divisor; exact."""
    x, y = together(x1, x2)
    if not x.dtype.is_floating:
        return subtract(x, multiply(_whole_quotient(x, y, x2), y))
    rest = point("fmod", x, y)
    return where(_apart(rest, y), add(rest, y), rest)


def fmod(x1: Operand, x2: Operand) -> Tensor:
    """What is left of x₁ after whole multiples of x₂, with the sign of x₁; exact."""
    x, y = together(x1, x2)
    if x.dtype.is_floating:
        return point("fmod", x, y)
    rest = remainder(x1, x2)
    return where(_apart(rest, x), subtract(rest, y), rest)


def _whole_quotient(x: Tensor, y: Tensor, divisor: Operand) -> Tensor:
    """⌊x / y⌋; ``divisor`` is y as the user gave it."""
    _refuse_zero(divisor)
    return point("floor_div", x, y)


def _refuse_zero(divisor: Operand) -> None:
    if isinstance(divisor, Tensor) and any(isinstance(e, Symbol) for e in divisor.shape):
        return
    trace = tracing.current()
    if isinstance(divisor, Tensor) and trace is not None and trace.check(divisor.node, _refuse_zeros):
        return
    _refuse_zeros(realise.value(divisor) if isinstance(divisor, Tensor) else np.asarray(divisor))


def _refuse_zeros(array: Array) -> None:
    if not array.all():
        place = tuple(int(i) for i in np.argwhere(array == 0)[0])
        at = f" at {place}" if place else ""
        raise InputError(f"integers are divided by 0{at}; replace the zeros with sklon.where, or divide floats")


def _apart(rest: Tensor, other: Tensor) -> Tensor:
    """Whether the signs of a remainder that is not 0 and of another number differ."""
    differ = logical_xor(less(rest, 0), less(other, 0))
    return logical_and(differ, rest)


# ---- rounding; integers stay what they are
def floor(x: Operand) -> Tensor:
    """The largest integer that is at most x."""
    return _rounded("floor", x)


def ceil(x: Operand) -> Tensor:
    """The smallest integer that is at least x."""
    return _rounded("ceil", x)


def trunc(x: Operand) -> Tensor:
    """x without its fraction."""
    return _rounded("trunc", x)


def round(x: Operand) -> Tensor:
    """The nearest integer, ties to even."""
    return _rounded("round", x)


def _rounded(how: str, x: Operand) -> Tensor:
    (number,) = together(x)
    return point(how, number) if number.dtype.is_floating else number


def frac(x: Operand) -> Tensor:
    """The fraction x − trunc(x), with the sign of x."""
    return subtract(x, trunc(x))


# ---- bounds
def minimum(x1: Operand, x2: Operand) -> Tensor:
    """The smaller of x₁ and x₂; at ties each gets half the gradient."""
    return point("minimum", x1, x2)


def fmax(x1: Operand, x2: Operand) -> Tensor:
    """The larger of x₁ and x₂, and the other one where one is NaN; at ties x₁ gets the gradient."""
    x, y = together(x1, x2)
    return where(logical_or(greater_equal(x, y), isnan(y)), x, y)


def fmin(x1: Operand, x2: Operand) -> Tensor:
    """The smaller of x₁ and x₂, and the other one where one is NaN; at ties x₁ gets the gradient."""
    x, y = together(x1, x2)
    return where(logical_or(greater_equal(y, x), isnan(y)), x, y)


def clip(x: Tensor, min: Operand | None = None, max: Operand | None = None) -> Tensor:
    """x within [min, max], max where they cross; the gradient passes where x is inside, the ends included."""
    above = positive(x) if min is None else where(less(x, min), min, x)
    return above if max is None else where(greater(above, max), max, above)


def nan_to_num(x: Tensor, nan: float = 0.0, posinf: float | None = None, neginf: float | None = None) -> Tensor:
    """x with numbers for NaN and ±∞: the largest and the smallest ones if nothing else is said."""
    if not x.dtype.is_floating:
        return positive(x)
    largest = float(np.finfo(x.dtype.numpy).max)
    above = where(isposinf(x), largest if posinf is None else posinf, x)
    below = where(isneginf(x), -largest if neginf is None else neginf, above)
    return where(isnan(x), nan, below)


# ---- signs
def positive(x: Operand) -> Tensor:
    """+x, which is x."""
    return together(x)[0]


def sign(x: Operand) -> Tensor:
    """−1, 0 or 1; NaN for NaN. The derivative is 0."""
    (number,) = together(x)
    if number.dtype is bool_:
        return number
    return where(greater(number, 0), 1, where(less(number, 0), -1, multiply(number, 0)))


def copysign(x1: Operand, x2: Operand) -> Tensor:
    """|x₁| with the sign of x₂, that of −0 included; the derivative at x₁ = 0 is 0."""
    x, y = real(x1, x2)
    size = abs(x)
    return where(signbit(y), negative(size), size)


def heaviside(x1: Operand, x2: Operand) -> Tensor:
    """0 below 0, x₂ at 0, 1 above."""
    x, y = together(x1, x2)
    zero, one = together(0, 1, dtype=y.dtype)
    return where(equal(x, 0), y, where(greater(x, 0), one, zero))


# ---- mixed sums
def lerp(start: Operand, end: Operand, weight: Operand) -> Tensor:
    """start + weight·(end − start), exact at both ends."""
    a, b, w = together(start, end, weight)
    way = subtract(b, a)
    return where(less(abs(w), 0.5), add(a, multiply(w, way)), subtract(b, multiply(way, subtract(1, w))))


def addcmul(x: Operand, x1: Operand, x2: Operand, value: float = 1) -> Tensor:
    """x + value·x₁·x₂."""
    return add(x, multiply(multiply(x1, x2), value))


def addcdiv(x: Operand, x1: Operand, x2: Operand, value: float = 1) -> Tensor:
    """x + value·x₁ / x₂."""
    return add(x, multiply(divide(x1, x2), value))
