"""Floor 8: derivatives that can be seen, checked and trusted. What trains, and what reads tables, is not here."""

from .descent import Comparison, Descent, compare, descend

__all__ = ["Comparison", "Descent", "compare", "descend"]
