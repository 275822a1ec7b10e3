"""The experiments of Q7: the condition number, the scale of the inputs, and the start."""

from __future__ import annotations

from .conditioning import E7
from .scaling import E7B
from .start import E7C

EXPERIMENTS = (E7, E7B, E7C)
