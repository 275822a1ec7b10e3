"""Descents that can be seen: any rule of ours on any function of real variables, the path, its picture and its rate.

``run`` walks, ``theory`` says how fast a walk on a quadratic should be, ``picture`` draws. None of them knows data or
networks.
"""

from .comparison import Comparison, compare
from .descent import Descent, descend

__all__ = ["Comparison", "Descent", "compare", "descend"]
