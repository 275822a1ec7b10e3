"""The experiments of Q6: nobody beats −g, and where the arrow points."""

from __future__ import annotations

from .arrow import E6B
from .steepest import E6

EXPERIMENTS = (E6, E6B)
