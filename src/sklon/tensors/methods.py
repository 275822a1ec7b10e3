"""Operators and array functions as methods of the Tensor: each forwards to the function of that name.

A mixin without state: a new method is one row here, and what it does lives in the module that it forwards to.
Modules are looked up through the package when a method runs, because they need the class first.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from sklon import tensors

if TYPE_CHECKING:
    from .tensor import Operand, Tensor


class Methods:
    """What a Tensor can do with array functions, under PyTorch's names."""

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

    # ---- functions as methods
    def sum(self: Any, dim: int | Sequence[int] | None = None, keepdim: bool = False) -> Tensor:
        """The sum along ``dim``, or of all elements."""
        return tensors.functional.sum(self, dim, keepdim)

    def mean(self: Any, dim: int | Sequence[int] | None = None, keepdim: bool = False) -> Tensor:
        """The mean along ``dim``, or of all elements."""
        return tensors.functional.mean(self, dim, keepdim)

    def amax(self: Any, dim: int | Sequence[int] | None = None, keepdim: bool = False) -> Tensor:
        """The maximum along ``dim``; ties share the gradient."""
        return tensors.functional.amax(self, dim, keepdim)

    def amin(self: Any, dim: int | Sequence[int] | None = None, keepdim: bool = False) -> Tensor:
        """The minimum along ``dim``; ties share the gradient."""
        return tensors.reductions.min(self, dim, keepdim)

    def max(self: Any) -> Tensor:
        """The maximum of all elements; ties share the gradient. Along an axis: amax and argmax."""
        return tensors.reductions.max(self)

    def min(self: Any) -> Tensor:
        """The minimum of all elements; ties share the gradient. Along an axis: amin and argmin."""
        return tensors.reductions.min(self)

    def prod(self: Any, dim: int | None = None, keepdim: bool = False) -> Tensor:
        """The product along ``dim``, or of all elements."""
        return tensors.reductions.prod(self, dim, keepdim)

    def all(self: Any, dim: int | Sequence[int] | None = None, keepdim: bool = False) -> Tensor:
        """Whether all elements along ``dim`` are not zero."""
        return tensors.reductions.all(self, dim, keepdim)

    def any(self: Any, dim: int | Sequence[int] | None = None, keepdim: bool = False) -> Tensor:
        """Whether an element along ``dim`` is not zero."""
        return tensors.reductions.any(self, dim, keepdim)

    def argmax(self: Any, dim: int | None = None, keepdim: bool = False) -> Tensor:
        """The index of the first maximum along ``dim``, or in the flattened tensor."""
        return tensors.reductions.argmax(self, dim, keepdim)

    def argmin(self: Any, dim: int | None = None, keepdim: bool = False) -> Tensor:
        """The index of the first minimum along ``dim``, or in the flattened tensor."""
        return tensors.reductions.argmin(self, dim, keepdim)

    def var(self: Any, dim: int | Sequence[int] | None = None, correction: float = 1, keepdim: bool = False) -> Tensor:
        """The variance along ``dim``, with Bessel's correction as in PyTorch."""
        return tensors.reductions.var(self, dim, correction, keepdim)

    def std(self: Any, dim: int | Sequence[int] | None = None, correction: float = 1, keepdim: bool = False) -> Tensor:
        """The standard deviation along ``dim``, with Bessel's correction as in PyTorch."""
        return tensors.reductions.std(self, dim, correction, keepdim)

    def cumsum(self: Any, dim: int) -> Tensor:
        """The running sum along ``dim``."""
        return tensors.reductions.cumulative_sum(self, dim)

    def cumprod(self: Any, dim: int) -> Tensor:
        """The running product along ``dim``."""
        return tensors.reductions.cumulative_prod(self, dim)

    def sort(self: Any, dim: int = -1, descending: bool = False) -> tuple[Tensor, Tensor]:
        """The elements in order along ``dim``, and their indices."""
        return tensors.sorting.sort(self, dim, descending), tensors.sorting.argsort(self, dim, descending)

    def argsort(self: Any, dim: int = -1, descending: bool = False) -> Tensor:
        """The indices that sort along ``dim``."""
        return tensors.sorting.argsort(self, dim, descending)

    def exp(self: Any) -> Tensor:
        """eˣ of each element."""
        return tensors.functional.exp(self)

    def log(self: Any) -> Tensor:
        """ln x of each element."""
        return tensors.functional.log(self)

    def sqrt(self: Any) -> Tensor:
        """√x of each element."""
        return tensors.functional.sqrt(self)

    def abs(self: Any) -> Tensor:
        """|x| of each element."""
        return tensors.functional.abs(self)

    def relu(self: Any) -> Tensor:
        """max(x, 0) of each element."""
        return tensors.functional.relu(self)

    def sigmoid(self: Any) -> Tensor:
        """1/(1 + e⁻ˣ) of each element."""
        return tensors.functional.sigmoid(self)

    def tanh(self: Any) -> Tensor:
        """tanh x of each element."""
        return tensors.functional.tanh(self)

    def float(self: Any) -> Tensor:
        """The same numbers in float32."""
        return self.to("float32")  # type: ignore[no-any-return]

    def double(self: Any) -> Tensor:
        """The same numbers in float64."""
        return self.to("float64")  # type: ignore[no-any-return]
