"""Normalisation. Variances are biased (divided by n), ε stands under the root, as in PyTorch.

Shape legend: N samples, C channels.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sklon._base.dtypes import Dtype, int32
from sklon._base.errors import InputError, ShapeError
from sklon._base.shapes import Symbol
from sklon.graph.build import Build
from sklon.tensors import Tensor
from sklon.tensors import functional as F
from sklon.tensors.elementwise import clip
from sklon.tensors.record import build, wrap

from .axes import along_channels

__all__ = [
    "batch_norm",
    "batch_statistics",
    "bessel",
    "by_batch",
    "by_estimates",
    "layer_norm",
    "rms_norm",
    "single_value",
]


def layer_norm(
    x: Tensor,
    normalized_shape: Sequence[int],
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    eps: float = 1e-5,
) -> Tensor:
    """(x − μ)/√(σ² + ε)·w + b, with μ and σ² of each sample along the last axes."""
    axes = _last_axes(x, normalized_shape)
    return _affine(standardized(x, *statistics(x, axes), axes, eps), weight, bias)


def rms_norm(
    x: Tensor, normalized_shape: Sequence[int], weight: Tensor | None = None, eps: float | None = None
) -> Tensor:
    """x/√(mean x² + ε)·w along the last axes; ε is the type's smallest step from 1 unless given."""
    axes = _last_axes(x, normalized_shape)
    least = float(np.finfo(x.dtype.numpy).eps) if eps is None else eps
    return _affine(x / F.sqrt(F.mean(x * x, axes, keepdims=True) + least), weight, None)


def batch_norm(
    x: Tensor,
    running_mean: Tensor | None,
    running_var: Tensor | None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    training: bool = False,
    eps: float = 1e-5,
) -> Tensor:
    """(x − μ)/√(σ² + ε)·w + b for each channel: with the batch's μ and σ² in training, else with the running ones.

    Shapes: x [N, C] or [N, C, L]; all others [C]. Running estimates are nn.BatchNorm1d's to keep.
    """
    known = next((v for v in (running_mean, weight, bias) if v is not None), None)
    check_channels(x, int(str(known.shape[0] if known is not None else x.shape[1])))
    if training:
        return by_batch(x, eps, *batch_statistics(x), weight, bias)
    if running_mean is None or running_var is None:
        raise InputError("batch norm in evaluation needs running_mean and running_var")
    return by_estimates(x, eps, running_mean, running_var, weight, bias)


def batch_statistics(x: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and biased variance of each channel over samples and positions. Shapes: [N, C, …] → [C], [C]."""
    axes = _of_channels(x)
    if not any(isinstance(x.shape[a], Symbol) for a in axes) and np.prod([int(str(x.shape[a])) for a in axes]) < 2:
        raise InputError(
            f"batch norm in training needs more than one value for each channel, but x has the shape {x.shape}; "
            'use a larger batch, model.eval(), or nn.BatchNorm1d(…, on_single_value="running")'
        )
    return statistics(x, axes)


def statistics(x: Tensor, axes: tuple[int, ...]) -> tuple[Tensor, Tensor]:
    """Mean and biased variance along axes, which are gone from their shapes."""
    mean = wide = F.mean(x, axes)
    for axis in axes:
        wide = F.expand_dims(wide, axis)
    return mean, F.mean((x - wide) * (x - wide), axes)


def standardized(
    x: Tensor, mean: Tensor, variance: Tensor, axes: tuple[int, ...], eps: float, scale: Tensor | None = None
) -> Tensor:
    """(x − μ)/√(σ² + ε)·w, where μ and σ² are :func:`statistics` of x along the axes: the gradient knows that.

    ``scale``, w, has one number for each mean.
    """
    inputs = [F.astype(x, mean.dtype), mean, variance + eps]
    if scale is not None:
        inputs.append(F.astype(scale, mean.dtype))
    return wrap(build().standardize(*(t.node for t in inputs), axes=axes), *inputs)


def single_value(x: Tensor) -> Tensor | bool:
    """Whether each channel has fewer than two values; a tensor [] where the rows of the step decide it."""
    rows, positions = x.shape[0], int(np.prod([int(str(e)) for e in x.shape[2:]]))
    if not isinstance(rows, Symbol):
        return rows * positions < 2
    return False if positions > 1 else Tensor(Build().size(dtype=int32)) * positions < 2


def bessel(x: Tensor, dtype: Dtype) -> Tensor | float:
    """n/(n − 1) for a channel's n values, which makes a biased variance an unbiased one; 1 for a single value."""
    rows, positions = x.shape[0], int(np.prod([int(str(e)) for e in x.shape[2:]]))
    if not isinstance(rows, Symbol):
        return rows * positions / max(rows * positions - 1, 1)
    values = Tensor(Build().size(dtype=dtype)) * positions
    return values / clip(values - 1, 1.0, None)


def by_batch(
    x: Tensor, eps: float, mean: Tensor, variance: Tensor, weight: Tensor | None, bias: Tensor | None
) -> Tensor:
    """(x − μ)/√(σ² + ε)·w + b with :func:`batch_statistics` of x."""
    y = standardized(x, mean, variance, _of_channels(x), eps, weight)
    return y if bias is None else y + along_channels(bias, y.ndim)


def by_estimates(
    x: Tensor, eps: float, mean: Tensor, variance: Tensor, weight: Tensor | None, bias: Tensor | None
) -> Tensor:
    """(x − μ)/√(σ² + ε)·w + b for statistics of each channel that x has no part in, or not always."""
    y = (x - along_channels(mean, x.ndim)) / along_channels(F.sqrt(variance + eps), x.ndim)
    scale, offset = (None if values is None else along_channels(values, y.ndim) for values in (weight, bias))
    return _affine(y, scale, offset)


def _of_channels(x: Tensor) -> tuple[int, ...]:
    """The axes over which a channel's values lie."""
    return (0, *range(2, x.ndim))


def check_channels(x: Tensor, channels: int) -> None:
    """Refuse x [N, C] with another number of channels."""
    if x.ndim not in (2, 3) or x.shape[1] != channels:
        raise ShapeError(f"batch norm over {channels} channels needs x [N, {channels}], not {x.shape}")


def _affine(y: Tensor, weight: Tensor | None, bias: Tensor | None) -> Tensor:
    y = y if weight is None else y * weight
    return y if bias is None else y + bias


def _last_axes(x: Tensor, normalized_shape: Sequence[int]) -> tuple[int, ...]:
    wanted = tuple(normalized_shape)
    if not wanted or x.ndim < len(wanted) or x.shape[-len(wanted) :] != wanted:
        raise ShapeError(f"this layer normalises over the last axes {wanted}, but x has the shape {x.shape}")
    return tuple(range(x.ndim - len(wanted), x.ndim))
