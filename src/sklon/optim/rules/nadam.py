"""NAdam: Adam with Nesterov's momentum."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import ClassVar

from sklon.tensors import Tensor
from sklon.tensors.functional import sqrt

from .parts import (
    at_least_zero,
    check_betas,
    decay_scalars,
    decayed,
    each,
    inverse_root,
    moment_scalars,
    moments,
    power,
)
from .rule import Number, Tensors, Update

#: base of the momentum's schedule; Dozat, 2016
SCHEDULE_BASE = 0.96


@dataclass(frozen=True, slots=True)
class NAdamRule:
    """Adam that looks ahead: the step mixes the gradient with the next step's momentum.

    μₜ = β₁(1 − ½·0.96^(tψ));  Mₜ = μ₁·…·μₜ;  m and v as in Adam;
    p ← p − η·[(1 − μₜ)/(1 − Mₜ)·g + μₜ₊₁/(1 − Mₜ₊₁)·m] / (√(v/(1 − β₂ᵗ)) + ε).
    Source: Dozat, *Incorporating Nesterov momentum into Adam*, 2016.

    η = ``lr`` ≥ 0, (β₁, β₂) = ``betas`` in [0, 1), ε = ``eps`` ≥ 0, λ = ``weight_decay`` ≥ 0 (g ← g + λ·p, or
    p ← (1 − η·λ)·p with ``decoupled_weight_decay``), ψ = ``momentum_decay`` ≥ 0; ``maximize`` climbs. Mₜ follows
    from t and the settings, so it is no slot.
    """

    name: ClassVar[str] = "nadam"
    lr: float = 2e-3
    betas: tuple[float, float] = (0.9, 0.999)
    eps: float = 1e-8
    weight_decay: float = 0.0
    momentum_decay: float = 4e-3
    decoupled_weight_decay: bool = False
    maximize: bool = field(default=False, kw_only=True)

    def __post_init__(self) -> None:
        at_least_zero(lr=self.lr, eps=self.eps, weight_decay=self.weight_decay, momentum_decay=self.momentum_decay)
        check_betas(self.betas)

    @property
    def slots(self) -> Mapping[str, float]:
        return {"exp_avg": 0.0, "exp_avg_sq": 0.0}

    def mu_product(self, t: int) -> float:
        """Mₜ, which reaches 0 in double precision."""
        return _product(t, self.betas[0], self.momentum_decay)

    def scalars(self, t: Number) -> dict[str, Number]:
        beta1, decay = self.betas[0], self.momentum_decay
        return {
            **moment_scalars(self.betas),
            **decay_scalars(self),
            "of_grad": self.lr * (1 - each(_mu, t, beta1, decay)) / (1 - each(_product, t, beta1, decay)),
            "of_mean": self.lr * each(_mu, t + 1, beta1, decay) / (1 - each(_product, t + 1, beta1, decay)),
            "root_correction": inverse_root(1 - power(self.betas[1], t)),
            "eps": self.eps,
        }

    def update(self, param: Tensor, grad: Tensor, slots: Tensors, scalars: Tensors) -> Update:
        param, grad = decayed(self, param, grad, scalars)
        mean, square = moments(grad, slots, scalars)
        scale = sqrt(square) * scalars["root_correction"] + scalars["eps"]
        ahead = scalars["of_grad"] * grad + scalars["of_mean"] * mean
        return param - ahead / scale, {"exp_avg": mean, "exp_avg_sq": square}

    def rates(self, param: Tensor, slots: Tensors, scalars: Tensors) -> Tensor:
        scale = sqrt(slots["exp_avg_sq"]) * scalars["root_correction"] + scalars["eps"]
        return (scalars["of_grad"] + scalars["of_mean"]) / scale


def _mu(t: int, beta1: float, decay: float) -> float:
    return float(beta1 * (1 - 0.5 * SCHEDULE_BASE ** (t * decay)))


def _product(t: int, beta1: float, decay: float) -> float:
    """Mₜ = β₁ᵗ·Π(1 − 0.96^(k·ψ)/2), which reaches 0 in double precision."""
    products = _products(decay)
    while len(products) <= t and products[-1] > 0:
        products.append(products[-1] * _mu(len(products), 1.0, decay))
    return float(beta1**t * products[min(t, len(products) - 1)])


@lru_cache(maxsize=64)
def _products(decay: float) -> list[float]:
    """1 and the products of the factors beside β₁, as far as somebody asked."""
    return [1.0]
