"""Linear maps. Shape legend: N samples; … any axes, of which the rows of a step are the first."""

from __future__ import annotations

from math import prod

from sklon._base.errors import DtypeError, ShapeError
from sklon._base.shapes import Symbol
from sklon.tensors import Tensor
from sklon.tensors import functional as F
from sklon.tensors.elementwise import not_equal
from sklon.tensors.manipulation import reshape
from sklon.tensors.record import build, check_rank, wrap
from sklon.tensors.remembered import remembered

__all__ = ["bilinear", "embedding", "linear"]

#: labels of leading axes, the rows first
_LEADING = "nabcdefgh"


@remembered
def linear(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """x·Wᵀ + b. Shapes: x […, in], weight [out, in], bias [out] → […, out]."""
    if not x.ndim or x.shape[-1] != weight.shape[1]:
        raise ShapeError(
            f"a linear layer with {weight.shape[1]} inputs needs x of shape [N, {weight.shape[1]}], or with more axes "
            f"in front, not {x.shape}"
        )
    y = _product(x, weight)
    return y if bias is None else y + bias


def _product(x: Tensor, weight: Tensor) -> Tensor:
    """x·Wᵀ along the last axis; leading axes of known size are joined, which makes it one product of matrices."""
    leading = [e for e in x.shape[:-1] if not isinstance(e, Symbol)]
    if x.ndim == 2 or len(leading) < x.ndim - 1:
        labels = _LEADING[: x.ndim - 1]
        return F.contract(f"{labels}i,oi->{labels}o", x, weight)
    joined = _product(reshape(x, (prod(leading), -1)), weight)
    return reshape(joined, (*leading, weight.shape[0]))  # type: ignore[arg-type]


def bilinear(x1: Tensor, x2: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """yₒ = Σᵢⱼ x1ᵢ·Wₒᵢⱼ·x2ⱼ + bₒ. Shapes: […, in1], […, in2], weight [out, in1, in2] → […, out]."""
    _, in1, in2 = weight.shape
    if x1.shape != (*x1.shape[:-1], in1) or x2.shape != (*x1.shape[:-1], in2):
        raise ShapeError(f"a bilinear layer needs x1 […, {in1}] and x2 […, {in2}], not {x1.shape} and {x2.shape}")
    labels = _LEADING[: x1.ndim - 1]
    half = F.contract(f"{labels}i,oij->{labels}oj", x1, weight)
    y = F.sum(half * F.expand_dims(x2, -2), -1)
    return y if bias is None else y + bias


def embedding(index: Tensor, weight: Tensor, padding_idx: int | None = None) -> Tensor:
    """W[index]; the row ``padding_idx``, counted from the end if negative, gets no gradient.

    Shapes: index […], weight [V, D] → […, D].
    """
    if index.dtype.kind != "integer":
        raise DtypeError(f"an embedding takes whole numbers, not {index.dtype!r}")
    check_rank(weight, 2, "a table of embeddings")
    y = _rows(index, weight)
    if padding_idx is None:
        return y
    place = padding_row(padding_idx, weight)
    return F.where(F.expand_dims(not_equal(index, place), -1), y, y.detach())


def padding_row(padding_idx: int, weight: Tensor) -> int:
    """The row of the table that stands for padding, counted from the front."""
    rows = weight.shape[0]
    assert isinstance(rows, int)
    if not -rows <= padding_idx < rows:
        raise ShapeError(f"padding_idx must be a row of the table, from {-rows} to {rows - 1}, not {padding_idx}")
    return padding_idx % rows


def _rows(index: Tensor, weight: Tensor) -> Tensor:
    """The rows of a table at indices of any shape."""
    if index.ndim == 1:
        return F.take(weight, index)
    if any(isinstance(e, Symbol) for e in index.shape):
        return wrap(build().gather(weight.node, index.node), weight)
    rows = F.take(weight, reshape(index, (index.numel(),)))
    return reshape(rows, (*index.shape, weight.shape[1]))  # type: ignore[arg-type]
