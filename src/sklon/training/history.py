"""What happened, epoch by epoch, as data."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

from .stopping import Curves

Row: TypeAlias = dict[str, float]


class History:
    """Rows of numbers, one for each epoch: ``epoch``, ``step``, ``train_loss``, ``validation_loss``, ``seconds``.

    Losses are means over the samples; ``train_loss`` is the mean over the epoch while the weights were changing.
    """

    def __init__(self) -> None:
        self.rows: list[Row] = []

    def append(self, row: Row) -> None:
        """Add an epoch."""
        self.rows.append(row)

    def curve(self, name: str) -> list[float]:
        """One column, over the epochs that have it."""
        return [row[name] for row in self.rows if name in row]

    def curves(self) -> Curves:
        """What stopping rules read."""
        return Curves(self.curve("validation_loss"), self.curve("train_loss"), self.curve("seconds"))

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[Row]:
        return iter(self.rows)

    def __getitem__(self, index: int) -> Row:
        return self.rows[index]

    def __repr__(self) -> str:
        if not self.rows:
            return "History(no epochs yet)"
        last = ", ".join(f"{k}={v:.4g}" for k, v in self.rows[-1].items())
        return f"History({len(self.rows)} epochs; {last})"
