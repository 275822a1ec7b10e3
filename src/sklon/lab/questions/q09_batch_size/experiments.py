"""E9, E9b, E9c: what the batch size does to the noise of the gradient, to the result of training, and to its price."""

from __future__ import annotations

from .cost import E9c
from .myth import E9b
from .variance import E9

EXPERIMENTS = (E9, E9b, E9c)
