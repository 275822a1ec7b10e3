"""Losses as functions of outputs and targets, element by element, with PyTorch's ``reduction`` when called.

The ``*_elements`` functions give a value for each output; training sums them and counts. Losses on classes, which
have one value for each row, stand in nn.functional.classes. Shape legend: N samples, K outputs.
"""

from __future__ import annotations

from math import log, pi

from sklon._base.errors import InputError, ShapeError
from sklon.tensors import Tensor
from sklon.tensors import functional as F
from sklon.tensors.elementwise import clip, pow
from sklon.tensors.remembered import remembered

from .logits import check_logits

REDUCTIONS = ("mean", "sum", "none")


def reduced(values: Tensor, reduction: str = "mean") -> Tensor:
    """The mean, the sum, or the values themselves."""
    check_reduction(reduction)
    if reduction == "none":
        return values
    return F.mean(values) if reduction == "mean" else F.sum(values)


def check_reduction(reduction: str) -> None:
    """Refuse a reduction that does not exist."""
    if reduction not in REDUCTIONS:
        raise InputError(f'reduction must be "mean", "sum" or "none", not {reduction!r}')


def mean_of_sample(values: Tensor) -> Tensor:
    """[N, …] → [N]: the mean over all axes but the first."""
    axes = tuple(range(1, values.ndim))
    return F.mean(values, axes) if axes else values


def check_same_shape(output: Tensor, target: Tensor) -> None:
    """Outputs and targets never broadcast: [N, 1] against [N] would silently compare all pairs."""
    if output.shape != target.shape:
        raise ShapeError(f"outputs of shape {output.shape} need targets of the same shape, not {target.shape}")


# ---- distances
def squared_error_elements(output: Tensor, target: Tensor) -> Tensor:
    """(y − t)², without ½."""
    check_same_shape(output, target)
    error = output - target
    return error * error


def absolute_error_elements(output: Tensor, target: Tensor) -> Tensor:
    """|y − t|; the derivative at 0 is 0."""
    check_same_shape(output, target)
    return F.abs(output - target)


def huber_elements(output: Tensor, target: Tensor, delta: float = 1.0) -> Tensor:
    """½e² for |e| ≤ δ, δ·(|e| − ½δ) beyond, with e = y − t."""
    if not delta > 0:
        raise InputError(f"the Huber loss needs a delta above 0, not {delta}; for delta → 0 use the absolute error")
    size = absolute_error_elements(output, target)
    return F.where(F.greater(size, delta), (size - delta / 2) * delta, size * size * 0.5)


def smooth_l1_elements(output: Tensor, target: Tensor, beta: float = 1.0) -> Tensor:
    """½e²/β for |e| < β, |e| − ½β beyond: the Huber loss divided by β, and |e| for β = 0."""
    size = absolute_error_elements(output, target)
    return F.where(F.less(size, beta), size * size * (0.5 / beta), size - beta / 2) if beta else size


def pinball_elements(output: Tensor, target: Tensor, quantile: float = 0.5) -> Tensor:
    """max(q·(t − y), (q − 1)·(t − y)), least where y is the q-quantile of t."""
    check_same_shape(output, target)
    short = target - output
    return F.maximum(short * quantile, short * (quantile - 1))


# ---- likelihoods
def poisson_nll_elements(
    output: Tensor, target: Tensor, log_input: bool = True, full: bool = False, eps: float = 1e-8
) -> Tensor:
    """eʸ − t·y for the logarithm y of a rate, or y − t·ln(y + ε) for the rate; ``full`` adds Stirling's ln t!."""
    check_same_shape(output, target)
    value = F.exp(output) - target * output if log_input else output - target * F.log(output + eps)
    if not full:
        return value
    counted = F.greater(target, 1)
    count = F.where(counted, target, 1.0)
    stirling = count * F.log(count) - count + F.log(count * (2 * pi)) * 0.5
    return value + F.where(counted, stirling, 0.0)


def gaussian_nll_elements(
    mean: Tensor, target: Tensor, variance: Tensor, full: bool = False, eps: float = 1e-6
) -> Tensor:
    """½(ln v + (μ − t)²/v) with v at least ε; ``full`` adds ½ ln 2π. v broadcasts to μ."""
    error = squared_error_elements(mean, target)
    if variance.ndim == mean.ndim - 1:
        variance = F.expand_dims(variance, -1)
    safe = variance + F.detach(clip(variance, eps, None) - variance)
    value = (F.log(safe) + error / safe) * 0.5
    return value + 0.5 * log(2 * pi) if full else value


# ---- two classes
def bce_with_logits_elements(
    output: Tensor, target: Tensor, weight: Tensor | None = None, pos_weight: Tensor | None = None
) -> Tensor:
    """−p·t·ln σ(z) − (1 − t)·ln(1 − σ(z)), as p-weighted softplus of the logit z: no logarithm of 0."""
    check_same_shape(output, target)
    check_logits(output, "binary cross-entropy with logits")
    return _bce_with_logits(output, target, weight, pos_weight)


