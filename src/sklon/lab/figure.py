"""Figures as data: what is drawn, not how. A page, a file and a table are made of the same value.

A figure has panels; a panel has two axes and marks on them. Every word is a Text, so one figure serves all languages.
Arrays are turned into tuples of numbers, so that a figure can be compared, and written as JSON or CSV.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np

from .text import Text

Numbers: TypeAlias = tuple[float, ...]
Scale: TypeAlias = Literal["linear", "log"]
Style: TypeAlias = Literal["line", "dashed", "dotted", "points", "line+points"]


@dataclass(frozen=True, slots=True)
class Curve:
    """y over x. ``tone`` is the number of its colour; the same number is the same thing in all panels."""

    x: Numbers
    y: Numbers
    label: Text | None
    style: Style
    tone: int
    fill_to: float | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """A straight line across the panel at ``at``: upright along "x", level along "y"."""

    axis: Literal["x", "y"]
    at: float
    label: Text | None
    tone: int


@dataclass(frozen=True, slots=True)
class Bars:
    """One bar for each name. ``tones`` colour them."""

    names: tuple[Text, ...]
    heights: Numbers
    tones: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Field:
    """Heights over a grid: ``z[j][i]`` at (x[i], y[j]), as level lines or as shades."""

    x: Numbers
    y: Numbers
    z: tuple[Numbers, ...]
    style: Literal["levels", "shades"]
    levels: Numbers = ()


@dataclass(frozen=True, slots=True)
class Arrows:
    """Arrows from (x, y) by (dx, dy), in the units of the axes."""

    x: Numbers
    y: Numbers
    dx: Numbers
    dy: Numbers
    tone: int


@dataclass(frozen=True, slots=True)
class Note:
    """Words at a point."""

    x: float
    y: float
    says: Text


Mark: TypeAlias = Curve | Rule | Bars | Field | Arrows | Note


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """Two axes and what is drawn on them. ``equal`` gives both axes the same unit; limits follow from the marks."""

    x: Text
    y: Text
    marks: tuple[Mark, ...]
    title: Text | None = None
    x_scale: Scale = "linear"
    y_scale: Scale = "linear"
    x_limits: tuple[float, float] | None = None
    y_limits: tuple[float, float] | None = None
    equal: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """Panels side by side. ``caption`` says what to see in them, also to those who cannot see."""

    caption: Text
    panels: tuple[Panel, ...]


# ---- marks from arrays
def curve(
    x: Any, y: Any, label: Text | None = None, *, style: Style = "line", tone: int = 0, fill_to: float | None = None
) -> Curve:
    """A curve through arrays of the same length."""
    return Curve(_numbers(x), _numbers(y), label, style, tone, fill_to)


def upright(at: float, label: Text | None = None, tone: int = 5) -> Rule:
    """A vertical line at x = ``at``."""
    return Rule("x", float(at), label, tone)


def level(at: float, label: Text | None = None, tone: int = 5) -> Rule:
    """A horizontal line at y = ``at``."""
    return Rule("y", float(at), label, tone)


def bars(names: Iterable[Text], heights: Any, tones: Iterable[int] | None = None) -> Bars:
    """Bars, all in the first colour unless ``tones`` says otherwise."""
    named = tuple(names)
    return Bars(named, _numbers(heights), tuple(tones) if tones is not None else (0,) * len(named))


def histogram(values: Any, count: int, label: Text | None = None, *, tone: int = 0) -> Curve:
    """How many values lie in each of ``count`` equal bins, as the filled outline of the bins."""
    heights, edges = np.histogram(np.asarray(values), count)
    x, y = np.repeat(edges, 2), np.concatenate([[0], np.repeat(heights, 2), [0]])
    return curve(x, y, label, tone=tone, fill_to=0.0)


def field(x: Any, y: Any, z: Any, style: Literal["levels", "shades"] = "levels", levels: Any = ()) -> Field:
    """Heights z [len(y), len(x)] over a grid."""
    return Field(_numbers(x), _numbers(y), tuple(map(_numbers, np.asarray(z))), style, _numbers(levels))


def arrows(x: Any, y: Any, dx: Any, dy: Any, tone: int = 0) -> Arrows:
    """Arrows between points."""
    return Arrows(_numbers(x), _numbers(y), _numbers(dx), _numbers(dy), tone)


def _numbers(values: Any) -> Numbers:
    return tuple(float(v) for v in np.ravel(np.asarray(values, np.float64)))
