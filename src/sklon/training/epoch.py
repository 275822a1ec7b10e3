"""An epoch under way: the parts of its batches, the losses so far, and how many batches are done."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from .feed import Parts

Array = np.ndarray[Any, Any]


@dataclass(slots=True)
class Epoch:
    """``losses`` and ``counts`` have an entry for each part; ``ends`` says with which part (+ 1) each batch ends."""

    parts: Parts
    ends: Array
    losses: Array
    counts: Array
    done: int = 0  # batches

    @staticmethod
    def of(parts: Parts) -> Epoch:
        """An epoch of which nothing is done."""
        return Epoch(parts, np.flatnonzero(parts.last) + 1, np.zeros(len(parts)), parts.rows.astype(np.float64))

    @property
    def complete(self) -> bool:
        """Whether every batch is done."""
        return self.done == len(self.ends)

    @property
    def share(self) -> float:
        """Which share of the batches is done."""
        return self.done / len(self.ends)

    @property
    def totals(self) -> tuple[float, float]:
        """The sum of the losses of what is done, and what it counts for."""
        last = int(self.ends[self.done - 1]) if self.done else 0
        return float(self.losses[:last].sum()), float(self.counts[:last].sum())

    def next_batches(self, most: int) -> tuple[int, int, int]:
        """The next parts, at most so many batches: the first part, the batches done behind them, the last part + 1."""
        first, upto = (int(self.ends[self.done - 1]) if self.done else 0), min(len(self.ends), self.done + most)
        return first, upto, int(self.ends[upto - 1])

    def forget_skipped(self, finite: Array, first: int, last: int) -> int:
        """Take batches that were not finite out of the means; how many they are."""
        parts = self.parts
        ends = np.arange(first, last)[parts.last[first:last]]
        bad = parts.batch[ends[finite[ends] == 0]]
        left_out = np.isin(parts.batch, bad)
        self.losses[left_out] = self.counts[left_out] = 0.0
        return len(bad)
