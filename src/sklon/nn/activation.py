"""Activation functions as layers. What they compute stands in nn.functional."""

from __future__ import annotations

from sklon.tensors import Tensor

from . import functional
from .module import Module


class ReLU(Module):
    """max(x, 0); the derivative at 0 is 0."""

    def forward(self, x: Tensor) -> Tensor:
        return functional.relu(x)


class Sigmoid(Module):
    """1 / (1 + e⁻ˣ)."""

    def forward(self, x: Tensor) -> Tensor:
        return functional.sigmoid(x)


class Tanh(Module):
    """tanh x."""

    def forward(self, x: Tensor) -> Tensor:
        return functional.tanh(x)


class Softplus(Module):
    """ln(1 + eˣ)."""

    def forward(self, x: Tensor) -> Tensor:
        return functional.softplus(x)
