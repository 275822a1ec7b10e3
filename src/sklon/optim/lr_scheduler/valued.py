"""Schedulers whose rates come from schedules, which are values: one for each group."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, replace
from types import FunctionType
from typing import Any, ClassVar

from sklon._base.errors import InputError

from ..groups import Group
from ..optimizer import Optimizer
from ..schedules import Schedule, parse, with_momentum
from .base import LRScheduler, check_optimizer, initial_rate, per_group

Function = Callable[..., float]


class ValuedLR(LRScheduler):
    """Sets what schedules say: the rate of each group, and its momentum where they move it."""

    unsaved = ("optimizer", "schedules")

    def __init__(self, optimizer: Optimizer, schedules: Sequence[Schedule], last_epoch: int = -1) -> None:
        self.schedules = list(schedules)
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float]:
        """The rates of step ``last_epoch``, from those of the step before, which the groups have."""
        return [s.next(self.last_epoch, group["lr"], base) for group, s, base in self._members()]

    def _initial_step(self) -> None:
        self.last_epoch += 1
        t, members = self.last_epoch, self._members()
        self._set([s.resumed(t, g["lr"], base) if t else s.first(g["lr"], base) for g, s, base in members])

    def _switch(self) -> None:
        self.last_epoch = 0
        self._set([s.switched_to(group["lr"], base) for group, s, base in self._members()])

    def _set(self, rates: Sequence[float]) -> None:
        moved = [(g, s.momentum(self.last_epoch)) for g, s in zip(self._groups(), self.schedules, strict=True)]
        changes = [(group, with_momentum(group, value)) for group, value in moved if value is not None]
        super()._set(rates)
        for group, change in changes:
            group.update(change)

    def _members(self) -> list[tuple[Group, Schedule, float]]:
        """The groups, each with its schedule and its base rate."""
        return list(zip(self._groups(), self.schedules, self.base_lrs, strict=True))

    def _groups(self) -> list[Group]:
        """The optimizer's groups; those that were added since follow the schedule of the others."""
        groups = self.optimizer.param_groups
        new = groups[len(self.base_lrs) :]
        if len(groups) < len(self.base_lrs) or (new and any(s != self.schedules[0] for s in self.schedules)):
            raise InputError(f"the scheduler was made for {len(self.base_lrs)} groups, there are {len(groups)} now")
        self.schedules += self.schedules[:1] * len(new)
        self.base_lrs += [initial_rate(group, fresh=True) for group in new]
        return groups


class ScheduleLR(ValuedLR):
    """Any schedule over an optimizer: a value of ``sklon.optim.schedules`` or its text, or a list with one a group.

    ``total_steps`` completes what was left out, as in "warmup(0.05) >> cosine". Schedules that read a curve are told
    each value by :meth:`observe`. ``last_epoch`` is PyTorch's.

    >>> import sklon
    >>> from sklon import optim
    >>> optimizer = optim.SGD([sklon.ones(1, requires_grad=True)], lr=0.3)
    >>> scheduler = ScheduleLR(optimizer, "warmup(2) >> plateau(patience=0, factor=0.5)")
    >>> for loss in (3.0, 2.0, 2.0, 2.0):
    ...     print(round(scheduler.get_last_lr()[0], 3))
    ...     scheduler.observe(loss)
    ...     scheduler.step()
    0.1
    0.2
    0.3
    0.15
    """

    def __init__(
        self,
        optimizer: Optimizer,
        schedule: str | Schedule | Sequence[str | Schedule],
        total_steps: int | None = None,
        last_epoch: int = -1,
    ) -> None:
        check_optimizer(optimizer)
        self.curve: list[float] = []  # the watched values so far
        schedules = [_complete(given, total_steps) for given in per_group("schedule", schedule, optimizer)]
        super().__init__(optimizer, schedules, last_epoch)

    def observe(self, value: Any) -> None:
        """Tell the watched value of an epoch, for instance the validation loss, to schedules that read the curve."""
        self.curve.append(float(value))
        t = self.last_epoch
        self._set([s.observe(t, self.curve, group["lr"]) for group, s, _ in self._members()])

    def state_dict(self) -> dict[str, Any]:
        """What the next step depends on; ``schedules`` are texts, None for those that hold a Python function."""
        return {**super().state_dict(), "schedules": [str(s) if s.writable else None for s in self.schedules]}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Go on from a saved state; load the optimizer's, which has the rates, too."""
        self._check_state(state_dict)
        saved = state_dict.get("schedules", [None] * len(self.schedules))
        _check_count("schedules", saved, self.schedules)
        schedules = [own if text is None else _complete(text) for own, text in zip(self.schedules, saved, strict=True)]
        super().load_state_dict(state_dict)
        self.schedules = schedules


