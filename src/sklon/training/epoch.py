"""An epoch under way: the parts of its batches, the losses so far, how many are done; and a look at what it left."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from .parts import Parts

Array = np.ndarray[Any, Any]


@dataclass(slots=True)
class Epoch:
    """``losses`` and ``counts`` have an entry for each part; ``ends`` says with which part (+ 1) each batch ends."""

    parts: Parts
    ends: Array
    losses: Array
    counts: Array
    done: int = 0  # parts

    @staticmethod
    def of(parts: Parts) -> Epoch:
        """An epoch of which nothing is done."""
        return Epoch(parts, np.flatnonzero(parts.last) + 1, np.zeros(len(parts)), parts.rows.astype(np.float64))

    @property
    def complete(self) -> bool:
        """Whether every part is done."""
        return self.done == len(self.parts)

    @property
    def share(self) -> float:
        """Which share of the parts is done."""
        return self.done / len(self.parts)

    @property
    def totals(self) -> tuple[float, float]:
        """The sum of the losses of what is done, and what it counts for."""
        return float(self.losses[: self.done].sum()), float(self.counts[: self.done].sum())

    def batches(self, parts: int) -> int:
        """How many batches end within the first so many parts."""
        return int(np.searchsorted(self.ends, parts, side="right"))

    def end_of(self, most: int, limit: int) -> int:
        """Where the next parts end: with so many batches, but at the limit at the latest."""
        upto = min(len(self.ends), self.batches(self.done) + most)
        return min(limit, int(self.ends[upto - 1]))

    def forget_skipped(self, finite: Array, first: int, last: int) -> int:
        """Take batches that were not finite out of the means; how many they are."""
        parts = self.parts
        ends = np.arange(first, last)[parts.last[first:last]]
        bad = parts.batch[ends[finite[ends] == 0]]
        left_out = np.isin(parts.batch, bad)
        self.losses[left_out] = self.counts[left_out] = 0.0
        return len(bad)


class Looked(NamedTuple):
    """A state after an epoch, its validation loss, and what its parameters pay."""

    state: dict[str, Array]
    validation_loss: float | None
    penalty: float | None
