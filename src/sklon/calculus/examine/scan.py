"""The points of an interval at which a function is not smooth: found on a grid and in the graph, then examined."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from math import floor, isfinite, log10
from typing import TYPE_CHECKING, Any

import numpy as np

from sklon._base.canvas import can_draw
from sklon._base.errors import InputError
from sklon._base.notebook import card, paragraph, table
from sklon._base.picture import Picture
from sklon.calculus.subject import Array, Function, Subject, subject_of

from . import kinds
from .candidates import candidates
from .examination import Examination, examine_subject
from .line import Line, line_of
from .numbers import number, tidy
from .search import narrowed, suspicious

if TYPE_CHECKING:
    from sklon.calculus.expressions import Expression

CELLS = 512
"""Cells of the grid, by default."""
MOST = 64
"""The most candidates that are examined."""
NEAR = 1e-9
"""Candidates nearer to each other than this share of the interval are one."""
HEAD = ("point", "kind", "from the left", "from the right", "derivative, left", "derivative, right", "autodiff")


@dataclass(frozen=True, slots=True, kw_only=True)
class Scan:
    """The ``points`` in [``low``, ``high``] at which the function is not smooth, from left to right.

    ``spacing`` is the width of the cells that were looked at, in units of the variable; what is narrower may be missed.
    ``unexamined`` counts the candidates for which there was no time, ``unresolved`` the cells in which something goes
    on that the search did not pin down.
    """

    low: float
    high: float
    spacing: float
    points: tuple[Examination, ...]
    unexamined: int
    unresolved: int
    subject: Subject = field(repr=False)

    def __iter__(self) -> Iterator[Examination]:
        return iter(self.points)

    def __len__(self) -> int:
        return len(self.points)

    @property
    def unseen(self) -> tuple[str, ...]:
        """What the search cannot tell, in sentences."""
        told = [f"what is narrower than {number(self.spacing, 3)}, the width of a cell, may be missed"]
        if self.unresolved:
            cells = f"{self.unresolved} cell{'s' if self.unresolved > 1 else ''}"
            told.append(f"in {cells} the function varies faster than the grid can follow")
        if self.unexamined:
            told.append(f"{self.unexamined} more candidates were not examined; scan a shorter interval")
        return tuple(told)

    def __str__(self) -> str:
        lines = [self._title, *("  ".join(cells).rstrip() for cells in _aligned([HEAD, *self._rows()]))]
        return "\n".join([*(lines if self.points else lines[:1]), *(f"Not told: {u}." for u in self.unseen)])

    def _repr_html_(self) -> str:
        pictures = [self.picture()._repr_html_()] if can_draw() else []
        parts = [table(HEAD, self._rows())] if self.points else []
        return card(self._title, *pictures, *parts, *(paragraph(f"Not told: {u}.", soft=True) for u in self.unseen))

    def json(self) -> dict[str, Any]:
        """Everything but the samples, as JSON holds it."""
        return {
            "interval": [self.low, self.high],
            "spacing": self.spacing,
            "points": [p.json() for p in self.points],
            "unexamined": self.unexamined,
            "unresolved": self.unresolved,
            "unseen": list(self.unseen),
        }

    def picture(self) -> Picture:
        """The function over the interval, with the points that were found."""
        from .drawing import drawn_scan

        return drawn_scan(self)

    @property
    def _title(self) -> str:
        found = f"{len(self.points)} points are not smooth" if self.points else "no point was found that is not smooth"
        where = f"[{number(self.low)}, {number(self.high)}]"
        return f"{where}: {'1 point is not smooth' if len(self.points) == 1 else found}"

    def _rows(self) -> list[tuple[str, ...]]:
        rows = []
        for p in self.points:
            numbers = (*p.limits, *p.derivatives, float("nan") if p.autodiff.value is None else p.autodiff.value)
            rows.append((number(p.at[0], 10), p.kind, *(number(v) for v in numbers)))
        return rows


def scan(function: str | Expression | Function, interval: tuple[float, float], *, cells: int = CELLS) -> Scan:
    """Find the points of an interval at which a function of one variable is not smooth, and examine them.

    The interval is cut into ``cells``. A point is looked for where an op of the recorded function meets its kink or
    divides by zero, where the function stops being finite, and where a cubic through values and slopes fits a cell no
    better when the cell is halved; each is followed down to neighbouring numbers, and then examined. Ends of the
    interval are examined from inside and outside like other points, if something is found there.

    Raises InputError for an interval that is none, and for a function of several variables.

    >>> import sklon
    >>> [(p.at[0], p.kind) for p in scan(lambda x: sklon.abs(x) + sklon.floor(x), (-0.5, 1.5))]
    [(0.0, 'jump'), (1.0, 'jump')]
    """
    low, high = _checked(interval)
    if not isinstance(cells, int) or cells < 2:
        raise InputError(f"an interval is cut into 2 cells or more, not {cells!r}")
    subject, middle = subject_of(function, (low + high) / 2)
    line = line_of(subject, np.zeros_like(middle), None)
    grid = np.linspace(low, high, cells + 1)
    found, unresolved = _found(line, grid)
    points = [examine_subject(subject, np.array([t])) for t in found[:MOST]]
    broken = tuple(p for p in points if p.kind not in (kinds.SMOOTH, kinds.OUTSIDE))
    return Scan(
        low=low,
        high=high,
        spacing=(high - low) / cells,
        points=broken,
        unexamined=len(found[MOST:]),
        unresolved=sum(not any(2 * a - b <= p.at[0] <= 2 * b - a for p in broken) for a, b in unresolved),
        subject=subject,
    )


def _checked(interval: tuple[float, float]) -> tuple[float, float]:
    try:
        low, high = (float(end) for end in interval)
    except (TypeError, ValueError) as error:
        raise InputError(f"an interval is two numbers, for instance (-1, 1), not {interval!r}") from error
    if not (isfinite(low) and isfinite(high) and low < high):
        raise InputError(f"an interval goes from a number to a larger one, not from {low:g} to {high:g}")
    return low, high


def _found(line: Line, grid: Array) -> tuple[list[float], list[tuple[float, float]]]:
    """Candidates from left to right, and the cells that were suspicious."""
    nearest = NEAR * float(grid[-1] - grid[0])
    points = [simplest(t - nearest, t + nearest, t) for t in candidates(line, grid)]
    cells = suspicious(line, grid)
    for cell in cells[:MOST]:
        if not any(cell.low <= p <= cell.high for p in points):
            low, high = narrowed(line, cell)
            points.append(simplest(low - nearest, high + nearest, (low + high) / 2))
    return _apart(points, nearest), [(c.low, c.high) for c in cells]


def _apart(points: Iterable[float], nearest: float) -> list[float]:
    kept: list[float] = []
    for point in sorted(points):
        if not kept or point - kept[-1] > nearest:
            kept.append(point)
    return kept


def simplest(low: float, high: float, otherwise: float) -> float:
    """The number with the fewest decimals between two, if that is fewer than chance would give; else ``otherwise``.

    >>> simplest(0.0999999999, 0.1000000001, 0.1000000000001), simplest(1.41421356, 1.41421357, 1.414213562)
    (0.1, 1.414213562)
    """
    if low <= 0 <= high:
        return 0.0
    most = -floor(log10(high - low)) - 3
    for digits in range(max(most, 0)):
        rounded = round(otherwise, digits)
        if low <= rounded <= high:
            return rounded
    return tidy(otherwise, 0.0)


def _aligned(rows: list[tuple[str, ...]]) -> list[list[str]]:
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return [
        [f"{c:<{w}}" if i < 2 else f"{c:>{w}}" for i, (c, w) in enumerate(zip(row, widths, strict=True))]
        for row in rows
    ]