def _complete(given: str | Schedule, total_steps: int | None = None) -> Schedule:
    """A schedule from a value or a text, with everything that was left out."""
    schedule = parse(given) if isinstance(given, str) else given
    if not isinstance(schedule, Schedule):
        raise InputError(f"a schedule is a value of sklon.optim.schedules or its text, not {given!r}")
    found = schedule if total_steps is None else schedule.over(total_steps)
    if not found.complete:
        raise InputError(f"{found} needs the number of all steps; pass total_steps")
    return found


class NamedLR(ValuedLR):
    """A schedule under PyTorch's name: its settings are saved, and loaded, under PyTorch's keys.

    ``keys`` are the settings that PyTorch saves under other names, ``lists`` those that it has for each group.
    """

    keys: ClassVar[Mapping[str, str]] = {}
    lists: ClassVar[frozenset[str]] = frozenset()

    def state_dict(self) -> dict[str, Any]:
        """What the next step depends on, settings too; of functions, only what callable objects hold."""
        return {**super().state_dict(), **self._settings()}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Go on from a saved state, one of ours or one of PyTorch's; load the optimizer's, which has the rates, too."""
        self._check_state(state_dict)
        schedules = [replace(s, **self._loaded(i, state_dict)) for i, s in enumerate(self.schedules)]  # type: ignore[type-var]
        super().load_state_dict(state_dict)
        self.schedules = schedules

    def _check_state(self, state: Mapping[str, Any]) -> None:
        super()._check_state(state)
        for name, key in self._names():
            if name in self.lists and key in state:
                _check_count(key, state[key], self.schedules)

    def _settings(self) -> dict[str, Any]:
        """The settings of the schedules by PyTorch's keys."""
        found: dict[str, Any] = {}
        for name, key in self._names():
            values = [getattr(s, name) for s in self.schedules]
            if not any(callable(value) for value in values):
                found[key] = values if name in self.lists else values[0]
        return found

    def _loaded(self, index: int, state: Mapping[str, Any]) -> dict[str, Any]:
        """The settings that a state has for one group."""
        known = [(name, key) for name, key in self._names() if key in state]
        return {name: state[key][index] if name in self.lists else state[key] for name, key in known}

    def _names(self) -> list[tuple[str, str]]:
        """The settings, each with its key."""
        return [(f.name, self.keys.get(f.name, f.name)) for f in fields(self.schedules[0])]  # type: ignore[arg-type]


def _check_count(name: str, saved: Sequence[Any], own: Sequence[Any]) -> None:
    """Refuse a state that has more, or fewer, values than there are groups."""
    if len(saved) != len(own):
        raise InputError(f"the state has {len(saved)} {name} for {len(own)} groups of parameters")


# ---- functions in a state, as PyTorch saves them
def held_by(function: Function | None) -> dict[str, Any] | None:
    """What a callable object holds; nothing of a function."""
    return None if function is None or isinstance(function, FunctionType) else dict(vars(function))


def give_back(function: Function | None, held: Mapping[str, Any] | None) -> None:
    """Give a callable object what it held."""
    if function is not None and held is not None:
        vars(function).update(held)
