"""From a table to a run: pose the problem, train, judge, and write it all down.

``train`` is the command ``sklon train`` as a function. The steps are pure but for reading, training and the
folder at the end; a folder is written only when everything before has succeeded.
"""

from __future__ import annotations

import json
import platform
import shlex
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sklon._base.settings import get_num_threads, set_num_threads
from sklon.data import (
    REGRESSION,
    Classes,
    Column,
    Dropped,
    Inputs,
    Preparation,
    Table,
    Task,
    decide_task,
    fit_preparation,
    read,
    split_rows,
)

from . import baseline, scores
from .folder import SCHEMA, check_free
from .network import Architecture, Fitted, fit_network, instruction_set, outputs_of
from .report import render
from .run import Run
from .settings import Settings, show

MOST_NAMED = 8
"""A note names so many things and counts the others."""

VERSIONS = ("sklon", "numpy", "llvmlite", "duckdb", "scikit-learn")


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


def train(
    source: Any,
    *,
    target: str,
    validation: Any = None,
    out: str | PathLike[str] | None = None,
    progress: bool = False,
    overwrite: bool = False,
    say: Callable[[str], None] = lambda sentence: None,
    **words: Any,
) -> Run:
    """Train a network that predicts the column ``target`` of a table from the other columns.

    ``source`` is a path to CSV or Parquet, a pandas or polars frame, or a mapping from names to arrays;
    ``validation`` is another such table, or ``None`` to hold out a part of the rows. With ``out`` a run
    folder is written, in place of another run if ``overwrite``. ``say`` receives each thing worth knowing
    as a sentence, as it becomes known. All other
    settings are the rows of ``sklon.runs.settings.SETTINGS``: ``epochs``, ``lr``, ``hidden``, ``seed``, …

    Raises ``InputError`` with one sentence for whatever cannot be used; no folder is left then.
    """
    settings = Settings.from_words(words)
    if out is not None:
        check_free(Path(out), overwrite=overwrite)
    problem = pose(read(source), target, None if validation is None else read(validation), settings)
    for sentence in (problem.task.reason, *problem.notes):
        say(sentence)
    architecture = Architecture.for_preparation(problem.preparation, settings)
    started = time.perf_counter()
    with _threads(settings.threads):
        fitted = fit_network(
            architecture, problem.preparation.target.loss, problem.training, problem.validation, settings,
            progress=progress,
        )  # fmt: skip
        seconds = time.perf_counter() - started
        evidence = judge(problem, architecture, fitted)
    record = _record(problem, architecture, fitted, settings, seconds)
    record = json.loads(json.dumps(record | {"scores": _scores(problem, evidence)}))
    report = render(record, fitted.history, evidence)
    run = Run(record=record, weights=fitted.weights, history=fitted.history, report=report)
    return run if out is None else run.save(out, overwrite=overwrite)


def pose(table: Table, target: str, validation: Table | None, settings: Settings) -> Problem:
    """The problem that a table and a target make; without a validation table, some rows are split off."""
    table, notes = _with_target(table, target)
    task = decide_task(table.column(target), settings.task)
    if validation is None:
        given, (learning, watching) = None, _split(table, target, task, settings)
    else:
        given, (learning, watching) = validation.source, (table, _with_target(validation, target)[0])
    preparation = fit_preparation(learning, target, task.kind)
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
    )


def judge(problem: Problem, architecture: Architecture, fitted: Fitted) -> scores.Evidence:
    """What the network, a linear model and a predictor that does not look say about the validation rows."""
    target, inputs = problem.preparation.target, problem.validation[0]
    outputs = outputs_of(architecture, fitted.weights, target.loss, inputs)
    predicted = {
        "network": target.decode(outputs),
        "trivial": scores.trivial(target, problem.seen, len(problem.truth)),
    }
    linear = baseline.linear(problem.preparation, *problem.training, inputs)
    if linear is not None:
        predicted["linear"] = linear
    return scores.Evidence(target, problem.truth, predicted)


def _with_target(table: Table, target: str) -> tuple[Table, tuple[str, ...]]:
    """The rows that have a target, and a note about those that have none."""
    missing = table.column(target).missing
    count = int(np.count_nonzero(missing))
    if not count or count == len(table):
        return table, ()
    note = f"{count} rows without {target} were left out."
    return table.take(np.flatnonzero(~missing)), (note,)


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
    column = table.column(target)
    classes = None
    if task.kind != "regression":
        classes = np.unique(column.text.astype(str), return_inverse=True)[1]
    split = split_rows(len(table), settings.validation_fraction, seed=settings.seed, classes=classes)
    return table.take(split.train), table.take(split.validation)


def _scores(problem: Problem, evidence: scores.Evidence) -> dict[str, Any]:
    kind, truth, predicted = problem.task.kind, evidence.truth, evidence.predicted
    metric = scores.METRICS[kind][0]
    return {
        "metric": metric.name,
        "higher_is_better": metric.higher_is_better,
        "interval": list(scores.interval(kind, truth, predicted["network"])),
        **{
            name: scores.score(kind, truth, predicted[name]) if name in predicted else None
            for name in ("network", "linear", "trivial")
        },
    }


def _record(
    problem: Problem, architecture: Architecture, fitted: Fitted, settings: Settings, seconds: float
) -> dict[str, Any]:
    """What ``run.json`` holds, but for the scores."""
    target = problem.preparation.target
    return {
        "schema": SCHEMA,
        "status": "interrupted" if fitted.stopped["reason"] == "interrupted" else "finished",
        "task": {
            "kind": problem.task.kind,
            "target": target.name,
            "reason": problem.task.reason,
            "loss": target.loss,
            "labels": list(target.labels) if isinstance(target, Classes) else None,
        },
        "data": {
            "source": problem.source.source,
            "sha256": problem.source.sha256,
            "validation": problem.validation_source,
            "rows": {"training": len(problem.seen), "validation": len(problem.truth)},
        },
        "architecture": architecture.to_json(),
        "preparation": problem.preparation.to_json(),
        "settings": settings.to_json(),
        "batch_size": fitted.batch_size,
        "stopped": fitted.stopped,
        "seconds": round(seconds, 3),
        "notes": list(problem.notes),
        "command": _command(problem, settings),
        "python": _python(problem, settings),
        "versions": _versions(),
    }


def _command(problem: Problem, settings: Settings) -> str:
    """The command that repeats the run, with the file's name alone."""
    parts = ["sklon", "train", problem.source.source, "--target", problem.preparation.target.name]
    if problem.validation_source:
        parts += ["--validation", problem.validation_source]
    for name, value in ({"seed": settings.seed} | settings.changed()).items():
        parts += ["--" + name.replace("_", "-"), show(value)]
    return shlex.join(parts)


def _python(problem: Problem, settings: Settings) -> str:
    words: dict[str, Any] = {"target": problem.preparation.target.name}
    if problem.validation_source:
        words["validation"] = problem.validation_source
    words |= {"seed": settings.seed} | settings.changed()
    given = ", ".join(f"{name}={value!r}" for name, value in words.items())
    return f"import sklon\nrun = sklon.train({problem.source.source!r}, {given})"


def _versions() -> dict[str, str]:
    """What decides the bits of a run, and what read the data."""
    found = {"python": platform.python_version(), "processor": instruction_set()}
    for name in VERSIONS:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "absent"
    return found


@contextmanager
def _threads(most: int | None) -> Iterator[None]:
    """The bound on threads inside the block."""
    before = get_num_threads()
    if most is not None:
        set_num_threads(most)
    try:
        yield
    finally:
        if most is not None:
            set_num_threads(before)