@remembered
def _bce_with_logits(output: Tensor, target: Tensor, weight: Tensor | None, pos_weight: Tensor | None) -> Tensor:
    if pos_weight is None:
        value = F.softplus(output) - output * target
    else:
        value = (1 - target) * output + (target * (pos_weight - 1) + 1) * F.softplus(-output)
    return value if weight is None else value * weight


def focal_elements(output: Tensor, target: Tensor, gamma: float = 2.0, alpha: float | None = None) -> Tensor:
    """(1 − p)^γ·BCE, p the probability of the true class; α weighs the positives, 1 − α the negatives.

    Lin et al., *Focal loss for dense object detection*, 2017.
    """
    value = bce_with_logits_elements(output, target)
    if gamma:
        missed = F.sigmoid(-output) * target + F.sigmoid(output) * (1 - target)
        value = value * (missed * missed if gamma == 2 else pow(missed, gamma))
    return value if alpha is None else value * (target * alpha + (1 - target) * (1 - alpha))


def soft_margin_elements(output: Tensor, target: Tensor) -> Tensor:
    """ln(1 + e^(−t·y)) for t = ±1."""
    check_same_shape(output, target)
    check_logits(output, "the soft margin")
    return F.softplus(-output * target)


def hinge_elements(output: Tensor, target: Tensor, margin: float = 1.0) -> Tensor:
    """max(0, margin − t·z) for t = ±1; the derivative where t·z is the margin is 0."""
    check_same_shape(output, target)
    check_logits(output, "the hinge loss")
    return F.relu(margin - output * target)


def hinge_embedding_elements(output: Tensor, target: Tensor, margin: float = 1.0) -> Tensor:
    """The distance y where t = 1, and max(0, margin − y) where t = −1."""
    check_same_shape(output, target)
    apart = F.relu(margin - output)
    return F.where(F.equal(target, -1), 0.0, output) + F.where(F.equal(target, 1), 0.0, apart)


# ---- PyTorch's functions
def mse_loss(output: Tensor, target: Tensor, reduction: str = "mean") -> Tensor:
    """The squared error: Σ (y − t)² / n for the mean, without ½."""
    return reduced(squared_error_elements(output, target), reduction)


def l1_loss(output: Tensor, target: Tensor, reduction: str = "mean") -> Tensor:
    """The absolute error."""
    return reduced(absolute_error_elements(output, target), reduction)


def huber_loss(output: Tensor, target: Tensor, reduction: str = "mean", delta: float = 1.0) -> Tensor:
    """The Huber loss."""
    return reduced(huber_elements(output, target, delta), reduction)


def smooth_l1_loss(output: Tensor, target: Tensor, reduction: str = "mean", beta: float = 1.0) -> Tensor:
    """The Huber loss divided by β."""
    return reduced(smooth_l1_elements(output, target, beta), reduction)


def pinball_loss(output: Tensor, target: Tensor, quantile: float = 0.5, reduction: str = "mean") -> Tensor:
    """The pinball loss of a quantile."""
    return reduced(pinball_elements(output, target, quantile), reduction)


def binary_cross_entropy_with_logits(
    output: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    reduction: str = "mean",
    pos_weight: Tensor | None = None,
) -> Tensor:
    """The binary cross-entropy of logits."""
    return reduced(bce_with_logits_elements(output, target, weight, pos_weight), reduction)


def poisson_nll_loss(
    output: Tensor,
    target: Tensor,
    log_input: bool = True,
    full: bool = False,
    eps: float = 1e-8,
    reduction: str = "mean",
) -> Tensor:
    """The negative log-likelihood of counts."""
    return reduced(poisson_nll_elements(output, target, log_input, full, eps), reduction)


def gaussian_nll_loss(
    output: Tensor, target: Tensor, var: Tensor, full: bool = False, eps: float = 1e-6, reduction: str = "mean"
) -> Tensor:
    """The negative log-likelihood of numbers with a mean and a variance each."""
    return reduced(gaussian_nll_elements(output, target, var, full, eps), reduction)


def soft_margin_loss(output: Tensor, target: Tensor, reduction: str = "mean") -> Tensor:
    """The logistic loss of targets ±1."""
    return reduced(soft_margin_elements(output, target), reduction)


def hinge_loss(output: Tensor, target: Tensor, margin: float = 1.0, reduction: str = "mean") -> Tensor:
    """The hinge loss of targets ±1."""
    return reduced(hinge_elements(output, target, margin), reduction)


def hinge_embedding_loss(output: Tensor, target: Tensor, margin: float = 1.0, reduction: str = "mean") -> Tensor:
    """The hinge loss of distances."""
    return reduced(hinge_embedding_elements(output, target, margin), reduction)
