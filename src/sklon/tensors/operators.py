"""Python's operators as methods of the Tensor: each forwards to the array function that does the work.

Modules are looked up through the package when a method runs, because they need the class first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from sklon import tensors

if TYPE_CHECKING:
    from .tensor import Operand, Tensor


class Operators:
    """Arithmetic, comparisons and logic by Python's operators."""

    __slots__ = ()

    # ---- arithmetic
    def __add__(self: Any, other: Operand) -> Tensor:
        return tensors.functional.add(self, other)

    def __radd__(self: Any, other: Operand) -> Tensor:
        return tensors.functional.add(other, self)

    def __sub__(self: Any, other: Operand) -> Tensor:
        return tensors.functional.subtract(self, other)

    def __rsub__(self: Any, other: Operand) -> Tensor:
        return tensors.functional.subtract(other, self)

    def __mul__(self: Any, other: Operand) -> Tensor:
        return tensors.functional.multiply(self, other)

    def __rmul__(self: Any, other: Operand) -> Tensor:
        return tensors.functional.multiply(other, self)

    def __truediv__(self: Any, other: Operand) -> Tensor:
        return tensors.functional.divide(self, other)

    def __rtruediv__(self: Any, other: Operand) -> Tensor:
        return tensors.functional.divide(other, self)

    def __neg__(self: Any) -> Tensor:
        return tensors.functional.negative(self)

    def __abs__(self: Any) -> Tensor:
        return tensors.functional.abs(self)

    def __pow__(self: Any, exponent: Operand) -> Tensor:
        return tensors.elementwise.pow(self, exponent)

    def __rpow__(self: Any, base: Operand) -> Tensor:
        return tensors.elementwise.pow(base, self)

    def __floordiv__(self: Any, other: Operand) -> Tensor:
        return tensors.elementwise.floor_divide(self, other)

    def __rfloordiv__(self: Any, other: Operand) -> Tensor:
        return tensors.elementwise.floor_divide(other, self)

    def __mod__(self: Any, other: Operand) -> Tensor:
        return tensors.elementwise.remainder(self, other)

    def __rmod__(self: Any, other: Operand) -> Tensor:
        return tensors.elementwise.remainder(other, self)

    def __pos__(self: Any) -> Tensor:
        return tensors.elementwise.positive(self)

    def __invert__(self: Any) -> Tensor:
        return tensors.elementwise.bitwise_invert(self)

    def __and__(self: Any, other: Operand) -> Tensor:
        return tensors.elementwise.bitwise_and(self, other)

    def __or__(self: Any, other: Operand) -> Tensor:
        return tensors.elementwise.bitwise_or(self, other)

    def __xor__(self: Any, other: Operand) -> Tensor:
        return tensors.elementwise.bitwise_xor(self, other)

    __rand__, __ror__, __rxor__ = __and__, __or__, __xor__

    def __lshift__(self: Any, other: Operand) -> Tensor:
        return tensors.elementwise.bitwise_left_shift(self, other)

    def __rshift__(self: Any, other: Operand) -> Tensor:
        return tensors.elementwise.bitwise_right_shift(self, other)

    def __matmul__(self: Any, other: Tensor) -> Tensor:
        return tensors.products.matmul(self, other)

    # ---- comparisons
    def __le__(self: Any, other: Operand) -> Tensor:  # type: ignore[misc]
        return tensors.elementwise.less_equal(self, other)

    def __ge__(self: Any, other: Operand) -> Tensor:  # type: ignore[misc]
        return tensors.elementwise.greater_equal(self, other)

    def __ne__(self: Any, other: object) -> Any:
        if not isinstance(other, tensors.Tensor | float | int | np.ndarray):
            return NotImplemented
        return tensors.elementwise.not_equal(self, other)

    def __lt__(self: Any, other: Operand) -> Tensor:  # type: ignore[misc]
        return tensors.functional.less(self, other)

    def __gt__(self: Any, other: Operand) -> Tensor:  # type: ignore[misc]
        return tensors.functional.greater(self, other)

    def __eq__(self: Any, other: object) -> Any:
        if not isinstance(other, tensors.Tensor | float | int | np.ndarray):
            return NotImplemented
        return tensors.functional.equal(self, other)

    __hash__ = object.__hash__
