"""Losses as modules. Each knows its value per sample; called, it gives PyTorch's mean."""

from __future__ import annotations

from sklon._base.errors import InputError
from sklon._base.shapes import Shape
from sklon.tensors import Tensor

from . import functional
from .module import Array, Module


class Loss(Module):
    """A loss: ``per_sample`` gives [N] values, calling it gives their mean."""

    def per_sample(self, output: Tensor, target: Tensor) -> Tensor:
        """The loss of each sample, shape [N]."""
        raise NotImplementedError(type(self).__name__)

    def forward(self, output: Tensor, target: Tensor) -> Tensor:
        return self.per_sample(output, target).mean()

    def check_target(self, target: Array, output_shape: Shape) -> None:
        """Raise InputError for targets that no output can mean; called when data are bound."""


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

    def check_target(self, target: Array, output_shape: Shape) -> None:
        classes = output_shape[-1]
        wrong = target[(target < 0) | (target >= classes)]
        if wrong.size:
            raise InputError(f"the classes must be 0 to {int(str(classes)) - 1}, but there is a {wrong.flat[0]}")


#: losses by the names under which settings know them
LOSSES: dict[str, type[Loss]] = {
    "mse": MSELoss,
    "bce_with_logits": BCEWithLogitsLoss,
    "cross_entropy": CrossEntropyLoss,
}
