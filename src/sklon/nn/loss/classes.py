"""Losses on classes as modules."""

from __future__ import annotations

from typing import Any

from sklon._base.errors import InputError
from sklon._base.shapes import Shape
from sklon.tensors import Tensor

from ..functional import classes as C
from ..functional.loss import mean_of_sample
from ..module import Array
from .base import ElementwiseLoss, as_weight


class ClassLoss(ElementwiseLoss):
    """A loss of scores [N, C, …] and classes [N, …]; those that are ``ignore_index`` count nothing.

    With more axes a sample has many classes: its loss and its weight are means over them.
    """

    def __init__(self, weight: Any = None, ignore_index: int = C.IGNORE_INDEX, reduction: str = "mean") -> None:
        super().__init__(reduction)
        self.register_buffer("weight", as_weight(weight))
        self.ignore_index: int | None = ignore_index

    def for_target(self, target: Array) -> ClassLoss:
        if self.ignore_index is None or (target == self.ignore_index).any():
            return self
        twin = self._twin()
        twin.ignore_index = None
        return twin

    def weights(self, output: Tensor, target: Tensor) -> Tensor | None:
        weights = C.row_weights(output, target, self.get_buffer("weight"), self.ignore_index)
        return None if weights is None else mean_of_sample(weights)

    def check_target(self, target: Array, output_shape: Shape) -> None:
        if target.dtype.kind != "i":
            return
        classes = int(str(output_shape[C.class_axis(len(output_shape))]))
        outside = (target < 0) | (target >= classes)
        wrong = target[outside if self.ignore_index is None else outside & (target != self.ignore_index)]
        if wrong.size:
            raise InputError(f"the classes must be 0 to {classes - 1}, but there is a {wrong.flat[0]}")


class CrossEntropyLoss(ClassLoss):
    """Cross-entropy of logits [N, C, …] and classes [N, …], or probabilities; stable for logits of any size.

    ``weight`` [C] weighs classes and the mean; ``label_smoothing`` ε moves ε of the target to all classes alike.
    """

    takes = "logits"

    def __init__(
        self,
        weight: Any = None,
        ignore_index: int = C.IGNORE_INDEX,
        reduction: str = "mean",
        label_smoothing: float = 0.0,
    ) -> None:
        super().__init__(weight, ignore_index, reduction)
        if not 0 <= label_smoothing <= 1:
            raise InputError(f"label smoothing must lie between 0 and 1, not {label_smoothing}")
        self.label_smoothing = label_smoothing

    def elements(self, output: Tensor, target: Tensor) -> Tensor:
        weight = self.get_buffer("weight")
        return C.cross_entropy_rows(output, target, weight, self.ignore_index, self.label_smoothing)


class NLLLoss(ClassLoss):
    """−yₜ for log-probabilities y [N, C, …], as LogSoftmax gives them, and classes [N, …]."""

    takes = "log-probabilities"

    def elements(self, output: Tensor, target: Tensor) -> Tensor:
        return C.nll_rows(output, target, self.get_buffer("weight"), self.ignore_index)


class MultiMarginLoss(ClassLoss):
    """The hinge loss of several classes: Σ_{c≠t} max(0, margin − z_t + z_c)^p / C; rows count one in a mean."""

    def __init__(self, p: int = 1, margin: float = 1.0, weight: Any = None, reduction: str = "mean") -> None:
        super().__init__(weight, C.IGNORE_INDEX, reduction)
        self.p, self.margin = p, margin

    def elements(self, output: Tensor, target: Tensor) -> Tensor:
        return C.multi_margin_rows(output, target, self.p, self.margin, self.get_buffer("weight"))

    def weights(self, output: Tensor, target: Tensor) -> Tensor | None:
        return None
