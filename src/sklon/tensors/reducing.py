"""Reductions and orders as methods of the Tensor, under PyTorch's names; each forwards to an array function."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from sklon import tensors

if TYPE_CHECKING:
    from .tensor import Tensor


class Extreme(NamedTuple):
    """Values, and where they stood along an axis."""

    values: Tensor
    indices: Tensor


def _at(x: Any, index: Tensor, dim: int, keepdim: bool) -> Extreme:
    """The elements at one index for each position; the gradient goes to them."""
    values = tensors.indexing.gather(x, dim, index)
    if keepdim:
        return Extreme(values, index)
    return Extreme(*(tensors.manipulation.squeeze(t, dim) for t in (values, index)))


class Reducing:
    """What joins a Tensor's elements, or puts them in order."""

    __slots__ = ()

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

    def max(self: Any, dim: int | None = None, keepdim: bool = False) -> Tensor | Extreme:
        """The maximum of all elements, whose ties share the gradient; along ``dim`` also the index of the first."""
        if dim is None:
            return tensors.reductions.max(self)
        return _at(self, tensors.reductions.argmax(self, dim, keepdims=True), dim, keepdim)

    def min(self: Any, dim: int | None = None, keepdim: bool = False) -> Tensor | Extreme:
        """The minimum of all elements, whose ties share the gradient; along ``dim`` also the index of the first."""
        if dim is None:
            return tensors.reductions.min(self)
        return _at(self, tensors.reductions.argmin(self, dim, keepdims=True), dim, keepdim)

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

    def sort(self: Any, dim: int = -1, descending: bool = False) -> Extreme:
        """The elements in order along ``dim``, and their indices."""
        return Extreme(tensors.sorting.sort(self, dim, descending), tensors.sorting.argsort(self, dim, descending))

    def topk(self: Any, k: int, dim: int = -1, largest: bool = True) -> Extreme:
        """The ``k`` largest or smallest elements along ``dim`` in order, and their indices."""
        return Extreme(*tensors.sorting.topk(self, k, dim, largest))

    def norm(self: Any, p: float = 2, dim: int | Sequence[int] | None = None, keepdim: bool = False) -> Tensor:
        """(Σ |x|ᵖ)^(1/p) along ``dim``, or of all elements."""
        return tensors.reductions.vector_norm(self, dim, keepdim, p)

    def logsumexp(self: Any, dim: int | Sequence[int], keepdim: bool = False) -> Tensor:
        """ln Σ eˣ along ``dim``."""
        return tensors.reductions.logsumexp(self, dim, keepdim)

    def count_nonzero(self: Any, dim: int | Sequence[int] | None = None) -> Tensor:
        """How many elements along ``dim`` are not zero."""
        return tensors.reductions.count_nonzero(self, dim)

    def diff(self: Any, n: int = 1, dim: int = -1) -> Tensor:
        """x[i + 1] − x[i] along ``dim``, ``n`` times."""
        return tensors.reductions.diff(self, dim, n)

    def argsort(self: Any, dim: int = -1, descending: bool = False) -> Tensor:
        """The indices that sort along ``dim``."""
        return tensors.sorting.argsort(self, dim, descending)
