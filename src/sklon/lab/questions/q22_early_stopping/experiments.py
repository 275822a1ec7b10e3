"""E22 and E22b: stopping early is a penalty, and it pays."""

from __future__ import annotations

from .ridge import E22
from .u_curve import E22B

EXPERIMENTS = (E22, E22B)
