"""E10, E10b, E10c: the noise floor of SGD, a race of three batch sizes, and a full batch that needs little memory."""

from __future__ import annotations

from .accumulation import E10c
from .floor import E10
from .race import E10b

EXPERIMENTS = (E10, E10b, E10c)
