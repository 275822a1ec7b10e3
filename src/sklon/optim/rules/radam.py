"""RAdam: Adam with the variance of its scale rectified."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from sklon.tensors import Tensor
from sklon.tensors.functional import sqrt, where

from .parts import at_least_zero, check_betas, decay_scalars, decayed, each, moment_scalars, moments, power
from .rule import Number, Tensors, Update

#: length of the approximated moving average from which on its variance is tractable; PyTorch's, the paper has 4
TRACTABLE = 5.0


@dataclass(frozen=True, slots=True)
class RAdamRule:
    """Adam that starts as momentum and trusts its scale as far as it has seen gradients.

    ρ∞ = 2/(1 − β₂) − 1;  ρₜ = ρ∞ − 2tβ₂ᵗ/(1 − β₂ᵗ);  m and v as in Adam;  η̂ = η/(1 − β₁ᵗ);
    p ← p − η̂·r·√(1 − β₂ᵗ)·m/(√v + ε) with r² = (ρₜ−4)(ρₜ−2)ρ∞ / ((ρ∞−4)(ρ∞−2)ρₜ) where ρₜ > 5, else p ← p − η̂·m.
    Source: Liu et al., *On the variance of the adaptive learning rate and beyond*, 2020; as in PyTorch, ε is added
    before the correction of v, and the bound is 5.

    η = ``lr`` ≥ 0, (β₁, β₂) = ``betas`` in [0, 1), ε = ``eps`` ≥ 0, λ = ``weight_decay`` ≥ 0 (g ← g + λ·p, or
    p ← (1 − η·λ)·p with ``decoupled_weight_decay``); ``maximize`` climbs.
    """

    name: ClassVar[str] = "radam"
    lr: float = 1e-3
    betas: tuple[float, float] = (0.9, 0.999)
    eps: float = 1e-8
    weight_decay: float = 0.0
    decoupled_weight_decay: bool = False
    maximize: bool = field(default=False, kw_only=True)

    def __post_init__(self) -> None:
        at_least_zero(lr=self.lr, eps=self.eps, weight_decay=self.weight_decay)
        check_betas(self.betas)

    @property
    def slots(self) -> Mapping[str, float]:
        return {"exp_avg": 0.0, "exp_avg_sq": 0.0}

    def scalars(self, t: Number) -> dict[str, Number]:
        return {
            **moment_scalars(self.betas),
            **decay_scalars(self),
            "lr": self.lr,
            "step_size": self.lr / (1 - power(self.betas[0], t)),
            "rectification": each(self._rectification, t),
            "eps": self.eps,
        }

    def _rectification(self, t: int) -> float:
        """r·√(1 − β₂ᵗ), or 0 while the variance is not tractable."""
        beta2 = self.betas[1]
        longest = 2 / (1 - beta2) - 1
        correction = 1 - beta2**t
        length = longest - 2 * t * beta2**t / correction
        if length <= TRACTABLE:
            return 0.0
        squared = (length - 4) * (length - 2) * longest / ((longest - 4) * (longest - 2) * length)
        return float((squared * correction) ** 0.5)

    def update(self, param: Tensor, grad: Tensor, slots: Tensors, scalars: Tensors) -> Update:
        param, grad = decayed(self, param, grad, scalars)
        mean, square = moments(grad, slots, scalars)
        rectified = scalars["rectification"] * mean / (sqrt(square) + scalars["eps"])
        direction = where(scalars["rectification"] > 0.0, rectified, mean)
        return param - scalars["step_size"] * direction, {"exp_avg": mean, "exp_avg_sq": square}

    def rates(self, param: Tensor, slots: Tensors, scalars: Tensors) -> Tensor:
        rectified = scalars["rectification"] / (sqrt(slots["exp_avg_sq"]) + scalars["eps"])
        return scalars["lr"] * where(scalars["rectification"] > 0.0, rectified, 1.0)
