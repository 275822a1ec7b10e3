"""What happened, epoch by epoch, as data."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

from sklon._base.canvas import can_draw
from sklon._base.notebook import card, paragraph, table
from sklon._base.picture import Picture

from .curves import best_epoch, plotted
from .stopping import Curves

Row: TypeAlias = dict[str, float]
#: rows that a notebook shows, the last ones
LAST_ROWS = 5


class History:
    """Rows of numbers, one for each epoch: ``epoch``, ``step``, ``train_loss``, ``validation_loss``, ``seconds``.

    Where there is such a thing, also the ``penalty`` that is paid, the ``lr`` of the last step under a schedule, and
    the batches ``skipped`` so far.

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

    def curves(self, first_row: int = 0) -> Curves:
        """What stopping rules read, from a row on."""
        names = ("validation_loss", "train_loss", "seconds")
        return Curves(*([row[name] for row in self.rows[first_row:] if name in row] for name in names))

    def plot(self) -> Picture:
        """The curves so far: losses with the best epoch, and below them the penalty and the learning rate if recorded.

        Notebooks show the picture; ``plot().save("curves.svg")``, or ``.png``, writes it to a file. Raises InputError
        for an empty history, and where matplotlib is not installed.

        >>> History().plot()
        Traceback (most recent call last):
            ...
        sklon._base.errors.InputError: the history has no epochs yet; call fit first
        """
        return plotted(self.rows)

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

    def _repr_html_(self) -> str:
        """The last rows and the curves, for notebooks."""
        if not self.rows:
            return card("History", paragraph("no epochs yet", soft=True))
        shown = self.rows[-LAST_ROWS:]
        names = list(dict.fromkeys(name for row in shown for name in row))
        head = [name.replace("_", " ") for name in names]
        best = best_epoch(self.rows)
        words = "" if best is None else f", the best one is {best}"
        title = f"History of {len(self)} epoch{'s' if len(self) != 1 else ''}{words}"
        pictures = [plotted(self.rows)._repr_html_()] if can_draw() else []
        return card(title, table(head, ([row.get(name) for name in names] for row in shown)), *pictures)
