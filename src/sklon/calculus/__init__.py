"""Floor 8: derivatives that can be seen, checked and trusted. What trains, and what reads tables, is not here."""

from .chain.explaining import Explanation, explain_grad
from .checks.auditing import Audit, audit
from .checks.checking import GradientReport, check_grads
from .checks.inspecting import ParameterAudit
from .derivation import Derivation, StationaryPoints, derive, stationary_points
from .descent import Comparison, Descent, compare, descend
from .examine import Examination, Scan, examine, scan
from .nonfinite import Origin, find_nonfinite

__all__ = [
    "Audit",
    "Comparison",
    "Derivation",
    "Descent",
    "Examination",
    "Explanation",
    "GradientReport",
    "Origin",
    "ParameterAudit",
    "Scan",
    "StationaryPoints",
    "audit",
    "check_grads",
    "compare",
    "derive",
    "descend",
    "examine",
    "explain_grad",
    "find_nonfinite",
    "scan",
    "stationary_points",
]
