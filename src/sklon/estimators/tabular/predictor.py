"""A trained network with its preparation: tables in, decoded predictions out; and the fits that make such values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from math import ceil
from time import perf_counter
from typing import Any, TypeAlias

import numpy as np

from sklon._base.errors import InputError
from sklon._base.settings import get_num_threads
from sklon.data import Column, Preparation, Table, fit_preparation, split_rows
from sklon.training.many import side_by_side

from . import fitting
from .calibration import relative
from .fitting import Fitted
from .network import Architecture
from .regimen import Regimen

Array = np.ndarray[Any, Any]
Pair: TypeAlias = tuple[Array, Array]
"""The numbers of the rows that train, and of those that validate."""
FEWEST_HELD = 10
"""Below so many rows a validation set says less than the rows teach: nothing is held out."""
LEAST_SECONDS = 1e-3
"""What a turn is given that begins when the time is over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """What is to be learned: a table with its target as one more column, the task, and how to train.

    ``weight`` is what each row counts; None where all count the same.
    """

    table: Table
    target: str
    task: str
    weight: Array | None
    regimen: Regimen
    members: int
    seed: int
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


def learned_each(problem: Problem, pairs: Sequence[Pair], ends: float | None = None) -> list[Predictor]:
    """A network for each pair of rows that train and rows that watch, side by side, a core each.

    Each is what ``learned`` makes of its pair, to the bit. ``ends`` is when all should be done, by the clock of
    ``time.perf_counter``: what is left when a network begins is shared by the turns that are still to come.
    """
    if len(pairs) == 1:  # Ctrl-C leaves what a network on its own has learned
        return [learned(problem, pairs[0], ends)]
    threads = get_num_threads()
    turns = ceil(len(pairs) / threads)

    def work(number: int) -> Predictor:
        own = problem if number == 0 else replace(problem, progress=False)  # there is one line to write on
        return learned(own, pairs[number], ends, turns - number // threads)

    return side_by_side([partial(work, number) for number in range(len(pairs))], threads)


def seconds_left(ends: float | None, turns: int = 1) -> float | None:
    """The seconds of one of so many turns; never none, so that each network has at least begun."""
    return None if ends is None else max(LEAST_SECONDS, ends - perf_counter()) / turns


def learned(problem: Problem, pair: Pair, ends: float | None = None, turns: int = 1) -> Predictor:
    """A network trained on the first rows of the pair and watched on the others; nobody watches if there are none.

    It takes its share of the time until ``ends``, in which so many networks are to be trained, one after another.
    """
    training, validation = pair
    preparation = fit_preparation(problem.table.take(training), problem.target, problem.task)
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
        _rows(problem, preparation, training),
        _rows(problem, preparation, validation) if len(validation) else None,
        regimen,
        seed=problem.seed,
        time_limit=seconds_left(ends, turns),
        progress=problem.progress,
    )
    return Predictor(preparation=preparation, architecture=architecture, fitted=fitted)


def _rows(problem: Problem, preparation: Preparation, rows: Array) -> fitting.Rows:
    """What some rows are to the network: inputs, targets, and weights if there are some."""
    table = problem.table.take(rows)
    prepared = preparation.inputs(table), preparation.target.encode(table.column(problem.target))
    return prepared if problem.weight is None else (*prepared, relative(problem.weight[rows], len(rows)))


def sides(rows: int, fraction: float, seed: int, classes: Array | None) -> Pair:
    """The rows that train and those that validate: none of them where they would be too few.

    The only row of a class trains.
    """
    if (rows if classes is None else _with_company(classes)) * fraction < FEWEST_HELD:
        return np.arange(rows), np.arange(0)
    split = split_rows(rows, fraction, seed=seed, classes=classes)
    return split.train, split.validation


def _with_company(classes: Array) -> int:
    """How many rows share their class with another."""
    counts = np.unique(classes, return_counts=True)[1]
    return int(counts[counts > 1].sum())


def fold_sides(rows: int, folds: int, seed: int, classes: Array | None) -> list[Pair]:
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
