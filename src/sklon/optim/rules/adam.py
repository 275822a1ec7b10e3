"""Adam, and AdamW with decay beside the gradient."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from sklon.tensors import Tensor
from sklon.tensors.functional import maximum, sqrt

from .parts import at_least_zero, check_betas, decay_scalars, decayed, inverse_root, moment_scalars, moments, power
from .rule import Number, Tensors, Update


@dataclass(frozen=True, slots=True)
class AdamRule:
    """Adam: steps scaled by running moments of the gradient.

    g ← g + λ·p;  m ← β₁m + (1 − β₁)g;  v ← β₂v + (1 − β₂)g²;  p ← p − η/(1 − β₁ᵗ) · m / (√v/√(1 − β₂ᵗ) + ε).
    With ``amsgrad`` the largest v so far takes the place of v. Sources: Kingma and Ba, *Adam: a method for
    stochastic optimization*, 2015; Reddi et al., *On the convergence of Adam and beyond*, 2018. ε stands outside
    the root.

    η = ``lr`` ≥ 0, (β₁, β₂) = ``betas`` in [0, 1), ε = ``eps`` ≥ 0, λ = ``weight_decay`` ≥ 0 (coupled, unless
    ``decoupled_weight_decay``: see :class:`AdamWRule`); ``maximize`` climbs.
    """

    name: ClassVar[str] = "adam"
    lr: float = 1e-3
    betas: tuple[float, float] = (0.9, 0.999)
    eps: float = 1e-8
    weight_decay: float = 0.0
    amsgrad: bool = False
    maximize: bool = field(default=False, kw_only=True)
    decoupled_weight_decay: bool = field(default=False, kw_only=True)

    def __post_init__(self) -> None:
        at_least_zero(lr=self.lr, eps=self.eps, weight_decay=self.weight_decay)
        check_betas(self.betas)

    @property
    def slots(self) -> Mapping[str, float]:
        moments = {"exp_avg": 0.0, "exp_avg_sq": 0.0}
        return {**moments, "max_exp_avg_sq": 0.0} if self.amsgrad else moments

    def scalars(self, t: Number) -> dict[str, Number]:
        beta1, beta2 = self.betas
        return {
            **moment_scalars(self.betas),
            **decay_scalars(self),
            "lr": self.lr,
            "step_size": self.lr / (1 - power(beta1, t)),
            "root_correction": inverse_root(1 - power(beta2, t)),
            "eps": self.eps,
        }

    def update(self, param: Tensor, grad: Tensor, slots: Tensors, scalars: Tensors) -> Update:
        param, grad = decayed(self, param, grad, scalars)
        mean, square = moments(grad, slots, scalars)
        kept = {"exp_avg": mean, "exp_avg_sq": square}
        if self.amsgrad:
            square = kept["max_exp_avg_sq"] = maximum(slots["max_exp_avg_sq"], square)
        scale = sqrt(square) * scalars["root_correction"] + scalars["eps"]
        return param - scalars["step_size"] * (mean / scale), kept

    def rates(self, param: Tensor, slots: Tensors, scalars: Tensors) -> Tensor:
        square = slots["max_exp_avg_sq" if self.amsgrad else "exp_avg_sq"]
        return scalars["lr"] / (sqrt(square) * scalars["root_correction"] + scalars["eps"])


@dataclass(frozen=True, slots=True)
class AdamWRule(AdamRule):
    """Adam whose weight decay shrinks the parameter itself and never enters the moments.

    p ← (1 − η·λ)·p, then Adam's step on g. Source: Loshchilov and Hutter, *Decoupled weight decay regularization*,
    2019; as in PyTorch, the decay is scaled by η.

    The settings are those of :class:`AdamRule`, with λ = 0.01.
    """

    name: ClassVar[str] = "adamw"
    weight_decay: float = 1e-2
    decoupled_weight_decay: bool = field(default=True, init=False)
