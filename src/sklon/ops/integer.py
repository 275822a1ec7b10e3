"""Whole numbers: division, powers and shifts, where overflow wraps around and nothing stops the process.

Integers are signed words of two's complement. What has no value as a number has one here, so that compiled and
interpreted code agree: x divided by 0 is 0, and the smallest number divided by −1 is itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from sklon.graph.node import primitive

from ._families import Array, Lane, LaneBuilder, Whole


@primitive("floor_div")
class FloorDiv(Whole):
    """⌊x / y⌋."""

    arity: ClassVar[int] = 2
    cost: ClassVar[int] = 100
    convention: ClassVar[str] = "⌊x / 0⌋ = 0; the smallest integer divided by −1 is itself"

    def meaning(self, *inputs: Array) -> Array:
        with np.errstate(all="ignore"):
            return np.floor_divide(*inputs)

    def body(self, b: LaneBuilder, *lanes: Lane) -> Lane:
        x, y = lanes
        zero, one = b.const(0, x), b.const(1, x)
        by_zero, by_minus_one = b.compare("eq", y, zero), b.compare("eq", y, b.const(-1, x))
        divisor = b.select(b.logical("or", by_zero, by_minus_one), one, y)
        towards_zero = b.quotient(x, divisor)
        rest = b.sub(x, b.mul(towards_zero, divisor))
        apart = b.compare("lt", b.logical("xor", rest, divisor), zero)
        below = b.logical("and", apart, b.logical("not", b.compare("eq", rest, zero)))
        floor = b.select(below, b.sub(towards_zero, one), towards_zero)
        return b.select(by_zero, zero, b.select(by_minus_one, b.neg(x), floor))


@primitive("integer_pow")
class IntegerPow(Whole):
    """xⁿ modulo 2^bits by repeated squaring; 0⁰ = 1."""

    arity: ClassVar[int] = 2
    cost: ClassVar[int] = 200
    convention: ClassVar[str] = "for n < 0 it is 0, unless x = ±1"

    def meaning(self, *inputs: Array) -> Array:
        x, n = inputs
        result, square = np.ones_like(x), x
        with np.errstate(over="ignore"):
            for bit in range(_exponent_bits(x.dtype)):
                result = np.where((n >> bit) & 1 == 1, result * square, result)
                square = square * square
        vanishes = (n < 0) & (x != 1) & (x != -1)
        return np.where(vanishes, np.zeros_like(x), result)

    def body(self, b: LaneBuilder, *lanes: Lane) -> Lane:
        x, n = lanes
        zero, one, result, square = b.const(0, x), b.const(1, x), b.const(1, x), x
        for bit in range(_exponent_bits(x.dtype.numpy)):
            odd = b.compare("eq", b.logical("and", b.shift_right(n, bit), one), one)
            result = b.select(odd, b.mul(result, square), result)
            square = b.mul(square, square)
        unit = b.logical("or", b.compare("eq", x, one), b.compare("eq", x, b.const(-1, x)))
        vanishes = b.logical("and", b.compare("lt", n, zero), b.logical("not", unit))
        return b.select(vanishes, zero, result)


def _exponent_bits(dtype: Any) -> int:
    """The bits of a word without its sign."""
    return 8 * int(np.dtype(dtype).itemsize) - 1


@dataclass(frozen=True)
class _Shift(Whole):
    arity: ClassVar[int] = 2
    cost: ClassVar[int] = 4
    how: ClassVar[str]
    function: ClassVar[Any]

    def meaning(self, *inputs: Array) -> Array:
        x, y = inputs
        inside = (y >= 0) & (y < 8 * x.dtype.itemsize)
        shifted = self.function(x, np.where(inside, y, 0))
        beyond = np.zeros_like(x) if self.how == "left" else x >> _exponent_bits(x.dtype)
        return np.where(inside, shifted, beyond).astype(x.dtype)

    def body(self, b: LaneBuilder, *lanes: Lane) -> Lane:
        x, y = lanes
        zero, bits = b.const(0, x), _exponent_bits(x.dtype.numpy)
        inside = b.logical("and", b.compare("lt", b.const(-1, x), y), b.compare("lt", y, b.const(bits + 1, x)))
        shifted = b.shift(self.how, x, b.select(inside, y, zero))
        beyond = zero if self.how == "left" else b.shift_right(x, bits)
        return b.select(inside, shifted, beyond)


@primitive("shift_left")
class ShiftLeft(_Shift):
    """x·2ʸ modulo 2^bits."""

    convention: ClassVar[str] = "0 for y < 0 and for y of at least the number of bits"
    how: ClassVar[str] = "left"
    function: ClassVar[Any] = np.left_shift


@primitive("shift_right")
class ShiftRight(_Shift):
    """⌊x / 2ʸ⌋."""

    convention: ClassVar[str] = "for y < 0 and for y of at least the number of bits, −1 of negative x and 0 of others"
    how: ClassVar[str] = "right"
    function: ClassVar[Any] = np.right_shift
