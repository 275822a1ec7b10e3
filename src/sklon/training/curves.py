"""The curves of a history as a picture: the losses with the best epoch, and what moved beside them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, TypeAlias

from sklon._base.canvas import ACCENT, INK, SECOND, THIRD, write_ticks
from sklon._base.errors import InputError
from sklon._base.picture import Picture

Rows: TypeAlias = Sequence[Mapping[str, Any]]
#: curves of the losses from back to front: their column, name, colour and width
LOSSES = (("train_loss", "training", SECOND, 1.5), ("validation_loss", "validation", ACCENT, 2.0))
#: what has a small panel of its own where it was recorded, with its name
BESIDE = {"penalty": "penalty", "lr": "learning rate"}
#: losses whose least value is below this share of the largest are drawn on a logarithmic axis
STEEP = 1 / 20
WIDTH, HEIGHT, PANEL_HEIGHT = 5.8, 3.4, 1.15  # inches


def plotted(rows: Rows) -> Picture:
    """The picture of a history. Raises InputError for an empty one, and without matplotlib."""
    if not rows:
        raise InputError("the history has no epochs yet; call fit first")
    beside = [name for name in BESIDE if any(name in row for row in rows)]
    heights = (HEIGHT, *(PANEL_HEIGHT for _ in beside))
    draw = partial(_draw, tuple(dict(row) for row in rows), beside)
    return Picture(draw=draw, width=WIDTH, height=sum(heights), heights=heights)


def draw_losses(axes: Any, rows: Rows, best_epoch: int | None, name: str) -> None:
    """The training and validation losses over the epochs, with the epoch whose weights are the best."""
    for column, label, colour, width in LOSSES:
        epochs, values = points(rows, column)
        if values:
            dot = "o" if len(values) == 1 else "none"
            axes.plot(epochs, values, marker=dot, color=colour, lw=width, label=label)
    at_best = dict(zip(*points(rows, "validation_loss"), strict=True))
    if best_epoch in at_best:
        axes.axvline(best_epoch, color=INK, lw=0.8, ls=(0, (4, 3)))
        axes.plot([best_epoch], [at_best[best_epoch]], "o", color=ACCENT, ms=7, label=f"best: epoch {best_epoch}")
    axes.set(ylabel=name)
    watched = points(rows, "validation_loss")[1] or points(rows, "train_loss")[1]
    if watched and 0 < min(watched) < STEEP * max(watched) < float("inf"):
        axes.set_yscale("log")
        write_ticks(axes.yaxis, "{:g}".format)
    axes.legend(loc="best")


def points(rows: Rows, column: str) -> tuple[list[int], list[float]]:
    """The epochs that have a column, and its values."""
    found = [(int(row["epoch"]), float(row[column])) for row in rows if row.get(column) is not None]
    return [epoch for epoch, _ in found], [value for _, value in found]


def best_epoch(rows: Rows) -> int | None:
    """The first epoch with the least validation loss; None where nothing watched.

    >>> best_epoch([{"epoch": 1, "validation_loss": 0.5}, {"epoch": 2, "validation_loss": 0.4}])
    2
    """
    epochs, values = points(rows, "validation_loss")
    finite = [(value, epoch) for epoch, value in zip(epochs, values, strict=True) if value == value]
    return min(finite)[1] if finite else None


def set_epochs(axes: Any, rows: Rows) -> None:
    """Name the axis of epochs, which are whole numbers."""
    axes.set(xlabel="epoch")
    axes.xaxis.get_major_locator().set_params(integer=True)
    if len(rows) == 1:
        axes.set_xticks([rows[0]["epoch"]])


def _draw(rows: Rows, beside: Sequence[str], axes: Sequence[Any]) -> None:
    draw_losses(axes[0], rows, best_epoch(rows), "loss")
    for panel, column in zip(axes[1:], beside, strict=True):
        epochs, values = points(rows, column)
        panel.plot(epochs, values, marker="o" if len(values) == 1 else "none", color=THIRD, lw=1.5)
        panel.set(ylabel=BESIDE[column])
    set_epochs(axes[-1], rows)
