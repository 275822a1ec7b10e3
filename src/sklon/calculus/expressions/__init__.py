"""Formulas as people type them: read without executing anything, differentiated by SymPy, written as text and LaTeX."""

from .expression import Expression, parse

__all__ = ["Expression", "parse"]
