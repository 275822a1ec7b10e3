"""Adamax: Adam with the largest gradient as its scale."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from sklon.tensors import Tensor
from sklon.tensors.functional import abs, maximum

from .parts import at_least_zero, check_betas, coupled, power
from .rule import Number, Tensors, Update


@dataclass(frozen=True, slots=True)
class AdamaxRule:
    """Steps scaled by a decaying maximum of the gradient.

    g ← g + λ·p;  m ← β₁m + (1 − β₁)g;  u ← max(β₂u, |g| + ε);  p ← p − η/(1 − β₁ᵗ) · m/u.
    Source: Kingma and Ba, *Adam: a method for stochastic optimization*, 2015, section 7.1; ε as in PyTorch.

    η = ``lr`` ≥ 0, (β₁, β₂) = ``betas`` in [0, 1), ε = ``eps`` ≥ 0, λ = ``weight_decay`` ≥ 0 (coupled);
    ``maximize`` climbs.
    """

    name: ClassVar[str] = "adamax"
    lr: float = 2e-3
    betas: tuple[float, float] = (0.9, 0.999)
    eps: float = 1e-8
    weight_decay: float = 0.0
    maximize: bool = field(default=False, kw_only=True)

    def __post_init__(self) -> None:
        at_least_zero(lr=self.lr, eps=self.eps, weight_decay=self.weight_decay)
        check_betas(self.betas)

    @property
    def slots(self) -> Mapping[str, float]:
        return {"exp_avg": 0.0, "exp_inf": 0.0}

    def scalars(self, t: Number) -> dict[str, Number]:
        beta1, beta2 = self.betas
        return {
            "beta1": beta1,
            "fresh1": 1 - beta1,
            "beta2": beta2,
            "lr": self.lr,
            "step_size": self.lr / (1 - power(beta1, t)),
            "eps": self.eps,
            "weight_decay": self.weight_decay,
        }

    def update(self, param: Tensor, grad: Tensor, slots: Tensors, scalars: Tensors) -> Update:
        grad = coupled(self, param, grad, scalars)
        mean = scalars["beta1"] * slots["exp_avg"] + scalars["fresh1"] * grad
        largest = maximum(scalars["beta2"] * slots["exp_inf"], abs(grad) + scalars["eps"])
        return param - scalars["step_size"] * (mean / largest), {"exp_avg": mean, "exp_inf": largest}

    def rates(self, param: Tensor, slots: Tensors, scalars: Tensors) -> Tensor:
        return scalars["lr"] / slots["exp_inf"]
