"""Losses as functions. A loss per sample is what training uses; means are made at the end.

Shape legend: N samples, C classes, K outputs.
"""

from __future__ import annotations

from sklon._base.errors import ShapeError
from sklon.tensors import Tensor
from sklon.tensors import functional as F

__all__ = [
    "binary_cross_entropy_with_logits",
    "cross_entropy",
    "mse_loss",
    "per_sample_binary_cross_entropy",
    "per_sample_cross_entropy",
    "per_sample_squared_error",
]


# ---- losses per sample
def per_sample_squared_error(output: Tensor, target: Tensor) -> Tensor:
    """The mean of (y − t)² over the outputs of each sample. Shapes: [N, K], [N, K] → [N]."""
    _check_same_shape(output, target)
    error = output - target
    return _mean_of_sample(error * error)


def per_sample_binary_cross_entropy(output: Tensor, target: Tensor) -> Tensor:
    """ln(1 + eᶻ) − z·t for the logit z: −t·ln σ(z) − (1 − t)·ln(1 − σ(z)). Shapes: [N, K], [N, K] → [N]."""
    _check_same_shape(output, target)
    return _mean_of_sample(F.softplus(output) - output * target)


def per_sample_cross_entropy(output: Tensor, target: Tensor) -> Tensor:
    """−ln softmax(z)[t]. Shapes: logits [N, C], classes [N] → [N]."""
    if target.dtype.kind != "integer" or target.ndim != 1 or output.ndim != 2:
        raise ShapeError(
            f"cross-entropy takes logits [N, C] and classes [N] as whole numbers, not {output.shape} and "
            f"{target.shape} of {target.dtype!r}"
        )
    classes = output.shape[1]
    assert isinstance(classes, int)
    shifted = output - F.amax(output, 1, keepdims=True).detach()
    chosen = F.where(F.one_hot(target, classes), shifted, 0.0)
    return F.log(F.sum(F.exp(shifted), 1)) - F.sum(chosen, 1)


def _check_same_shape(output: Tensor, target: Tensor) -> None:
    if output.shape != target.shape:
        raise ShapeError(f"outputs of shape {output.shape} need targets of the same shape, not {target.shape}")


def _mean_of_sample(values: Tensor) -> Tensor:
    axes = tuple(range(1, values.ndim))
    return F.mean(values, axes) if axes else values


# ---- losses as means
def mse_loss(output: Tensor, target: Tensor) -> Tensor:
    """The mean squared error over all elements: Σ (y − t)² / n, without ½."""
    return F.mean(per_sample_squared_error(output, target))


def binary_cross_entropy_with_logits(output: Tensor, target: Tensor) -> Tensor:
    """The mean binary cross-entropy of logits over all elements."""
    return F.mean(per_sample_binary_cross_entropy(output, target))


def cross_entropy(output: Tensor, target: Tensor) -> Tensor:
    """The mean cross-entropy of logits and classes."""
    return F.mean(per_sample_cross_entropy(output, target))
