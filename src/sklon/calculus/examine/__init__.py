"""Points of functions, examined: continuous or not, smooth or not, and what autodiff makes of it."""

from .examination import Examination, examine, examine_subject

__all__ = ["Examination", "examine", "examine_subject"]
