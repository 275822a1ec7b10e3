"""Who updates what: the rule of each parameter, the updates that it has behind it, the slots that it keeps.

An optimizer that was given stays the owner of its state: a fit continues from what it holds, and gives it back. The
invariant: between two fits the slots and the counts of updates belong to the values that the model has.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from sklon._base.errors import InputError
from sklon.nn import Module
from sklon.optim import AdamWScheduleFree, Freeze, Optimizer, Rule
from sklon.optim.freezing import check_freezes
from sklon.optim.named import rule_of
from sklon.optim.penalties import (
    L1,
    L2,
    PenalizedRule,
    Penalties,
    Penalty,
    WeightDecay,
    check_penalties,
    penalties_for,
    values_of,
)
from sklon.optim.schedules import Schedule, momentum_of, scheduled, scheduled_for_steps

from .rates import Rates

Array = np.ndarray[Any, Any]
#: behind a group's name: its learning rate, for whoever looks
RATE = ".rate"
#: behind a group's name: which freezes its parameters have, and which penalties they pay
FROZEN, PAYING = "~", "+"
#: a momentum under which a program has one; it is never used as a number
SOME_MOMENTUM = 0.9
#: before a parameter's name, in the label of its slot
PARAMETER = "param."


class Updates:
    """The rules of a model's parameters: ``rules`` by the parameter's name, each with the group of its scalars."""

    def __init__(
        self,
        model: Module,
        optimizer: str | Rule | Optimizer,
        lr: float | None,
        penalties: Sequence[Penalties] = (),
        schedule: Schedule | None = None,
        freezes: Sequence[Freeze] = (),
    ) -> None:
        self.schedule = schedule
        self.rates: dict[float, Rates] = {}  # of this fit, by the base rate
        self.names = {id(p): name for name, p in model.named_parameters()}
        self.chosen = tuple(penalties)
        check_penalties(self.chosen, self.names.values())
        self.freezes = check_freezes(freezes, self.names.values())
        self.first_epoch, self.epoch_steps = 1, 1  # of this fit: its first epoch, and the updates of an epoch
        self.penalties = {name: penalties_for(penalties, name, p.ndim) for name, p in model.named_parameters()}
        self.optimizer = optimizer if isinstance(optimizer, Optimizer) else None
        self.rules: dict[str, tuple[str, Rule]] = {}
        self.before: dict[str, int] = {}  # updates of a group's parameters before the next fit
        self.slots: dict[str, Array] = {}  # by the label of the slot
        if isinstance(optimizer, Optimizer):
            if lr is not None:
                raise InputError("the learning rate belongs to the optimizer; leave out lr")
            self.read()
        else:
            rule = rule_of(optimizer, lr)
            self.rules = {name: (self._group("group0", name), rule) for name in self.names.values()}
            self.before = {group: 0 for group, _ in self.rules.values()}
        if not self.rules:
            raise InputError(
                "there is nothing to train: the optimizer holds no parameter of this model; "
                "make it from them, as in optim.Adam(model.parameters())"
            )
        dict(self.penalized)  # a penalty that a rule cannot pay says so at once

    def read(self) -> None:
        """Take over what a given optimizer holds now; it may have stepped, or have other settings, since."""
        if self.optimizer is None:
            return
        self.rules, self.before, self.slots = {}, {}, {}
        for i, group in enumerate(self.optimizer.param_groups):
            rule = self.optimizer.rule_of(group)
            for param in group["params"]:
                if id(param) not in self.names:
                    continue
                name, steps = self.names[id(param)], self.optimizer.steps_of(param)
                group_name = self._group(f"group{i}", name)
                label = group_name if self.before.setdefault(group_name, steps) == steps else f"{group_name}.{steps}"
                self.rules[name], self.before[label] = (label, rule), steps
                slots = self.optimizer.state.get(param, {})
                self.slots.update({f"slot.{s}.{name}": slots[s].numpy() for s in rule.slots if s in slots})

    def _group(self, group: str, name: str) -> str:
        """The group of a parameter: those that are frozen together count their updates together."""
        held = [i for i, one in enumerate(self.freezes) if one.fits(name)]
        return f"{group}{FROZEN}{','.join(map(str, held))}" if held else group

    def frozen(self, epoch: int) -> frozenset[str]:
        """The parameters that keep their values in an epoch, counted from one."""
        return frozenset(n for n in self.rules if any(one.holds(n, epoch) for one in self.freezes))

    def _made(self, count: int) -> dict[str, int]:
        """How many of the first ``count`` updates of this fit a group took part in."""
        whole, rest = divmod(count, self.epoch_steps)
        epochs = [(self.first_epoch + i, self.epoch_steps) for i in range(whole)] + [(self.first_epoch + whole, rest)]
        made: dict[str, int] = {}
        for name, (group, _) in self.rules.items():
            if group not in made:
                held = (n for epoch, n in epochs if any(one.holds(name, epoch) for one in self.freezes))
                made[group] = count - (sum(held) if FROZEN in group else 0)
        return made

    @property
    def at_average(self) -> bool:
        """Whether parameters of rules that average stand at their averages: always, but where an optimizer has them."""
        return not isinstance(self.optimizer, AdamWScheduleFree) or self.optimizer.averaged

    @property
    def penalized(self) -> dict[str, tuple[str, Rule]]:
        """The rules with their penalties; parameters of a group that pay others have scalars of their own."""
        sets = list(dict.fromkeys(self.penalties.values()))
        found: dict[str, tuple[str, Rule]] = {}
        for name, (group, rule) in self.rules.items():
            paid = self.penalties.get(name, ())
            rule = self._compiled(rule)
            if paid:
                found[name] = (f"{group}{PAYING}{sets.index(paid)}", PenalizedRule(rule, paid, rule.lr))
            else:
                found[name] = (group, rule)
        return found

    def begin(self, epochs: int, epoch_steps: int, first_epoch: int) -> None:
        """Begin a fit of so many epochs with so many steps each."""
        total_steps = epochs * epoch_steps
        self.first_epoch, self.epoch_steps = first_epoch, epoch_steps
        schedule = None if self.schedule is None else self.schedule.over(total_steps)
        bases = {rule.lr for _, rule in self.rules.values()}
        self.rates = {} if schedule is None else {base: Rates(schedule, base) for base in bases}

    def scalars(self, done: int, count: int, curve: Sequence[float] = ()) -> dict[str, Any]:
        """The numbers of the ``count`` updates of an epoch after the ``done`` ones of this fit, by their labels.

        What stays the same in all of them is one number, anything else an array.
        ``curve`` has a watched value for each epoch of the fit before.
        """
        lrs = {base: np.array(rates.of_epoch(done, count, curve)) for base, rates in self.rates.items()}
        columns: dict[str, Any] = {}
        made = self._made(done)
        own = dict(self.rules.values())
        for group, rule in dict(self.penalized.values()).items():
            owner = group.partition(PAYING)[0]
            first = self.before[owner] + made[owner] + 1
            table = lrs.get(rule.base_lr if isinstance(rule, PenalizedRule) else rule.lr)
            one = rule if table is None else _for_steps(rule, table, self._momenta(own[owner], done, count))
            numbers = one.scalars(np.arange(first, first + count))
            columns.update({f"{group}.{name}": number for name, number in numbers.items()})
            columns[f"{group}{RATE}"] = one.lr
        return columns

    def _compiled(self, rule: Rule) -> Rule:
        """The rule whose program is compiled: with some momentum, if the schedule ever moves it."""
        known = self._known_schedule()
        if known is None or not known.moves_momentum:
            return rule
        return scheduled(rule, rule.lr, momentum_of(rule) or SOME_MOMENTUM)

    def _momenta(self, rule: Rule, first: int, count: int) -> Array | None:
        """The momenta of steps where the schedule ever moves them: the last one that was set, at first the rule's."""
        known = self._known_schedule()
        if known is None or not known.moves_momentum:
            return None
        before = known.momentum_before(first)
        last = momentum_of(rule) if before is None else before
        found = []
        for step in range(first, first + count):
            now = known.momentum(step)
            last = last if now is None else now
            found.append(last)
        return np.array(found, np.float64)

    def _known_schedule(self) -> Schedule | None:
        """The schedule, over the steps of this fit if it has begun."""
        rates = next(iter(self.rates.values()), None)
        return self.schedule if self.schedule is None or rates is None else rates.schedule

    def paid(self, values: Mapping[str, Array]) -> list[float]:
        """What the payers pay beside the data loss, for each of several values [values, *shape] of them all."""
        paying = [(p, each) for label, each in values.items() for p in self.penalties[label.removeprefix(PARAMETER)]]
        return [sum(each) for each in zip(*(values_of(penalty, each) for penalty, each in paying), strict=True)]

    @property
    def payers(self) -> list[str]:
        """The labels of the parameters that pay."""
        return [f"{PARAMETER}{name}" for name, paid in self.penalties.items() if paid and name in self.rules]

    def keep(self, state: dict[str, Array], count: int) -> None:
        """After ``count`` updates: keep the slots of a state, and give them to the optimizer.

        The model gets the state afterwards, at the averages where a rule has them; the optimizer learns that here.
        """
        if isinstance(self.optimizer, AdamWScheduleFree):
            self.optimizer.eval()
        self.slots = {label: array.copy() for label, array in state.items() if label.startswith("slot.")}
        made = self._made(count)
        self.before = {group: steps + made[group] for group, steps in self.before.items()}
        if self.optimizer is None or not count:
            return
        for param in (p for group in self.optimizer.param_groups for p in group["params"]):
            name = self.names.get(id(param), "")
            if not param.requires_grad or name not in self.rules:
                continue
            group, rule = self.rules[name]
            found = {s: self.slots[f"slot.{s}.{name}"] for s in rule.slots if f"slot.{s}.{name}" in self.slots}
            if len(found) == len(rule.slots):
                self.optimizer.take_over(param, found, self.before[group])


def _for_steps(rule: Rule, lrs: Array, momenta: Array | None) -> Rule:
    """A rule, with penalties around it or not, with the rates and the momenta of several steps."""
    if isinstance(rule, PenalizedRule):
        return replace(rule, rule=scheduled_for_steps(rule.rule, lrs, momenta))
    return scheduled_for_steps(rule, lrs, momenta)


def penalties_of(l1: float, l2: float, weight_decay: float, more: Sequence[Penalties]) -> tuple[Penalties, ...]:
    """Penalties for all weights from numbers, and more for parameters of chosen names.

    >>> penalties_of(0.1, 0.0, 0.0, ())
    (Penalties(penalties=(L1(strength=0.1, how='proximal'),), pattern=None),)
    """
    for one in more:
        if not isinstance(one, Penalties):
            raise InputError(f"penalties holds optim.Penalties((…,), pattern), not {type(one).__name__}")
    rows: tuple[tuple[float, type[Any]], ...] = ((l2, L2), (weight_decay, WeightDecay), (l1, L1))
    chosen: tuple[Penalty, ...] = tuple(kind(strength) for strength, kind in rows if strength)
    return ((Penalties(chosen),) if chosen else ()) + tuple(more)
