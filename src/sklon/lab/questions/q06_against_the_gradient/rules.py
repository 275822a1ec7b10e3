"""Update rules that are wrong in a known way, as optimizers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from sklon import Tensor, flip
from sklon.optim import Optimizer
from sklon.optim.rules import Tensors, Update


@dataclass(frozen=True, slots=True)
class _Plain:
    """What the faulty rules share: a learning rate, and nothing that is kept between steps."""

    name: ClassVar[str] = "plain"
    lr: float = 1e-3

    @property
    def slots(self) -> Mapping[str, float]:
        return {}

    def scalars(self, t: int) -> dict[str, float]:
        return {"lr": self.lr}


class _UphillRule(_Plain):
    """p ← p + η·g."""

    def update(self, param: Tensor, grad: Tensor, slots: Tensors, scalars: Tensors) -> Update:
        return param + scalars["lr"] * grad, {}


class _ReversedRule(_Plain):
    """p ← p − η·(g, its entries in reverse order)."""

    def update(self, param: Tensor, grad: Tensor, slots: Tensors, scalars: Tensors) -> Update:
        return param - scalars["lr"] * flip(grad, 0), {}


class _FixedLengthRule(_Plain):
    """p ← p − η·g/‖g‖."""

    def update(self, param: Tensor, grad: Tensor, slots: Tensors, scalars: Tensors) -> Update:
        return param - scalars["lr"] * grad / (grad * grad).sum() ** 0.5, {}


class Uphill(Optimizer):
    """Steps along the gradient."""

    rule = _UphillRule


class Reversed(Optimizer):
    """Gives every weight the gradient of another one."""

    rule = _ReversedRule


class FixedLength(Optimizer):
    """Steps of the same length, however steep the slope is."""

    rule = _FixedLengthRule
