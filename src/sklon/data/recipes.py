"""What becomes of one column: a recipe per kind, fitted on training rows, applied to any rows.

::

    Numeric   standardised, clipped, and spread over bins; missing values filled, with an indicator
    OneHot    one column per frequent category, one for the rare, one for missing
    Codes     integers for an embedding: 0 is unknown, missing or rare
    Calendar  the parts of a date that differ between rows, each Numeric
    Dropped   nothing, with the reason

A recipe is a frozen value whose fields JSON can hold. Shapes: features are [rows, width] in float32.
The bins are the piecewise linear encoding of Gorishniy, Rubachev, Babenko, *On embeddings for numerical
features in tabular deep learning*, NeurIPS 2022: bin t rises from 0 to 1 between its edges and stays there.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from math import ceil, sqrt
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from .dates import calendar, format_of
from .table import Column, Numbers, brief

Features: TypeAlias = NDArray[np.float32]

MOST_BINS = 24
ROWS_PER_BIN = 40
"""A bin is fitted by the rows in it; below so many it would follow single ones."""
MOST_ONE_HOT = 32
MOST_EMBEDDING = 16
RARE_ROWS = 3
"""Categories with fewer training rows are pooled: a weight of their own would follow single rows."""
CLIP = 4.0
"""Standard deviations at which a standardised number is cut; the last bins see no further either."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Numeric:
    """(x - center) / scale, clipped; then one feature per bin; then one that says "was missing"."""

    name: str
    center: float
    scale: float
    fill: float
    edges: tuple[float, ...]
    missing: bool

    @property
    def width(self) -> int:
        """How many features the column gives."""
        return 1 + max(0, len(self.edges) - 1) + self.missing

    def features(self, column: Column) -> Features:
        """The features of a column, [rows, width]."""
        raw = column.as_numbers()
        present = np.isfinite(raw)
        x = np.where(present, raw, self.fill)
        with np.errstate(over="ignore"):
            parts = [np.clip((x - self.center) / self.scale, -CLIP, CLIP)[:, None], _bins(x, self.edges)]
        if self.missing:
            parts.append(~present[:, None])
        return np.concatenate(parts, axis=1, dtype=np.float32)

    def describe(self) -> str:
        """One clause for people."""
        bins = f", spread over {len(self.edges) - 1} bins" if self.edges else ""
        missing = f", missing filled with {self.fill:.4g} and marked" if self.missing else ""
        return f"standardised{bins}{missing}"


@dataclass(frozen=True, slots=True, kw_only=True)
class OneHot:
    """One feature per category; an unseen one is taken as rare, or as none of them if none was rare."""

    name: str
    categories: tuple[str, ...]
    rare: bool
    missing: bool

    @property
    def width(self) -> int:
        """How many features the column gives."""
        return len(self.categories) + self.rare + self.missing

    def features(self, column: Column) -> Features:
        """The features of a column, [rows, width]."""
        places: dict[str | None, int] = {category: i for i, category in enumerate(self.categories)}
        nowhere = self.width
        other = len(self.categories) if self.rare else nowhere
        places[None] = self.width - 1 if self.missing else nowhere
        at = [places.get(text, other) for text in column.text]
        return np.eye(nowhere + 1, nowhere, dtype=np.float32)[at]

    def describe(self) -> str:
        """One clause for people."""
        rare = ", rare ones pooled" if self.rare else ""
        missing = ", missing as a category of its own" if self.missing else ""
        return f"{len(self.categories)} categories, one input each{rare}{missing}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Codes:
    """Integers for an embedding: category i is i + 1; 0 is unknown, missing or rare."""

    name: str
    categories: tuple[str, ...]

    @property
    def count(self) -> int:
        """How many different codes there are, 0 included."""
        return len(self.categories) + 1

    @property
    def dimension(self) -> int:
        """A sensible size of the embedding."""
        return min(MOST_EMBEDDING, ceil(sqrt(self.count)))

    def codes(self, column: Column) -> NDArray[np.int32]:
        """The codes of a column, [rows]."""
        places = {category: i for i, category in enumerate(self.categories, start=1)}
        return np.array([places.get(text, 0) for text in column.text], dtype=np.int32)

    def describe(self) -> str:
        """One clause for people."""
        return f"{len(self.categories)} categories, embedded in {self.dimension} dimensions"


