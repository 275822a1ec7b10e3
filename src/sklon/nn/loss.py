"""Losses as modules. Each knows its value per sample; called, it gives PyTorch's mean."""

from __future__ import annotations

from sklon.tensors import Tensor

from . import functional
from .module import Module


class Loss(Module):
    """A loss: ``per_sample`` gives [N] values, calling it gives their mean."""

    def per_sample(self, output: Tensor, target: Tensor) -> Tensor:
        """The loss of each sample, shape [N]."""
        raise NotImplementedError(type(self).__name__)

    def forward(self, output: Tensor, target: Tensor) -> Tensor:
        return self.per_sample(output, target).mean()


class MSELoss(Loss):
    """(y − t)², the mean over outputs, without ½."""

    def per_sample(self, output: Tensor, target: Tensor) -> Tensor:
        return functional.per_sample_squared_error(output, target)


class BCEWithLogitsLoss(Loss):
    """Binary cross-entropy of logits; stable for logits of any size."""

    def per_sample(self, output: Tensor, target: Tensor) -> Tensor:
        return functional.per_sample_binary_cross_entropy(output, target)


class CrossEntropyLoss(Loss):
    """Cross-entropy of logits [N, C] and classes [N]; stable for logits of any size."""

    def per_sample(self, output: Tensor, target: Tensor) -> Tensor:
        return functional.per_sample_cross_entropy(output, target)


#: losses by the names under which settings know them
LOSSES: dict[str, type[Loss]] = {
    "mse": MSELoss,
    "bce_with_logits": BCEWithLogitsLoss,
    "cross_entropy": CrossEntropyLoss,
}
