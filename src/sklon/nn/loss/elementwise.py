"""Losses with a value for each output: distances, likelihoods, two classes."""

from __future__ import annotations

from typing import Any

from sklon._base.errors import InputError
from sklon.tensors import Tensor

from ..functional import loss as L
from .base import ElementwiseLoss, Loss, as_weight


# ---- distances
class MSELoss(ElementwiseLoss):
    """(y − t)², without ½."""

    def elements(self, output: Tensor, target: Tensor) -> Tensor:
        return L.squared_error_elements(output, target)


class L1Loss(ElementwiseLoss):
    """|y − t|, least at the median."""

    def elements(self, output: Tensor, target: Tensor) -> Tensor:
        return L.absolute_error_elements(output, target)


class HuberLoss(ElementwiseLoss):
    """½e² for |e| ≤ δ, δ·(|e| − ½δ) beyond. Huber, *Robust estimation of a location parameter*, 1964."""

    def __init__(self, reduction: str = "mean", delta: float = 1.0) -> None:
        super().__init__(reduction)
        if delta <= 0:
            raise InputError(f"the width of the Huber loss must be above 0, not {delta}")
        self.delta = delta

    def elements(self, output: Tensor, target: Tensor) -> Tensor:
        return L.huber_elements(output, target, self.delta)


class SmoothL1Loss(ElementwiseLoss):
    """The Huber loss divided by β; β = 0 is the absolute error."""

    def __init__(self, reduction: str = "mean", beta: float = 1.0) -> None:
        super().__init__(reduction)
        if beta < 0:
            raise InputError(f"the width of the smooth L1 loss must be at least 0, not {beta}")
        self.beta = beta

    def elements(self, output: Tensor, target: Tensor) -> Tensor:
        return L.smooth_l1_elements(output, target, self.beta)


class PinballLoss(ElementwiseLoss):
    """max(q·e, (q − 1)·e) with e = t − y, least at the ``quantile`` q. Koenker and Bassett, 1978."""

    def __init__(self, quantile: float = 0.5, reduction: str = "mean") -> None:
        super().__init__(reduction)
        if not 0 < quantile < 1:
            raise InputError(f"a quantile lies between 0 and 1, not at {quantile}")
        self.quantile = quantile

    def elements(self, output: Tensor, target: Tensor) -> Tensor:
        return L.pinball_elements(output, target, self.quantile)


class HingeLoss(ElementwiseLoss):
    """max(0, margin − t·z) for scores z and targets t = ±1, as of a support vector machine.

    Cortes and Vapnik, *Support-vector networks*, 1995. PyTorch has it for several classes only (MultiMarginLoss).
    """

    takes = "logits"

    def __init__(self, margin: float = 1.0, reduction: str = "mean") -> None:
        super().__init__(reduction)
        self.margin = margin

    def elements(self, output: Tensor, target: Tensor) -> Tensor:
        return L.hinge_elements(output, target, self.margin)


class HingeEmbeddingLoss(ElementwiseLoss):
    """The distance y where t = 1, max(0, margin − y) where t = −1."""

    def __init__(self, margin: float = 1.0, reduction: str = "mean") -> None:
        super().__init__(reduction)
        self.margin = margin

    def elements(self, output: Tensor, target: Tensor) -> Tensor:
        return L.hinge_embedding_elements(output, target, self.margin)


# ---- likelihoods
class PoissonNLLLoss(ElementwiseLoss):
    """eʸ − t·y for counts t and the logarithm y of their rate, or the rate itself without ``log_input``."""

    def __init__(self, log_input: bool = True, full: bool = False, eps: float = 1e-8, reduction: str = "mean") -> None:
        super().__init__(reduction)
        self.log_input, self.full, self.eps = log_input, full, eps

    def elements(self, output: Tensor, target: Tensor) -> Tensor:
        return L.poisson_nll_elements(output, target, self.log_input, self.full, self.eps)


class GaussianNLLLoss(Loss):
    """½(ln v + (μ − t)²/v); called with means, targets and variances. Nix and Weigend, 1994.

    It is no loss of the Trainer, whose models have one output.
    """

    def __init__(self, *, full: bool = False, eps: float = 1e-6, reduction: str = "mean") -> None:
        super().__init__(reduction)
        self.full, self.eps = full, eps

    def forward(self, output: Tensor, target: Tensor, var: Any = None) -> Tensor:
        if var is None:
            raise InputError("the Gaussian loss needs a variance: loss(mean, target, variance)")
        variance = var if isinstance(var, Tensor) else output * 0 + var
        return L.gaussian_nll_loss(output, target, variance, self.full, self.eps, self.reduction)


# ---- two classes
class BCEWithLogitsLoss(ElementwiseLoss):
    """Binary cross-entropy of logits, stable for logits of any size.

    ``weight`` scales each output, ``pos_weight`` the positives of each output; both broadcast to [N, K].
    """

    takes = "logits"

    def __init__(self, weight: Any = None, reduction: str = "mean", pos_weight: Any = None) -> None:
        super().__init__(reduction)
        self.register_buffer("weight", as_weight(weight))
        self.register_buffer("pos_weight", as_weight(pos_weight))

    def elements(self, output: Tensor, target: Tensor) -> Tensor:
        return L.bce_with_logits_elements(output, target, self.get_buffer("weight"), self.get_buffer("pos_weight"))


class FocalLoss(ElementwiseLoss):
    """(1 − p)^γ times the binary cross-entropy of logits, p the probability of the true class; α weighs positives.

    Lin et al., *Focal loss for dense object detection*, 2017; γ and α as in torchvision's sigmoid_focal_loss.
    """

    takes = "logits"

    def __init__(self, gamma: float = 2.0, alpha: float | None = None, reduction: str = "mean") -> None:
        super().__init__(reduction)
        if gamma < 0 or not (alpha is None or 0 <= alpha <= 1):
            raise InputError(f"a focal loss needs γ ≥ 0 and α between 0 and 1, not {gamma} and {alpha}")
        self.gamma, self.alpha = gamma, alpha

    def elements(self, output: Tensor, target: Tensor) -> Tensor:
        return L.focal_elements(output, target, self.gamma, self.alpha)


class SoftMarginLoss(ElementwiseLoss):
    """ln(1 + e^(−t·y)) for logits y and targets t = ±1."""

    takes = "logits"

    def elements(self, output: Tensor, target: Tensor) -> Tensor:
        return L.soft_margin_elements(output, target)
