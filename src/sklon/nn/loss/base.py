"""Losses as modules. A loss is a sum and a count: a value for each row, and what the row counts for.

The Trainer differentiates Σ ``per_sample`` and divides by Σ ``weights`` once, at the update; called, a loss
gives PyTorch's ``reduction``. Class weights are buffers, so a recorded step reads them as state.
"""

from __future__ import annotations

from copy import copy
from typing import Any, ClassVar, Self

import numpy as np

from sklon._base.errors import InputError
from sklon._base.shapes import Shape
from sklon.tensors import Tensor
from sklon.tensors.creation import tensor

from ..functional import classes as C
from ..functional import loss as L
from ..module import Array, Module, as_array
from ..settings import TABLES


class Loss(Module):
    """A loss: subclass it and write ``per_sample``.

    >>> import sklon
    >>> class Cubic(sklon.nn.Loss):
    ...     def per_sample(self, output, target):
    ...         return ((output - target).abs() ** 3).mean(1)
    >>> Cubic(reduction="sum")(sklon.tensor([[1.0], [3.0]]), sklon.tensor([[0.0], [1.0]])).item()
    9.0
    """

    #: what a model must give: "values", "logits", or "log-probabilities"
    takes: ClassVar[str] = "values"

    def __init__(self, reduction: str = "mean") -> None:
        super().__init__()
        L.check_reduction(reduction)
        self.reduction = reduction

    def per_sample(self, output: Tensor, target: Tensor) -> Tensor:
        """The loss of each sample, shape [N], weighted where samples have weights."""
        raise NotImplementedError(type(self).__name__)

    def weights(self, output: Tensor, target: Tensor) -> Tensor | None:
        """What each sample counts for in a mean, shape [N]; None where each counts one."""
        return None

    def told(self, losses: Tensor, output: Tensor, target: Tensor) -> Tensor:
        """What is told of each sample instead of the loss that is differentiated, ``losses``, shape [N].

        It is the same but where a convention tells another number: a bound, a constant, a mean of outputs.
        """
        return losses

    def elements(self, output: Tensor, target: Tensor) -> Tensor:
        """The values that "sum" adds and "none" gives: one for each sample, or one for each output."""
        return self.per_sample(output, target)

    def forward(self, output: Tensor, target: Tensor) -> Tensor:
        if self.reduction != "mean":
            return L.reduced(self.elements(output, target), self.reduction)
        return C.weighted(self.per_sample(output, target), self.weights(output, target), "mean")

    def check_target(self, target: Array, output_shape: Shape) -> None:
        """Raise InputError for targets that no output can mean; called when data are bound."""

    def for_target(self, target: Array) -> Loss:
        """This loss, or one that is the same for these targets and costs less; called when data are bound."""
        return self

    def _twin(self) -> Self:
        """A loss with the same parts, whose own may be replaced."""
        twin = copy(self)
        vars(twin).update({name: copy(vars(self)[name]) for name in TABLES})
        return twin

    def extra_repr(self) -> str:
        return "" if self.reduction == "mean" else f"reduction={self.reduction!r}"


class ElementwiseLoss(Loss):
    """A loss with a value for each output: ``per_sample`` is their mean within a sample."""

    def elements(self, output: Tensor, target: Tensor) -> Tensor:
        raise NotImplementedError(type(self).__name__)

    def per_sample(self, output: Tensor, target: Tensor) -> Tensor:
        return L.mean_of_sample(self.elements(output, target))


def as_weight(weight: Any) -> Tensor | None:
    """Weights as a tensor of their own, from numbers, an array or a tensor of any library."""
    if weight is None:
        return None
    array = np.asarray(as_array(weight))
    if not np.isfinite(array).all() or (array < 0).any():
        raise InputError(f"weights must be finite and at least 0, not {array.tolist()}")
    return tensor(array if array.dtype.kind == "f" else array.astype(np.float32))
