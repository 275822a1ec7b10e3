"""What becomes of one column: a recipe per kind, fitted on training rows, applied to any rows.

::

    Numeric   scaled; piecewise linear over bins in the network; missing values filled, with an indicator
    OneHot    one column per frequent category, one for the rare, one for missing
    Codes     integers for an embedding: 0 is unknown, missing or rare
    Calendar  the parts of a date that differ between rows, each Numeric
    Dropped   nothing, with the reason

A recipe is a frozen value whose fields JSON can hold. Shapes: ``values`` are [rows, bent] in float32, each with the
edges of its bins (``bends``), for a layer of piecewise linear embeddings; ``features`` are [rows, width] beside them.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from math import ceil, sqrt
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from .dates import calendar, format_of, read_date
from .spelling import places_of, truths_of
from .table import Column, Numbers, brief

Features: TypeAlias = NDArray[np.float32]
Bends: TypeAlias = tuple[tuple[float, ...], ...]
"""For each value that a network bends, the ascending edges of its bins."""

MOST_BINS = 96
ROWS_PER_BIN = 40
"""A bin is fitted by the rows in it; below so many it would follow single ones."""
NARROWEST_BIN = 1e-5
"""Edges nearer to each other are one: within a narrower bin float32 has too few steps. In scaled units."""
MOST_ONE_HOT = 48
MOST_EMBEDDING = 16
RARE_ROWS = 3
"""Categories with fewer training rows are pooled: a weight of their own would follow single rows."""
PLAINLY = "numbers with marks of thousands, of a currency or of a share are text: write them plainly, as 1234.5"
CLIP = 3.0
"""Scaled numbers stay below this: z/√(1 + (z/3)²) is nearly z within ±1 and bends far values together."""

_ADORNED = re.compile(r"[$€£¥]?\s?[+-]?(\d+|\d{1,3}([,.' ]\d{3})+)([.,]\d+)?\s?[$€£¥%]?", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Numeric:
    """z = (x − center)/scale, clipped smoothly, x within what was seen; beside it one that says "was missing".

    With ``edges`` (in x) the value is bent by the network; without, a straight line says all there is.
    """

    name: str
    center: float
    scale: float
    low: float
    high: float
    fill: float
    edges: tuple[float, ...]
    missing: bool

    @property
    def bends(self) -> Bends:
        """The edges of the bins as the value has them: none, or those of the one value."""
        return (_apart(self._scaled(np.array(self.edges))),) if self.edges else ()

    @property
    def width(self) -> int:
        """How many features stand beside the bent value."""
        return (not self.edges) + self.missing

    def values(self, column: Column) -> Features:
        """The bent value of each row, [rows, 1], or nothing, [rows, 0]."""
        return self._numbers(column)[0].reshape(len(column), 1) if self.edges else _nothing(column)

    def features(self, column: Column) -> Features:
        """The features beside it, [rows, width]."""
        value, present = self._numbers(column)
        parts = [*([] if self.edges else [value]), *([~present] if self.missing else [])]
        return np.stack(parts, axis=1).astype(np.float32) if parts else _nothing(column)

    def read(self, column: Column) -> Numbers:
        """The numbers of a column, NaN where there are none; where they lay within 0 and 1, truths are 1 and 0."""
        numbers = column.as_numbers()
        if self.low or self.high != 1 or not np.isnan(numbers).any():
            return numbers
        return np.where(np.isnan(numbers), truths_of(column.text), numbers)

    def _numbers(self, column: Column) -> tuple[Features, NDArray[np.bool_]]:
        """The scaled numbers, and which of them were present."""
        raw = self.read(column)
        present = np.isfinite(raw)
        return self._scaled(np.where(present, raw, self.fill)).astype(np.float32), present

    def _scaled(self, x: Numbers) -> Numbers:
        z = (np.clip(x, self.low, self.high) - self.center) / self.scale
        return np.asarray(z / np.hypot(1, z / CLIP))

    def describe(self) -> str:
        """One clause for people."""
        bins = f", piecewise linear over {len(self.edges) - 1} bins" if self.edges else ""
        missing = f", missing filled with {self.fill:.4g} and marked" if self.missing else ""
        return f"scaled{bins}{missing}"


@dataclass(frozen=True, slots=True, kw_only=True)
class OneHot:
    """One feature per category; an unseen one is taken as rare, or as none of them if none was rare."""

    name: str
    categories: tuple[str, ...]
    rare: bool
    missing: bool
    pooled: float = 0.0  # the share of the present training values that are rare

    @property
    def bends(self) -> Bends:
        """None: there is nothing to bend."""
        return ()

    @property
    def width(self) -> int:
        """How many features the column gives."""
        return len(self.categories) + self.rare + self.missing

    def values(self, column: Column) -> Features:
        """No bent value, [rows, 0]."""
        return _nothing(column)

    def features(self, column: Column) -> Features:
        """The features of a column, [rows, width]."""
        at, nowhere = places_of(column.text, self.categories), self.width
        at[at < 0] = len(self.categories) if self.rare else nowhere
        at[column.missing] = self.width - 1 if self.missing else nowhere
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
    pooled: float = 0.0  # the share of the present training values that are rare

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
        return (places_of(column.text, self.categories) + 1).astype(np.int32)

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
    def bends(self) -> Bends:
        """The edges of the bins of each part that is bent."""
        return tuple(edges for part in self.parts for edges in part.bends)

    @property
    def width(self) -> int:
        """How many features stand beside the bent parts."""
        return sum(part.width for part in self.parts)

    def values(self, column: Column) -> Features:
        """The bent parts of each row, [rows, bent]."""
        return np.concatenate([part.values(one) for part, one in self._split(column)], axis=1)

    def features(self, column: Column) -> Features:
        """The features beside them, [rows, width]."""
        return np.concatenate([part.features(one) for part, one in self._split(column)], axis=1)

    def unreadable(self, column: Column) -> int:
        """How many present values are no dates in this format, nor in ISO's."""
        known = {text: read_date(text, self.form) for text in set(column.text.tolist()) if text is not None}
        return sum(text is not None and known[text] is None for text in column.text)

    def _split(self, column: Column) -> list[tuple[Numeric, Column]]:
        """Each part with its numbers as a column."""
        values = calendar(column, self.form)
        return [(part, Column(part.name, column.text, values[part.name])) for part in self.parts]

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
    center, scale = _fit_scale(present)
    return Numeric(
        name=name,
        center=center,
        scale=scale,
        low=float(present.min()),
        high=float(present.max()),
        fill=float(np.median(present)),
        edges=_fit_edges(present),
        missing=len(present) < len(numbers),
    )


