"""Adadelta."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from sklon._base.errors import InputError
from sklon.tensors import Tensor
from sklon.tensors.functional import sqrt

from .parts import at_least_zero, coupled
from .rule import Number, Tensors, Update


@dataclass(frozen=True, slots=True)
class AdadeltaRule:
    """Steps in the parameter's own unit: the gradient times the ratio of what steps and gradients were lately.

    g ← g + λ·p;  v ← ρv + (1 − ρ)g²;  d = √(u + ε)/√(v + ε) · g;  u ← ρu + (1 − ρ)d²;  p ← p − η·d.
    Source: Zeiler, *ADADELTA: an adaptive learning rate method*, 2012; ε stands inside the roots.

    η = ``lr`` ≥ 0, ρ = ``rho`` in [0, 1], ε = ``eps`` ≥ 0, λ = ``weight_decay`` ≥ 0 (coupled); ``maximize`` climbs.
    """

    name: ClassVar[str] = "adadelta"
    lr: float = 1.0
    rho: float = 0.9
    eps: float = 1e-6
    weight_decay: float = 0.0
    maximize: bool = field(default=False, kw_only=True)

    def __post_init__(self) -> None:
        at_least_zero(lr=self.lr, rho=self.rho, eps=self.eps, weight_decay=self.weight_decay)
        if self.rho > 1:
            raise InputError(f"rho must lie in [0, 1], not {self.rho}")

    @property
    def slots(self) -> Mapping[str, float]:
        return {"square_avg": 0.0, "acc_delta": 0.0}

    def scalars(self, t: Number) -> dict[str, Number]:
        return {
            "lr": self.lr,
            "rho": self.rho,
            "fresh": 1 - self.rho,
            "eps": self.eps,
            "weight_decay": self.weight_decay,
        }

    def update(self, param: Tensor, grad: Tensor, slots: Tensors, scalars: Tensors) -> Update:
        grad = coupled(self, param, grad, scalars)
        square = scalars["rho"] * slots["square_avg"] + scalars["fresh"] * (grad * grad)
        delta = sqrt(slots["acc_delta"] + scalars["eps"]) / sqrt(square + scalars["eps"]) * grad
        deltas = scalars["rho"] * slots["acc_delta"] + scalars["fresh"] * (delta * delta)
        return param - scalars["lr"] * delta, {"square_avg": square, "acc_delta": deltas}

    def rates(self, param: Tensor, slots: Tensors, scalars: Tensors) -> Tensor:
        return scalars["lr"] * sqrt(slots["acc_delta"] + scalars["eps"]) / sqrt(slots["square_avg"] + scalars["eps"])
