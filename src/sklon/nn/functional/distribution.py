"""Distributions over classes. The maximum is subtracted first, so that nothing overflows."""

from __future__ import annotations

from sklon._base.errors import InputError
from sklon.tensors import Tensor
from sklon.tensors import functional as F

__all__ = ["log_softmax", "softmax", "softmin"]


def softmax(x: Tensor, dim: int | None = None) -> Tensor:
    """exp xᵢ / Σⱼ exp xⱼ along ``dim``; vectors and matrices have their last axis as the default."""
    axis = _axis(x, dim)
    shifted = F.exp(x - F.amax(x, axis, keepdims=True).detach())
    return shifted / F.sum(shifted, axis, keepdims=True)


def log_softmax(x: Tensor, dim: int | None = None) -> Tensor:
    """xᵢ − ln Σⱼ exp xⱼ along ``dim``."""
    axis = _axis(x, dim)
    shifted = x - F.amax(x, axis, keepdims=True).detach()
    return shifted - F.log(F.sum(F.exp(shifted), axis, keepdims=True))


def softmin(x: Tensor, dim: int | None = None) -> Tensor:
    """softmax(−x) along ``dim``."""
    return softmax(-x, dim)


def _axis(x: Tensor, dim: int | None) -> int:
    """PyTorch guesses an axis, and for three axes it guesses the batch: here it must be given then."""
    if dim is not None:
        return dim
    if x.ndim not in (1, 2):
        raise InputError(f"say along which axis, for instance dim=-1: the tensor has the shape {x.shape}")
    return -1
