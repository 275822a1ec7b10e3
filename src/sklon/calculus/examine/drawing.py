"""The picture of an examined point: the function with its one-sided tangents, above its difference quotients."""

from __future__ import annotations

from functools import partial
from itertools import pairwise
from math import isfinite
from typing import TYPE_CHECKING, Any

import numpy as np

from sklon._base.canvas import ACCENT, INK, SECOND, SOFT, THIRD, TONES
from sklon._base.errors import InputError
from sklon._base.picture import Picture
from sklon.calculus.subject import Array

from .kinds import POLE

if TYPE_CHECKING:
    from .examination import Examination
    from .scan import Scan

WIDTH, HEIGHTS = 5.8, (3.0, 1.9)  # inches
POINTS = 600
"""Points drawn on each side: half of them evenly, half of them closer and closer to the point."""
CLOSEST = 1e-9
"""The nearest of them, relative to the width."""
SHOWN = (4.0, 96.0)
"""Percentiles of what is drawn that decide the heights where a function is unbounded."""
UNBOUNDED = 4.0
"""The whole height, in heights between these percentiles, from which on it is cut off."""
MARGIN = 0.2
#: the sides, with the colours of their tangents and quotients
SIDES = ((-1, "left", ACCENT), (1, "right", SECOND))


def drawn(found: Examination, width: float) -> Picture:
    """The picture of the point, from ``width`` before it to ``width`` behind it."""
    if not (isfinite(width) and width > 0):
        raise InputError(f"a picture has a positive width, not {width!r}; leave it out for 1")
    heights = HEIGHTS if isfinite(found.evidence.base) else HEIGHTS[:1]
    return Picture(draw=partial(_draw, found, width), width=WIDTH, height=sum(heights), heights=heights)


