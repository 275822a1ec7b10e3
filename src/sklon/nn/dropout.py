"""Dropout."""

from __future__ import annotations

from sklon._base.errors import InputError
from sklon.tensors import Tensor

from . import functional
from .module import Module


class Dropout(Module):
    """While training each element is dropped with probability ``p`` and the others are scaled by 1/(1 − p).

    In evaluation everything passes unchanged, so the expectation is the same in both. Srivastava et al.,
    *Dropout: a simple way to prevent neural networks from overfitting*, JMLR 2014.
    """

    def __init__(self, p: float = 0.5) -> None:
        super().__init__()
        if not 0 <= p <= 1:
            raise InputError(f"the probability of dropout must lie between 0 and 1, not {p}")
        self.p = p

    def forward(self, x: Tensor) -> Tensor:
        return functional.dropout(x, self.p, self.training)

    def extra_repr(self) -> str:
        return f"p={self.p}"
