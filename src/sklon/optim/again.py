"""What a jitted function does anew at each call for an optimizer's step: it counts the step and gives its numbers.

The formula, the groups and the slots are part of the recording, and are asked for before each call.
"""

from __future__ import annotations

from collections.abc import Sequence
from operator import is_
from typing import TYPE_CHECKING

from sklon._base.dtypes import Dtype
from sklon.tensors import Tensor
from sklon.tensors.tracing import Trace

from .groups import Group, settings_of
from .stepping import Numbers, Stepped, chosen_by

if TYPE_CHECKING:
    from .optimizer import Optimizer


def numbers_at_each_call(
    trace: Trace, optimizer: Optimizer, index: int, stepped: Sequence[Stepped]
) -> dict[tuple[int, Dtype], Numbers]:
    """The numbers of a group's step, as inputs whose values each call computes."""
    clocks: dict[tuple[int, Dtype], list[Tensor]] = {}
    for one in stepped:
        clocks.setdefault(one.clock, []).append(one.param)
    rule = optimizer.rule_of(optimizer.param_groups[index])
    names = [(clock, name) for clock in clocks for name in rule.scalars(clock[0])]
    step = _Step(optimizer, index, list(clocks.values()), stepped)
    trace.guards.append(step.fits)
    nodes = trace.numbers([dtype for (_, dtype), _ in names], step.numbers)
    found: dict[tuple[int, Dtype], Numbers] = {clock: Numbers({}) for clock in clocks}
    for (clock, name), node in zip(names, nodes, strict=True):
        found[clock].nodes[name] = node
    return found


class _Step:
    """A recorded step of one group."""

    def __init__(
        self, optimizer: Optimizer, index: int, clocks: Sequence[Sequence[Tensor]], stepped: Sequence[Stepped]
    ) -> None:
        self.optimizer, self.index, self.clocks = optimizer, index, clocks
        self.slots = [(one.param, optimizer.state[one.param], list(one.slots.values())) for one in stepped]
        self.groups = len(optimizer.param_groups)
        self.params = list(optimizer.param_groups[index]["params"])
        self.settings = settings_of(optimizer.param_groups[index])
        self.formula = _formula(self.settings)

    def fits(self) -> bool:
        """Whether the groups, the formula and the slots are those of the recording, and clocks still agree."""
        optimizer = self.optimizer
        if len(optimizer.param_groups) != self.groups:
            return False
        group = optimizer.param_groups[self.index]
        settings, params = settings_of(group), group["params"]
        if settings != self.settings:
            if _formula(settings) != self.formula:
                return False
            self.settings = settings
        if len(params) != len(self.params) or not all(map(is_, params, self.params)):
            return False
        for param, state, slots in self.slots:
            if optimizer.state.get(param) is not state or len(state) != len(slots):
                return False
            if not all(map(is_, state.values(), slots)):
                return False
        return all(len(set(map(optimizer.steps_of, clock))) == 1 for clock in self.clocks)

    def numbers(self) -> list[float]:
        """Count the step; its numbers."""
        optimizer = self.optimizer
        rule = optimizer.rule_now(optimizer.param_groups[self.index])
        found: list[float] = []
        for clock in self.clocks:
            t = optimizer.steps_of(clock[0]) + 1
            optimizer.count(clock, t)
            found += rule.scalars(t).values()
        return found


def _formula(settings: Group) -> Group:
    """What of a group's settings may choose what is recorded."""
    return {name: chosen_by(value) for name, value in settings.items()}
