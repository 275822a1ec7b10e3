"""What a schedule says, put into settings: the rate, and the momentum under the name that an optimizer has for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any

from sklon._base.errors import InputError

from ..rules import Rule


def with_momentum(settings: Mapping[str, Any], momentum: float) -> dict[str, Any]:
    """The settings that change so that the momentum is this one: β₁ where there are ``betas``, else ``momentum``.

    Raises InputError for an optimizer that has neither, and for a schedule-free one, whose average is found from a β₁
    that stays.
    """
    if "weight_lr_power" in settings:  # only schedule-free optimizers weigh their steps
        raise InputError("the schedule moves β₁, and schedule-free averages need it constant; set cycle_momentum=False")
    if "betas" in settings:
        return {"betas": (momentum, *settings["betas"][1:])}
    if "momentum" in settings:
        return {"momentum": momentum}
    raise InputError("the schedule moves the momentum, and the optimizer has none; set cycle_momentum=False")


def scheduled(rule: Rule, lr: float, momentum: float | None = None) -> Rule:
    """A rule with the rate and the momentum of a step.

    >>> from sklon.optim import AdamRule
    >>> scheduled(AdamRule(), 0.05, 0.85).scalars(1)["fresh1"]
    0.15000000000000002
    """
    changed: dict[str, Any] = {"lr": lr}
    if momentum is not None:
        settings = {f.name: getattr(rule, f.name) for f in fields(rule)}  # type: ignore[arg-type]
        changed.update(with_momentum(settings, momentum))
    new: Rule = replace(rule, **changed)  # type: ignore[type-var]
    return new
