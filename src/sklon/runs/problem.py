"""A table made ready to be learned from: its target decided, its rows split, its columns prepared.

What is said about the table on the way (rows left out, columns not used, classes too rare) is a tuple of
sentences. Nothing is trained here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sklon._base.errors import InputError
from sklon.data import (
    REGRESSION,
    Column,
    Dropped,
    Inputs,
    Preparation,
    Quantity,
    Split,
    Table,
    Task,
    brief,
    decide_task,
    fit_preparation,
    moments,
    split_groups,
    split_latest,
    split_rows,
)

from . import scores
from .evaluation import answers, with_target
from .predictions import PREDICTION, PROBABILITY
from .sentences import counted
from .settings import Settings

MOST_NAMED = 8
"""A note names so many things and counts the others."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Problem:
    """A table made ready: the task, the preparation, and both sides of the split as arrays."""

    source: Table
    watching: Table | None  # the table to validate on, if one was given
    task: Task
    preparation: Preparation
    training: tuple[Inputs, NDArray[Any]]
    validation: tuple[Inputs, NDArray[Any]]
    seen: scores.Values
    truth: scores.Values
    notes: tuple[str, ...]
    sides: tuple[Table, Table]


def pose(table: Table, target: str, validation: Table | None, settings: Settings) -> Problem:
    """The problem that a table and a target make; without a validation table, some rows are split off."""
    set_aside = _set_aside(table, target, settings)
    table, notes = with_target(table, target)
    task = decide_task(table.column(target), settings.task)
    learning, watching, about = _sides(table, target, validation, task, settings)
    preparation = fit_preparation(learning, target, task.kind, set_aside)
    watching, truth, unknown = _known(preparation, watching)
    used = tuple(f"{note}." for note in preparation.notes(learning))
    taught = learning.column(target)
    return Problem(
        source=table,
        watching=validation,
        task=task,
        preparation=preparation,
        training=(preparation.inputs(learning), preparation.target.encode(taught)),
        validation=(preparation.inputs(watching), preparation.target.encode(watching.column(target))),
        seen=scores.truth_of(preparation.target, taught),
        truth=truth,
        notes=(*notes, *about, *unknown, *_dropped(preparation), *used),
        sides=(learning, watching),
    )


def check_other(table: Table, other: Table) -> None:
    """An error if a table to score on is the training table itself."""
    if table.sha256 != other.sha256 or len(table) != len(other):
        return
    if all(np.array_equal(one.text, two.text) for one, two in zip(table.columns, other.columns, strict=False)):
        raise InputError(
            f"{other.source} is the training table itself, so a score on it says nothing about new rows; "
            "leave it out to hold out some rows"
        )


def repeated(table: Table, other: Table) -> tuple[str, ...]:
    """A note about the rows of a table to score on that the training table has too, word for word."""
    names = [column.name for column in table.columns if any(column.name == c.name for c in other.columns)]
    known = set(zip(*(table.column(name).text.tolist() for name in names), strict=True))
    found = sum(row in known for row in zip(*(other.column(name).text.tolist() for name in names), strict=True))
    if not found:
        return ()
    stand = "also stands" if found == 1 else "also stand"
    return (f"{counted(found, 'row')} of {other.source} {stand} in the training table: the score on it flatters.",)


def _sides(
    table: Table, target: str, validation: Table | None, task: Task, settings: Settings
) -> tuple[Table, Table, tuple[str, ...]]:
    """The rows that train, those that validate, and what there is to say about them."""
    if validation is None:
        split = _split_rows(table, target, task, settings)
        learning, watching = table.take(split.train), table.take(split.validation)
        if task.kind != REGRESSION:
            _check_classes(learning.column(target), watching.column(target))
        alike = settings.group_column is None and settings.time_column is None
        return learning, watching, _rare(table.column(target), task) if alike else ()
    check_other(table, validation)
    if settings.group_column:
        _check_groups(table, validation, settings.group_column)
    rows, left = with_target(validation, target, f" of {validation.source}")
    untimed = "--time-column splits nothing here: --validation says which rows validate."
    return table, rows, (*left, *repeated(table, validation), *([untimed] if settings.time_column else []))


