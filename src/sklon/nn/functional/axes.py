"""Where values stand among the axes. Shape legend: N samples, C channels or classes, … positions."""

from __future__ import annotations

from sklon.tensors import Tensor
from sklon.tensors import functional as F


def along_channels(values: Tensor, rank: int) -> Tensor:
    """[C] → [C, 1, …], so that it broadcasts along the second of ``rank`` axes [N, C, …]."""
    for _ in range(rank - 2):
        values = F.expand_dims(values, -1)
    return values
