"""Stopping rules: values that read recorded curves and say whether, and why, to stop. They combine with | and &.

>>> from sklon import stopping
>>> rule = stopping.Patience(20) | stopping.GL(5)
>>> stopping.replay(rule, stopping.Curves([1.0, 0.8, 0.9])).reason.name
'gl'
"""

from .improvement import NoProgress, Patience
from .limits import Divergence, NonFinite, Threshold, TimeLimit
from .prechelt import GL, PQ, UP, TrainingProgress
from .rule import Both, Curves, Either, Reason, Replayed, StoppingRule, replay
from .text import RULES, parse, rule_for

__all__ = [
    "GL",
    "PQ",
    "RULES",
    "UP",
    "Both",
    "Curves",
    "Divergence",
    "Either",
    "NoProgress",
    "NonFinite",
    "Patience",
    "Reason",
    "Replayed",
    "StoppingRule",
    "Threshold",
    "TimeLimit",
    "TrainingProgress",
    "parse",
    "replay",
    "rule_for",
]
