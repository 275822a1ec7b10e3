"""Stochastic gradient descent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from sklon._base.errors import InputError
from sklon.tensors import Tensor

from .parts import at_least_zero, check_number, coupled, each
from .rule import Number, Tensors, Update


@dataclass(frozen=True, slots=True)
class SGDRule:
    """Stochastic gradient descent with momentum.

    g ← g + λ·p;  b ← μ·b + (1 − τ)·g, but b ← g in the first step;  d = g + μ·b with Nesterov, else b;  p ← p − η·d.
    Source: Sutskever et al., *On the importance of initialization and momentum*, 2013, in PyTorch's form.

    η = ``lr`` ≥ 0, μ = ``momentum`` ≥ 0, τ = ``dampening``, λ = ``weight_decay`` ≥ 0 (coupled); ``nesterov`` needs
    μ > 0 and τ = 0; ``maximize`` climbs.
    """

    name: ClassVar[str] = "sgd"
    lr: float = 1e-3
    momentum: float = 0.0
    dampening: float = 0.0
    weight_decay: float = 0.0
    nesterov: bool = False
    maximize: bool = field(default=False, kw_only=True)

    def __post_init__(self) -> None:
        at_least_zero(lr=self.lr, momentum=self.momentum, weight_decay=self.weight_decay)
        check_number("dampening", self.dampening)
        if self.nesterov and (self.momentum <= 0 or self.dampening != 0):
            raise InputError("Nesterov's momentum needs momentum > 0 and no dampening")

    @property
    def slots(self) -> Mapping[str, float]:
        return {"momentum_buffer": 0.0} if self.momentum else {}

    def scalars(self, t: Number) -> dict[str, Number]:
        fresh = each(lambda step: 1.0 if step == 1 else 1 - self.dampening, t)
        return {"lr": self.lr, "momentum": self.momentum, "fresh": fresh, "weight_decay": self.weight_decay}

    def update(self, param: Tensor, grad: Tensor, slots: Tensors, scalars: Tensors) -> Update:
        grad = coupled(self, param, grad, scalars)
        if not self.momentum:
            return param - scalars["lr"] * grad, {}
        buffer = scalars["momentum"] * slots["momentum_buffer"] + scalars["fresh"] * grad
        direction = grad + scalars["momentum"] * buffer if self.nesterov else buffer
        return param - scalars["lr"] * direction, {"momentum_buffer": buffer}

    def rates(self, param: Tensor, slots: Tensors, scalars: Tensors) -> Tensor:
        if not self.momentum:
            return scalars["lr"]
        return scalars["lr"] * scalars["fresh"] / (1.0 - scalars["momentum"])
