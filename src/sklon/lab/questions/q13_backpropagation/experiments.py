"""E13 and E13b: the gradient and its price, and what the optimizer makes of it."""

from __future__ import annotations

from .bill import E13
from .steps import E13B

EXPERIMENTS = (E13, E13B)
