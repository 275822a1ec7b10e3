"""Operations in place: ``add_``, ``+=``, ``copy_``, ``zero_`` and friends, as methods of the Tensor.

Each computes a new value and gives it to the handle; ``leaves.write`` holds the rules.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from sklon import tensors

if TYPE_CHECKING:
    from .tensor import Operand, Tensor


def _elementwise(module: str, function: str) -> Callable[[Any], Any]:
    """The method that replaces each element x by ``function(x)``."""

    def method(self: Any) -> Any:
        return tensors.leaves.write(self, getattr(getattr(tensors, module), function)(self))

    method.__doc__ = f"Replace each element by its ``{function}``."
    return method


def _scaled(operand: Operand, factor: float) -> Operand:
    return operand if factor == 1 else tensors.functional.multiply(operand, factor)


class InPlace:
    """What changes a Tensor's values."""

    __slots__ = ()

    # ---- arithmetic
    def add_(self: Any, other: Operand, *, alpha: float = 1) -> Any:
        """Add ``alpha``·``other``."""
        return tensors.leaves.write(self, tensors.functional.add(self, _scaled(other, alpha)))

    def sub_(self: Any, other: Operand, *, alpha: float = 1) -> Any:
        """Subtract ``alpha``·``other``."""
        return tensors.leaves.write(self, tensors.functional.subtract(self, _scaled(other, alpha)))

    def mul_(self: Any, other: Operand) -> Any:
        """Multiply by ``other``."""
        return tensors.leaves.write(self, tensors.functional.multiply(self, other))

    def div_(self: Any, other: Operand) -> Any:
        """Divide by ``other``."""
        return tensors.leaves.write(self, tensors.functional.divide(self, other))

    def pow_(self: Any, exponent: Operand) -> Any:
        """Raise to a power."""
        return tensors.leaves.write(self, self**exponent)

    def __iadd__(self: Any, other: Operand) -> Any:
        return self.add_(other)

    def __isub__(self: Any, other: Operand) -> Any:
        return self.sub_(other)

    def __imul__(self: Any, other: Operand) -> Any:
        return self.mul_(other)

    def __itruediv__(self: Any, other: Operand) -> Any:
        return self.div_(other)

    def __ipow__(self: Any, exponent: Operand) -> Any:
        return self.pow_(exponent)

    def addcmul_(self: Any, tensor1: Operand, tensor2: Operand, *, value: float = 1) -> Any:
        """Add ``value``·``tensor1``·``tensor2``."""
        return self.add_(tensors.functional.multiply(tensor1, tensor2), alpha=value)

    def addcdiv_(self: Any, tensor1: Operand, tensor2: Operand, *, value: float = 1) -> Any:
        """Add ``value``·``tensor1``/``tensor2``."""
        return self.add_(tensors.functional.divide(tensor1, tensor2), alpha=value)

    def lerp_(self: Any, end: Tensor, weight: Operand) -> Any:
        """Go the part ``weight`` of the way to ``end``."""
        way = tensors.functional.subtract(end, self)
        return self.add_(tensors.functional.multiply(way, weight))

    # ---- values from elsewhere
    def __setitem__(self: Any, key: Any, value: Operand) -> None:
        """Take ``value``, which broadcasts, at an index."""
        tensors.leaves.write(self, tensors.indexing.replaced(self, key, value))

    def copy_(self: Any, source: Tensor, non_blocking: bool = False) -> Any:
        """Take the values of ``source``, broadcast and converted."""
        given = tensors.functional.astype(source, self.dtype)
        return tensors.leaves.write(self, clone(tensors.functional.broadcast_to(given, self.shape)))

    def fill_(self: Any, value: float | Tensor) -> Any:
        """Take one value everywhere: a number, or a tensor without axes."""
        if isinstance(value, tensors.Tensor):
            tensors.record.check_rank(value, 0, "fill_")
            return self.copy_(value)
        return self.copy_(tensors.Tensor(tensors.record.as_node(value, self.dtype)))

    def zero_(self: Any) -> Any:
        """Become zero everywhere."""
        return self.fill_(0)

    def normal_(self: Any, mean: float = 0.0, std: float = 1.0) -> Any:
        """Draw every element from a normal distribution."""
        return self.copy_(tensors.creation.randn(*self.shape, dtype=self.dtype) * std + mean)

    def uniform_(self: Any, from_: float = 0.0, to: float = 1.0) -> Any:
        """Draw every element uniformly from ``from_`` up to ``to``."""
        return self.copy_(tensors.creation.rand(*self.shape, dtype=self.dtype) * (to - from_) + from_)

    # ---- functions of single elements
    def clamp_(self: Any, min: float | None = None, max: float | None = None) -> Any:
        """Move elements beyond ``min`` and ``max`` there."""
        return tensors.leaves.write(self, tensors.elementwise.clip(self, min, max))

    abs_ = _elementwise("functional", "abs")
    ceil_ = _elementwise("elementwise", "ceil")
    exp_ = _elementwise("functional", "exp")
    floor_ = _elementwise("elementwise", "floor")
    log_ = _elementwise("functional", "log")
    neg_ = _elementwise("functional", "negative")
    reciprocal_ = _elementwise("elementwise", "reciprocal")
    relu_ = _elementwise("functional", "relu")
    round_ = _elementwise("elementwise", "round")
    sigmoid_ = _elementwise("functional", "sigmoid")
    sqrt_ = _elementwise("functional", "sqrt")
    tanh_ = _elementwise("functional", "tanh")


def clone(x: Tensor) -> Tensor:
    """A copy with an identity of its own, through which gradients flow."""
    return tensors.record.wrap(tensors.record.build().copy(x.node), x)
