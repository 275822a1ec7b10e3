"""The Optimizer for eager loops, with PyTorch's interface: ``zero_grad``, ``backward``, ``step``.

``step`` records the rule for every parameter and realises everything that is pending, so a whole training step
is one program where nobody asked for a value in between.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields
from functools import partial
from inspect import Parameter, Signature, signature
from typing import Any, ClassVar

import numpy as np

from sklon.tensors import Tensor, tracing
from sklon.tensors.creation import from_array
from sklon.tensors.leaves import take
from sklon.tensors.modes import no_grad
from sklon.tensors.realise import realise

from .again import numbers_at_each_call
from .groups import Group, Settings, check_disjoint, groups_of, members_of, settings_of
from .rules import Rule
from .state import Array, pack, unpack
from .stepping import Stepped, numbers_of, update_all


class Optimizer:
    """Applies a rule to parameters. The settings are the rule's, with PyTorch's names, order and defaults.

    ``params`` are leaf tensors, named ones (``model.named_parameters()``), or groups: dictionaries with ``params``
    and settings of their own. ``param_groups`` may be changed between steps, as in PyTorch: a changed number
    changes no program. ``state`` holds the slots of each parameter that has been stepped.
    """

    rule: ClassVar[type[Any]]

    def __init_subclass__(cls) -> None:
        """Show the rule's settings in the signature."""
        params = Parameter("params", Parameter.POSITIONAL_OR_KEYWORD)
        cls.__signature__ = Signature([params, *signature(cls.rule).parameters.values()])  # type: ignore[attr-defined]

    def __init__(
        self, params: Iterable[Tensor] | Iterable[tuple[str, Tensor]] | Iterable[Group], *args: Any, **settings: Any
    ) -> None:
        known = [f.name for f in fields(self.rule) if f.init]
        unknown = [name for name in settings if name not in known]
        if unknown:
            raise TypeError(f"{type(self).__name__} has no setting {unknown[0]!r}; it has {', '.join(known)}")
        rule = self.rule(*args, **settings)
        self.defaults: dict[str, Any] = {f.name: getattr(rule, f.name) for f in fields(rule)}
        self.param_groups: list[Group] = []
        self.state: dict[Tensor, dict[str, Tensor]] = {}
        self._steps: dict[Tensor, int] = {}
        #: the rules of groups with the settings that they were made from, by the identity of the group
        self._rules: dict[int, tuple[Group, Rule]] = {}
        for group in groups_of(params):
            self.add_param_group(group)

    def add_param_group(self, group: Group) -> None:
        """Train more parameters, with settings of their own."""
        complete = Settings({**self.defaults, **members_of(group)})
        check_disjoint(complete, self.param_groups)
        self._check(complete)
        self.param_groups.append(complete)

    def _check(self, group: Group) -> None:
        """Refuse a group whose settings or parameters do not fit."""
        self.rule_of(group)

    def rule_of(self, group: Group) -> Rule:
        """The rule with the settings that a group has now."""
        return _with_settings(self.rule, group)

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients: None, or zeros if asked."""
        for group in self.param_groups:
            for param in group["params"]:
                if set_to_none:
                    param.grad = None
                elif param.grad is not None:
                    param.grad.detach_().zero_()

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Update every parameter that has a gradient; a ``closure`` computes the loss first, which is returned."""
        loss = closure() if closure is not None else None
        touched: list[Tensor] = []
        with no_grad():
            for index in range(len(self.param_groups)):
                touched += self._step_group(index)
        realise(touched)
        return loss

    def _step_group(self, index: int) -> list[Tensor]:
        group = self.param_groups[index]
        rule = self.rule_now(group)
        moving = [(param, grad) for param in group["params"] if (grad := param.grad) is not None]
        stepped = [
            Stepped(param, grad, self._slots(param, rule), self._steps.get(param, 0) + 1) for param, grad in moving
        ]
        trace = tracing.current()
        if trace is None:
            numbers = numbers_of(rule, stepped)
            for one in stepped:
                self._steps[one.param] = one.t
        else:
            numbers = numbers_at_each_call(trace, self, index, stepped)
        touched: list[Tensor] = []
        for one, (new, *slots) in zip(stepped, update_all(rule, stepped, numbers), strict=True):
            take(one.param, new)
            for slot, node in zip(one.slots.values(), slots, strict=True):
                slot._adopt(node)
            touched += [one.param, *one.slots.values()]
        return touched

    def rule_now(self, group: Group) -> Rule:
        """The same as ``rule_of``, but made anew only when a setting was changed."""
        settings = settings_of(group)
        known = self._rules.get(id(group))
        if known is None or known[0] != settings:
            known = self._rules[id(group)] = settings, self.rule_of(group)
        return known[1]

    def steps_of(self, param: Tensor) -> int:
        """How many steps a parameter has taken."""
        return self._steps.get(param, 0)

    def count(self, params: Iterable[Tensor], t: int) -> None:
        """Note that parameters take step ``t``."""
        for param in params:
            self._steps[param] = t

    def take_over(self, param: Tensor, slots: Mapping[str, Array], steps: int) -> None:
        """Go on from slots that something else has moved, as a Trainer does, after ``steps`` steps in all."""
        self.state[param] = {name: from_array(np.array(array)) for name, array in slots.items()}
        self._steps[param] = steps

    def _slots(self, param: Tensor, rule: Rule) -> dict[str, Tensor]:
        """The slots of a parameter, made when first needed."""
        trace = tracing.current()
        state = self.state.get(param)
        if state is None:
            state = self.state[param] = {}
            if trace is not None:
                trace.undoing.append(partial(self.state.pop, param))
        for name, value in rule.slots.items():
            if name not in state:
                state[name] = _filled(param, value)
                if trace is not None:
                    trace.kept.add(id(state[name]))
                    trace.undoing.append(partial(state.pop, name))
        return state

    # ---- saving
    def state_dict(self) -> dict[str, Any]:
        """Copies of everything that the next step depends on, in PyTorch's layout.

        ``state`` holds arrays by the parameter's index, ``param_groups`` the settings with indices for parameters.
        """
        return pack(self.param_groups, self.state, self._recorded)

    def _recorded(self, param: Tensor, group: Group) -> dict[str, float]:
        """Numbers that PyTorch keeps beside the slots: the steps that the parameter has taken."""
        return {"step": float(self._steps[param])}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Take over a state for the same parameters in the same order: one of ours, or one of PyTorch's.

        Raises InputError where the groups or the shapes do not fit, or slots are missing; then nothing is changed.
        """
        loaded = unpack(state_dict, self.param_groups, partial(_with_settings, self.rule))
        self.param_groups, self.state, self._steps = loaded.groups, loaded.slots, loaded.steps

    def __repr__(self) -> str:
        lines = [f"{type(self).__name__} ("]
        for i, group in enumerate(self.param_groups):
            lines.append(f"Parameter Group {i}")
            lines += [f"    {name}: {value}" for name, value in sorted(group.items()) if name != "params"]
        return "\n".join([*lines, ")"])


def _with_settings(kind: type[Any], group: Group) -> Rule:
    """A rule of this kind with the settings of a group."""
    settings = dict(group)
    rule: Rule = kind(**{f.name: settings[f.name] for f in fields(kind) if f.init and f.name in settings})
    return rule


def _filled(param: Tensor, value: float) -> Tensor:
    """A tensor like ``param`` with one value everywhere."""
    shape = tuple(e for e in param.shape if isinstance(e, int))
    return from_array(np.full(shape, value, param.dtype.numpy))
