"""What a session remembers of its course: snapshots in bounded memory, thinned out evenly as they grow old.

The first one stays. When there are too many, every other one is dropped and the distance of new ones doubles, so any
step is at most one distance away from a snapshot before it, from which it is replayed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..controls import Settings

Array = np.ndarray[Any, Any]
#: snapshots that are kept, and the bytes that they may take
MOST, MOST_BYTES, FEWEST = 128, 32 << 20, 8


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Snapshot:
    """Everything that the next step depends on, after ``step`` steps.

    ``done`` parts of the epoch under way are done, with these ``losses``; ``began``, ``since`` and ``before`` are those
    of the stretch of equal settings; ``changes`` of the log were made before.
    """

    step: int
    epoch: int
    taken: int
    done: int
    losses: Array
    state: Mapping[str, Array]
    settings: Settings
    began: int
    since: int
    before: int
    changes: int

    @property
    def size(self) -> int:
        """Bytes of its arrays."""
        return self.losses.nbytes + sum(array.nbytes for array in self.state.values())


@dataclass(slots=True)
class Past:
    """The snapshots of a course, in the order of their steps. The tuple is replaced and never changed."""

    kept: tuple[Snapshot, ...] = ()
    distance: int = field(default=1)

    def is_due(self, step: int) -> bool:
        """Whether a snapshot after so many steps should be kept."""
        return not self.kept or step >= self.kept[-1].step + self.distance

    def keep(self, snapshot: Snapshot) -> None:
        """Keep one that is due; thin out where there are too many."""
        self.kept = (*self.kept, snapshot)
        most = max(FEWEST, min(MOST, MOST_BYTES // max(1, snapshot.size)))
        if len(self.kept) > most:
            self.kept = self.kept[::2]
            self.distance = max(1, 2 * self.distance, (snapshot.step - self.kept[0].step) // most)

    def before(self, step: int) -> Snapshot:
        """The last one of at most so many steps."""
        return next(one for one in reversed(self.kept) if one.step <= step)

    def forget_after(self, step: int) -> None:
        """Drop those of later steps."""
        self.kept = tuple(one for one in self.kept if one.step <= step)
