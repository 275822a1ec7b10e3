"""Floor 7: optimizers. A rule says what a step does to one parameter; an Optimizer applies it eagerly.

Training compiles the same rules into its step.
"""

from .optimizer import SGD, Adam, Optimizer
from .rules import RULES, AdamRule, Rule, SGDRule

__all__ = ["RULES", "SGD", "Adam", "AdamRule", "Optimizer", "Rule", "SGDRule"]
