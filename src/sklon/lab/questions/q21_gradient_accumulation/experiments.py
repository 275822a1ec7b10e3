"""E21 and E21b: parts by hand, which equal the batch or not, and the Trainer's parts, which do."""

from __future__ import annotations

from .by_hand import E21
from .masks import E21B

EXPERIMENTS = (E21, E21B)
