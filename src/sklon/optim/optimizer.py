"""Optimizers for eager loops, with PyTorch's interface: ``zero_grad``, ``backward``, ``step``.

``step`` records the rule for every parameter and realises everything that is pending, so a whole training step
is one program where nobody asked for a value in between.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields
from typing import Any

import numpy as np

from sklon._base.errors import InputError
from sklon.tensors import Tensor, values
from sklon.tensors.autograd import watch
from sklon.tensors.creation import from_array
from sklon.tensors.modes import no_grad
from sklon.tensors.realise import realise

from .rules import AdamRule, Rule, SGDRule

Group = dict[str, Any]


class Optimizer:
    """Applies a rule to parameters. ``param_groups`` may be changed between steps, as in PyTorch."""

    rule: type[Any]

    def __init__(self, params: Iterable[Tensor] | Iterable[Group], **defaults: Any) -> None:
        given: list[Any] = list(params)
        if not given:
            raise InputError("the optimizer got no parameters; pass model.parameters()")
        groups: list[Group] = given if isinstance(given[0], dict) else [{"params": given}]
        self.defaults = defaults
        self.rule(**defaults)
        self.param_groups: list[Group] = []
        for group in groups:
            self.add_param_group(dict(group))
        self.state: dict[int, dict[str, Tensor]] = {}
        self.steps = 0

    def add_param_group(self, group: Group) -> None:
        """Train more parameters, with settings of their own."""
        members = group["params"]
        group["params"] = [members] if isinstance(members, Tensor) else list(members)
        if any(not isinstance(p, Tensor) or not p.is_leaf for p in group["params"]):
            raise InputError("an optimizer takes leaf tensors; pass model.parameters()")
        self.param_groups.append({**self.defaults, **group})

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients: None, or zeros if asked."""
        for group in self.param_groups:
            for param in group["params"]:
                param.grad = None if set_to_none or param.grad is None else param.grad.detach() * 0.0

    def step(self) -> None:
        """Update every parameter that has a gradient."""
        self.steps += 1
        touched: list[Tensor] = []
        with no_grad():
            for group in self.param_groups:
                touched += self._step_group(group)
        realise(touched)
        for param in touched:
            _make_leaf(param)

    def _step_group(self, group: Group) -> list[Tensor]:
        rule: Rule = self.rule(**{f.name: group[f.name] for f in fields(self.rule) if f.name in group})
        numbers = rule.scalars(self.steps)
        scalars: dict[Any, dict[str, Tensor]] = {}
        touched: list[Tensor] = []
        for param in group["params"]:
            if param.grad is None:
                continue
            if param.dtype not in scalars:
                scalars[param.dtype] = {k: Tensor(values.number(v, param.dtype)) for k, v in numbers.items()}
            state = self._state(param, rule)
            new, slots = rule.update(param, param.grad, state, scalars[param.dtype])
            param._adopt(new.node)
            for name, slot in slots.items():
                state[name]._adopt(slot.node)
            touched += [param, *state.values()]
        return touched

    def _state(self, param: Tensor, rule: Rule) -> dict[str, Tensor]:
        if id(param) not in self.state:
            shape = tuple(e for e in param.shape if isinstance(e, int))
            self.state[id(param)] = {name: from_array(np.zeros(shape, param.dtype.numpy)) for name in rule.slots}
        return self.state[id(param)]


def _make_leaf(param: Tensor) -> None:
    """The parameter stays a leaf: its new values have no history."""
    array = values.array_of(param.node)
    if param.requires_grad and array is not None:
        param._adopt(values.leaf(array))
        watch(param)


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


class Adam(Optimizer):
    """Adam; see :class:`AdamRule` for the formula and the settings."""

    rule = AdamRule
