"""The state of an optimizer as a value in PyTorch's layout: arrays by the parameter's index, groups of indices."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from sklon._base.errors import InputError, ShapeError
from sklon.tensors import Tensor
from sklon.tensors.creation import from_array

from .groups import Group, Settings
from .rules import Rule

Array = np.ndarray[Any, Any]
Slots = dict[Tensor, dict[str, Tensor]]


@dataclass(slots=True)
class Loaded:
    """A state that fits an optimizer's parameters."""

    groups: list[Group]
    slots: Slots = field(default_factory=dict)
    steps: dict[Tensor, int] = field(default_factory=dict)


def pack(groups: list[Group], slots: Slots, recorded: Callable[[Tensor, Group], dict[str, float]]) -> dict[str, Any]:
    """Groups and slots as numbers and arrays; ``recorded`` gives the numbers that stand beside the slots."""
    state: dict[int, dict[str, Any]] = {}
    packed: list[Group] = []
    first = 0
    for group in groups:
        members = group["params"]
        packed.append({**group, "params": list(range(first, first + len(members)))})
        for index, param in enumerate(members, first):
            if param in slots:
                numbers = {name: np.float64(value) for name, value in recorded(param, group).items()}
                entry = {**numbers, **{name: slot.numpy() for name, slot in slots[param].items()}}
                state.update({index: entry} if entry else {})
        first += len(members)
    return {"state": state, "param_groups": packed}


def unpack(given: Mapping[str, Any], groups: list[Group], rule_of: Callable[[Group], Rule]) -> Loaded:
    """A state for the parameters of ``groups``, checked."""
    if not {"state", "param_groups"} <= given.keys():
        raise InputError('a state has "state" and "param_groups"; pass what state_dict() returned')
    saved = given["param_groups"]
    if [len(g["params"]) for g in saved] != [len(g["params"]) for g in groups]:
        sizes = [[len(g["params"]) for g in both] for both in (saved, groups)]
        raise InputError(f"the state has groups of {sizes[0]} parameters, the optimizer of {sizes[1]}")
    both = zip(groups, saved, strict=True)
    loaded = Loaded([Settings({**own, **other, "params": own["params"]}) for own, other in both])
    for group, other in zip(loaded.groups, saved, strict=True):
        rule = rule_of(group)
        for param, index in zip(group["params"], other["params"], strict=True):
            entry = {name: value for name, value in given["state"].get(index, {}).items() if value is not None}
            if entry:
                loaded.slots[param] = {name: _slot(name, index, param, entry) for name in rule.slots}
                loaded.steps[param] = int(as_array(entry.get("step", 1)))
    return loaded


def _slot(name: str, index: int, param: Tensor, entry: Mapping[str, Any]) -> Tensor:
    if name not in entry:
        found = ", ".join(entry)
        raise InputError(f"parameter {index} has no {name!r}, only {found}; was the state saved by another optimizer?")
    array = np.array(as_array(entry[name]), param.dtype.numpy, order="C")
    if array.shape != param.shape:
        raise ShapeError(f"{name!r} of parameter {index} has the shape {array.shape}, the parameter {param.shape}")
    return from_array(array)


def as_array(value: Any) -> Array:
    """A tensor of ours or of PyTorch, an array or a number."""
    return np.asarray(value.detach().cpu() if hasattr(value, "cpu") else value)