def _fit_scale(present: Numbers) -> tuple[float, float]:
    """The median and the range of the middle half, which no far value moves; two values become −1 and 1.

    Where the middle half is a single value, the middle half of the others counts; failing that half the range.
    """
    low, high = float(present.min()), float(present.max())
    if len(np.unique(present)) <= 2:
        return low / 2 + high / 2, (high / 2 - low / 2) or 1.0
    center = float(np.median(present))
    middle = float(np.subtract(*np.quantile(present, (0.75, 0.25))))
    others = present[present != center]
    rest = float(np.subtract(*np.quantile(others, (0.75, 0.25))))
    return center, middle or rest or high / 2 - low / 2


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


def _apart(edges: Numbers) -> tuple[float, ...]:
    """Edges without those that lie too near to the one before; the last one stays."""
    found = [float(edges[0])]
    for edge in edges[1:-1].tolist():
        if min(edge - found[-1], edges[-1] - edge) > NARROWEST_BIN:
            found.append(edge)
    return (*found, float(edges[-1]))


def _nothing(column: Column) -> Features:
    return np.empty((len(column), 0), np.float32)


def _fit_categories(column: Column) -> OneHot | Codes | Dropped:
    counts = Counter(text for text in column.text if text is not None)
    if 2 * len(counts) > counts.total() and len(counts) > RARE_ROWS:
        adorned = f"; {PLAINLY}" if all(map(_ADORNED.fullmatch, counts)) else ""
        return Dropped(
            name=column.name, reason=f"its text is different in {len(counts)} of {counts.total()} rows{adorned}"
        )
    frequent = tuple(sorted(text for text, count in counts.items() if count >= RARE_ROWS))
    pooled = 1 - sum(counts[text] for text in frequent) / counts.total()
    if len(frequent) > MOST_ONE_HOT:
        return Codes(name=column.name, categories=frequent, pooled=pooled)
    rare, missing = len(frequent) < len(counts), counts.total() < len(column)
    return OneHot(name=column.name, categories=frequent, rare=rare, missing=missing, pooled=pooled)
