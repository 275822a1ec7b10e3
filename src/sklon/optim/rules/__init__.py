"""Update rules, one idea a file; ``RULES`` knows them by the names that settings use."""

from __future__ import annotations

from collections.abc import Callable

from .adadelta import AdadeltaRule
from .adagrad import AdagradRule
from .adam import AdamRule, AdamWRule
from .adamax import AdamaxRule
from .lamb import LAMBRule
from .lion import LionRule
from .muon import MuonRule
from .nadam import NAdamRule
from .radam import RAdamRule
from .rmsprop import RMSpropRule
from .rprop import RpropRule
from .rule import Diagonal, Rule, Tensors, TwoPoints, Update
from .schedule_free import AdamWScheduleFreeRule
from .sgd import SGDRule

__all__ = [
    "RULES",
    "AdadeltaRule",
    "AdagradRule",
    "AdamRule",
    "AdamWRule",
    "AdamWScheduleFreeRule",
    "AdamaxRule",
    "Diagonal",
    "LAMBRule",
    "LionRule",
    "MuonRule",
    "NAdamRule",
    "RAdamRule",
    "RMSpropRule",
    "RpropRule",
    "Rule",
    "SGDRule",
    "Tensors",
    "TwoPoints",
    "Update",
]

#: rules by the names under which settings know them
RULES: dict[str, Callable[..., Rule]] = {
    "sgd": SGDRule,
    "adam": AdamRule,
    "adamw": AdamWRule,
    "nadam": NAdamRule,
    "radam": RAdamRule,
    "adamax": AdamaxRule,
    "rmsprop": RMSpropRule,
    "adagrad": AdagradRule,
    "adadelta": AdadeltaRule,
    "rprop": RpropRule,
    "lion": LionRule,
    "lamb": LAMBRule,
    "muon": MuonRule,
    "adamw_schedule_free": AdamWScheduleFreeRule,
}
