"""E19 and E19b: dropout is a penalty, and it narrows the gap."""

from __future__ import annotations

from .closed_form import E19
from .gap import E19B

EXPERIMENTS = (E19, E19B)
