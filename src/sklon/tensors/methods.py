"""Operators and array functions as methods of the Tensor: each forwards to the function of that name.

A mixin without state: a new method is one row here, and what it does lives in the module that it forwards to.
Modules are looked up through the package when a method runs, because they need the class first.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from sklon import tensors

from .views import view

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

    def __pow__(self: Any, exponent: int) -> Tensor:
        return tensors.functional.power(self, exponent)

    def __matmul__(self: Any, other: Tensor) -> Tensor:
        return tensors.functional.matmul(self, other)

    def __lt__(self: Any, other: Operand) -> Tensor:  # type: ignore[misc]
        return tensors.functional.less(self, other)

    def __gt__(self: Any, other: Operand) -> Tensor:  # type: ignore[misc]
        return tensors.functional.greater(self, other)

    def __eq__(self: Any, other: object) -> Any:
        if not isinstance(other, tensors.Tensor | float | int | np.ndarray):
            return NotImplemented
        return tensors.functional.equal(self, other)

    __hash__ = object.__hash__

    @property
    @view
    def T(self: Any) -> Tensor:
        """The matrix with its axes exchanged."""
        return tensors.functional.transpose(self)

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

    @view
    def permute(self: Any, *dims: int) -> Tensor:
        """The axes in another order."""
        return tensors.functional.permute_dims(self, dims)

    @view
    def expand(self: Any, *shape: int) -> Tensor:
        """Axes of size one repeated."""
        return tensors.functional.broadcast_to(self, shape)

    @view
    def unsqueeze(self: Any, dim: int) -> Tensor:
        """A new axis of size one at ``dim``."""
        return tensors.functional.expand_dims(self, dim)

    def float(self: Any) -> Tensor:
        """The same numbers in float32."""
        return self.to("float32")  # type: ignore[no-any-return]

    def double(self: Any) -> Tensor:
        """The same numbers in float64."""
        return self.to("float64")  # type: ignore[no-any-return]
