"""What part of the plane is shown: all that the paths passed, but not where one is lost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from sklon.calculus.descent.descent import Descent

Array: TypeAlias = np.ndarray[Any, Any]
#: free space around the paths, as a share of what they span
MARGIN = 0.14
#: a lost path is shown as far as it keeps within so many times what the others span, or its own first step
LOST, LOST_ALONE = 0.35, 25.0
#: sides of a frame that differ by less than this have one unit; a side is at least so small a share of the other
EQUAL, LEAST = 6.0, 0.62


@dataclass(frozen=True, slots=True)
class Frame:
    """The variables ``shown`` (by number), their limits, and whether both have the same unit."""

    shown: tuple[int, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    equal: bool

    def inside(self, points: Array) -> int:
        """How many points there are before the first one that lies outside."""
        out = np.flatnonzero(((points < self.low) | (points > self.high)).any(1))
        return int(out[0]) if len(out) else len(points)


def frame_of(descents: Sequence[Descent], shown: tuple[int, ...]) -> Frame:
    """The frame of paths over some variables."""
    points = np.concatenate([_kept(d.points[:, shown], d.outcome.kind == "diverged") for d in descents])
    found = [d.points[:, shown] for d in descents if d.outcome.kind != "diverged"]
    held = np.concatenate(found) if found else points
    low, high = held.min(0), held.max(0)
    if 0 < len(found) < len(descents):
        reach = LOST * np.maximum(high - low, LEAST * (high - low).max())
        low, high = np.maximum(points.min(0), low - reach), np.minimum(points.max(0), high + reach)
    size = high - low
    largest = float(size.max()) or max(1.0, float(np.abs(low).max()))
    wanted = np.maximum(size, LEAST * largest) if _alike(size) else np.where(size > 0, size, largest)
    middle, half = (low + high) / 2, wanted * (0.5 + MARGIN)
    return Frame(shown, tuple((middle - half).tolist()), tuple((middle + half).tolist()), _alike(size))


def _kept(points: Array, lost: bool) -> Array:
    """The part of a path that the frame has to hold: of a lost one what is not far from its first step."""
    if not lost or len(points) < 3:
        return points
    reach = np.abs(points - points[0]).max(1)
    return points[: max(2, int(np.argmax(reach > LOST_ALONE * reach[1])) or len(points))]


def _alike(size: Array) -> bool:
    """Whether both sides can have one unit; a side of nothing takes that of the other."""
    least, most = float(size.min()), float(size.max())
    return least == 0 or most <= EQUAL * least
