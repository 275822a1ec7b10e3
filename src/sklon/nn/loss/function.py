"""A loss that is a function of one's own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sklon._base.errors import InputError, ShapeError
from sklon.tensors import Tensor
from sklon.tensors import functional as F

from ..functional import loss as L
from .base import Loss

#: how a function's value may be meant
MEANINGS = ("none", "mean")


class FunctionLoss(Loss):
    """A function of (output, target) as a loss.

    With ``reduction="none"`` it returns a value for each sample, [N], or for each output, [N, …], whose mean within a
    sample is taken. With ``reduction="mean"`` it returns their mean, a single number. Training needs to know which: a
    step is a sum and a count, so that a short batch and an accumulated one weigh what they should.

    Raises InputError or ShapeError, when it is called, for a value of the other kind.

    >>> import sklon
    >>> from sklon.nn.loss import FunctionLoss
    >>> error = FunctionLoss(lambda output, target: (output - target).abs())
    >>> error.per_sample(sklon.tensor([[1.0, 3.0]]), sklon.tensor([[0.0, 0.0]])).tolist()
    [2.0]
    """

    def __init__(self, function: Callable[..., Any], reduction: str = "none") -> None:
        super().__init__()
        if reduction not in MEANINGS:
            raise InputError(
                f'a loss function returns a value for each sample (reduction="none") or their mean (reduction="mean"), '
                f"not {reduction!r}; divide a sum by the number of samples"
            )
        self.function, self.means = function, reduction == "mean"

    def per_sample(self, output: Tensor, target: Tensor) -> Tensor:
        value = self.function(output, target)
        if not isinstance(value, Tensor):
            raise InputError(f"{self.title} must return a tensor, not {type(value).__name__}; use sklon's functions")
        return self._spread(value, output) if self.means else self._rows(value, output)

    @property
    def title(self) -> str:
        """How messages call the function."""
        return f"the loss {getattr(self.function, '__name__', type(self.function).__name__)}"

    def _rows(self, value: Tensor, output: Tensor) -> Tensor:
        if value.ndim and value.shape[0] == output.shape[0]:
            return L.mean_of_sample(value)
        raise ShapeError(
            f"{self.title} must return a value for each of the {output.shape[0]} samples, but returns the shape "
            f'{value.shape}; leave out its mean, or, if it is the mean over samples, pass reduction="mean"'
        )

    def _spread(self, value: Tensor, output: Tensor) -> Tensor:
        """The mean as the value of each sample: their sum is N times the mean."""
        if value.ndim:
            raise ShapeError(
                f'{self.title} is declared a mean (reduction="mean") and must return one number, but returns the '
                f'shape {value.shape}; take its mean, or leave out reduction="mean"'
            )
        return F.broadcast_to(value, (output.shape[0],))  # type: ignore[arg-type]

    def extra_repr(self) -> str:
        return getattr(self.function, "__name__", type(self.function).__name__)
