"""Pictures for reports, as SVG that takes its colours from the page. The only importer of matplotlib, on use.

A picture is drawn in stand-in colours which are then replaced by CSS (``currentColor`` and the page's
variables), so that one file serves light and dark pages. Text stays text. The same data give the same bytes.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

INK, ACCENT, SECOND, GRID = "#010101", "#020202", "#030303", "#040404"
_PAGE = {INK: "currentColor", ACCENT: "var(--accent)", SECOND: "var(--second)", GRID: "var(--line)"}

_STYLE: Any = {
    "svg.fonttype": "none",
    "svg.hashsalt": "sklon",
    "font.family": "sans-serif",
    "font.size": 10,
    "text.parse_math": False,
    "text.color": INK,
    "axes.edgecolor": GRID,
    "axes.labelcolor": INK,
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "grid.color": GRID,
    "grid.linewidth": 0.6,
    "xtick.color": GRID,
    "ytick.color": GRID,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "legend.frameon": False,
}
_CLEANED = (
    (r"<metadata>.*?</metadata>", ""),
    (r"<style.*?</style>", ""),
    (r'(<svg[^>]*?) width="[^"]*"', r"\1"),
    (r'(<svg[^>]*?) height="[^"]*"', r"\1"),
    (r'<g id="[^"]*">', "<g>"),
    (r"font-family: [^;\"]*", "font-family: var(--sans)"),
    (r"\n+ *", "\n"),
)
WIDEST_ROW = 40
"""Letters of all labels together that still fit side by side under a confusion matrix."""
ENLARGED = 1.25
"""Pixels per point at which a picture is shown at the most, so that letters have one size in all of them."""
MOST_LABELS = 30
"""A confusion matrix shows so many of the most frequent labels; more cannot be read."""


def loss_curves(history: Sequence[Mapping[str, Any]], best_epoch: int) -> str:
    """The training and validation losses over the epochs, with the epoch whose weights were kept."""
    epochs = [row["epoch"] for row in history]
    with _axes(7.2, 3.4) as (axes, svg):
        axes.plot(epochs, [row["train_loss"] for row in history], color=SECOND, lw=1.5, label="training")
        validation = [row["validation_loss"] for row in history]
        axes.plot(epochs, validation, color=ACCENT, lw=2, label="validation")
        at_best = dict(zip(epochs, validation, strict=True)).get(best_epoch)
        if at_best is not None:
            axes.axvline(best_epoch, color=INK, lw=0.8, ls=(0, (4, 3)))
            axes.plot([best_epoch], [at_best], "o", color=ACCENT, ms=7, label=f"best: epoch {best_epoch}")
        axes.set(xlabel="epoch", ylabel="loss")
        if min(validation) > 0 and max(validation) > 20 * min(validation):
            axes.set_yscale("log")
        axes.xaxis.get_major_locator().set_params(integer=True)
        axes.legend(loc="best")
    return svg[0]


def predicted_against_true(truth: NDArray[Any], predicted: NDArray[Any], name: str) -> str:
    """How many rows lie where, the true value to the right and the predicted one upwards."""
    low = float(min(truth.min(), predicted.min()))
    high = float(max(truth.max(), predicted.max()))
    with _axes(4.8, 4.6) as (axes, svg):
        axes.hexbin(
            truth, predicted, gridsize=34, mincnt=1, bins="log", cmap=_fade(), linewidths=0.1,
            extent=(low, high, low, high),
        )  # fmt: skip
        axes.plot([low, high], [low, high], color=INK, lw=1, ls=(0, (4, 3)))
        axes.set(xlabel=f"true {name}", ylabel=f"predicted {name}", aspect="equal")
    return svg[0]


def confusion(labels: Sequence[str], truth: NDArray[Any], predicted: NDArray[Any]) -> str:
    """How often each true label (a row) is given each predicted one (a column), as shares of the row."""
    shown = np.sort(np.argsort(-np.bincount(truth, minlength=len(labels)), kind="stable")[:MOST_LABELS])
    counts = np.zeros((len(labels), len(labels)))
    np.add.at(counts, (truth, predicted), 1)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    names = [_short(labels[i]) for i in shown]
    places = np.arange(len(shown))
    side = min(6.4, 2.2 + 0.24 * max(len(shown), 6))
    with _axes(side, side) as (axes, svg):
        axes.grid(False)
        cells = shares[np.ix_(shown, shown)]
        axes.pcolormesh(np.ma.masked_equal(cells, 0), cmap=_fade(), vmin=0, vmax=1, linewidth=0)
        crowded = sum(map(len, names)) > WIDEST_ROW
        axes.set_xticks(places + 0.5, names, rotation=90 if crowded else 0)
        axes.set_yticks(places + 0.5, names)
        axes.set(xlabel="predicted", ylabel="true", aspect="equal")
        axes.invert_yaxis()
        if len(shown) <= 8:
            _write_shares(axes, cells)
    return svg[0]


def calibration(sure: NDArray[Any], right: NDArray[Any], groups: int = 10) -> str:
    """The share of right answers against the probability that was given to them, in groups of equal size."""
    parts = np.array_split(np.argsort(sure, kind="stable"), min(groups, len(sure)))
    with _axes(4.8, 4.0) as (axes, svg):
        low = min(float(sure.min()), min(float(right[part].mean()) for part in parts))
        axes.plot([low, 1], [low, 1], color=INK, lw=1, ls=(0, (4, 3)))
        axes.plot([sure[part].mean() for part in parts], [right[part].mean() for part in parts], "o-", color=ACCENT)
        axes.set(xlabel="probability of its answer", ylabel="share that is right")
    return svg[0]


def residuals(off: NDArray[Any], name: str, bars: int = 31) -> str:
    """How many rows are off by how much, predicted minus true; the outermost hundredths are gathered at the ends."""
    low, high = np.quantile(off, [0.01, 0.99])
    with _axes(4.8, 3.4) as (axes, svg):
        axes.hist(np.clip(off, low, high), bins=bars if high > low else 1, color=ACCENT)
        axes.axvline(0, color=INK, lw=1, ls=(0, (4, 3)))
        axes.set(xlabel=f"predicted minus true {name}", ylabel="rows")
    return svg[0]


def _write_shares(axes: Any, shares: NDArray[Any]) -> None:
    for (i, j), share in np.ndenumerate(shares):
        axes.text(j + 0.5, i + 0.5, f"{share:.0%}", ha="center", va="center", fontweight="bold")


def _short(label: str, most: int = 14) -> str:
    return label if len(label) <= most else label[: most - 1] + "…"


def _fade() -> Any:
    """From nothing to the accent colour, by opacity alone, so that the page's colour shows through."""
    from matplotlib.colors import LinearSegmentedColormap, to_rgb

    red, green, blue = to_rgb(ACCENT)
    return LinearSegmentedColormap.from_list("fade", [(red, green, blue, 0.05), (red, green, blue, 0.95)])


@contextmanager
def _axes(width: float, height: float) -> Iterator[tuple[Any, list[str]]]:
    """Axes to draw on, and a list that holds the finished SVG after the block."""
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    svg: list[str] = []
    with rc_context(_STYLE):
        figure = Figure(figsize=(width, height), layout="constrained")
        yield figure.subplots(), svg
        file = io.StringIO()
        figure.savefig(file, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    svg.append(_for_page(file.getvalue()))


def _for_page(svg: str) -> str:
    """Only the drawing, scaled by the page, in its colours and letters, without names nobody refers to."""
    drawing = svg[svg.index("<svg") :].rstrip()
    for pattern, replacement in _CLEANED:
        drawing = re.sub(pattern, replacement, drawing, flags=re.DOTALL)
    width = float(drawing.split('viewBox="0 0 ', 1)[1].split(" ", 1)[0])
    drawing = drawing.replace("<svg ", f'<svg style="max-width:{ENLARGED * width:.0f}px" ', 1)
    for stand_in, colour in _PAGE.items():
        drawing = drawing.replace(stand_in, colour)
    return drawing
