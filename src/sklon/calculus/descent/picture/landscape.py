"""Level lines with paths. Shapes: heights [rows of the grid, columns of the grid]."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from sklon._base.canvas import INK, PAPER, SOFT, TONES
from sklon._base.errors import SklonError
from sklon.tensors import Tensor
from sklon.tensors.creation import tensor
from sklon.tensors.transforms import vmap

from .frame import Frame
from .levels import levels_of
from .ticks import label_ticks

if TYPE_CHECKING:
    from sklon.calculus.descent.descent import Descent

Array: TypeAlias = np.ndarray[Any, Any]
SIDE = 161
"""Points of the grid along each axis."""
MOST_DOTS = 120
"""Points of a path that are marked one by one; more would hide it."""
FIRST = 6
"""Steps of each path that the name of the start keeps away from."""
DARKEST = 0.16
"""The opacity of the lowest ground."""


def seen(descents: Sequence[Descent], frame: Frame) -> Array:
    """The heights of a frame; variables that are not shown are where the lowest path ended."""
    lowest = min(descents, key=lambda d: float(d.values[-1]))
    x, y = (np.linspace(low, high, SIDE) for low, high in zip(frame.low, frame.high, strict=True))
    places = np.broadcast_to(lowest.points[-1], (SIDE, SIDE, len(lowest.points[-1]))).copy()
    places[..., frame.shown[0]], places[..., frame.shown[1]] = x[None, :], y[:, None]
    return heights_at(lowest.subject.function, places)


def heights_at(function: Callable[[Tensor], Tensor], places: Array) -> Array:
    """f at places [..., n]; NaN where it is not finite."""
    flat = places.reshape(-1, places.shape[-1])
    try:
        found = vmap(function)(tensor(flat)).numpy()
    except (SklonError, TypeError):  # it looks at values while it runs
        found = np.array([float(function(tensor(place)).item()) for place in flat])
    return np.where(np.isfinite(found), found, np.nan).reshape(places.shape[:-1])


def lowest_shown(descents: Sequence[Descent], frame: Frame) -> float:
    """The lowest height at a start, or at the last point of a path that is shown: one that is lost ends far below."""
    last = [frame.inside(d.points[:, frame.shown]) - 1 for d in descents]
    heights = np.concatenate([d.values[[0, i]] for d, i in zip(descents, last, strict=True)])
    return float(heights.min()) if np.isfinite(heights).all() else np.inf


def draw_landscape(descents: Sequence[Descent], frame: Frame, heights: Array, axes: Any) -> None:
    """Level lines, the darker the lower, and the paths from their start to their ends."""
    levels = levels_of(heights, lowest_shown(descents, frame))
    x, y = (np.linspace(low, high, SIDE) for low, high in zip(frame.low, frame.high, strict=True))
    if len(levels) > 1:
        grid = np.ma.masked_invalid(heights)
        grounds = [(SOFT, DARKEST * (1 - i / len(levels)) ** 1.5) for i in range(len(levels) + 1)]
        axes.contourf(x, y, grid, levels=[-np.inf, *levels, np.inf], colors=grounds, antialiased=True)
        axes.contour(x, y, grid, levels=levels, colors=SOFT, linewidths=0.6, alpha=0.65, linestyles="solid")
    axes.grid(False)
    for i, descent in enumerate(descents):
        points, tone = descent.points[:, frame.shown], TONES[i % len(TONES)]
        if descent.outcome.kind == "diverged":
            draw_lost(axes, points, tone, inside=frame.inside(points))
        else:
            draw_found(axes, points, tone)
    shown = [d.points[:, frame.shown] for d in descents]
    draw_start(axes, shown[0][0], np.concatenate([points[1 : 1 + FIRST] for points in shown]))
    names = [descents[0].subject.names[i] for i in frame.shown]
    axes.set(xlim=(frame.low[0], frame.high[0]), ylim=(frame.low[1], frame.high[1]), xlabel=names[0], ylabel=names[1])
    if frame.equal:
        axes.set_aspect("equal", adjustable="box")
    label_ticks(axes)


def draw_found(axes: Any, points: Array, tone: str) -> None:
    """A path and its end, as a disc."""
    draw_path(axes, points, tone)
    axes.plot(*points[-1], "o", color=tone, mec=PAPER, mew=1.3, ms=9, zorder=6)


def draw_lost(axes: Any, points: Array, tone: str, *, inside: int) -> None:
    """A path that is lost, until it leaves the picture, and a cross at its last point ``inside``."""
    draw_path(axes, points[: inside + 1], tone)
    axes.plot(*points[inside - 1], "x", color=tone, ms=9, mew=2.2, zorder=6)


def draw_path(axes: Any, points: Array, tone: str) -> None:
    """A line through points [turns, 2], which are marked if they are few."""
    dots = "o" if len(points) <= MOST_DOTS else "none"
    axes.plot(*points.T, "-", color=PAPER, lw=3.2, alpha=0.75, solid_capstyle="round", zorder=3)
    axes.plot(*points.T, "-", color=tone, lw=1.5, marker=dots, ms=2.8, mew=0, solid_capstyle="round", zorder=4)


def draw_start(axes: Any, at: Array, following: Array) -> None:
    """The start, as a ring with its name on the side to which no path goes; ``following`` are the points after it."""
    right = not len(following) or following[:, 0].mean() < at[0]
    above = len(at) < 2 or not len(following) or following[:, 1].mean() < at[1]
    axes.plot(*at, "o", color=PAPER, mec=INK, mew=1.6, ms=8, zorder=7)
    axes.annotate(
        "start", at, xytext=(8 if right else -8, 6 if above else -6), textcoords="offset points", color=INK, fontsize=9,
        ha="left" if right else "right", va="bottom" if above else "top", zorder=8,
    )  # fmt: skip
