"""Formulas as people type them: read without executing anything, differentiated, written as text and LaTeX."""

from .bounded import bounded
from .expression import Expression, parse
from .precise import Value
from .rules import Rule
from .steps import Step

__all__ = ["Expression", "Rule", "Step", "Value", "bounded", "parse"]
