"""Adagrad."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from sklon.tensors import Tensor
from sklon.tensors.functional import sqrt

from .parts import at_least_zero, coupled
from .rule import Number, Tensors, Update


@dataclass(frozen=True, slots=True)
class AdagradRule:
    """Steps scaled by the sum of all squared gradients so far.

    g ← g + λ·p;  s ← s + g², from s = s₀;  p ← p − η/(1 + (t − 1)·δ) · g / (√s + ε).
    Source: Duchi, Hazan and Singer, *Adaptive subgradient methods for online learning and stochastic optimization*,
    2011; ε stands outside the root.

    η = ``lr`` ≥ 0, δ = ``lr_decay`` ≥ 0, λ = ``weight_decay`` ≥ 0 (coupled), s₀ = ``initial_accumulator_value`` ≥ 0,
    ε = ``eps`` ≥ 0; ``maximize`` climbs.
    """

    name: ClassVar[str] = "adagrad"
    lr: float = 1e-2
    lr_decay: float = 0.0
    weight_decay: float = 0.0
    initial_accumulator_value: float = 0.0
    eps: float = 1e-10
    maximize: bool = field(default=False, kw_only=True)

    def __post_init__(self) -> None:
        at_least_zero(
            lr=self.lr,
            lr_decay=self.lr_decay,
            weight_decay=self.weight_decay,
            initial_accumulator_value=self.initial_accumulator_value,
            eps=self.eps,
        )

    @property
    def slots(self) -> Mapping[str, float]:
        return {"sum": self.initial_accumulator_value}

    def scalars(self, t: Number) -> dict[str, Number]:
        step_size = self.lr / (1 + (t - 1) * self.lr_decay)
        return {"step_size": step_size, "eps": self.eps, "weight_decay": self.weight_decay}

    def update(self, param: Tensor, grad: Tensor, slots: Tensors, scalars: Tensors) -> Update:
        grad = coupled(self, param, grad, scalars)
        total = slots["sum"] + grad * grad
        return param - scalars["step_size"] * (grad / (sqrt(total) + scalars["eps"])), {"sum": total}

    def rates(self, param: Tensor, slots: Tensors, scalars: Tensors) -> Tensor:
        return scalars["step_size"] / (sqrt(slots["sum"]) + scalars["eps"])
