"""Update rules: pure functions of a parameter, its gradient and its slots.

``scalars(t)`` are numbers of step t = 1, 2, …, computed in double precision outside the graph; in ``update`` they
are scalar tensors, so a changing learning rate changes no program. Flags that change the formula are fields.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import ClassVar, Protocol

from sklon._base.errors import InputError
from sklon.tensors import Tensor
from sklon.tensors.functional import sqrt

Tensors = Mapping[str, Tensor]


class Rule(Protocol):
    """What an optimizer does to one parameter in one step."""

    name: ClassVar[str]

    @property
    def lr(self) -> float:
        """The learning rate."""
        ...

    @property
    def slots(self) -> tuple[str, ...]:
        """The names of the values that it keeps for each parameter; they start as zeros of its shape."""
        ...

    def scalars(self, t: int) -> dict[str, float]:
        """The numbers of step ``t``, counted from one."""
        ...

    def update(self, param: Tensor, grad: Tensor, slots: Tensors, scalars: Tensors) -> tuple[Tensor, dict[str, Tensor]]:
        """The new parameter and the new slots."""
        ...


@dataclass(frozen=True, kw_only=True)
class SGDRule:
    """Stochastic gradient descent with momentum.

    g ← g + λ·p;  b ← μ·b + (1 − τ)·g, but b ← g in the first step;  d = g + μ·b with Nesterov, else b;  p ← p − η·d.
    Source: Sutskever et al., *On the importance of initialization and momentum*, 2013, in PyTorch's form.

    η = ``lr`` > 0, μ = ``momentum`` ≥ 0, τ = ``dampening``, λ = ``weight_decay`` ≥ 0 (coupled).
    """

    name: ClassVar[str] = "sgd"
    lr: float = 1e-3
    momentum: float = 0.0
    dampening: float = 0.0
    nesterov: bool = False
    weight_decay: float = 0.0

    def __post_init__(self) -> None:
        _at_least_zero(lr=self.lr, momentum=self.momentum, weight_decay=self.weight_decay)
        if self.nesterov and (self.momentum <= 0 or self.dampening != 0):
            raise InputError("Nesterov's momentum needs momentum > 0 and no dampening")

    @property
    def slots(self) -> tuple[str, ...]:
        return ("momentum_buffer",) if self.momentum else ()

    def scalars(self, t: int) -> dict[str, float]:
        fresh = 1.0 if t == 1 else 1 - self.dampening
        return {"lr": self.lr, "momentum": self.momentum, "fresh": fresh, "weight_decay": self.weight_decay}

    def update(self, param: Tensor, grad: Tensor, slots: Tensors, scalars: Tensors) -> tuple[Tensor, dict[str, Tensor]]:
        if self.weight_decay:
            grad = grad + scalars["weight_decay"] * param
        if not self.momentum:
            return param - scalars["lr"] * grad, {}
        buffer = scalars["momentum"] * slots["momentum_buffer"] + scalars["fresh"] * grad
        direction = grad + scalars["momentum"] * buffer if self.nesterov else buffer
        return param - scalars["lr"] * direction, {"momentum_buffer": buffer}


@dataclass(frozen=True, kw_only=True)
class AdamRule:
    """Adam: steps scaled by running moments of the gradient.

    g ← g + λ·p;  m ← β₁m + (1 − β₁)g;  v ← β₂v + (1 − β₂)g²;  p ← p − η/(1 − β₁ᵗ) · m / (√v/√(1 − β₂ᵗ) + ε).
    Source: Kingma and Ba, *Adam: a method for stochastic optimization*, 2015; ε stands outside the root.

    η = ``lr`` > 0, (β₁, β₂) = ``betas`` in [0, 1), ε = ``eps`` ≥ 0, λ = ``weight_decay`` ≥ 0 (coupled).
    """

    name: ClassVar[str] = "adam"
    lr: float = 1e-3
    betas: tuple[float, float] = (0.9, 0.999)
    eps: float = 1e-8
    weight_decay: float = 0.0

    def __post_init__(self) -> None:
        _at_least_zero(lr=self.lr, eps=self.eps, weight_decay=self.weight_decay)
        if not all(0 <= b < 1 for b in self.betas):
            raise InputError(f"betas must lie in [0, 1), not {self.betas}")

    @property
    def slots(self) -> tuple[str, ...]:
        return ("exp_avg", "exp_avg_sq")

    def scalars(self, t: int) -> dict[str, float]:
        beta1, beta2 = self.betas
        return {
            "beta1": beta1,
            "fresh1": 1 - beta1,
            "beta2": beta2,
            "fresh2": 1 - beta2,
            "step_size": self.lr / (1 - beta1**t),
            "root_correction": (1 - beta2**t) ** -0.5,
            "eps": self.eps,
            "weight_decay": self.weight_decay,
        }

    def update(self, param: Tensor, grad: Tensor, slots: Tensors, scalars: Tensors) -> tuple[Tensor, dict[str, Tensor]]:
        if self.weight_decay:
            grad = grad + scalars["weight_decay"] * param
        mean = scalars["beta1"] * slots["exp_avg"] + scalars["fresh1"] * grad
        square = scalars["beta2"] * slots["exp_avg_sq"] + scalars["fresh2"] * (grad * grad)
        scale = sqrt(square) * scalars["root_correction"] + scalars["eps"]
        return param - scalars["step_size"] * (mean / scale), {"exp_avg": mean, "exp_avg_sq": square}


def _at_least_zero(**values: float) -> None:
    for name, value in values.items():
        if not value >= 0:
            raise InputError(f"{name} must be at least 0, not {value}")


#: rules by the names under which settings know them
RULES: dict[str, Callable[..., Rule]] = {"sgd": SGDRule, "adam": AdamRule}
