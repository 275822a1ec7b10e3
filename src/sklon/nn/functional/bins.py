"""Piecewise linear functions by look-up. Shape legend: … samples, F features, T bins, d numbers of a vector."""

from __future__ import annotations

from sklon._base.dtypes import float32, int32
from sklon.tensors import Tensor
from sklon.tensors import functional as F
from sklon.tensors.manipulation import reshape
from sklon.tensors.record import build, wrap

__all__ = ["interpolated", "place_in_bins"]


def place_in_bins(x: Tensor, inner: Tensor, start: Tensor, slope: Tensor) -> tuple[Tensor, Tensor]:
    """The row of each value's bin in a table of all bins, f·T + t, and which share of the bin lies below it.

    Shapes: x […, F], inner edges [T − 1, F], start and 1/width of each bin [F·T] → […, F] twice.
    """
    features = x.shape[-1]
    bins = inner.shape[0] + 1  # type: ignore[operator]
    above = F.astype(F.greater(F.expand_dims(x.detach(), -2), inner), float32)
    bin_ = F.astype(F.sum(above, -2), int32) if bins > 1 else F.astype(x.detach() * 0, int32)
    b = build()
    first = b.mul(b.iota(axis=0, shape=(features,), dtype=int32), b.full(float(bins), (features,), int32))
    row = bin_ + wrap(first)
    return row, (x - _rows(start, row)) * _rows(slope, row)


def interpolated(weight: Tensor, row: Tensor, share: Tensor) -> Tensor:
    """Σ_{u<t} w_{fu} + w_{ft}·share. Shapes: weight [F, T, d], row f·T + t and share […, F] → […, F, d]."""
    features, bins, size = weight.shape
    before = F.contract("tu,fud->ftd", _earlier(bins, weight), weight)
    flat = (features * bins, size)  # type: ignore[operator]
    base, piece = (_rows(reshape(table, flat), row) for table in (before, weight))  # type: ignore[arg-type]
    return base + piece * F.expand_dims(share, -1)


def _earlier(bins: object, like: Tensor) -> Tensor:
    """A matrix that adds up what lies before: 1 where u < t."""
    b = build()
    t, u = (b.iota(axis=axis, shape=(bins, bins), dtype=int32) for axis in (0, 1))
    return F.astype(wrap(b.less(u, t)), like.dtype)


def _rows(table: Tensor, row: Tensor) -> Tensor:
    return wrap(build().gather(table.node, row.node), table)