def _draw(found: Examination, width: float, axes: list[Any]) -> None:
    steps = np.unique(np.concatenate((np.linspace(0, width, POINTS // 2 + 1)[1:], width * _closing())))
    curves = {side: np.array([found.line.value(side * float(h)) for h in steps]) for side, _, _ in SIDES}
    _draw_function(axes[0], found, steps, curves)
    if len(axes) > 1:
        _draw_quotients(axes[1], found, steps, curves)
    axes[-1].set(xlabel=_axis(found))


def _closing() -> Array:
    return np.geomspace(CLOSEST, 1, POINTS // 2)


def _draw_function(axis: Any, found: Examination, steps: Array, curves: dict[int, Array]) -> None:
    center, width = found.line.center, float(steps[-1])
    for side, _, _ in SIDES:
        axis.plot(center + side * steps, curves[side], color=INK, lw=1.6)
    for (side, name, tone), limit, slope in zip(SIDES, found.limits, found.derivatives, strict=True):
        if isfinite(limit):
            _draw_tangent(axis, center, width, limit, side, slope, tone, name)
    if isfinite(found.value):
        axis.plot([center], [found.value], "o", color=INK, ms=5, zorder=4)
    for limit in found.limits:
        if isfinite(limit) and limit != found.value:
            axis.plot([center], [limit], "o", mfc="none", mec=INK, ms=6, zorder=4)
    _set_heights(axis, [*curves.values()], steps, (*found.limits, found.value))
    axis.set(ylabel="f", title=f"{found.place}: {found.kind}")
    if axis.get_legend_handles_labels()[1]:
        axis.legend(loc="best")


def _draw_tangent(
    axis: Any, center: float, width: float, limit: float, side: int, slope: float, tone: str, name: str
) -> None:
    """The tangent on its own side, and faintly beyond; an infinite slope is a vertical line."""
    label = f"tangent from the {name}"
    if isfinite(slope):
        axis.plot(
            [center, center + side * width], [limit, limit + side * slope * width], color=tone, lw=2.2, label=label
        )
        ends = [limit, limit - side * slope * width]
        axis.plot([center, center - side * width], ends, color=tone, lw=1, ls=(0, (2, 3)))
    elif slope in (float("inf"), float("-inf")):
        axis.axvline(center, color=tone, lw=1.6, ls=(side * 2, (4, 4)), label=label)


def _draw_quotients(axis: Any, found: Examination, steps: Array, curves: dict[int, Array]) -> None:
    base, center = found.evidence.base, found.line.center
    drawn = [side * (curves[side] - base) / steps for side, _, _ in SIDES]
    kept = steps > steps[-1] * CLOSEST**0.5  # closer ones are rounding
    for (side, _, tone), quotients, slope in zip(SIDES, drawn, found.derivatives, strict=True):
        axis.plot(center + side * steps[kept], quotients[kept], color=tone, lw=1.6)
        if isfinite(slope):
            axis.plot([center], [slope], "o", mfc="none", mec=tone, ms=6)
    axis.axvline(center, color=SOFT, lw=0.8)
    if found.autodiff.value is not None and isfinite(found.autodiff.value):
        axis.plot([center], [found.autodiff.value], "x", color=THIRD, ms=7, mew=2, label="autodiff")
        axis.legend(loc="best")
    _set_heights(axis, drawn, steps, found.derivatives)
    axis.set(ylabel="quotient")


def _set_heights(axis: Any, curves: list[Array], steps: Array, marks: tuple[float, ...]) -> None:
    """Heights that show what is bounded, and cut off what is not: by the evenly spaced points alone."""
    even = np.concatenate([np.interp(np.linspace(0, steps[-1], POINTS // 2 + 1)[1:], steps, c) for c in curves])
    finite, marked = even[np.isfinite(even)], [m for m in marks if isfinite(m)]
    if not len(finite):
        return
    low, high = finite.min(), finite.max()
    inner = np.percentile(finite, SHOWN)
    if high - low > UNBOUNDED * (inner[1] - inner[0]) > 0:
        low, high = inner
    low, high = min([low, *marked]), max([high, *marked])
    margin = MARGIN * (high - low) or max(abs(high), 1.0) * MARGIN
    axis.set_ylim(low - margin, high + margin)


def _axis(found: Examination) -> str:
    return "t, the distance along the direction" if found.along is not None else found.variable


# ---- a scan
def drawn_scan(found: Scan) -> Picture:
    """The function over an interval, with what was found."""
    return Picture(draw=partial(_draw_scan, found), width=WIDTH, height=HEIGHTS[0])


def _draw_scan(found: Scan, axes: list[Any]) -> None:
    cuts = [found.low, *(p.at[0] for p in found.points), found.high]
    pieces = [np.linspace(a, b, POINTS)[1:-1] for a, b in pairwise(cuts) if a < b]
    curves = [np.array([found.subject.value(np.array([x])) for x in piece]) for piece in pieces]
    for piece, curve in zip(pieces, curves, strict=True):
        axes[0].plot(piece, curve, color=INK, lw=1.6)
    for number, kind in enumerate(dict.fromkeys(p.kind for p in found.points)):
        _draw_points(axes[0], [p for p in found.points if p.kind == kind], kind, TONES[number % len(TONES)])
    evenly, marks = np.concatenate(curves), tuple(h for p in found.points for h in _height(p))
    _set_heights(axes[0], [evenly], np.linspace(0, 1, len(evenly)), marks)
    axes[0].set(xlabel=found.subject.names[0], ylabel="f")
    if found.points:
        axes[0].legend(loc="best")


def _draw_points(axis: Any, points: list[Examination], kind: str, tone: str) -> None:
    """Points of one kind: a dot where there is a height, else a line from bottom to top."""
    marked = [(p.at[0], h) for p in points for h in _height(p)]
    if marked:
        axis.plot(*zip(*marked, strict=True), "o", color=tone, ms=6, label=kind, zorder=4)
    for i, point in enumerate(p for p in points if not _height(p)):
        axis.axvline(point.at[0], color=tone, lw=1.2, ls=(0, (4, 3)), label="" if i or marked else kind)


def _height(point: Examination) -> tuple[float, ...]:
    """Where a point is drawn: at its value, or at a limit; nowhere at a pole."""
    heights = () if point.kind == POLE else (point.value, *point.limits)
    return tuple(h for h in heights if isfinite(h))[:1]
