"""Linear maps: dense, by table, into another shape, and none."""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt

from sklon._base.errors import InputError
from sklon.tensors import Tensor
from sklon.tensors.creation import zeros
from sklon.tensors.manipulation import flatten, unflatten

from . import functional, init
from .functional.linear import padding_row
from .module import Module, Parameter


class Linear(Module):
    """y = x·Wᵀ + b.

    Shapes: x […, in_features] → y […, out_features]; ``weight`` [out_features, in_features], ``bias``
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
        bound = 1 / sqrt(in_features)
        self.weight = _uniform((out_features, in_features), bound, dtype)
        self.register_parameter("bias", _uniform((out_features,), bound, dtype) if bias else None)

    def forward(self, x: Tensor) -> Tensor:
        return functional.linear(x, self.weight, self._parameters["bias"])

    def extra_repr(self) -> str:
        has_bias = self._parameters["bias"] is not None
        return f"in_features={self.in_features}, out_features={self.out_features}, bias={has_bias}"


class Bilinear(Module):
    """yₒ = Σᵢⱼ x1ᵢ·Wₒᵢⱼ·x2ⱼ + bₒ.

    Shapes: x1 […, in1_features], x2 […, in2_features] → y […, out_features]; ``weight`` [out, in1, in2] and ``bias``
    [out] start as U(−1/√in1, 1/√in1).
    """

    def __init__(
        self, in1_features: int, in2_features: int, out_features: int, bias: bool = True, dtype: str = "float32"
    ) -> None:
        super().__init__()
        if min(in1_features, in2_features, out_features) < 1:
            raise InputError(f"Bilinear needs features everywhere, not {in1_features}, {in2_features}, {out_features}")
        self.in1_features, self.in2_features, self.out_features = in1_features, in2_features, out_features
        bound = 1 / sqrt(in1_features)
        self.weight = _uniform((out_features, in1_features, in2_features), bound, dtype)
        self.register_parameter("bias", _uniform((out_features,), bound, dtype) if bias else None)

    def forward(self, x1: Tensor, x2: Tensor) -> Tensor:
        return functional.bilinear(x1, x2, self.weight, self._parameters["bias"])

    def extra_repr(self) -> str:
        return (
            f"in1_features={self.in1_features}, in2_features={self.in2_features}, out_features={self.out_features}, "
            f"bias={self._parameters['bias'] is not None}"
        )


class Embedding(Module):
    """Row ``index`` of a table: y = W[index].

    Shapes: index […] of whole numbers below num_embeddings → y […, embedding_dim]; ``weight`` starts as N(0, 1).
    The row ``padding_idx`` starts as zeros and is not trained.

    >>> from sklon import nn, tensor
    >>> nn.Embedding(10, 4, padding_idx=0)(tensor([[1, 2, 0], [5, 0, 0]])).shape
    (2, 3, 4)
    """

    def __init__(self, num_embeddings: int, embedding_dim: int, padding_idx: int | None = None) -> None:
        super().__init__()
        self.num_embeddings, self.embedding_dim = num_embeddings, embedding_dim
        self.weight = Parameter(zeros(num_embeddings, embedding_dim))
        self.padding_idx = None if padding_idx is None else padding_row(padding_idx, self.weight)
        init.normal_(self.weight)
        if self.padding_idx is not None:
            values = self.weight.numpy()
            values[self.padding_idx] = 0
            self.weight.assign(values)

    def forward(self, index: Tensor) -> Tensor:
        return functional.embedding(index, self.weight, self.padding_idx)

    def extra_repr(self) -> str:
        padding = "" if self.padding_idx is None else f", padding_idx={self.padding_idx}"
        return f"{self.num_embeddings}, {self.embedding_dim}{padding}"


class Flatten(Module):
    """The axes from ``start_dim`` to ``end_dim`` as one, in row-major order.

    Shapes: x [N, a, b, …] → [N, a·b·…] by default, which a Linear takes.

    >>> from sklon import nn, ones
    >>> nn.Flatten()(ones(5, 2, 3)).shape
    (5, 6)
    """

    def __init__(self, start_dim: int = 1, end_dim: int = -1) -> None:
        super().__init__()
        self.start_dim, self.end_dim = start_dim, end_dim

    def forward(self, x: Tensor) -> Tensor:
        return flatten(x, self.start_dim, self.end_dim)

    def extra_repr(self) -> str:
        return f"start_dim={self.start_dim}, end_dim={self.end_dim}"


class Unflatten(Module):
    """The axis ``dim`` cut into several, whose sizes multiply to its own; one of them may be -1.

    >>> from sklon import nn, ones
    >>> nn.Unflatten(1, (2, 3))(ones(5, 6)).shape
    (5, 2, 3)
    """

    def __init__(self, dim: int, unflattened_size: Sequence[int]) -> None:
        super().__init__()
        self.dim, self.unflattened_size = dim, tuple(unflattened_size)

    def forward(self, x: Tensor) -> Tensor:
        return unflatten(x, self.dim, self.unflattened_size)

    def extra_repr(self) -> str:
        return f"dim={self.dim}, unflattened_size={self.unflattened_size}"


class Identity(Module):
    """y = x."""

    def forward(self, x: Tensor) -> Tensor:
        return x


def _uniform(shape: tuple[int, ...], bound: float, dtype: str) -> Parameter:
    """A parameter drawn from U(−bound, bound)."""
    parameter = Parameter(zeros(*shape, dtype=dtype))
    init.uniform_(parameter, -bound, bound)
    return parameter
