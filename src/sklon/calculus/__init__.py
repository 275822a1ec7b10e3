"""Floor 8: derivatives that can be seen, checked and trusted. What trains, and what reads tables, is not here."""

from .critical import StationaryPoints, stationary_points
from .derivation import Derivation, derive
from .descent import Comparison, Descent, compare, descend
from .examine import Examination, Scan, examine, scan

__all__ = [
    "Comparison",
    "Derivation",
    "Descent",
    "Examination",
    "Scan",
    "StationaryPoints",
    "compare",
    "derive",
    "descend",
    "examine",
    "scan",
    "stationary_points",
]
