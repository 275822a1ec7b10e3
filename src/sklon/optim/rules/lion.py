"""Lion: steps by the sign of a momentum."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from sklon.tensors import Tensor

from .parts import at_least_zero, check_betas, decay_scalars, decayed, moment_scalars, sign
from .rule import Number, Tensors, Update


@dataclass(frozen=True, slots=True)
class LionRule:
    """Steps of one length for every element, by the sign of a momentum.

    d = sign(β₁m + (1 − β₁)g);  p ← (1 − η·λ)·p − η·d;  m ← β₂m + (1 − β₂)g, with sign(0) = 0.
    Source: Chen et al., *Symbolic discovery of optimization algorithms*, 2023.

    η = ``lr`` ≥ 0, three to ten times smaller than Adam's; (β₁, β₂) = ``betas`` in [0, 1); λ = ``weight_decay`` ≥ 0
    (decoupled), three to ten times Adam's, so that η·λ stays; ``maximize`` climbs. The defaults are the paper's.
    PyTorch has no Lion; optax computes the same and decays with λ = 0.001 by default. As in AdamW, η scales the decay.

    >>> import sklon
    >>> from sklon import optim
    >>> w = sklon.tensor([3.0, -4.0, 0.0], requires_grad=True)
    >>> (w * w).sum().backward()
    >>> optim.Lion([w], lr=0.25).step()
    >>> w.tolist()
    [2.75, -3.75, 0.0]
    """

    name: ClassVar[str] = "lion"
    decoupled_weight_decay: ClassVar[bool] = True
    lr: float = 1e-4
    betas: tuple[float, float] = (0.9, 0.99)
    weight_decay: float = 0.0
    maximize: bool = field(default=False, kw_only=True)

    def __post_init__(self) -> None:
        at_least_zero(lr=self.lr, weight_decay=self.weight_decay)
        check_betas(self.betas)

    @property
    def slots(self) -> Mapping[str, float]:
        return {"exp_avg": 0.0}

    def scalars(self, t: Number) -> dict[str, Number]:
        return {**moment_scalars(self.betas), **decay_scalars(self), "lr": self.lr}

    def update(self, param: Tensor, grad: Tensor, slots: Tensors, scalars: Tensors) -> Update:
        param, grad = decayed(self, param, grad, scalars)
        direction = sign(scalars["beta1"] * slots["exp_avg"] + scalars["fresh1"] * grad)
        mean = scalars["beta2"] * slots["exp_avg"] + scalars["fresh2"] * grad
        return param - scalars["lr"] * direction, {"exp_avg": mean}
