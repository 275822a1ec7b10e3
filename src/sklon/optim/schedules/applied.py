"""What a schedule says, put into settings: the rate, and the momentum under the name that an optimizer has for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any

import numpy as np

from sklon._base.errors import InputError

from ..rules import Rule
from ..rules.parts import moved

Array = np.ndarray[Any, Any]


def with_momentum(settings: Mapping[str, Any], momentum: Any) -> dict[str, Any]:
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
    new: Rule = replace(rule, **_changed(rule, lr, momentum))  # type: ignore[type-var]
    return new


def scheduled_for_steps(rule: Rule, lrs: Array, momenta: Array | None = None) -> Rule:
    """A rule with the rates and the momenta of several steps, to be asked for the numbers of all of them at once.

    Raises InputError as :func:`scheduled` does.
    """
    for lr in {float(lrs.min()), float(lrs.max())}:  # NaN is both
        for momentum in (None,) if momenta is None else (float(momenta.min()), float(momenta.max())):
            scheduled(rule, lr, momentum)
    return moved(rule, **_changed(rule, lrs, momenta))


def momentum_of(rule: Rule) -> float:
    """The rule's own momentum, or its β₁; 0 for one that has neither."""
    betas = getattr(rule, "betas", None)
    return float(getattr(rule, "momentum", 0.0) if betas is None else betas[0])


def _changed(rule: Rule, lr: Any, momentum: Any) -> dict[str, Any]:
    if momentum is None:
        return {"lr": lr}
    settings = {f.name: getattr(rule, f.name) for f in fields(rule)}  # type: ignore[arg-type]
    return {"lr": lr, **with_momentum(settings, momentum)}
