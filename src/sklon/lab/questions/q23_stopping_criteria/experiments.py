"""E23 and E23b: stopping rules on recorded curves, and patience in a training run."""

from __future__ import annotations

from .in_training import E23B
from .replayed import E23

EXPERIMENTS = (E23, E23B)