def _check_groups(table: Table, validation: Table, name: str) -> None:
    """An error if a group has rows in both tables."""
    both = set(table.column(name).text.tolist()) & set(validation.column(name).text.tolist()) - {None}
    if both:
        raise InputError(
            f"{counted(len(both), 'group')} of {name!r} {'is' if len(both) == 1 else 'are'} in both {table.source} and "
            f"{validation.source}; take their rows out of one of them, or leave out --group-column"
        )


def _check_classes(taught: Column, watched: Column) -> None:
    """An error if a split leaves a single class to train on, or none of its classes to validate."""
    known = set(taught.values.tolist())
    if len(known) > 1 and known & set(watched.values.tolist()):
        return
    what = f"no row held out has a {taught.name} that is left to train on"
    if len(known) == 1:
        what = f"every row left to train on has the {taught.name} {brief(taught.text[0])!r}"
    raise InputError(
        f"{what}; split the rows another way, without --group-column or --time-column or with another "
        "--validation-fraction"
    )


def _known(preparation: Preparation, watching: Table) -> tuple[Table, scores.Values, tuple[str, ...]]:
    """The validation rows whose label some training row has, with their answers and a note about the others."""
    watching, truth = answers(preparation, watching)
    if isinstance(preparation.target, Quantity) or (truth >= 0).all():
        return watching, truth, ()
    known = np.flatnonzero(truth >= 0)
    count = len(truth) - len(known)
    have = "row has a label" if count == 1 else "rows have labels"
    note = f"{count:,} validation {have} that no training row has; left out."
    return watching.take(known), truth[known], (note,)


def _split_rows(table: Table, target: str, task: Task, settings: Settings) -> Split:
    """By groups, by time, or at random with every class in its proportion."""
    fraction, seed = settings.validation_fraction, settings.seed
    if settings.group_column and settings.time_column:
        raise InputError("rows are split by groups or by time; give --group-column or --time-column, not both")
    if settings.group_column:
        return split_groups(table.column(settings.group_column).text.astype(str), fraction, seed=seed)
    if settings.time_column:
        when = moments(table.column(settings.time_column))
        if when is None:
            raise InputError(f"the time column {settings.time_column!r} holds neither numbers nor dates")
        return split_latest(when, fraction)
    classes = None if task.kind == REGRESSION else np.unique(table.column(target).values, return_inverse=True)[1]
    return split_rows(len(table), fraction, seed=seed, classes=classes)


def _set_aside(table: Table, target: str, settings: Settings) -> dict[str, str]:
    """The columns that are no features, each with its reason; an error if one is absent or the target."""
    reasons = dict.fromkeys(settings.ignore, "you asked to ignore it")
    reasons |= dict.fromkeys(settings.id, "it names rows")
    if settings.group_column:
        reasons[settings.group_column] = "it groups rows"
    for name in (*reasons, *([settings.time_column] if settings.time_column else [])):
        if table.column(name).name == target:
            raise InputError(f"{target!r} is the target, so it can have no other role")
    for name in settings.id:
        if name == PREDICTION or name.startswith(PROBABILITY):
            raise InputError(f"predictions have a column named {name!r} of their own; rename it to use it as --id")
    return reasons


def _dropped(preparation: Preparation) -> tuple[str, ...]:
    """One note that counts and names the columns that the network does not see."""
    dropped = [f"{recipe.name} ({recipe.reason})" for recipe in preparation.recipes if isinstance(recipe, Dropped)]
    if not dropped:
        return ()
    what = "1 column is" if len(dropped) == 1 else f"{len(dropped)} columns are"
    return (f"{what} not used: {', '.join(dropped)}.",)


def _rare(target: Column, task: Task) -> tuple[str, ...]:
    """One note that counts and names the classes that a split cannot share out."""
    if task.kind == REGRESSION:
        return ()
    distinct, first, counts = np.unique(target.values, return_index=True, return_counts=True)
    single = [brief(label) for label in target.text[first[counts == 1]]]
    if not single:
        return ()
    shown = ", ".join(single[:MOST_NAMED]) + (", …" if len(single) > MOST_NAMED else "")
    have = "1 of the {} classes has" if len(single) == 1 else f"{len(single)} of the {{}} classes have"
    return (f"{have.format(len(distinct))} a single row, which only trains: {shown}.",)
