"""Layers that normalise: batches, samples, root mean squares."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sklon._base.errors import InputError
from sklon.tensors import Tensor
from sklon.tensors import functional as F
from sklon.tensors.creation import ones, tensor, zeros
from sklon.tensors.samples import check_unmapped

from . import functional
from .functional.norm import (
    batch_statistics,
    bessel,
    by_batch,
    by_estimates,
    check_channels,
    single_value,
)
from .module import Module, Parameter, assign


class BatchNorm1d(Module):
    """(x − μ)/√(σ² + ε)·w + b for each channel.

    In training μ and σ² are the batch's (σ² biased), and the running estimates move to them by ``momentum``, the
    variance in its unbiased form; ``momentum=None`` averages all batches alike. In evaluation the running estimates
    are used, or the batch's without ``track_running_stats``. In the Trainer they are state of the compiled step.

    A ``frozen`` layer uses its running estimates in training too and leaves them as they are, whatever mode the model
    is switched to; its ``weight`` and ``bias`` require no gradients: see :meth:`freeze`. ``on_single_value`` says what
    training does with a batch of one row, which has no variance: "raise" refuses it, "running" uses the running
    estimates for it and leaves them as they are.

    Shapes: x [N, C] or [N, C, L] with C = num_features; all parameters and estimates [C]. ``weight`` and
    ``running_var`` start as ones, ``bias`` and ``running_mean`` as zeros. Raises InputError for settings that
    contradict each other, and in training for a single value of a channel unless told otherwise; ShapeError for
    another number of channels. Ioffe and Szegedy, *Batch normalization*, 2015.

    >>> import sklon
    >>> from sklon import nn
    >>> norm = nn.BatchNorm1d(2, eps=0.0, momentum=0.5)
    >>> norm(sklon.tensor([[1.0, 5.0], [3.0, 9.0]])).tolist()
    [[-1.0, -1.0], [1.0, 1.0]]
    >>> norm.running_mean.tolist(), norm.running_var.tolist()
    ([1.0, 3.5], [1.5, 4.5])
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
        *,
        frozen: bool = False,
        on_single_value: str = "raise",
    ) -> None:
        super().__init__()
        if num_features < 1:
            raise InputError(f"batch norm needs at least one channel, not {num_features}")
        if on_single_value not in ("raise", "running"):
            raise InputError(f'on_single_value is "raise" or "running", not {on_single_value!r}')
        if on_single_value == "running" and not track_running_stats:
            raise InputError('on_single_value="running" needs running estimates; leave track_running_stats on')
        self.num_features, self.eps, self.momentum = num_features, eps, momentum
        self.affine, self.track_running_stats = affine, track_running_stats
        self.frozen, self.on_single_value = False, on_single_value
        self.register_parameter("weight", Parameter(ones(num_features, dtype=dtype)) if affine else None)
        self.register_parameter("bias", Parameter(zeros(num_features, dtype=dtype)) if affine and bias else None)
        kept = track_running_stats
        self.register_buffer("running_mean", zeros(num_features, dtype=dtype) if kept else None)
        self.register_buffer("running_var", ones(num_features, dtype=dtype) if kept else None)
        self.register_buffer("num_batches_tracked", tensor(0) if kept else None)
        if frozen:
            self.freeze()

    # ---- the state
    @property
    def follows_batches(self) -> bool:
        """Whether the running estimates move in training."""
        return self.track_running_stats and not self.frozen

    def freeze(self, *, parameters: bool = True) -> BatchNorm1d:
        """Use the running estimates in training too, and leave them as they are, until :meth:`unfreeze`.

        ``model.train()`` does not undo it. ``weight`` and ``bias`` stop requiring gradients, unless ``parameters`` is
        False. Returns the layer. Raises InputError without running estimates.

        >>> from sklon import nn
        >>> model = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4))
        >>> _ = model[1].freeze()
        >>> model.train()[1].frozen, model[1].weight.requires_grad
        (True, False)
        """
        if not self.track_running_stats:
            raise InputError("there are no running estimates to freeze; leave track_running_stats on")
        return self._set_frozen(True, parameters)

    def unfreeze(self, *, parameters: bool = True) -> BatchNorm1d:
        """Learn from batches again; ``weight`` and ``bias`` require gradients again, unless ``parameters`` is False."""
        return self._set_frozen(False, parameters)

    def _set_frozen(self, frozen: bool, parameters: bool) -> BatchNorm1d:
        self.frozen = frozen
        if parameters:
            self.requires_grad_(not frozen)
        return self

    def reset_running_stats(self) -> None:
        """Give the running estimates their first values: mean 0, variance 1, no batch seen."""
        for name, buffer in self._buffers.items():
            if buffer is not None:
                assign(buffer, np.full(buffer.numpy().shape, float(name == "running_var")))

    # ---- computing
    def forward(self, x: Tensor) -> Tensor:
        check_channels(x, self.num_features)
        affine = self._parameters["weight"], self._parameters["bias"]
        mean, variance = self.get_buffer("running_mean"), self.get_buffer("running_var")
        if mean is None or variance is None:
            return by_batch(x, self.eps, *batch_statistics(x), *affine)
        if self.frozen or not self.training:
            return by_estimates(x, self.eps, mean, variance, *affine)
        single = single_value(x) if self.on_single_value == "running" else False
        if single is True:
            return by_estimates(x, self.eps, mean, variance, *affine)
        found = batch_statistics(x)
        if self.track_running_stats:
            self._follow(x, found[0].detach(), found[1].detach(), single)
        if single is False:
            return by_batch(x, self.eps, *found, *affine)
        batch = [_unless(single, old, new) for old, new in zip((mean, variance), found, strict=True)]
        return by_estimates(x, self.eps, batch[0], batch[1], *affine)

    def _follow(self, x: Tensor, mean: Tensor, variance: Tensor, single: Tensor | bool) -> None:
        """Move the running estimates towards the batch's, unless it has a single value."""
        check_unmapped("running_mean")
        old_mean, old_variance, count = (self._buffers[n] for n in self._buffers)
        assert old_mean is not None and old_variance is not None and count is not None
        unbiased = variance * bessel(x, variance.dtype)
        new_count = count + 1
        share = 1 / F.astype(new_count, mean.dtype) if self.momentum is None else self.momentum
        for old, new in (
            (count, new_count),
            (old_mean, old_mean * (1 - share) + mean * share),
            (old_variance, old_variance * (1 - share) + unbiased * share),
        ):
            old._adopt(F.astype(_unless(single, old, new), old.dtype).node)  # inputs may have another type

    def extra_repr(self) -> str:
        frozen = ", frozen=True" if self.frozen else ""
        single = "" if self.on_single_value == "raise" else f", on_single_value={self.on_single_value}"
        return (
            f"{self.num_features}, eps={self.eps}, momentum={self.momentum}, affine={self.affine}, "
            f"bias={self._parameters['bias'] is not None}, track_running_stats={self.track_running_stats}"
            f"{frozen}{single}"
        )


def _unless(single: Tensor | bool, old: Tensor, new: Tensor) -> Tensor:
    """The new value, or the old one for a batch with a single value."""
    return new if isinstance(single, bool) else F.where(single, old, new)


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
