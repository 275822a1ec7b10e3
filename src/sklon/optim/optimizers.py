"""The optimizers by name: each is a rule that :class:`Optimizer` applies."""

from __future__ import annotations

from typing import cast

from sklon.tensors import Tensor

from .groups import Group
from .optimizer import Optimizer
from .rules import (
    AdadeltaRule,
    AdagradRule,
    AdamaxRule,
    AdamRule,
    AdamWRule,
    NAdamRule,
    RAdamRule,
    RMSpropRule,
    RpropRule,
    SGDRule,
)


class SGD(Optimizer):
    """Stochastic gradient descent; see :class:`SGDRule` for the formula and the settings.

    >>> import sklon
    >>> from sklon import optim
    >>> w = sklon.tensor([1.0], requires_grad=True)
    >>> optimizer = optim.SGD([w], lr=0.1)
    >>> (w * w).sum().backward()
    >>> optimizer.step()
    >>> round(w.item(), 4)
    0.8
    """

    rule = SGDRule

    def _recorded(self, param: Tensor, group: Group) -> dict[str, float]:
        """Nothing: that there is a momentum tells that a step was taken, and more is not asked."""
        return {}


class Adam(Optimizer):
    """Adam; see :class:`AdamRule` for the formula and the settings."""

    rule = AdamRule


class AdamW(Optimizer):
    """Adam with decoupled weight decay; see :class:`AdamWRule` for the formula and the settings."""

    rule = AdamWRule


class NAdam(Optimizer):
    """Adam with Nesterov's momentum; see :class:`NAdamRule` for the formula and the settings."""

    rule = NAdamRule

    def _recorded(self, param: Tensor, group: Group) -> dict[str, float]:
        """The steps, and the product of the momenta that follows from them."""
        t = self._steps[param]
        return {"step": float(t), "mu_product": cast(NAdamRule, self.rule_of(group)).mu_product(t)}


class RAdam(Optimizer):
    """Rectified Adam; see :class:`RAdamRule` for the formula and the settings."""

    rule = RAdamRule


class Adamax(Optimizer):
    """Adam scaled by the largest gradient; see :class:`AdamaxRule` for the formula and the settings."""

    rule = AdamaxRule


class RMSprop(Optimizer):
    """RMSprop; see :class:`RMSpropRule` for the formula and the settings."""

    rule = RMSpropRule


class Adagrad(Optimizer):
    """Adagrad; see :class:`AdagradRule` for the formula and the settings."""

    rule = AdagradRule


class Adadelta(Optimizer):
    """Adadelta; see :class:`AdadeltaRule` for the formula and the settings."""

    rule = AdadeltaRule


class Rprop(Optimizer):
    """Resilient backpropagation, for full batches; see :class:`RpropRule` for the formula and the settings."""

    rule = RpropRule
