"""RMSprop."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from sklon.tensors import Tensor
from sklon.tensors.functional import sqrt

from .parts import at_least_zero, coupled
from .rule import Number, Tensors, Update


@dataclass(frozen=True, slots=True)
class RMSpropRule:
    """Steps scaled by a running mean of squared gradients.

    g ← g + λ·p;  v ← αv + (1 − α)g²;  d = g / (√v + ε);  p ← p − η·d, or b ← μ·b + d and p ← p − η·b with momentum.
    With ``centered``, ḡ ← αḡ + (1 − α)g and v − ḡ² takes the place of v in the root. Sources: Tieleman and Hinton,
    *Lecture 6.5 of Neural networks for machine learning*, 2012; Graves, *Generating sequences with recurrent neural
    networks*, 2013, for the centered form. ε stands outside the root.

    η = ``lr`` ≥ 0, α = ``alpha`` ≥ 0, ε = ``eps`` ≥ 0, λ = ``weight_decay`` ≥ 0 (coupled), μ = ``momentum`` ≥ 0;
    ``maximize`` climbs.
    """

    name: ClassVar[str] = "rmsprop"
    lr: float = 1e-2
    alpha: float = 0.99
    eps: float = 1e-8
    weight_decay: float = 0.0
    momentum: float = 0.0
    centered: bool = False
    maximize: bool = field(default=False, kw_only=True)

    def __post_init__(self) -> None:
        at_least_zero(
            lr=self.lr, alpha=self.alpha, eps=self.eps, weight_decay=self.weight_decay, momentum=self.momentum
        )

    @property
    def slots(self) -> Mapping[str, float]:
        wanted = {"square_avg": True, "momentum_buffer": self.momentum, "grad_avg": self.centered}
        return {name: 0.0 for name, needed in wanted.items() if needed}

    def scalars(self, t: Number) -> dict[str, Number]:
        return {
            "lr": self.lr,
            "alpha": self.alpha,
            "fresh": 1 - self.alpha,
            "eps": self.eps,
            "momentum": self.momentum,
            "weight_decay": self.weight_decay,
        }

    def update(self, param: Tensor, grad: Tensor, slots: Tensors, scalars: Tensors) -> Update:
        grad = coupled(self, param, grad, scalars)
        variance = scalars["alpha"] * slots["square_avg"] + scalars["fresh"] * (grad * grad)
        kept = {"square_avg": variance}
        if self.centered:
            mean = kept["grad_avg"] = scalars["alpha"] * slots["grad_avg"] + scalars["fresh"] * grad
            variance = variance - mean * mean
        direction = grad / (sqrt(variance) + scalars["eps"])
        if self.momentum:
            direction = kept["momentum_buffer"] = scalars["momentum"] * slots["momentum_buffer"] + direction
        return param - scalars["lr"] * direction, kept

    def rates(self, param: Tensor, slots: Tensors, scalars: Tensors) -> Tensor:
        variance = slots["square_avg"] - slots["grad_avg"] * slots["grad_avg"] if self.centered else slots["square_avg"]
        rates = scalars["lr"] / (sqrt(variance) + scalars["eps"])
        return rates / (1.0 - scalars["momentum"]) if self.momentum else rates
