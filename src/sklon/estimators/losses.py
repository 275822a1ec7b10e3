"""The losses of scikit-learn's networks: what is differentiated, what is told, and how outputs are read.

They are sums over the outputs of a row, so gradients by the last layer's z are prediction − target. What is told of a
row is scikit-learn's number: a squared error is a mean over outputs, a probability keeps the distance of one rounding
from 0 and 1.
Shape legend: N rows, K outputs. Targets are [N, K], for softmax the numbers of classes [N].
"""

from __future__ import annotations

from math import log1p

import numpy as np

from sklon import nn
from sklon.nn import Loss
from sklon.tensors import Tensor
from sklon.tensors import functional as F
from sklon.tensors.elementwise import clip, xlogy


class HalfSquaredError(Loss):
    """½·Σₖ(z − y)², told as ½ of the mean over outputs."""

    def per_sample(self, output: Tensor, target: Tensor) -> Tensor:
        error = output - target
        return F.sum(error * error, 1) * 0.5

    def told(self, losses: Tensor, output: Tensor, target: Tensor) -> Tensor:
        return losses / _outputs(output)


class HalfPoissonDeviance(Loss):
    """Σₖ(eᶻ − y·z) for counts y ≥ 0, told as half the deviance Σₖ(y·ln(y/eᶻ) − y + eᶻ)."""

    def per_sample(self, output: Tensor, target: Tensor) -> Tensor:
        return F.sum(F.exp(output) - target * output, 1)

    def told(self, losses: Tensor, output: Tensor, target: Tensor) -> Tensor:
        return losses + F.sum(xlogy(target, target) - target, 1)


class LogisticLoss(Loss):
    """Σₖ(softplus(z) − y·z): the binary cross-entropy of each output."""

    takes = "logits"

    def per_sample(self, output: Tensor, target: Tensor) -> Tensor:
        return F.sum(self._elements(output, target), 1)

    def told(self, losses: Tensor, output: Tensor, target: Tensor) -> Tensor:
        return F.sum(_within_rounding(self._elements(output, target)), 1)

    def _elements(self, output: Tensor, target: Tensor) -> Tensor:
        return F.softplus(output) - output * target


class SoftmaxLoss(nn.CrossEntropyLoss):
    """−ln softmax(z)_y for the class y of a row."""

    def __init__(self) -> None:
        super().__init__()
        self.ignore_index = None

    def told(self, losses: Tensor, output: Tensor, target: Tensor) -> Tensor:
        return _within_rounding(losses)


def _within_rounding(losses: Tensor) -> Tensor:
    """−ln p with p kept within [ε, 1 − ε], ε the distance from 1 to the next number."""
    eps = float(np.finfo(losses.dtype.numpy).eps)
    return clip(losses, -log1p(-eps), -float(np.log(eps)))


def _outputs(output: Tensor) -> int:
    return int(str(output.shape[1]))


#: scikit-learn's losses by what its estimators call them, and by the activation of the last layer
SCIKIT: dict[tuple[str, str], type[Loss]] = {
    ("squared_error", "identity"): HalfSquaredError,
    ("poisson", "exp"): HalfPoissonDeviance,
    ("log_loss", "logistic"): LogisticLoss,
    ("log_loss", "softmax"): SoftmaxLoss,
}
