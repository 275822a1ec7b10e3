"""Rprop: resilient backpropagation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from sklon._base.errors import InputError
from sklon.tensors import Tensor
from sklon.tensors.functional import maximum, where

from .parts import at_least_zero, check_pair, sign
from .rule import Number, Tensors, Update


@dataclass(frozen=True, slots=True)
class RpropRule:
    """Steps by the gradient's sign, of a size that each element adapts. For full batches.

    a = η₊ where g·g′ > 0, η₋ where g·g′ < 0, else 1;  s ← min(max(a·s, s₋), s₊), from s = η;
    g ← 0 where g·g′ < 0;  p ← p − sign(g)·s;  g′ ← g.
    Source: Riedmiller and Braun, *A direct adaptive method for faster backpropagation learning*, 1993, in the form
    of Igel and Hüsken, 2000, that takes no step back.

    η = ``lr`` ≥ 0 (the first size), (η₋, η₊) = ``etas`` with 0 < η₋ < 1 < η₊, (s₋, s₊) = ``step_sizes`` with
    0 ≤ s₋ ≤ s₊; ``maximize`` climbs.
    """

    name: ClassVar[str] = "rprop"
    lr: float = 1e-2
    etas: tuple[float, float] = (0.5, 1.2)
    step_sizes: tuple[float, float] = (1e-6, 50.0)
    maximize: bool = field(default=False, kw_only=True)

    def __post_init__(self) -> None:
        at_least_zero(lr=self.lr)
        check_pair("etas", self.etas)
        check_pair("step_sizes", self.step_sizes)
        if not 0 < self.etas[0] < 1 < self.etas[1]:
            raise InputError(f"etas must be a factor in (0, 1) and one above 1, not {self.etas}")
        if not 0 <= self.step_sizes[0] <= self.step_sizes[1]:
            raise InputError(f"step_sizes must be the smallest and the largest size, not {self.step_sizes}")

    @property
    def slots(self) -> Mapping[str, float]:
        return {"prev": 0.0, "step_size": self.lr}

    def scalars(self, t: Number) -> dict[str, Number]:
        (shrink, grow), (smallest, largest) = self.etas, self.step_sizes
        return {"shrink": shrink, "grow": grow, "smallest": smallest, "largest": largest}

    def update(self, param: Tensor, grad: Tensor, slots: Tensors, scalars: Tensors) -> Update:
        grad = -grad if self.maximize else grad
        agreement = grad * slots["prev"]
        turned = agreement < 0.0
        factor = where(agreement > 0.0, scalars["grow"], where(turned, scalars["shrink"], 1.0))
        size = maximum(slots["step_size"] * factor, scalars["smallest"])
        size = -maximum(-size, -scalars["largest"])
        grad = where(turned, 0.0, grad)
        return param - sign(grad) * size, {"prev": grad, "step_size": size}
