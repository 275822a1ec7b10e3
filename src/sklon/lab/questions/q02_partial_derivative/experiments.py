"""E2 and E2b: slopes of slices, and a function that tears although its slices are flat."""

from __future__ import annotations

from .slices import E2
from .torn import E2B

EXPERIMENTS = (E2, E2B)
