"""Many networks in one: members that share weights, and members that do not, side by side along an axis.

Shape legend: N samples, k members. What members share is multiplied once, by the rows of all of them: one product of
N·k rows. Sources: Wen, Tran and Ba, *BatchEnsemble*, 2020; Gorishniy, Kotelnikov and Babenko, *TabM: advancing tabular
deep learning with parameter-efficient ensembling*, 2025.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt

import numpy as np

from sklon._base.errors import InputError, ShapeError
from sklon.tensors import Tensor
from sklon.tensors import functional as F
from sklon.tensors.creation import rand, randn, zeros

from . import init
from .functional.linear import linear
from .module import Module, Parameter

#: how the scales of members may start
SCALINGS = ("ones", "normal", "random-signs")


class EnsembleView(Module):
    """The same samples for each of k members: x [N, features] → [N, k, features], in which nothing is copied.

    x [N, k, features], samples of each member's own, passes as it is.

    >>> from sklon import nn, ones
    >>> nn.EnsembleView(4)(ones(5, 3)).shape
    (5, 4, 3)
    """

    def __init__(self, k: int) -> None:
        super().__init__()
        self.k = _counted(k)

    def forward(self, x: Tensor) -> Tensor:
        if x.ndim == 3 and x.shape[1] == self.k:
            return x
        if x.ndim != 2:
            raise ShapeError(
                f"a view of {self.k} members takes [N, features] or [N, {self.k}, features], not {x.shape}"
            )
        wide = (x.shape[0], self.k, *x.shape[1:])
        return F.broadcast_to(F.expand_dims(x, 1), wide)  # type: ignore[arg-type]

    def extra_repr(self) -> str:
        return f"k={self.k}"


class LinearBatchEnsemble(Module):
    """k linear maps that share a matrix: yⱼ = ((xⱼ ∘ rⱼ)·Wᵀ) ∘ sⱼ + bⱼ.

    Shapes: x [N, k, in_features] → y [N, k, out_features]; ``weight`` [out, in], ``r`` [k, in], ``s`` and ``bias``
    [k, out]. Weight and bias start as U(−1/√in, 1/√in), the bias alike for all members. ``scaling_init`` says how r and
    s start, or each of them as a pair: "ones", "normal" N(0, 1) or "random-signs" ±1. Members are different only if
    some scale is: the paper starts r of the first layer at random, all others as ones. Raises InputError for other
    settings.

    >>> from sklon import nn, ones
    >>> first = nn.LinearBatchEnsemble(3, 2, k=4, scaling_init=("random-signs", "ones"))
    >>> nn.Sequential(nn.EnsembleView(4), first)(ones(5, 3)).shape
    (5, 4, 2)
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        bias: bool = True,
        *,
        k: int,
        scaling_init: str | Sequence[str] = "ones",
        dtype: str = "float32",
    ) -> None:
        super().__init__()
        _check_features(in_features, out_features)
        self.in_features, self.out_features, self.k = in_features, out_features, _counted(k)
        self.scaling_init = scaling_init if isinstance(scaling_init, str) else tuple(scaling_init)
        of_r, of_s = (scaling_init,) * 2 if isinstance(scaling_init, str) else scaling_init
        bound = 1 / sqrt(in_features)
        self.weight = Parameter(zeros(out_features, in_features, dtype=dtype))
        init.uniform_(self.weight, -bound, bound)
        self.r, self.s = _scales((k, in_features), of_r, dtype), _scales((k, out_features), of_s, dtype)
        self.register_parameter("bias", _alike(k, out_features, bound, dtype) if bias else None)

    def forward(self, x: Tensor) -> Tensor:
        _check_members(x, self.k, self.in_features)
        y = linear(x * self.r, self.weight) * self.s
        bias = self._parameters["bias"]
        return y if bias is None else y + bias

    def extra_repr(self) -> str:
        has_bias = self._parameters["bias"] is not None
        return (
            f"in_features={self.in_features}, out_features={self.out_features}, bias={has_bias}, k={self.k}, "
            f"scaling_init={self.scaling_init!r}"
        )


class LinearEnsemble(Module):
    """k linear maps of their own: yⱼ = xⱼ·Wⱼ + bⱼ.

    Shapes: x [N, k, in_features] → y [N, k, out_features]; ``weight`` [k, in, out], ``bias`` [k, out]. Both start as
    U(−1/√in, 1/√in).

    >>> from sklon import nn, ones
    >>> nn.LinearEnsemble(3, 2, k=4)(ones(5, 4, 3)).shape
    (5, 4, 2)
    """

    def __init__(
        self, in_features: int, out_features: int, bias: bool = True, *, k: int, dtype: str = "float32"
    ) -> None:
        super().__init__()
        _check_features(in_features, out_features)
        self.in_features, self.out_features, self.k = in_features, out_features, _counted(k)
        bound = 1 / sqrt(in_features)
        self.weight = Parameter(zeros(k, in_features, out_features, dtype=dtype))
        init.uniform_(self.weight, -bound, bound)
        self.register_parameter("bias", Parameter(zeros(k, out_features, dtype=dtype)) if bias else None)
        if bias:
            init.uniform_(self.bias, -bound, bound)

    def forward(self, x: Tensor) -> Tensor:
        _check_members(x, self.k, self.in_features)
        y = F.contract("nki,kio->nko", x, self.weight)
        bias = self._parameters["bias"]
        return y if bias is None else y + bias

    def extra_repr(self) -> str:
        has_bias = self._parameters["bias"] is not None
        return f"in_features={self.in_features}, out_features={self.out_features}, bias={has_bias}, k={self.k}"


def _counted(k: int) -> int:
    if isinstance(k, bool) or not isinstance(k, int) or k < 1:
        raise InputError(f"an ensemble has a whole number of members, k, of at least 1, not {k!r}")
    return k


def _check_features(in_features: int, out_features: int) -> None:
    if in_features < 1 or out_features < 1:
        raise InputError(f"an ensemble of linear maps needs features on both sides, not {in_features}, {out_features}")


def _check_members(x: Tensor, k: int, features: int) -> None:
    if x.ndim != 3 or x.shape[1:] != (k, features):
        raise ShapeError(
            f"an ensemble of {k} members takes x of shape [N, {k}, {features}], not {x.shape}; put an "
            "nn.EnsembleView(k) in front of the first layer"
        )


def _scales(shape: tuple[int, int], how: str, dtype: str) -> Parameter:
    """Scales of members as ``scaling_init`` says."""
    if how not in SCALINGS:
        raise InputError(f"scales of members start as one of {', '.join(SCALINGS)}, not {how!r}")
    scales = Parameter(zeros(*shape, dtype=dtype))
    if how == "ones":
        init.ones_(scales)
    elif how == "normal":
        scales.assign(randn(*shape, dtype=dtype).numpy())
    else:
        scales.assign(np.where(rand(*shape).numpy() < 0.5, -1.0, 1.0))
    return scales


def _alike(k: int, features: int, bound: float, dtype: str) -> Parameter:
    """A bias that starts alike for all members."""
    one = Parameter(zeros(1, features, dtype=dtype))
    init.uniform_(one, -bound, bound)
    return Parameter(np.repeat(one.numpy(), k, axis=0))
