"""Floor 7: optimizers. A rule says what a step does to one parameter; an Optimizer applies it eagerly.

Training compiles the same rules into its step.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from .averaging import EMA, SWA, Average
from .clipping import Clip, ClipAdaptive, ClipLayerNorm, ClipNorm, ClipValue, clip_grad_norm_, clip_grad_value_
from .freezing import Freeze
from .lbfgs import LBFGS
from .optimizer import Optimizer
from .optimizers import (
    LAMB,
    SGD,
    Adadelta,
    Adagrad,
    Adam,
    Adamax,
    AdamW,
    AdamWScheduleFree,
    Lion,
    Muon,
    NAdam,
    RAdam,
    RMSprop,
    Rprop,
)
from .penalties import (
    L1,
    L2,
    GroupLasso,
    MaxNorm,
    NonNegative,
    Penalties,
    Penalty,
    WeightDecay,
    elastic_net,
)
from .rules import (
    RULES,
    AdadeltaRule,
    AdagradRule,
    AdamaxRule,
    AdamRule,
    AdamWRule,
    AdamWScheduleFreeRule,
    LAMBRule,
    LionRule,
    MuonRule,
    NAdamRule,
    RAdamRule,
    RMSpropRule,
    RpropRule,
    Rule,
    SGDRule,
)

if TYPE_CHECKING:
    from . import lr_scheduler, schedules

__all__ = [
    "EMA",
    "L1",
    "L2",
    "LAMB",
    "LBFGS",
    "RULES",
    "SGD",
    "SWA",
    "Adadelta",
    "AdadeltaRule",
    "Adagrad",
    "AdagradRule",
    "Adam",
    "AdamRule",
    "AdamW",
    "AdamWRule",
    "AdamWScheduleFree",
    "AdamWScheduleFreeRule",
    "Adamax",
    "AdamaxRule",
    "Average",
    "Clip",
    "ClipAdaptive",
    "ClipLayerNorm",
    "ClipNorm",
    "ClipValue",
    "Freeze",
    "GroupLasso",
    "LAMBRule",
    "Lion",
    "LionRule",
    "MaxNorm",
    "Muon",
    "MuonRule",
    "NAdam",
    "NAdamRule",
    "NonNegative",
    "Optimizer",
    "Penalties",
    "Penalty",
    "RAdam",
    "RAdamRule",
    "RMSprop",
    "RMSpropRule",
    "Rprop",
    "RpropRule",
    "Rule",
    "SGDRule",
    "WeightDecay",
    "clip_grad_norm_",
    "clip_grad_value_",
    "elastic_net",
    "lr_scheduler",
    "schedules",
]


def __getattr__(name: str) -> Any:
    """Import schedules when they are first used."""
    if name in ("lr_scheduler", "schedules"):
        return import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
