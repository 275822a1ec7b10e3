"""A trained network with its preparation: tables in, decoded predictions out; and the fits that make such values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from sklon._base.errors import InputError
from sklon.data import Column, Preparation, Table, fit_preparation, split_rows

from . import fitting
from .fitting import Fitted
from .network import Architecture
from .regimen import Regimen

Array = np.ndarray[Any, Any]
FEWEST_HELD = 10
"""Below so many rows a validation set says less than the rows teach: nothing is held out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """What is to be learned: a table with its target as one more column, the task, and how to train."""

    table: Table
    target: str
    task: str
    regimen: Regimen
    members: int
    seed: int
    time_limit: float | None
    progress: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Predictor:
    """A network that knows what to make of a table. Everything in it can be pickled, and written as JSON and arrays."""

    preparation: Preparation
    architecture: Architecture
    fitted: Fitted

    def predict(self, table: Table) -> Array:
        """Numbers in the target's unit [rows], or probabilities [rows, classes]: the mean over the members."""
        target = self.preparation.target
        inputs = self.preparation.inputs(table)
        outputs = fitting.outputs_of(self.architecture, self.fitted.weights, target.loss, inputs)
        return np.asarray(np.mean([target.decode(outputs[:, k]) for k in range(outputs.shape[1])], axis=0))


def learned(problem: Problem, training: Array, validation: Array) -> Predictor:
    """A network trained on these rows of the table and watched on those; nobody watches if there are none."""
    table = problem.table.take(training)
    preparation = fit_preparation(table, problem.target, problem.task)
    regimen = problem.regimen
    architecture = Architecture.for_preparation(
        preparation,
        d_embedding=regimen.d_embedding,
        hidden=regimen.hidden,
        dropout=regimen.dropout,
        activation=regimen.activation,
        members=problem.members,
    )
    fitted = fitting.fit(
        architecture,
        preparation.target.loss,
        _rows(preparation, table),
        _rows(preparation, problem.table.take(validation)) if len(validation) else None,
        regimen,
        seed=problem.seed,
        time_limit=problem.time_limit,
        progress=problem.progress,
    )
    return Predictor(preparation=preparation, architecture=architecture, fitted=fitted)


def _rows(preparation: Preparation, table: Table) -> tuple[Any, ...]:
    return preparation.inputs(table), preparation.target.encode(table.column(preparation.target.name))


def sides(rows: int, fraction: float, seed: int, classes: Array | None) -> tuple[Array, Array]:
    """The rows that train and those that validate: none of them where they would be too few."""
    if rows * fraction < FEWEST_HELD:
        return np.arange(rows), np.arange(0)
    split = split_rows(rows, fraction, seed=seed, classes=classes)
    return split.train, split.validation


def fold_sides(rows: int, folds: int, seed: int, classes: Array | None) -> list[tuple[Array, Array]]:
    """Both sides of each of several folds: every row validates once, each class in its proportion.

    The only row of a class trains in all of them, so that every network knows every class.
    """
    if folds > rows:
        raise InputError(f"{rows} rows are too few for {folds} folds")
    order = np.random.default_rng(seed).permutation(rows)
    if classes is not None:
        _, codes, counts = np.unique(classes, return_inverse=True, return_counts=True)
        order = order[counts[codes[order]] > 1]
        order = order[np.argsort(codes[order], kind="stable")]
    fold = np.full(rows, -1)
    fold[order] = np.arange(len(order)) % folds
    return [(np.flatnonzero(fold != k), np.flatnonzero(fold == k)) for k in range(folds)]


def with_target(table: Table, column: Column) -> Table:
    """The table with one more column. Raises InputError where it has another length."""
    if len(column) != len(table):
        raise InputError(f"Found input variables with inconsistent numbers of samples: {[len(table), len(column)]}")
    return Table((*table.columns, column), table.source, table.sha256)


def free_name(table: Table) -> str:
    """A name for the target that no column has."""
    name = "target"
    while name in table.names:
        name += "_"
    return name
