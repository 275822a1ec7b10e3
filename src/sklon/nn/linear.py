"""Linear maps: dense, by table, and none."""

from __future__ import annotations

from math import sqrt

from sklon._base.errors import InputError
from sklon.tensors import Tensor
from sklon.tensors.creation import zeros

from . import functional, init
from .module import Module, Parameter


class Linear(Module):
    """y = x·Wᵀ + b.

    Shapes: x [N, in_features] → y [N, out_features]; ``weight`` [out_features, in_features], ``bias``
    [out_features]. Both start as U(−1/√in, 1/√in), as in PyTorch.

    >>> from sklon import nn, tensor
    >>> nn.Linear(3, 2)(tensor([[1.0, 2.0, 3.0]])).shape
    (1, 2)
    """

    def __init__(self, in_features: int, out_features: int, bias: bool = True, dtype: str = "float32") -> None:
        super().__init__()
        if in_features < 1 or out_features < 1:
            raise InputError(f"Linear needs at least one feature on each side, not {in_features} and {out_features}")
        self.in_features, self.out_features = in_features, out_features
        self.weight = init.kaiming_uniform_(Parameter(zeros(out_features, in_features, dtype=dtype)), sqrt(1 / 3))
        bound = 1 / sqrt(in_features)
        self.bias = init.uniform_(Parameter(zeros(out_features, dtype=dtype)), -bound, bound) if bias else None

    def forward(self, x: Tensor) -> Tensor:
        return functional.linear(x, self.weight, self.bias)

    def extra_repr(self) -> str:
        return f"in_features={self.in_features}, out_features={self.out_features}, bias={self.bias is not None}"


class Embedding(Module):
    """Row ``index`` of a table: y = W[index].

    Shapes: index [N] of whole numbers below num_embeddings → y [N, embedding_dim]; ``weight`` starts as N(0, 1).
    """

    def __init__(self, num_embeddings: int, embedding_dim: int) -> None:
        super().__init__()
        self.num_embeddings, self.embedding_dim = num_embeddings, embedding_dim
        self.weight = init.normal_(Parameter(zeros(num_embeddings, embedding_dim)))

    def forward(self, index: Tensor) -> Tensor:
        return functional.embedding(index, self.weight)

    def extra_repr(self) -> str:
        return f"{self.num_embeddings}, {self.embedding_dim}"


class Identity(Module):
    """y = x."""

    def forward(self, x: Tensor) -> Tensor:
        return x
