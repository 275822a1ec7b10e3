"""Embeddings of numbers: each feature of a table becomes a vector of its own.

Shape legend: N samples, F features, T bins, d numbers of a vector. Source: Gorishniy, Rubachev and Babenko, *On
embeddings for numerical features in tabular deep learning*, 2022.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt

import numpy as np

from sklon._base.errors import InputError, ShapeError
from sklon.tensors import Tensor
from sklon.tensors import functional as F
from sklon.tensors.creation import tensor, zeros

from . import init
from .functional.bins import interpolated, place_in_bins
from .module import Module, Parameter


class LinearEmbeddings(Module):
    """A linear function of each feature: y_f = x_f·w_f + b_f.

    Shapes: x [N, F] → y [N, F, d]; ``weight`` and ``bias`` [F, d] start as U(−1/√d, 1/√d).

    >>> from sklon import nn, ones
    >>> nn.LinearEmbeddings(3, 8)(ones(5, 3)).shape
    (5, 3, 8)
    """

    def __init__(self, n_features: int, d_embedding: int) -> None:
        super().__init__()
        if n_features < 1 or d_embedding < 1:
            raise InputError(f"embeddings need features and a size of at least 1, not {n_features} and {d_embedding}")
        self.n_features, self.d_embedding = n_features, d_embedding
        bound = 1 / sqrt(d_embedding)
        self.weight, self.bias = Parameter(zeros(n_features, d_embedding)), Parameter(zeros(n_features, d_embedding))
        init.uniform_(self.weight, -bound, bound)
        init.uniform_(self.bias, -bound, bound)

    def forward(self, x: Tensor) -> Tensor:
        _check_features(x, self.n_features)
        return F.expand_dims(x, -1) * self.weight + self.bias

    def extra_repr(self) -> str:
        return f"n_features={self.n_features}, d_embedding={self.d_embedding}"


class PiecewiseLinearEmbeddings(Module):
    """A piecewise linear function of each feature, with its bends at the edges of bins.

    For x_f in bin t, whose edges are e_t and e_{t+1}:

        y_f = x_f·l_f + b_f + Σ_{u<t} w_{fu} + w_{ft}·(x_f − e_t)/(e_{t+1} − e_t)

    below the first edge and above the last one the first and the last piece go on. This is version B of the source: w
    starts as zeros, so that the network begins with linear embeddings. The sum over bins is taken of the weights, once
    a step, and rows of it are looked up: what a sample costs does not grow with the number of bins.

    ``bins`` are for each feature its edges, ascending, at least two; features may have different numbers of them.
    Shapes: x [N, F] → y [N, F, d]; ``weight`` [F, T, d] with the largest T, of which a feature with fewer bins uses the
    first; ``linear0`` is a :class:`LinearEmbeddings`. Raises InputError for edges that do not ascend.

    >>> import sklon
    >>> from sklon import nn
    >>> layer = nn.PiecewiseLinearEmbeddings([[0.0, 1.0, 3.0]], d_embedding=1)
    >>> values = {"weight": [[[1.0], [10.0]]], "linear0.weight": [[0.0]], "linear0.bias": [[0.0]]}
    >>> _ = layer.load_state_dict(values)
    >>> layer(sklon.tensor([[0.5], [2.0], [4.0], [-1.0]])).flatten().tolist()
    [0.5, 6.0, 16.0, -1.0]
    """

    inner: Tensor
    start: Tensor
    slope: Tensor

    def __init__(self, bins: Sequence[Sequence[float]], d_embedding: int) -> None:
        super().__init__()
        self.bins = tuple(_edges(one, f) for f, one in enumerate(bins))
        if not self.bins:
            raise InputError("piecewise linear embeddings need the bins of at least one feature")
        self.d_embedding = d_embedding
        count = max(len(one) for one in self.bins) - 1
        self.linear0 = LinearEmbeddings(len(self.bins), d_embedding)
        self.weight = Parameter(zeros(len(self.bins), count, d_embedding))
        for name, array in _tables(self.bins, count).items():
            self.register_buffer(name, tensor(array), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        _check_features(x, len(self.bins))
        row, share = place_in_bins(x, self.inner, self.start, self.slope)
        return self.linear0.forward(x) + interpolated(self.weight, row, share)

    def extra_repr(self) -> str:
        counts = sorted({len(one) - 1 for one in self.bins})
        bins = str(counts[0]) if len(counts) == 1 else f"{counts[0]}–{counts[-1]}"
        return f"n_features={len(self.bins)}, bins={bins}, d_embedding={self.d_embedding}"


def _edges(edges: Sequence[float], feature: int) -> tuple[float, ...]:
    found = tuple(float(e) for e in edges)
    ascending = np.diff(np.asarray(found, np.float32))
    if len(found) < 2 or not (ascending > 0).all():
        raise InputError(
            f"the edges of bins must be at least two and ascend, but those of feature {feature} are {found}"
        )
    return found


def _tables(bins: Sequence[Sequence[float]], count: int) -> dict[str, np.ndarray]:
    """The inner edges [T − 1, F], ∞ where there is none, and for each bin [F·T] its start and 1/width."""
    inner = np.full((count - 1, len(bins)), np.inf, np.float32)
    start, slope = np.zeros((2, len(bins), count), np.float64)
    for f, edges in enumerate(bins):
        used = len(edges) - 1
        inner[: used - 1, f] = edges[1:-1]
        start[f, :used], slope[f, :used] = edges[:-1], 1 / np.diff(edges)
    return {"inner": inner, "start": start.reshape(-1).astype("f4"), "slope": slope.reshape(-1).astype("f4")}


def _check_features(x: Tensor, count: int) -> None:
    if x.ndim < 2 or x.shape[-1] != count:
        raise ShapeError(f"embeddings of {count} features take x of shape [N, {count}], not {x.shape}")
