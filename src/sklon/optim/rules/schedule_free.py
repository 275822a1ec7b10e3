"""Schedule-free AdamW: an average of the iterates in place of a falling learning rate."""

from __future__ import annotations

from array import array
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import ClassVar

from sklon._base.checks import check_whole
from sklon._base.errors import InputError
from sklon.tensors import Tensor
from sklon.tensors.functional import sqrt

from .parts import at_least_zero, check_betas, each, inverse_root, power
from .rule import Number, Tensors, Update, Values


@dataclass(frozen=True, slots=True)
class AdamWScheduleFreeRule:
    """AdamW without a schedule: it steps a point z, averages it to x, and takes gradients between the two, at y.

    v ← β₂v + (1 − β₂)g², with g taken at y;  u = g / (√v/√(1 − β₂ᵗ) + ε) + λ·y;  z ← z − ηₜ·u;
    x ← (1 − cₜ)·x + cₜ·z;  y = β₁x + (1 − β₁)z, with ηₜ = η·sₜ, the warm-up sₜ = min(1, t/w), and
    cₜ = wₜ/Σₖ≤ₜ wₖ of the weights wₜ = tʳ·sₜᵖ.
    The parameter is y; kept is δ = z − y, from 0: y ← y + cₜδ − ηₜ(1 − β₁(1 − cₜ))·u;  δ ← (1 − cₜ)·(δ − ηₜβ₁u).
    **The result is x** = y − (1/β₁ − 1)·δ: what is evaluated, saved and shipped. See :meth:`averaged`.
    Source: Defazio et al., *The road less scheduled*, 2024.

    η = ``lr`` ≥ 0, one to ten times AdamW's; (β₁, β₂) = ``betas`` with 0 < β₁ < 1 and β₂ in [0, 1); ε = ``eps`` ≥ 0;
    λ = ``weight_decay`` ≥ 0 (decoupled, at y, scaled by ηₜ); w = ``warmup_steps`` ≥ 0, in steps; r = ``r`` ≥ 0;
    p = ``weight_lr_power`` ≥ 0; ``maximize`` climbs. Names, defaults and results are those of the authors' package
    ``schedulefree``, which keeps z in place of δ; optax has it without r. A rule is a function of t: where a schedule
    moves η none the less, cₜ goes on as if it had not; β₁ must stay, as x follows from it.

    >>> AdamWScheduleFreeRule(warmup_steps=2).scalars(1)["toward"]
    1.0
    """

    name: ClassVar[str] = "adamw_schedule_free"
    lr: float = 2.5e-3
    betas: tuple[float, float] = (0.9, 0.999)
    eps: float = 1e-8
    weight_decay: float = 0.0
    warmup_steps: int = 0
    r: float = 0.0
    weight_lr_power: float = 2.0
    maximize: bool = field(default=False, kw_only=True)

    def __post_init__(self) -> None:
        at_least_zero(lr=self.lr, eps=self.eps, weight_decay=self.weight_decay)
        check_whole(0, warmup_steps=self.warmup_steps)
        at_least_zero(r=self.r, weight_lr_power=self.weight_lr_power)
        check_betas(self.betas)
        if not self.betas[0] > 0:
            raise InputError("betas[0] must be above 0: at 0 the average cannot be told from the parameter")

    @property
    def slots(self) -> Mapping[str, float]:
        return {"exp_avg_sq": 0.0, "lead": 0.0}

    def scalars(self, t: Number) -> dict[str, Number]:
        beta1, beta2 = self.betas
        rate = self.lr * each(_warmup, t, self.warmup_steps)
        toward = each(self.share, t)
        return {
            "beta2": beta2,
            "fresh2": 1 - beta2,
            "root_correction": inverse_root(1 - power(beta2, t)),
            "eps": self.eps,
            "weight_decay": self.weight_decay,
            "toward": toward,
            "kept": 1 - toward,
            "step_size": rate * (1 - beta1 * (1 - toward)),
            "step_of_lead": rate * beta1 * (1 - toward),
        }

    def share(self, t: int) -> float:
        """cₜ, by which the average moves to the point in step ``t``."""
        settings = self.warmup_steps, self.r, self.weight_lr_power
        return _weight(t, *settings) / _sum_of_weights(t, *settings)

    def update(self, param: Tensor, grad: Tensor, slots: Tensors, scalars: Tensors) -> Update:
        grad = -grad if self.maximize else grad
        square = scalars["beta2"] * slots["exp_avg_sq"] + scalars["fresh2"] * (grad * grad)
        direction = grad / (sqrt(square) * scalars["root_correction"] + scalars["eps"])
        if self.weight_decay:
            direction = direction + scalars["weight_decay"] * param
        lead = scalars["kept"] * slots["lead"] - scalars["step_of_lead"] * direction
        new = param + scalars["toward"] * slots["lead"] - scalars["step_size"] * direction
        return new, {"exp_avg_sq": square, "lead": lead}

    # ---- the two points
    def averaged(self, param: Values, slots: Mapping[str, Values]) -> Values:
        """x, the point to evaluate, of a parameter y and its slots: tensors or NumPy arrays."""
        moved: Values = param - (1 / self.betas[0] - 1) * slots["lead"]
        return moved

    def trained(self, averaged: Values, slots: Mapping[str, Values]) -> Values:
        """y, the point to train on from, of x and its slots."""
        moved: Values = averaged + (1 / self.betas[0] - 1) * slots["lead"]
        return moved


# ---- weights of the average
def _warmup(t: int, steps: int) -> float:
    return min(1.0, t / steps) if steps else 1.0


def _weight(t: int, warmup: int, r: float, power: float) -> float:
    return float(t**r * _warmup(t, warmup) ** power)


def _sum_of_weights(t: int, warmup: int, r: float, power: float) -> float:
    """Σ of the weights of steps 1 to t; without r each step after the warm-up weighs 1."""
    summed = min(t, warmup) if r == 0 else t
    sums = _sums(warmup, r, power)
    while len(sums) <= summed:
        sums.append(sums[-1] + _weight(len(sums), warmup, r, power))
    return sums[summed] + (t - summed)


@lru_cache(maxsize=64)
def _sums(warmup: int, r: float, power: float) -> array[float]:
    """The sums of the first 0, 1, … weights, as far as somebody asked."""
    return array("d", [0.0])
