"""Linear maps. Shape legend: N samples."""

from __future__ import annotations

from sklon._base.errors import DtypeError, ShapeError
from sklon.tensors import Tensor
from sklon.tensors import functional as F

__all__ = ["bilinear", "embedding", "linear"]


def linear(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """x·Wᵀ + b. Shapes: x [N, in], weight [out, in], bias [out] → [N, out]."""
    if x.ndim != 2 or x.shape[1] != weight.shape[1]:
        raise ShapeError(
            f"a linear layer with {weight.shape[1]} inputs needs x of shape [N, {weight.shape[1]}], not {x.shape}"
        )
    y = F.contract("ni,oi->no", x, weight)
    return y if bias is None else y + bias


def bilinear(x1: Tensor, x2: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """yₙₒ = Σᵢⱼ x1ₙᵢ·Wₒᵢⱼ·x2ₙⱼ + bₒ. Shapes: [N, in1], [N, in2], weight [out, in1, in2] → [N, out]."""
    _, in1, in2 = weight.shape
    if x1.ndim != 2 or x2.ndim != 2 or (x1.shape[1], x2.shape[1]) != (in1, in2) or x1.shape[0] != x2.shape[0]:
        raise ShapeError(f"a bilinear layer needs x1 [N, {in1}] and x2 [N, {in2}], not {x1.shape} and {x2.shape}")
    half = F.contract("ni,oij->noj", x1, weight)
    y = F.sum(half * F.expand_dims(x2, 1), -1)
    return y if bias is None else y + bias


def embedding(index: Tensor, weight: Tensor) -> Tensor:
    """W[index]. Shapes: index [N], weight [V, D] → [N, D]."""
    if index.dtype.kind != "integer":
        raise DtypeError(f"an embedding takes whole numbers, not {index.dtype!r}")
    return F.take(weight, index)
