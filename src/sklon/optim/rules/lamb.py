"""LAMB: Adam whose steps are as long as the parameter is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from sklon.tensors import Tensor
from sklon.tensors.functional import sqrt, where

from .parts import at_least_zero, check_betas, inverse_root, length, moment_scalars, moments, power
from .rule import Number, Tensors, Update


@dataclass(frozen=True, slots=True)
class LAMBRule:
    """Adam's direction, scaled so that each parameter moves by the same share η of its length. For large batches.

    m and v as in Adam;  u = m/(1 − β₁ᵗ) / (√v/√(1 − β₂ᵗ) + ε) + λ·p;  p ← p − η·(‖p‖/‖u‖)·u.
    The trust ratio ‖p‖/‖u‖ is 1 where either length is 0, or a parameter that starts at 0 would stay there. Source:
    You et al., *Large batch optimization for deep learning: training BERT in 76 minutes*, 2020.

    η = ``lr`` ≥ 0, (β₁, β₂) = ``betas`` in [0, 1), ε = ``eps`` ≥ 0, λ = ``weight_decay`` ≥ 0 (inside u, so the
    ratio counts it, and η scales it); ``maximize`` climbs. Defaults and formula are optax's: the ratio is not clipped
    (the paper's φ(z) = z, where some implementations have min(z, 10)), and biases are scaled like weights, where the
    paper's own program leaves them to Adam. PyTorch has no LAMB. A ‖·‖ spans the whole parameter, so a step reads it
    twice.

    >>> import sklon
    >>> from sklon import optim
    >>> w = sklon.tensor([3.0, 4.0], requires_grad=True)  # of length 5
    >>> (w * w).sum().backward()
    >>> optim.LAMB([w], lr=0.1).step()
    >>> round((w - sklon.tensor([3.0, 4.0])).norm().item(), 4)
    0.5
    """

    name: ClassVar[str] = "lamb"
    lr: float = 1e-3
    betas: tuple[float, float] = (0.9, 0.999)
    eps: float = 1e-6
    weight_decay: float = 0.0
    maximize: bool = field(default=False, kw_only=True)

    def __post_init__(self) -> None:
        at_least_zero(lr=self.lr, eps=self.eps, weight_decay=self.weight_decay)
        check_betas(self.betas)

    @property
    def slots(self) -> Mapping[str, float]:
        return {"exp_avg": 0.0, "exp_avg_sq": 0.0}

    def scalars(self, t: Number) -> dict[str, Number]:
        beta1, beta2 = self.betas
        return {
            **moment_scalars(self.betas),
            "lr": self.lr,
            "correction": 1 / (1 - power(beta1, t)),
            "root_correction": inverse_root(1 - power(beta2, t)),
            "eps": self.eps,
            "weight_decay": self.weight_decay,
        }

    def update(self, param: Tensor, grad: Tensor, slots: Tensors, scalars: Tensors) -> Update:
        mean, square = moments(-grad if self.maximize else grad, slots, scalars)
        scale = sqrt(square) * scalars["root_correction"] + scalars["eps"]
        direction = scalars["correction"] * mean / scale
        if self.weight_decay:
            direction = direction + scalars["weight_decay"] * param
        step = scalars["lr"] * _trust_ratio(param, direction)
        return param - step * direction, {"exp_avg": mean, "exp_avg_sq": square}

    def rates(self, param: Tensor, slots: Tensors, scalars: Tensors) -> Tensor:
        scale = sqrt(slots["exp_avg_sq"]) * scalars["root_correction"] + scalars["eps"]
        direction = scalars["correction"] * slots["exp_avg"] / scale
        if self.weight_decay:
            direction = direction + scalars["weight_decay"] * param
        return scalars["lr"] * _trust_ratio(param, direction) / scale


def _trust_ratio(param: Tensor, direction: Tensor) -> Tensor:
    """‖p‖/‖u‖, or 1 where either is 0."""
    of_param, of_direction = length(param), length(direction)
    ratio = where(of_direction == 0.0, 1.0, of_param / of_direction)
    return where(of_param == 0.0, 1.0, ratio)
