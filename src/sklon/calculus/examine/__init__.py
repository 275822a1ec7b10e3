"""Points of functions, examined: continuous or not, smooth or not, and what autodiff makes of it."""

from .examination import Examination, examine, examine_subject
from .scan import Scan, scan

__all__ = ["Examination", "Scan", "examine", "examine_subject", "scan"]
