"""A table made ready to be learned from: its target decided, its rows split, its columns prepared.

What is said about the table on the way (rows left out, columns not used, classes too rare) is a tuple of
sentences. Nothing is trained here.
"""

from __future__ import annotations

from collections import Counter
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
    Split,
    Table,
    Task,
    decide_task,
    fit_preparation,
    moments,
    split_groups,
    split_latest,
    split_rows,
)

from . import scores
from .settings import Settings

MOST_NAMED = 8
"""A note names so many things and counts the others."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Problem:
    """A table made ready: the task, the preparation, and both sides of the split as arrays."""

    source: Table
    validation_source: str | None
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
    if validation is None:
        given, (learning, watching) = None, _split(table, target, task, settings)
    else:
        given, (learning, watching) = validation.source, (table, with_target(validation, target)[0])
    preparation = fit_preparation(learning, target, task.kind, set_aside)
    notes += _rare(table.column(target), task) if validation is None else ()
    notes += _dropped(preparation) + tuple(f"{note}." for note in preparation.notes(learning))
    known, answers = learning.column(target), watching.column(target)
    return Problem(
        source=table,
        validation_source=given,
        task=task,
        preparation=preparation,
        training=(preparation.inputs(learning), preparation.target.encode(known)),
        validation=(preparation.inputs(watching), preparation.target.encode(answers)),
        seen=scores.truth_of(preparation.target, known),
        truth=scores.truth_of(preparation.target, answers),
        notes=notes,
        sides=(learning, watching),
    )


def with_target(table: Table, target: str) -> tuple[Table, tuple[str, ...]]:
    """The rows that have a target, and a note about those that have none."""
    missing = table.column(target).missing
    count = int(np.count_nonzero(missing))
    if not count or count == len(table):
        return table, ()
    note = f"{count} rows without {target} were left out."
    return table.take(np.flatnonzero(~missing)), (note,)


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
    text = table.column(target).text.astype(str)
    classes = None if task.kind == REGRESSION else np.unique(text, return_inverse=True)[1]
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
    counts = Counter(target.text.tolist())
    single = sorted(label for label, count in counts.items() if count == 1)
    if not single:
        return ()
    shown = ", ".join(single[:MOST_NAMED]) + (", …" if len(single) > MOST_NAMED else "")
    return (f"{len(single)} of the {len(counts)} classes have a single row, which only trains: {shown}.",)


def _split(table: Table, target: str, task: Task, settings: Settings) -> tuple[Table, Table]:
    split = _split_rows(table, target, task, settings)
    return table.take(split.train), table.take(split.validation)
