"""E15 to E15d: depth, centring, silence and cost of three activation functions."""

from .centring import E15B
from .cost import E15D
from .depth import E15
from .silence import E15C

EXPERIMENTS = (E15, E15B, E15C, E15D)
