"""One step of a rule for all parameters of a group, recorded once.

What an update records follows from the rule's formula and from the types of the parameters, not from its numbers, which
are inputs. So the first step of its kind is recorded on stand-ins, and the following ones are one call each. A rule
whose formula holds numbers of its own is recorded every time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

from sklon._base.dtypes import Dtype
from sklon._base.store import Store
from sklon.graph.build import Build
from sklon.graph.node import Node
from sklon.tensors import Tensor, values
from sklon.tensors.fragments import Fragment, one_for_all

from .rules import Rule

_fragments: Store[Any, Fragment] = Store(256)


@dataclass(frozen=True, slots=True)
class Stepped:
    """A parameter with its gradient, its slots and the step that it takes."""

    param: Tensor
    grad: Tensor
    slots: dict[str, Tensor]
    t: int

    @property
    def clock(self) -> tuple[int, Dtype]:
        """What parameters that share their numbers have in common."""
        return self.t, self.param.dtype


@dataclass(frozen=True, slots=True)
class Numbers:
    """The numbers of a rule's step, as inputs of a program, for all parameters at one step and of one type."""

    nodes: dict[str, Node]

    def tensors(self) -> dict[str, Tensor]:
        """The numbers as a rule takes them."""
        return {name: Tensor(node) for name, node in self.nodes.items()}


def numbers_of(rule: Rule, stepped: Sequence[Stepped]) -> dict[tuple[int, Dtype], Numbers]:
    """The numbers that each clock needs."""
    found: dict[tuple[int, Dtype], Numbers] = {}
    for one in stepped:
        if one.clock not in found:
            numbers = rule.scalars(one.t)
            found[one.clock] = Numbers({name: values.number(v, one.param.dtype) for name, v in numbers.items()})
    return found


def update_all(rule: Rule, stepped: Sequence[Stepped], numbers: dict[tuple[int, Dtype], Numbers]) -> list[list[Node]]:
    """For each parameter its new value and those of its slots, in the order of the rule's ``slots``."""
    clocks = {clock: i for i, clock in enumerate(numbers)}
    key = (
        type(rule),
        formula(rule),
        *[(one.param.shape, one.param.dtype, one.grad.dtype, *one.slots, clocks[one.clock]) for one in stepped],
    )
    fragment = _fragments.get(key)
    if fragment is None:
        fragment = recorded(rule, stepped, numbers)
        _fragments.put(key, fragment)
    if not fragment.is_pure:
        return [list(map(Build().stop_gradient, _updated(rule, s, numbers[s.clock].tensors()))) for s in stepped]
    inputs = [n for one in stepped for n in (one.param.node, one.grad.node, *[s.node for s in one.slots.values()])]
    inputs += [n for some in numbers.values() for n in some.nodes.values()]
    made = iter(fragment.called(inputs, ""))
    return [[next(made) for _ in range(1 + len(one.slots))] for one in stepped]


def formula(rule: Rule) -> tuple[Any, ...]:
    """What of a rule's settings may choose its formula: of a float only whether it is 0."""
    return tuple(chosen_by(getattr(rule, f.name)) for f in fields(rule))  # type: ignore[arg-type]


def chosen_by(setting: Any) -> Any:
    """What of a setting may choose a formula."""
    if isinstance(setting, float):
        return setting != 0
    if isinstance(setting, tuple | list):
        return tuple(map(chosen_by, setting))
    return setting


def recorded(rule: Rule, stepped: Sequence[Stepped], numbers: dict[tuple[int, Dtype], Numbers]) -> Fragment:
    """The updates of stand-ins for all that varies; it captures the numbers of its own that a formula has."""
    inputs: list[Node] = []

    def stand_in(like: Tensor) -> Tensor:
        inputs.append(values.stand_in(like.shape, like.dtype))
        return Tensor(inputs[-1])

    twins = [
        Stepped(stand_in(one.param), stand_in(one.grad), {name: stand_in(s) for name, s in one.slots.items()}, one.t)
        for one in stepped
    ]
    scalars = {
        clock: {name: stand_in(tensor) for name, tensor in some.tensors().items()} for clock, some in numbers.items()
    }
    results = [node for twin in twins for node in _updated(rule, twin, scalars[twin.clock])]
    return one_for_all(Fragment(results, inputs))


def _updated(rule: Rule, one: Stepped, scalars: dict[str, Tensor]) -> list[Node]:
    new, slots = rule.update(one.param, one.grad, one.slots, scalars)
    return [new.node, *(slots.get(name, old).node for name, old in one.slots.items())]