@dataclass(frozen=True, slots=True, kw_only=True)
class Calendar:
    """Year, month, day, weekday and hour of a date in this format: those that differ between rows."""

    name: str
    form: str
    parts: tuple[Numeric, ...]

    @property
    def width(self) -> int:
        """How many features the column gives."""
        return sum(part.width for part in self.parts)

    def features(self, column: Column) -> Features:
        """The features of a column, [rows, width]."""
        values = calendar(column, self.form)
        columns = (Column(part.name, column.text, values[part.name]) for part in self.parts)
        return np.concatenate([part.features(one) for part, one in zip(self.parts, columns, strict=True)], axis=1)

    def describe(self) -> str:
        """One clause for people."""
        return f"a date, as {', '.join(part.name for part in self.parts)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Dropped:
    """A column that the network does not see."""

    name: str
    reason: str

    def describe(self) -> str:
        """One clause for people."""
        return f"dropped: {self.reason}"


Recipe: TypeAlias = Numeric | OneHot | Codes | Calendar | Dropped


def fit_recipe(column: Column) -> Recipe:
    """The recipe for a column, from its training rows.

    >>> from sklon.data import column_from_text
    >>> fit_recipe(column_from_text("colour", ["red"] * 4 + ["white"] * 4)).describe()
    '2 categories, one input each'
    """
    if all(column.missing):
        return Dropped(name=column.name, reason="every value is missing")
    if len(set(column.text.tolist())) == 1:
        return Dropped(name=column.name, reason=f"it is {brief(column.text[0])} in every row")
    if column.numbers is not None:
        return _fit_numeric(column.name, column.numbers)
    form = format_of(column)
    return _fit_categories(column) if form is None else _fit_calendar(column, form)


def _fit_calendar(column: Column, form: str) -> Calendar | Dropped:
    differing = {
        part: values for part, values in calendar(column, form).items() if len(set(values[np.isfinite(values)])) > 1
    }
    fitted = tuple(_fit_numeric(part, values) for part, values in differing.items())
    parts = tuple(part for part in fitted if isinstance(part, Numeric))
    if not parts:
        return Dropped(name=column.name, reason="its dates differ in nothing longer than a minute")
    return Calendar(name=column.name, form=form, parts=parts)


def _fit_numeric(name: str, numbers: Numbers) -> Numeric | Dropped:
    present = numbers[np.isfinite(numbers)]
    if not len(present):
        return Dropped(name=name, reason="no value is a finite number")
    scale = float(np.std(present))
    return Numeric(
        name=name,
        center=float(np.mean(present)),
        scale=scale if scale > 0 else 1.0,
        fill=float(np.median(present)),
        edges=_fit_edges(present),
        missing=len(present) < len(numbers),
    )


def _fit_edges(present: Numbers) -> tuple[float, ...]:
    """The distinct values if they are few; else the heavy ones, and quantiles of the others.

    A value is heavy if it alone would fill a bin: zeros in a column of rare gains leave room for the gains.
    None where a straight line says it all.
    """
    bins = min(MOST_BINS, len(present) // ROWS_PER_BIN)
    distinct, counts = np.unique(present, return_counts=True)
    if len(distinct) > bins + 1:
        heavy = counts * bins > len(present)
        places = np.linspace(0, 1, max(2, bins + 1 - int(np.count_nonzero(heavy))))
        others = np.quantile(np.repeat(distinct[~heavy], counts[~heavy]), places, method="nearest")
        distinct = np.union1d(distinct[heavy], others)
    return tuple(distinct.tolist()) if len(distinct) > 2 else ()


def _bins(x: Numbers, edges: tuple[float, ...]) -> Numbers:
    """How far each value is through each bin, from 0 to 1, [rows, bins]."""
    if not edges:
        return np.empty((len(x), 0))
    low, high = np.array(edges[:-1]), np.array(edges[1:])
    return np.asarray(np.clip((x[:, None] - low) / (high - low), 0.0, 1.0))


def _fit_categories(column: Column) -> OneHot | Codes | Dropped:
    counts = Counter(text for text in column.text if text is not None)
    if 2 * len(counts) > counts.total() and len(counts) > RARE_ROWS:
        return Dropped(name=column.name, reason=f"its text is different in {len(counts)} of {counts.total()} rows")
    frequent = tuple(sorted(text for text, count in counts.items() if count >= RARE_ROWS))
    if len(frequent) > MOST_ONE_HOT:
        return Codes(name=column.name, categories=frequent)
    missing = counts.total() < len(column)
    return OneHot(name=column.name, categories=frequent, rare=len(frequent) < len(counts), missing=missing)
