"""Update rules in scikit-learn's form, where it differs from PyTorch's: the same steps in exact arithmetic only there.

Adam's ε stands beside √v as it is, not beside its corrected value, as at the end of section 2 of the paper. The
velocity of SGD holds the learning rate of the step that made it, which differs where the rate moves.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from sklon.optim.rules.adam import AdamRule
from sklon.optim.rules.parts import at_least_zero
from sklon.optim.rules.rule import Number, Tensors, Update
from sklon.tensors import Tensor


@dataclass(frozen=True, slots=True)
class PaperAdamRule(AdamRule):
    """p ← p − η·√(1 − β₂ᵗ)/(1 − β₁ᵗ) · m/(√v + ε): Adam whose ε is not corrected with v.

    The program is Adam's; its ε is ε/√(1 − β₂ᵗ) in step t.
    """

    def scalars(self, t: Number) -> dict[str, Number]:
        found = AdamRule.scalars(self, t)
        return {**found, "eps": self.eps * found["root_correction"]}


@dataclass(frozen=True, slots=True)
class VelocityRule:
    """v ← μ·v − η·g; then p ← p + v, with Nesterov p ← p + μ·v − η·g.

    Source: Sutskever et al., *On the importance of initialization and momentum*, 2013.
    """

    name: ClassVar[str] = "velocity"
    lr: float = 1e-3
    momentum: float = 0.9
    nesterov: bool = True

    def __post_init__(self) -> None:
        at_least_zero(lr=self.lr, momentum=self.momentum)

    @property
    def slots(self) -> Mapping[str, float]:
        return {"velocity": 0.0}

    def scalars(self, t: Number) -> dict[str, Number]:
        return {"lr": self.lr, "momentum": self.momentum}

    def update(self, param: Tensor, grad: Tensor, slots: Tensors, scalars: Tensors) -> Update:
        step = scalars["lr"] * grad
        velocity = scalars["momentum"] * slots["velocity"] - step
        moved = scalars["momentum"] * velocity - step if self.nesterov else velocity
        return param + moved, {"velocity": velocity}

    def rates(self, param: Tensor, slots: Tensors, scalars: Tensors) -> Tensor:
        return scalars["lr"] / (1.0 - scalars["momentum"])
