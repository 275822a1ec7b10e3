"""Muon: momentum made orthogonal, for matrices."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Literal

from sklon._base.checks import check_whole
from sklon._base.errors import InputError
from sklon.tensors import Tensor
from sklon.tensors import functional as F

from .adam import AdamWRule
from .parts import above_zero, at_least_zero, check_numbers, decay_scalars, decayed, length, moved
from .rule import Number, Tensors, Update

#: the quintic iteration's coefficients; Jordan, 2024
COEFFICIENTS = (3.4445, -4.7750, 2.0315)
#: the most steps of the iteration that PyTorch takes
MOST_STEPS = 99
#: the root mean square of AdamW's steps, as measured by Liu et al., 2025
ADAMW_RMS = 0.2
ADJUSTMENTS = (None, "original", "match_rms_adamw")
#: marks the scalars of the rule for parameters that are no matrices
OTHERS = "others."


@dataclass(frozen=True, slots=True)
class MuonRule:
    """Steps by a momentum whose singular values are all made about 1, so that no direction of a matrix is neglected.

    m ← μm + (1 − μ)g;  d = μm + (1 − μ)g with Nesterov, else m;  O = NS(d);  p ← (1 − η·λ)·p − η·κ·O.
    NS: X = d/max(‖d‖, ε), then k times A = XXᵀ and X ← aX + (bA + cA²)X; for a matrix of more rows than columns on
    its transpose. κ = √max(1, rows/columns) (``adjust_lr_fn`` None or "original"), or 0.2·√max(rows, columns)
    ("match_rms_adamw": η and λ as for AdamW). Sources: Jordan, *Muon: an optimizer for hidden layers in neural
    networks*, 2024; Liu et al., *Muon is scalable for LLM training*, 2025.

    η = ``lr`` ≥ 0, λ = ``weight_decay`` ≥ 0 (decoupled, scaled by η without κ), μ = ``momentum`` in [0, 1],
    ``nesterov``, (a, b, c) = ``ns_coefficients``, ε = ``eps`` > 0, k = ``ns_steps`` from 0 to 99; ``maximize`` climbs.
    Names, order and defaults are PyTorch's, and so is the formula; but PyTorch iterates in bfloat16, with two or three
    digits, and this in the parameter's own type. Nesterov's d is PyTorch's; optax also corrects m and g for bias.

    Muon is for matrices, the weights of hidden layers, and refuses other shapes. With ``others`` = "adamw" it moves
    those by AdamW with the same η and λ, its other settings at their defaults: then take "match_rms_adamw". The slot
    ``momentum_buffer`` is then AdamW's mean as well, and matrices carry an ``exp_avg_sq`` that stays 0.

    >>> from sklon import Trainer, nn
    >>> rule = MuonRule(lr=0.002, adjust_lr_fn="match_rms_adamw", others="adamw")
    >>> trainer = Trainer(nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 1)), loss="mse", optimizer=rule)
    """

    name: ClassVar[str] = "muon"
    decoupled_weight_decay: ClassVar[bool] = True
    lr: float = 1e-3
    weight_decay: float = 0.1
    momentum: float = 0.95
    nesterov: bool = True
    ns_coefficients: tuple[float, float, float] = COEFFICIENTS
    eps: float = 1e-7
    ns_steps: int = 5
    adjust_lr_fn: Literal["original", "match_rms_adamw"] | None = None
    others: Literal["adamw"] | None = field(default=None, kw_only=True)
    maximize: bool = field(default=False, kw_only=True)

    def __post_init__(self) -> None:
        at_least_zero(lr=self.lr, weight_decay=self.weight_decay, momentum=self.momentum)
        above_zero(eps=self.eps)
        check_whole(0, MOST_STEPS, ns_steps=self.ns_steps)
        check_numbers("ns_coefficients", self.ns_coefficients, 3)
        if self.momentum > 1:
            raise InputError(f"momentum is the share of a mean, at most 1, not {self.momentum}")
        if self.adjust_lr_fn not in ADJUSTMENTS:
            raise InputError(f'adjust_lr_fn is None, "original" or "match_rms_adamw", not {self.adjust_lr_fn!r}')
        if self.others not in (None, "adamw"):
            raise InputError(f'others is None or "adamw", not {self.others!r}')

    @property
    def slots(self) -> Mapping[str, float]:
        return {"momentum_buffer": 0.0} if self.others is None else {"momentum_buffer": 0.0, "exp_avg_sq": 0.0}

    def scalars(self, t: Number) -> dict[str, Number]:
        a, b, c = self.ns_coefficients
        own = {"lr": self.lr, "momentum": self.momentum, "fresh": 1 - self.momentum, "eps": self.eps}
        others = {} if self.others is None else self._adamw.scalars(t)
        return {**decay_scalars(self), **own, "a": a, "b": b, "c": c, **{OTHERS + k: v for k, v in others.items()}}

    def check(self, param: Tensor) -> None:
        """Refuse what Muon cannot move."""
        if param.ndim != 2 and self.others is None:
            raise InputError(
                f"Muon moves matrices only, and a parameter has the shape {tuple(param.shape)}; pass others='adamw', "
                "or the matrices alone: [p for p in model.parameters() if p.ndim == 2]"
            )

    def update(self, param: Tensor, grad: Tensor, slots: Tensors, scalars: Tensors) -> Update:
        self.check(param)
        if param.ndim != 2:
            return self._update_other(param, grad, slots, scalars)
        param, grad = decayed(self, param, grad, scalars)
        mean = scalars["momentum"] * slots["momentum_buffer"] + scalars["fresh"] * grad
        ahead = scalars["momentum"] * mean + scalars["fresh"] * grad if self.nesterov else mean
        step = scalars["lr"] * self._adjustment(param)
        return param - step * self._orthogonal(ahead, scalars), {**slots, "momentum_buffer": mean}

    def _orthogonal(self, x: Tensor, scalars: Tensors) -> Tensor:
        """NS(x): the matrix with the singular vectors of x and singular values of about 1."""
        if _extent(x, 0) > _extent(x, 1):
            return self._orthogonal(x.mT, scalars).mT
        x = x / F.maximum(length(x), scalars["eps"])
        for _ in range(self.ns_steps):
            gram = x @ x.mT
            x = scalars["a"] * x + (scalars["b"] * gram + scalars["c"] * (gram @ gram)) @ x
        return x

    def _adjustment(self, param: Tensor) -> float:
        """κ of a parameter's shape."""
        rows, columns = _extent(param, 0), _extent(param, 1)
        if self.adjust_lr_fn == "match_rms_adamw":
            return float(ADAMW_RMS * max(rows, columns) ** 0.5)
        return float(max(1.0, rows / columns) ** 0.5)

    # ---- what is no matrix
    @property
    def _adamw(self) -> AdamWRule:
        return moved(AdamWRule(weight_decay=self.weight_decay, maximize=self.maximize), lr=self.lr)

    def _update_other(self, param: Tensor, grad: Tensor, slots: Tensors, scalars: Tensors) -> Update:
        own = {k.removeprefix(OTHERS): v for k, v in scalars.items() if k.startswith(OTHERS)}
        moments = {"exp_avg": slots["momentum_buffer"], "exp_avg_sq": slots["exp_avg_sq"]}
        new, kept = self._adamw.update(param, grad, moments, own)
        return new, {"momentum_buffer": kept["exp_avg"], "exp_avg_sq": kept["exp_avg_sq"]}


def _extent(matrix: Tensor, axis: int) -> int:
    return int(str(matrix.shape[axis]))
