"""E24 and E24b: what L1 and L2 leave of the weights, and when L2 is weight decay."""

from __future__ import annotations

from .decay import E24B
from .shrinkage import E24

EXPERIMENTS = (E24, E24B)
