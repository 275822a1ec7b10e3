"""A figure drawn: from data to SVG, in one language, for a page or for a file of its own."""

from __future__ import annotations

from collections.abc import Callable
from functools import singledispatch
from typing import Any

import numpy as np

from sklon._base.canvas import (
    INK,
    PAPER,
    SOFT,
    TONES,
    can_draw,
    canvas,
    fade,
    for_file,
    for_page,
    place_ticks,
    write_ticks,
)
from sklon._base.errors import InputError

from .figure import Arrows, Bars, Curve, Field, Figure, Note, Panel, Rule
from .text import Language, number

#: inches
PANEL_WIDTH, PANEL_HEIGHT = 4.4, 3.3
#: letters of all names of bars together that fit side by side under a panel
MOST_LETTERS = 44
#: digits of a tick's number
TICK_DIGITS = 5
_LINES = {"line": "-", "line+points": "-", "dashed": "--", "dotted": ":", "points": "none"}


def drawn_for_page(figure: Figure, language: Language) -> str:
    """SVG to be put into a page, whose colours and letters it takes."""
    return for_page(_drawn(figure, language))


def drawn_for_file(figure: Figure, language: Language) -> str:
    """SVG that stands alone."""
    return for_file(_drawn(figure, language))


def _drawn(figure: Figure, language: Language) -> str:
    if not can_draw():
        raise InputError("figures need matplotlib; pip install 'sklon[lab]' brings it")
    count = len(figure.panels)
    with canvas(PANEL_WIDTH * count, PANEL_HEIGHT, count) as (axes, drawings):
        for place, panel in zip(axes, figure.panels, strict=True):
            draw_panel(place, panel, language)
    return drawings[0]


def draw_panel(axes: Any, panel: Panel, language: Language) -> None:
    """Draw one panel on axes of matplotlib's."""
    axes.set(xlabel=panel.x.of(language), ylabel=panel.y.of(language), xscale=panel.x_scale, yscale=panel.y_scale)
    if panel.title is not None:
        axes.set_title(panel.title.of(language), fontsize=10)
    for mark in panel.marks:
        _draw(mark, axes, language)
    if panel.equal:
        axes.set_aspect("equal", adjustable="box" if panel.x_limits is None else "datalim")
    axes.set(**{k: v for k, v in (("xlim", panel.x_limits), ("ylim", panel.y_limits)) if v is not None})
    named = any(isinstance(mark, Bars) for mark in panel.marks)
    if _whole(panel) and not named:
        axes.xaxis.get_major_locator().set_params(integer=True)
    for axis, scale in ((axes.yaxis, panel.y_scale), (axes.xaxis, panel.x_scale))[: 1 if named else 2]:
        if scale == "log":
            place_ticks(axis)
        write_ticks(axis, _tick(language))
    if any(getattr(mark, "label", None) is not None for mark in panel.marks):
        axes.legend(loc="best", fontsize=8.5, frameon=True, facecolor=PAPER, edgecolor="none", framealpha=0.85)


def _whole(panel: Panel) -> bool:
    """Whether a linear x axis counts: steps, layers, epochs."""
    curves = [mark for mark in panel.marks if isinstance(mark, Curve)]
    return panel.x_scale == "linear" and bool(curves) and all(x == int(x) for c in curves for x in c.x)


def _tick(language: Language) -> Callable[[float], str]:
    return lambda value: number(value, language, TICK_DIGITS)


# ---- marks
@singledispatch
def _draw(mark: Any, axes: Any, language: Language) -> None:
    raise TypeError(f"no way to draw a {type(mark).__name__}")


@_draw.register
def _(mark: Curve, axes: Any, language: Language) -> None:
    label = mark.label.of(language) if mark.label is not None else None
    dots = "o" if "points" in mark.style else None
    style = {"color": TONES[mark.tone], "ls": _LINES[mark.style], "marker": dots, "ms": 3.5, "mew": 0, "lw": 1.7}
    axes.plot(mark.x, mark.y, label=label, **style)
    if mark.fill_to is not None:
        axes.fill_between(mark.x, mark.y, mark.fill_to, color=TONES[mark.tone], alpha=0.2, lw=0)


@_draw.register
def _(mark: Rule, axes: Any, language: Language) -> None:
    label = mark.label.of(language) if mark.label is not None else None
    draw = axes.axvline if mark.axis == "x" else axes.axhline
    draw(mark.at, color=TONES[mark.tone], lw=1.3, ls=(0, (4, 3)), label=label)


@_draw.register
def _(mark: Bars, axes: Any, language: Language) -> None:
    places = np.arange(len(mark.names))
    axes.bar(places, mark.heights, color=[TONES[t] for t in mark.tones], width=0.66)
    names = [name.of(language) for name in mark.names]
    crowded = sum(map(len, names)) > MOST_LETTERS
    axes.set_xticks(places, names, rotation=30 if crowded else 0, ha="right" if crowded else "center")
    axes.grid(False, axis="x")


@_draw.register
def _(mark: Field, axes: Any, language: Language) -> None:
    if mark.style == "shades":
        axes.pcolormesh(mark.x, mark.y, mark.z, cmap=fade(), shading="nearest", lw=0)
    else:
        levels = {"levels": mark.levels} if mark.levels else {"levels": 12}
        axes.contour(mark.x, mark.y, mark.z, colors=SOFT, linewidths=0.7, alpha=0.7, **levels)


@_draw.register
def _(mark: Arrows, axes: Any, language: Language) -> None:
    axes.quiver(
        mark.x, mark.y, mark.dx, mark.dy,
        color=TONES[mark.tone], angles="xy", scale_units="xy", scale=1, width=0.006,
    )  # fmt: skip


@_draw.register
def _(mark: Note, axes: Any, language: Language) -> None:
    axes.annotate(mark.says.of(language), (mark.x, mark.y), color=INK, fontsize=8.5)
