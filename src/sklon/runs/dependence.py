"""What a network predicts on average while one column is turned. Uses scikit-learn, on use.

The partial dependence on a column at a value v is the mean prediction over rows whose value there is replaced by v, all
else as it is (Friedman, *Greedy function approximation*, 2001; scikit-learn's ``partial_dependence``)::

    d(v) = 1/n·Σ_i f(v, other columns of row i)

The points v are quantities, dates or categories, never more than ``MOST_POINTS``. Nothing is drawn here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from sklon.data import Calendar, Column, Numeric, Preparation, Quantity, Table, Target, sample_rows
from sklon.data.dates import seconds
from sklon.data.recipes import Recipe
from sklon.estimators.scikit import regressor_of, scikit

from .scores import Values

MOST_COLUMNS = 6
"""So many columns are turned, the most important ones."""
MOST_ROWS = 300
"""Rows, drawn at random, that are averaged over; more move a whole curve up or down rather than bend it."""
MOST_POINTS = 32
FEWEST_SHARED = 3
"""A value is a point only where so many rows have each value in the mean: a run folder holds no cell of a row."""
MOST_CATEGORIES = 12
"""So many of the most frequent categories are points."""
MOST_LINES = 5
"""Of more labels those are kept whose probability moves most: so many lines can be told apart."""
MIDDLE = (0.05, 0.95)
"""Quantiles between which the points of a quantity lie: beyond, few rows say what a network should do."""
NUMBER, DATE, CATEGORY = "number", "date", "category"
DAY = 86_400
"""Seconds."""

Points: TypeAlias = list[float] | list[str] | list[str | None]


@dataclass(frozen=True, slots=True)
class Line:
    """The mean prediction at each point: of the target, or of the probability of a label."""

    label: str
    average: list[float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Dependence:
    """How predictions follow one column.

    ``points`` are numbers, dates in ISO's form, or categories with ``None`` for missing; ``rows`` counts for each the
    rows that are nearest to it or equal it.
    """

    column: str
    kind: str
    points: Points
    rows: list[int]
    lines: list[Line]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Grid:
    """The points of a column: what stands in a table there, and the numbers of the rows that have a value."""

    kind: str
    points: Points
    column: Column
    counts: NDArray[np.int64]
    rows: NDArray[np.int64]


def dependences(
    preparation: Preparation, names: tuple[str, ...], table: Table, predict: Callable[[Table], Values], seed: int
) -> tuple[Dependence, ...]:
    """How predictions follow each of these columns; a column with one value in ``table`` has nothing to follow.

    ``predict`` gives for a table a number per row, or a probability per row and label. Rows of ``table`` without a
    number or a date are left out for that column; a missing category is a category. Empty without scikit-learn.
    """
    if scikit() is None:
        return ()
    recipes = {recipe.name: recipe for recipe in preparation.recipes}
    grids = {name: _grid(recipes[name], table.column(name)) for name in names}
    return tuple(
        Dependence(
            column=name,
            kind=grid.kind,
            points=grid.points,
            rows=grid.counts.tolist(),
            lines=_lines(preparation.target, _averages(table, grid, predict, seed)),
        )
        for name, grid in grids.items()
        if len(grid.points) > 1
    )


def to_json(found: tuple[Dependence, ...]) -> list[dict[str, Any]]:
    """The dependences as what ``json`` can write."""
    return [asdict(one) for one in found]


def bounds(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """The ends of the intervals around ascending points, which meet half-way: one more than points.

    >>> bounds(np.array([1.0, 2.0, 4.0])).tolist()
    [0.5, 1.5, 3.0, 5.0]
    """
    between = (points[1:] + points[:-1]) / 2
    return np.concatenate([[2 * points[0] - between[0]], between, [2 * points[-1] - between[-1]]])


def _averages(table: Table, grid: _Grid, predict: Callable[[Table], Values], seed: int) -> NDArray[np.float64]:
    """The mean prediction at each point, [outputs, points]."""
    learn = scikit()
    assert learn is not None
    some = grid.rows[sample_rows(len(grid.rows), MOST_ROWS, seed=seed)]
    table = table.take(some)

    def predicted(at: NDArray[np.int64]) -> Values:
        turned = grid.column.take(at[:, 0])
        columns = tuple(turned if column.name == turned.name else column for column in table.columns)
        return predict(Table(columns, table.source, table.sha256))

    # what scikit-learn sees is the number of the point that a row has, a category to it: its values are its grid
    places = np.arange(len(table))[:, None] % len(grid.points)
    found = learn.partial_dependence(regressor_of(predicted), places, [0], categorical_features=[0], kind="average")
    return np.asarray(found["average"], np.float64)


def _lines(target: Target, averages: NDArray[np.float64]) -> list[Line]:
    """One line for a quantity or the second of two labels, else one for each label that moves most, in their order."""
    if isinstance(target, Quantity):
        return [Line(target.name, averages[0].tolist())]
    kept = np.array([1]) if target.binary else _moving(averages)
    return [Line(target.labels[i], averages[i].tolist()) for i in kept.tolist()]


def _moving(averages: NDArray[np.float64]) -> NDArray[np.int64]:
    order = np.argsort(-np.ptp(averages, axis=1), kind="stable")
    return np.sort(order[:MOST_LINES])


def _grid(recipe: Recipe, column: Column) -> _Grid:
    if isinstance(recipe, Numeric):
        return _numbers(column)
    return _dates(column, recipe.form) if isinstance(recipe, Calendar) else _categories(column)


def _numbers(column: Column) -> _Grid:
    numbers = column.as_numbers()
    points = _spread(numbers[np.isfinite(numbers)])
    text = np.array([f"{point:.17g}" for point in points], dtype=object)
    return _Grid(
        kind=NUMBER,
        points=points.tolist(),
        column=Column(column.name, text, points),
        counts=_nearest(points, numbers),
        rows=np.flatnonzero(np.isfinite(numbers)),
    )


def _spread(present: NDArray[np.float64]) -> NDArray[np.float64]:
    """The distinct values if they are few and shared, else points at equal distances through the middle of them."""
    distinct = np.unique(present)
    if len(distinct) <= min(MOST_POINTS, max(1, len(present) // FEWEST_SHARED)):
        return distinct
    low, high = np.quantile(present, MIDDLE)
    if low == high:  # one heavy value fills the middle
        low, high = distinct[0], distinct[-1]
    return np.unique(np.linspace(low, high, min(MOST_POINTS, len(present))))


def _nearest(points: NDArray[np.float64], values: NDArray[np.float64]) -> NDArray[np.int64]:
    """How many values lie nearest to each point; those far beyond the ends are counted nowhere."""
    if len(points) < 2:
        return np.full(len(points), np.count_nonzero(np.isfinite(values)))
    return np.histogram(values[np.isfinite(values)], bounds(points))[0]


def _dates(column: Column, form: str) -> _Grid:
    times = seconds(column, form)
    present = times[np.isfinite(times)]
    unit = 1 if np.any(present % DAY) else DAY
    points = np.unique(np.round(_spread(present) / unit) * unit)
    written = [(datetime(1, 1, 1) + timedelta(seconds=time)).isoformat() for time in points.tolist()]
    return _Grid(
        kind=DATE,
        points=written,
        column=Column(column.name, np.array(written, dtype=object), None),
        counts=_nearest(points, times),
        rows=np.flatnonzero(np.isfinite(times)),
    )


def _categories(column: Column) -> _Grid:
    """The most frequent categories, the most frequent first."""
    counted = Counter(column.text.tolist())
    points = sorted(counted, key=lambda text: (-counted[text], text is None, text))[:MOST_CATEGORIES]
    return _Grid(
        kind=CATEGORY,
        points=points,
        column=Column(column.name, np.array(points, dtype=object), None),
        counts=np.array([counted[point] for point in points], dtype=np.int64),
        rows=np.arange(len(column)),
    )
