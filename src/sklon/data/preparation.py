"""From a table to what a network sees, as one value that JSON can hold.

A ``Preparation`` is fitted on training rows only, and then says the same about any table with these columns,
in any order. It holds a recipe per column (``recipes``) and the target's own (``target``); it holds no row.
The invariant: ``Preparation.from_json(p.to_json()) == p``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from math import sqrt
from types import MappingProxyType
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from sklon._base.errors import InputError, RunFolderError

from .recipes import RARE_ROWS, Bends, Calendar, Codes, Dropped, Features, Numeric, OneHot, Recipe, fit_recipe
from .spelling import places_of
from .table import Column, Table, brief, nearest
from .target import Classes, Quantity, Target, fit_target

VERSION = 2
MANY = 0.25
"""The share of unknown categories, of those that are not rare in training, from which on they are told of."""
DEVIATIONS = 3.0
"""By how many standard deviations they must exceed what the share of rare ones in training makes likely."""
MOST_NAMED = 4
"""A note names so many of the known categories."""

Inputs: TypeAlias = tuple[NDArray[Any], ...]
"""X in float32 [rows, features], the values to bend first, then one int32 [rows] per embedded column."""

_KINDS: dict[str, type[Any]] = {
    "numeric": Numeric,
    "one_hot": OneHot,
    "codes": Codes,
    "calendar": Calendar,
    "dropped": Dropped,
    "quantity": Quantity,
    "classes": Classes,
}
_WIDE = Numeric | OneHot | Calendar
_NAMES = {kind: name for name, kind in _KINDS.items()}


@dataclass(frozen=True, slots=True)
class Preparation:
    """What is done to every column, and to the target."""

    recipes: tuple[Recipe, ...]
    target: Target

    @property
    def bends(self) -> Bends:
        """For each of the first columns of X, the values that a network bends, the edges of its bins."""
        return tuple(edges for recipe in self._wide for edges in recipe.bends)

    @property
    def features(self) -> int:
        """The width of X, at least 1: a column of zeros stands where every column is embedded."""
        return max(1, len(self.bends) + sum(recipe.width for recipe in self._wide))

    @property
    def embedded(self) -> tuple[Codes, ...]:
        """The recipes that give codes, in the order of the inputs."""
        return tuple(recipe for recipe in self.recipes if isinstance(recipe, Codes))

    def inputs(self, table: Table) -> Inputs:
        """What the network sees of a table; extra columns and another order are welcome."""
        columns = self._columns(table)
        wide = [(recipe, columns[recipe.name]) for recipe in self._wide]
        bent: list[Features] = [recipe.values(column) for recipe, column in wide]
        beside: list[Features] = [recipe.features(column) for recipe, column in wide]
        X = np.concatenate([*bent, *beside], axis=1) if wide else np.zeros((len(table), 1), np.float32)
        return (X, *(recipe.codes(columns[recipe.name]) for recipe in self.embedded))

    @property
    def _wide(self) -> tuple[Numeric | OneHot | Calendar, ...]:
        return tuple(recipe for recipe in self.recipes if isinstance(recipe, _WIDE))

    def notes(self, table: Table) -> tuple[str, ...]:
        """What in a table differs from the training rows, one sentence each: values that no network can use.

        Those that are no numbers or dates count as missing. Categories that were not trained on are told of where they
        are many, and clearly more than the training rows lead to expect.
        """
        columns = self._columns(table)
        used = [(recipe, columns[recipe.name]) for recipe in self.recipes if not isinstance(recipe, Dropped)]
        return tuple(note for recipe, column in used for note in _noted(recipe, column))

    def to_json(self) -> dict[str, Any]:
        """The value as what ``json`` can write."""
        return {
            "version": VERSION,
            "columns": [_to_json(recipe) for recipe in self.recipes],
            "target": _to_json(self.target),
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Preparation:
        """The value that ``to_json`` gave; an error that says so if another version wrote it."""
        if value.get("version") != VERSION:
            raise RunFolderError(
                f"the preparation has version {value.get('version')}; this sklon reads version {VERSION}"
            )
        return cls(tuple(_from_json(recipe) for recipe in value["columns"]), _from_json(value["target"]))

    def _columns(self, table: Table) -> dict[str, Column]:
        columns = {column.name: column for column in table.columns}
        needed = [recipe.name for recipe in self.recipes if not isinstance(recipe, Dropped)]
        lacking = [name for name in needed if name not in columns]
        if lacking:
            listed = ", ".join(repr(name) for name in lacking)
            raise InputError(f"{table.source} lacks the column {listed}; {nearest(lacking[0], table.names)}")
        return columns


def fit_preparation(
    table: Table, target: str, task: str, set_aside: Mapping[str, str] = MappingProxyType({})
) -> Preparation:
    """The preparation for predicting ``target`` from the other columns of the training rows.

    ``set_aside`` names columns that are no features, each with its reason.

    >>> from sklon.data import read
    >>> table = read({"x": [1.0, 2.0, 3.0, 5.0], "y": ["a", "b", "a", "b"]})
    >>> fit_preparation(table, "y", "binary").inputs(table)[0].shape
    (4, 1)
    """
    recipes = tuple(
        Dropped(name=column.name, reason=set_aside[column.name]) if column.name in set_aside else fit_recipe(column)
        for column in table.columns
        if column.name != target
    )
    if all(isinstance(recipe, Dropped) for recipe in recipes):
        reasons = "; ".join(f"{recipe.name} is {recipe.describe()}" for recipe in recipes)
        raise InputError(f"{table.source} has no column to learn from" + (f": {reasons}" if reasons else ""))
    return Preparation(recipes, fit_target(table.column(target), task))


def _noted(recipe: Recipe, column: Column) -> list[str]:
    """What there is to say about the values of a column."""
    if isinstance(recipe, OneHot | Codes):
        return _unknown(recipe, column)
    assert not isinstance(recipe, Dropped)
    unusable = _unusable(recipe, column).items()
    return [f"{recipe.name} has {count} {what}; they count as missing" for what, count in unusable if count]


def _unknown(recipe: OneHot | Codes, column: Column) -> list[str]:
    """A sentence where many categories are unknown: all of a few rows, or more than chance makes of rare ones."""
    present = ~column.missing
    strange = (places_of(column.text, recipe.categories) < 0) & present
    rows, count, rare = int(np.count_nonzero(present)), int(np.count_nonzero(strange)), recipe.pooled
    by_chance = rows * rare + DEVIATIONS * sqrt(rows * rare * (1 - rare))
    if count <= by_chance or count < rows * (rare + MANY * (1 - rare)):
        return []
    have = f"fewer than {RARE_ROWS} training rows have" if rare else "no training row has"
    example = brief(column.text[np.flatnonzero(strange)[0]])
    known = ", ".join(repr(brief(category)) for category in recipe.categories[:MOST_NAMED])
    known += ", …" if len(recipe.categories) > MOST_NAMED else ""
    return [
        f"{recipe.name} has {count} values of {rows} that {have}, such as {example!r} and not {known}; "
        "they count as unknown"
    ]


def _unusable(recipe: Numeric | Calendar, column: Column) -> dict[str, int]:
    """How many present values a column cannot use, by what they are."""
    if isinstance(recipe, Calendar):
        return {"values that are not dates in the format of the training rows": recipe.unreadable(column)}
    numbers = recipe.read(column)
    return {
        "values that are not numbers": int(np.count_nonzero(np.isnan(numbers) & ~column.missing)),
        "infinite values": int(np.count_nonzero(np.isinf(numbers))),
    }


def _to_json(part: Recipe | Target) -> dict[str, Any]:
    written = {"kind": _NAMES[type(part)]} | asdict(part)
    if isinstance(part, Calendar):
        written["parts"] = [_to_json(one) for one in part.parts]
    return written


def _from_json(value: Mapping[str, Any]) -> Any:
    kind = _KINDS.get(value["kind"])
    if kind is None:
        raise RunFolderError(f"the preparation has a part of the unknown kind {value['kind']!r}")
    known = {field.name for field in fields(kind)}
    given = {key: _value(item) for key, item in value.items() if key in known}
    return kind(**given)


def _value(item: Any) -> Any:
    if not isinstance(item, list):
        return item
    return tuple(_from_json(part) if isinstance(part, dict) else part for part in item)
