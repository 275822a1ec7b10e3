"""Pictures for reports of runs, as SVG that takes its colours from the page."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import wraps
from typing import Any, ParamSpec

import numpy as np
from numpy.typing import NDArray

from sklon._base.canvas import ACCENT, INK, PAPER, can_draw, canvas, fade, for_page
from sklon.data import brief
from sklon.training.curves import draw_losses, set_epochs

from .intervals import of_share

WIDEST_ROW = 40
"""Letters of all labels together that still fit side by side under a confusion matrix."""
MOST_LABELS = 30
"""A confusion matrix shows so many of the most frequent labels; more cannot be read."""
DARK = 0.8
"""Shares above this colour their square so strongly that what is written on it needs the page's colour."""
MOST_POINTS = 400
"""So many rows are drawn as points; more would cover each other, and are counted in cells."""
MOST_GROUPS, ROWS_PER_GROUP = 10, 20
"""Points of a calibration curve at the most, and rows behind each at the least."""
MOST_BARS = 31
ABSENT = "<p>With matplotlib (pip install 'sklon[table]') there would be a picture.</p>"
LONGEST_LABEL = 14


P = ParamSpec("P")


def _picture(draw: Callable[P, str]) -> Callable[P, str]:
    """The function, which gives a sentence where there is nothing to draw with."""

    @wraps(draw)
    def drawn(*args: P.args, **kwargs: P.kwargs) -> str:
        return draw(*args, **kwargs) if can_draw() else ABSENT

    return drawn


@_picture
def loss_curves(history: Sequence[Mapping[str, Any]], best_epoch: int, loss: str) -> str:
    """The training and validation losses over the epochs, with the epoch whose weights were kept."""
    with _axes(5.4, 3.3) as (axes, svg):
        draw_losses(axes, history, best_epoch, loss)
        set_epochs(axes, history)
    return svg[0]


@_picture
def predicted_against_true(truth: NDArray[Any], predicted: NDArray[Any], name: str) -> str:
    """The true value to the right and the predicted one upwards: a point per row, or how many rows lie where."""
    low = float(min(truth.min(), predicted.min()))
    high = float(max(truth.max(), predicted.max()))
    with _axes(4.6, 4.4) as (axes, svg):
        if len(truth) <= MOST_POINTS:
            axes.plot(truth, predicted, "o", color=ACCENT, ms=5, alpha=0.5, mew=0)
        else:
            axes.hexbin(
                truth, predicted, gridsize=34, mincnt=1, bins="log", cmap=fade(), linewidths=0.1,
                extent=(low, high, low, high),
            )  # fmt: skip
        axes.plot([low, high], [low, high], color=INK, lw=1, ls=(0, (4, 3)))
        axes.set(xlabel=f"true {brief(name)}", ylabel=f"predicted {brief(name)}", aspect="equal")
    return svg[0]


@_picture
def confusion(labels: Sequence[str], truth: NDArray[Any], predicted: NDArray[Any]) -> str:
    """How often each true label (a row) is given each predicted one (a column), as shares of the row."""
    shown = np.sort(np.argsort(-np.bincount(truth, minlength=len(labels)), kind="stable")[:MOST_LABELS])
    counts = np.zeros((len(labels), len(labels)))
    np.add.at(counts, (truth, predicted), 1)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    names = [brief(labels[i], LONGEST_LABEL) for i in shown]
    places = np.arange(len(shown))
    side = min(6.2, 2.8 + 0.24 * max(len(shown), 6))
    with _axes(side, side) as (axes, svg):
        axes.grid(False)
        cells = shares[np.ix_(shown, shown)]
        axes.pcolormesh(np.ma.masked_equal(cells, 0), cmap=fade(), vmin=0, vmax=1, linewidth=0)
        crowded = sum(map(len, names)) > WIDEST_ROW
        axes.set_xticks(places + 0.5, names, rotation=90 if crowded else 0)
        axes.set_yticks(places + 0.5, names)
        axes.set(xlabel="predicted", ylabel="true", aspect="equal")
        axes.invert_yaxis()
        if len(shown) <= 8:
            _write_shares(axes, cells)
    return svg[0]


@_picture
def calibration(sure: NDArray[Any], right: NDArray[Any]) -> str:
    """The share of right answers against the probability that was given to them, in groups of equal size."""
    count = min(MOST_GROUPS, max(1, len(sure) // ROWS_PER_GROUP))
    parts = np.array_split(np.argsort(sure, kind="stable"), count)
    said, found = [float(sure[part].mean()) for part in parts], [float(right[part].mean()) for part in parts]
    ends = np.array([of_share(right[part]) for part in parts]).T
    with _axes(4.6, 4.4) as (axes, svg):
        low = min(*said, float(ends.min()))
        axes.plot([low, 1], [low, 1], color=INK, lw=1, ls=(0, (4, 3)))
        axes.vlines(said, *ends, color=ACCENT, lw=1.2)
        axes.plot(said, found, "o-", color=ACCENT)
        axes.set(xlabel="probability of its answer", ylabel="share that is right")
    return svg[0]


@_picture
def residuals(off: NDArray[Any], name: str) -> str:
    """How many rows are off by how much, predicted minus true; the outermost hundredths are gathered at the ends."""
    low, high = np.quantile(off, [0.01, 0.99])
    bars = min(MOST_BARS, int(np.ceil(2 * np.cbrt(len(off))))) if high > low else 1
    with _axes(4.6, 4.4) as (axes, svg):
        axes.hist(np.clip(off, low, high), bins=bars, color=ACCENT, rwidth=0.94)
        axes.axvline(0, color=INK, lw=1, ls=(0, (4, 3)))
        axes.yaxis.get_major_locator().set_params(integer=True)
        axes.set(xlabel=f"predicted minus true {brief(name, 32)}", ylabel="rows")
    return svg[0]


def _write_shares(axes: Any, shares: NDArray[Any]) -> None:
    for (i, j), share in np.ndenumerate(shares):
        colour = PAPER if share > DARK else INK
        axes.text(j + 0.5, i + 0.5, f"{share:.0%}", ha="center", va="center", fontweight="bold", color=colour)


@contextmanager
def _axes(width: float, height: float) -> Iterator[tuple[Any, list[str]]]:
    """Axes to draw on, and a list that holds the picture for the page after the block."""
    pictures: list[str] = []
    with canvas(width, height) as ((axes,), drawings):
        yield axes, pictures
    pictures.extend(map(for_page, drawings))
