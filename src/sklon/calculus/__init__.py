"""Floor 8: derivatives that can be seen, checked and trusted. What trains, and what reads tables, is not here."""

from .auditing import Audit, audit
from .checking import GradientReport, check_grads
from .descent import Comparison, Descent, compare, descend
from .explaining import Explanation, explain_grad
from .inspecting import ParameterAudit
from .nonfinite import Origin, find_nonfinite

__all__ = [
    "Audit",
    "Comparison",
    "Descent",
    "Explanation",
    "GradientReport",
    "Origin",
    "ParameterAudit",
    "audit",
    "check_grads",
    "compare",
    "descend",
    "explain_grad",
    "find_nonfinite",
]
