"""Layers that normalise: batches, samples, root mean squares."""

from __future__ import annotations

from collections.abc import Sequence

from sklon._base.errors import InputError
from sklon.tensors import Tensor
from sklon.tensors import functional as F
from sklon.tensors.creation import ones, tensor, zeros
from sklon.tensors.elementwise import clip

from . import functional
from .functional.norm import batch_statistics, check_channels, normalised
from .module import Module, Parameter


class BatchNorm1d(Module):
    """(x − μ)/√(σ² + ε)·w + b for each channel.

    In training μ and σ² are the batch's (σ² biased), and the running estimates move to them by ``momentum``, the
    variance in its unbiased form; ``momentum=None`` averages all batches alike. In evaluation the running estimates
    are used, or the batch's without ``track_running_stats``. In the Trainer they are state of the compiled step.

    Shapes: x [N, C] or [N, C, L] with C = num_features. Ioffe and Szegedy, *Batch normalization*, 2015.
    """

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        bias: bool = True,
        dtype: str = "float32",
    ) -> None:
        super().__init__()
        if num_features < 1:
            raise InputError(f"batch norm needs at least one channel, not {num_features}")
        self.num_features, self.eps, self.momentum = num_features, eps, momentum
        self.affine, self.track_running_stats = affine, track_running_stats
        self.register_parameter("weight", Parameter(ones(num_features, dtype=dtype)) if affine else None)
        self.register_parameter("bias", Parameter(zeros(num_features, dtype=dtype)) if affine and bias else None)
        kept = track_running_stats
        self.register_buffer("running_mean", zeros(num_features, dtype=dtype) if kept else None)
        self.register_buffer("running_var", ones(num_features, dtype=dtype) if kept else None)
        self.register_buffer("num_batches_tracked", tensor(0) if kept else None)

    def forward(self, x: Tensor) -> Tensor:
        check_channels(x, self.num_features)
        mean, variance = self.get_buffer("running_mean"), self.get_buffer("running_var")
        if self.training or mean is None or variance is None:
            mean, variance = batch_statistics(x)
            if self.training and self.track_running_stats:
                self._follow(x, mean.detach(), variance.detach())
        return normalised(x, mean, variance, self._parameters["weight"], self._parameters["bias"], self.eps)

    def _follow(self, x: Tensor, mean: Tensor, variance: Tensor) -> None:
        """Move the running estimates towards the batch's."""
        old_mean, old_variance, count = (self._buffers[n] for n in self._buffers)
        assert old_mean is not None and old_variance is not None and count is not None
        values = F.sum(x.detach() * 0 + 1, (0, *range(2, x.ndim)))  # of each channel
        unbiased = variance * (values / clip(values - 1, 1.0, None))
        new_count = count + 1
        share = 1 / F.astype(new_count, mean.dtype) if self.momentum is None else self.momentum
        count._adopt(new_count.node)
        old_mean._adopt((old_mean * (1 - share) + mean * share).node)
        old_variance._adopt((old_variance * (1 - share) + unbiased * share).node)

    def extra_repr(self) -> str:
        return (
            f"{self.num_features}, eps={self.eps}, momentum={self.momentum}, affine={self.affine}, "
            f"track_running_stats={self.track_running_stats}"
        )


class LayerNorm(Module):
    """(x − μ)/√(σ² + ε)·w + b, with μ and σ² of each sample along the last axes.

    ``normalized_shape`` is the extent of the last axis, or the extents of several. Ba et al., *Layer normalization*,
    2016.
    """

    def __init__(
        self,
        normalized_shape: int | Sequence[int],
        eps: float = 1e-5,
        elementwise_affine: bool = True,
        bias: bool = True,
        dtype: str = "float32",
    ) -> None:
        super().__init__()
        self.normalized_shape, self.eps = _extents(normalized_shape), eps
        self.elementwise_affine = elementwise_affine
        weight = Parameter(ones(*self.normalized_shape, dtype=dtype)) if elementwise_affine else None
        offset = Parameter(zeros(*self.normalized_shape, dtype=dtype)) if elementwise_affine and bias else None
        self.register_parameter("weight", weight)
        self.register_parameter("bias", offset)

    def forward(self, x: Tensor) -> Tensor:
        weight, bias = self._parameters["weight"], self._parameters["bias"]
        return functional.layer_norm(x, self.normalized_shape, weight, bias, self.eps)

    def extra_repr(self) -> str:
        return f"{self.normalized_shape}, eps={self.eps}, elementwise_affine={self.elementwise_affine}"


class RMSNorm(Module):
    """x/√(mean x² + ε)·w along the last axes. Zhang and Sennrich, *Root mean square layer normalization*, 2019."""

    def __init__(
        self,
        normalized_shape: int | Sequence[int],
        eps: float | None = None,
        elementwise_affine: bool = True,
        dtype: str = "float32",
    ) -> None:
        super().__init__()
        self.normalized_shape, self.eps = _extents(normalized_shape), eps
        self.elementwise_affine = elementwise_affine
        weight = Parameter(ones(*self.normalized_shape, dtype=dtype)) if elementwise_affine else None
        self.register_parameter("weight", weight)

    def forward(self, x: Tensor) -> Tensor:
        return functional.rms_norm(x, self.normalized_shape, self._parameters["weight"], self.eps)

    def extra_repr(self) -> str:
        return f"{self.normalized_shape}, eps={self.eps}, elementwise_affine={self.elementwise_affine}"


def _extents(normalized_shape: int | Sequence[int]) -> tuple[int, ...]:
    return (normalized_shape,) if isinstance(normalized_shape, int) else tuple(normalized_shape)
