"""Floor 8: derivatives that can be seen, checked and trusted. What trains, and what reads tables, is not here."""

from .chain.explaining import Explanation, explain_grad
from .checks.auditing import Audit, audit
from .checks.checking import GradientReport, check_grads
from .checks.inspecting import ParameterAudit
from .descent import Comparison, Descent, compare, descend
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
