"""The optimizers by name: each is a rule that :class:`Optimizer` applies."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, cast

import numpy as np

from sklon._base.errors import InputError
from sklon.tensors import Tensor
from sklon.tensors.creation import from_array
from sklon.tensors.leaves import settle

from .groups import Group
from .optimizer import Optimizer
from .rules import (
    AdadeltaRule,
    AdagradRule,
    AdamaxRule,
    AdamRule,
    AdamWRule,
    AdamWScheduleFreeRule,
    LAMBRule,
    LionRule,
    MuonRule,
    NAdamRule,
    RAdamRule,
    RMSpropRule,
    RpropRule,
    SGDRule,
)
from .state import Array


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


class Lion(Optimizer):
    """Lion: steps of one length, by the sign of a momentum; see :class:`LionRule` for the formula and the settings."""

    rule = LionRule


class LAMB(Optimizer):
    """Adam with steps as long as the parameter is; see :class:`LAMBRule` for the formula and the settings."""

    rule = LAMBRule


class Muon(Optimizer):
    """Orthogonal momentum for matrices; see :class:`MuonRule` for the formula and the settings.

    Other parameters are refused, unless ``others="adamw"`` gives them to AdamW:

    >>> from sklon import nn, optim
    >>> model = nn.Linear(3, 2)
    >>> optimizer = optim.Muon(model.parameters(), lr=0.002, adjust_lr_fn="match_rms_adamw", others="adamw")
    """

    rule = MuonRule

    def _check(self, group: Group) -> None:
        rule = cast(MuonRule, self.rule_of(group))
        for param in group["params"]:
            rule.check(param)

    def _recorded(self, param: Tensor, group: Group) -> dict[str, float]:
        """The steps where AdamW needs them; nothing else does, as in PyTorch."""
        return {} if group["others"] is None else super()._recorded(param, group)


class AdamWScheduleFree(Optimizer):
    """AdamW that averages in place of a schedule; see :class:`AdamWScheduleFreeRule` for the formula and the settings.

    The parameters are y while it trains, and x, the result, between ``eval()`` and ``train()``: as in the authors'
    package, which begins in neither. Here it begins with y, and ``train()`` gives back the very bits that ``eval()``
    found, unless somebody changed the parameters in between; then y follows from x. A fit of the Trainer ends with x,
    as after ``eval()``, and the next one goes on from y by itself.

    >>> import sklon
    >>> from sklon import optim
    >>> w = sklon.tensor([1.0], requires_grad=True)
    >>> optimizer = optim.AdamWScheduleFree([w], lr=0.1)
    >>> for _ in range(100):
    ...     optimizer.zero_grad()
    ...     (w * w).sum().backward()
    ...     optimizer.step()
    >>> optimizer.eval()
    >>> abs(w.item()) < 0.1
    True
    """

    rule = AdamWScheduleFreeRule

    def __init__(self, *args: Any, **settings: Any) -> None:
        self._trained: dict[Tensor, tuple[Array, Array]] = {}  # x, and the y that it was made from
        super().__init__(*args, **settings)

    @property
    def averaged(self) -> bool:
        """Whether the parameters are x now."""
        return not all(group["train_mode"] for group in self.param_groups)

    def add_param_group(self, group: Group) -> None:
        """Train more parameters, with settings of their own; they are at y, so all others must be."""
        if self.averaged:
            raise InputError(f"the parameters are averages now; {BACK_TO_TRAINING}")
        super().add_param_group({"train_mode": True, **group})

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Update every parameter that has a gradient; InputError while the parameters are averages."""
        if self.averaged:
            raise InputError(f"the parameters are averages now, and no step starts there; {BACK_TO_TRAINING}")
        return super().step(closure)

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Take over a state for the same parameters: they are y or x as they were when it was saved."""
        super().load_state_dict(state_dict)
        self._trained = {}

    def eval(self) -> None:
        """Make the parameters x: the averages, to evaluate and to save."""
        self._turn(False, self._to_average)

    def train(self) -> None:
        """Make the parameters y again, where gradients are taken."""
        self._turn(True, self._to_training)

    def _turn(self, training: bool, move: Callable[[Tensor, AdamWScheduleFreeRule], Array]) -> None:
        for group in self.param_groups:
            if group["train_mode"] is training:
                continue
            rule = cast(AdamWScheduleFreeRule, self.rule_of(group))
            group["train_mode"] = training
            for param in group["params"]:
                if param in self.state:
                    settle(param, from_array(move(param, rule)).node)

    def _to_average(self, param: Tensor, rule: AdamWScheduleFreeRule) -> Array:
        trained = param.numpy()
        averaged = rule.averaged(trained, {"lead": self.state[param]["lead"].numpy()})
        self._trained[param] = averaged, trained
        return averaged

    def _to_training(self, param: Tensor, rule: AdamWScheduleFreeRule) -> Array:
        now = param.numpy()
        averaged, trained = self._trained.pop(param, (None, now))
        if averaged is not None and np.array_equal(now, averaged):
            return trained
        return rule.trained(now, {"lead": self.state[param]["lead"].numpy()})


BACK_TO_TRAINING = "call optimizer.train() first"
