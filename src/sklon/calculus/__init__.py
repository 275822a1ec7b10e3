"""Floor 8: derivatives that can be seen, checked and trusted. What trains, and what reads tables, is not here."""

from .checking import GradientReport, check_grads
from .descent import Comparison, Descent, compare, descend
from .nonfinite import Origin, find_nonfinite

__all__ = [
    "Comparison",
    "Descent",
    "GradientReport",
    "Origin",
    "check_grads",
    "compare",
    "descend",
    "find_nonfinite",
]
