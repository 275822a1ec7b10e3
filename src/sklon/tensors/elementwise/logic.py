"""Comparisons, logic, bits, and questions about what kind of number a number is. Nothing here has a gradient."""

from __future__ import annotations

from sklon._base.dtypes import bool_
from sklon._base.errors import InputError

from ..functional import abs, add, equal, greater, less, multiply, subtract
from ..record import point
from ..tensor import Operand, Tensor
from .operands import together

__all__ = [
    "bitwise_and",
    "bitwise_invert",
    "bitwise_left_shift",
    "bitwise_or",
    "bitwise_right_shift",
    "bitwise_xor",
    "greater_equal",
    "isclose",
    "isfinite",
    "isinf",
    "isnan",
    "isneginf",
    "isposinf",
    "less_equal",
    "logical_and",
    "logical_not",
    "logical_or",
    "logical_xor",
    "not_equal",
    "signbit",
]

INFINITY = float("inf")


# ---- comparisons
def less_equal(x1: Operand, x2: Operand) -> Tensor:
    """x₁ ≤ x₂; false where one of them is NaN."""
    return logical_or(less(x1, x2), equal(x1, x2))


def greater_equal(x1: Operand, x2: Operand) -> Tensor:
    """x₁ ≥ x₂; false where one of them is NaN."""
    return logical_or(greater(x1, x2), equal(x1, x2))


def not_equal(x1: Operand, x2: Operand) -> Tensor:
    """x₁ ≠ x₂; true where one of them is NaN."""
    return logical_not(equal(x1, x2))


def isclose(x1: Operand, x2: Operand, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False) -> Tensor:
    """|x₁ − x₂| ≤ atol + rtol·|x₂|; infinities are close to themselves, NaN too with ``equal_nan``."""
    if rtol < 0 or atol < 0:
        raise InputError(f"isclose needs tolerances of at least 0, not rtol {rtol} and atol {atol}")
    x, y = together(x1, x2)
    near = less_equal(abs(subtract(x, y)), add(multiply(abs(y), rtol), atol))
    close = logical_or(equal(x, y), logical_and(near, isfinite(y)))
    return logical_or(close, logical_and(isnan(x), isnan(y))) if equal_nan else close


# ---- logic: what is not zero is true, NaN too
def logical_and(x1: Operand, x2: Operand) -> Tensor:
    """Both."""
    return point("and_", *_truth(x1, x2))


def logical_or(x1: Operand, x2: Operand) -> Tensor:
    """Either, or both."""
    return point("or_", *_truth(x1, x2))


def logical_xor(x1: Operand, x2: Operand) -> Tensor:
    """Either, but not both."""
    return point("xor_", *_truth(x1, x2))


def logical_not(x: Operand) -> Tensor:
    """Not."""
    return point("not_", *_truth(x))


def _truth(*operands: Operand) -> tuple[Tensor, ...]:
    return together(*(bool(o) if isinstance(o, int | float) else o for o in operands), dtype=bool_)


# ---- bits, of whole numbers and booleans
def bitwise_and(x1: Operand, x2: Operand) -> Tensor:
    """The bits that both have."""
    return point("and_", x1, x2)


def bitwise_or(x1: Operand, x2: Operand) -> Tensor:
    """The bits that either has."""
    return point("or_", x1, x2)


def bitwise_xor(x1: Operand, x2: Operand) -> Tensor:
    """The bits that one has, but not both."""
    return point("xor_", x1, x2)


def bitwise_invert(x: Operand) -> Tensor:
    """The bits that x has not: −1 − x; not x of booleans."""
    return point("not_", x)


def bitwise_left_shift(x1: Operand, x2: Operand) -> Tensor:
    """x₁·2^x₂, without the bits that leave the word; 0 where x₂ is negative."""
    return point("shift_left", x1, x2)


def bitwise_right_shift(x1: Operand, x2: Operand) -> Tensor:
    """⌊x₁ / 2^x₂⌋; as for a wide shift where x₂ is negative."""
    return point("shift_right", x1, x2)


# ---- kinds of numbers
def signbit(x: Operand) -> Tensor:
    """Whether the sign is −, that of −0 included."""
    (number,) = together(x)
    return less(number, number) if number.dtype is bool_ else point("signbit", number)


def isnan(x: Operand) -> Tensor:
    """Whether x is NaN."""
    return not_equal(x, x)


def isinf(x: Operand) -> Tensor:
    """Whether x is ±∞."""
    (number,) = together(x)
    return equal(abs(number), INFINITY) if number.dtype.is_floating else less(number, number)


def isposinf(x: Operand) -> Tensor:
    """Whether x is +∞."""
    (number,) = together(x)
    return equal(number, INFINITY) if number.dtype.is_floating else less(number, number)


def isneginf(x: Operand) -> Tensor:
    """Whether x is −∞."""
    (number,) = together(x)
    return equal(number, -INFINITY) if number.dtype.is_floating else less(number, number)


def isfinite(x: Operand) -> Tensor:
    """Whether x is neither NaN nor ±∞."""
    (number,) = together(x)
    return less(abs(number), INFINITY) if number.dtype.is_floating else equal(number, number)
