"""The loss of an ensemble: the mean of its members' losses, never the loss of their mean."""

from __future__ import annotations

from sklon._base.errors import ShapeError
from sklon._base.shapes import Shape
from sklon.tensors import Tensor
from sklon.tensors import functional as F

from ..module import Array
from .base import Loss
from .classes import ClassLoss


class EnsembleLoss(Loss):
    """(1/k)·Σⱼ loss(outputⱼ, target): each member learns by itself, so that they stay different.

    Shapes: output [N, k, …], a target for all members as ``loss`` takes it, or one with an axis of members [N, k, …].
    Predictions are the mean of the members' values or probabilities.

    >>> import sklon
    >>> from sklon import nn
    >>> loss = nn.EnsembleLoss(nn.MSELoss())
    >>> loss(sklon.tensor([[[0.0], [2.0]]]), sklon.tensor([[1.0]])).item()  # the mean of both would be right
    1.0
    """

    def __init__(self, loss: Loss) -> None:
        super().__init__(loss.reduction)
        self.loss = loss
        self.takes = loss.takes  # type: ignore[misc]

    def per_sample(self, output: Tensor, target: Tensor) -> Tensor:
        return self.loss.per_sample(*self._beside(output, target))

    def weights(self, output: Tensor, target: Tensor) -> Tensor | None:
        return self.loss.weights(*self._beside(output, target))

    def elements(self, output: Tensor, target: Tensor) -> Tensor:
        return self.loss.elements(*self._beside(output, target))

    def _beside(self, output: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
        """Members as one more axis of what a loss takes: behind the classes [N, C, k], or before values [N, k, …]."""
        if output.ndim < 2:
            raise ShapeError(f"an ensemble gives [N, k, …], not {output.shape}")
        of_classes = isinstance(self.loss, ClassLoss)
        rank = output.ndim - (of_classes and not target.dtype.is_floating)
        if target.ndim < rank:
            wide = (target.shape[0], output.shape[1], *target.shape[1:])
            target = F.broadcast_to(F.expand_dims(target, 1), wide)  # type: ignore[arg-type]
        if not of_classes:
            return output, target
        return _behind(output), _behind(target) if target.ndim == output.ndim else target

    def check_target(self, target: Array, output_shape: Shape) -> None:
        self.loss.check_target(target, (output_shape[0], *output_shape[2:]))

    def for_target(self, target: Array) -> Loss:
        twin = self._twin()
        twin.loss = self.loss.for_target(target)
        return twin


def _behind(x: Tensor) -> Tensor:
    """The axis of members as the last one."""
    return F.permute_dims(x, (0, *range(2, x.ndim), 1))
