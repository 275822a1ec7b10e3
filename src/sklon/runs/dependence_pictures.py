"""Pictures of partial dependences, on one scale: curves over numbers and dates, bars for categories."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sklon._base.canvas import INK, SOFT, TONES, can_draw, canvas, for_page, name_dates
from sklon.data import brief

from .dependence import CATEGORY, DATE, bounds
from .pictures import ABSENT, LONGEST_LABEL

WIDTH, HEIGHT = 4.6, 3.5  # inches
SPREAD = (4.0, 1.0)
"""Heights of a curve and of what counts the rows below it, relative."""
FEW_POINTS = 12
"""So few points are marked; of more the line is enough."""
BAR = 0.26  # inches
MARGIN = 0.04
"""Share of the scale that stays free at both ends."""


def dependences(found: Sequence[Mapping[str, Any]], what: str) -> list[str]:
    """A picture for each dependence; ``what`` is predicted. One sentence where there is nothing to draw with."""
    if not can_draw():
        return [ABSENT]
    scale = _scale(found)
    draw = {True: _bars, False: _curve}
    return [draw[one["kind"] == CATEGORY](one, scale, what) for one in found]


def _scale(found: Sequence[Mapping[str, Any]]) -> tuple[float, float]:
    """The least and the greatest average of all, with a margin: on one scale a column that matters less is flatter."""
    averages = np.concatenate([line["average"] for one in found for line in one["lines"]])
    low, high = float(averages.min()), float(averages.max())
    margin = MARGIN * (high - low) or 1.0
    return low - margin, high + margin


def _curve(one: Mapping[str, Any], scale: tuple[float, float], what: str) -> str:
    """A line for each label over the points, and how many rows are near each of them."""
    points = _places(one)
    marker = "o" if len(points) <= FEW_POINTS else "none"
    with canvas(WIDTH, HEIGHT, 1, SPREAD) as ((axes, below), drawings):
        for line, tone in zip(one["lines"], TONES, strict=False):
            axes.plot(points, line["average"], color=tone, lw=2, marker=marker, ms=5, label=brief(line["label"]))
        axes.set(ylabel=brief(what, 32), ylim=scale)
        if len(one["lines"]) > 1:
            axes.legend(loc="best", fontsize=9)
        below.stairs(one["rows"], _ends(points), fill=True, color=SOFT, alpha=0.55)
        below.set(xlabel=brief(one["column"]), ylabel="rows", yticks=[])
        below.grid(False)
        if one["kind"] == DATE:
            name_dates(below.xaxis)
    return for_page(drawings[0])


def _bars(one: Mapping[str, Any], scale: tuple[float, float], what: str) -> str:
    """A bar for each category and label, from the mean over the rows, or from nothing where there are several."""
    lines, places = one["lines"], np.arange(len(one["points"]))
    thick = 0.8 / len(lines)
    start = float(np.average(lines[0]["average"], weights=one["rows"])) if len(lines) == 1 else 0.0
    with canvas(WIDTH, 1.0 + BAR * len(places) * max(1.0, len(lines) / 2)) as ((axes,), drawings):
        for k, (line, tone) in enumerate(zip(lines, TONES, strict=False)):
            at = places + (k - (len(lines) - 1) / 2) * thick
            lengths = np.asarray(line["average"]) - start
            axes.barh(at, lengths, height=0.9 * thick, left=start, color=tone, label=brief(line["label"]))
        axes.axvline(start, color=INK, lw=1, ls=(0, (4, 3)))
        axes.set_yticks(places, _names(one))
        axes.invert_yaxis()
        axes.grid(False, axis="y")
        axes.set(xlabel=brief(what, 32), ylabel=brief(one["column"]), xlim=(min(scale[0], start), scale[1]))
        if len(lines) > 1:
            axes.legend(loc="best", fontsize=9)
    return for_page(drawings[0])


def _names(one: Mapping[str, Any]) -> list[str]:
    """Each category with its share of the rows that are shown."""
    all_rows = sum(one["rows"])
    labels = ("missing" if point is None else brief(point, LONGEST_LABEL) for point in one["points"])
    return [f"{label} · {rows / all_rows:.0%}" for label, rows in zip(labels, one["rows"], strict=True)]


def _places(one: Mapping[str, Any]) -> NDArray[Any]:
    return np.array(one["points"], dtype="datetime64[s]" if one["kind"] == DATE else np.float64)


def _ends(points: NDArray[Any]) -> NDArray[Any]:
    """The ends of the intervals around numbers or dates."""
    if points.dtype.kind != "M":
        return bounds(points)
    return bounds(points.astype(np.float64)).astype(np.int64).astype(points.dtype)
