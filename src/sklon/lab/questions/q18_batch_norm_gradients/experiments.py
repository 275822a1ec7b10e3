"""E18: what batch norm makes of gradients, exactly. E18b: how they grow in a deep network."""

from __future__ import annotations

from .explosion import E18B
from .invariances import E18

EXPERIMENTS = (E18, E18B)
