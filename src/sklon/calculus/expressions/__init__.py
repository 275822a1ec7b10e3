"""Formulas as people type them: read without executing anything, differentiated, written as text and LaTeX."""

from .bounded import bounded
from .expression import Expression, parse

__all__ = ["Expression", "bounded", "parse"]
