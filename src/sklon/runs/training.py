"""From a table to a run: pose the problem, train, judge, and write it all down.

``train`` is the command ``sklon train`` as a function. The steps are pure but for reading, training and the
folder (``unfinished``), which holds checkpoints while the training lasts and becomes a run when all has succeeded.
"""

from __future__ import annotations

import json
import os
import platform
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from importlib.metadata import PackageNotFoundError, version
from os import PathLike
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from sklon._base.errors import InputError
from sklon._base.settings import num_threads
from sklon.data import REGRESSION, Classes, Dropped, Inputs, Table, read
from sklon.estimators.tabular.fitting import network_of
from sklon.estimators.tabular.network import Architecture

from . import baseline, dependence, importance, scores, unfinished
from .evaluation import answers, left_out
from .folder import SCHEMA, check_free
from .losses import LOSSES, loss_for
from .network import Fitted, architecture_for, fit_network, instruction_set
from .problem import Problem, check_other, pose, repeated
from .report import render
from .run import Run
from .settings import Settings, show
from .unfinished import Begun

VERSIONS = ("sklon", "numpy", "llvmlite", "duckdb", "scikit-learn")


def train(
    source: Any,
    *,
    target: str | None = None,
    validation: Any = None,
    test: Any = None,
    out: str | PathLike[str] | None = None,
    resume: str | PathLike[str] | None = None,
    progress: bool = False,
    overwrite: bool = False,
    say: Callable[[str], None] = lambda sentence: None,
    **words: Any,
) -> Run:
    """Train a network that predicts the column ``target`` of a table from the other columns.

    ``source`` is a path to CSV or Parquet, a pandas or polars frame, or a mapping from names to arrays;
    ``validation`` is another such table, or ``None`` to hold out a part of the rows;
    ``test`` is one that is used for nothing but a last score. With ``out`` a run
    folder is written, in place of another run if ``overwrite``, with checkpoints as the training goes. ``resume`` is
    such a folder: the training goes on from there, to the bits of one that was never interrupted, with the same data;
    target and settings are known then, and only ``epochs``, ``time_limit``, ``early_stopping`` and ``threads`` may be
    others. ``say`` receives each thing worth knowing as a sentence, as it becomes known. All other
    settings are the rows of ``sklon.runs.settings.SETTINGS``: ``epochs``, ``lr``, ``hidden``, ``seed``, …

    Raises ``InputError`` with one sentence for whatever cannot be used; no folder is left then.
    """
    if resume is not None:
        if out is not None or overwrite:
            raise InputError(f"--resume {resume} goes on in that folder; leave --out and --overwrite out")
        return _go_on(Path(resume), source, target, validation, test, progress, say, words)
    if target is None:
        raise InputError("a target is needed, the column to predict; give --target COLUMN")
    settings = Settings.from_words(words)
    if out is not None:
        _check_parent(check_free(Path(out), overwrite=overwrite))
    table, watching = read(source), None if validation is None else read(validation)
    job = _pose(table, target, watching, test, settings, progress, say)
    if out is None:
        return _trained(job)
    record = unfinished.record_of(table, target, watching, settings)
    return _finished(job, unfinished.begin(Path(out), record, overwrite=overwrite))


def _go_on(
    place: Path,
    source: Any,
    target: str | None,
    validation: Any,
    test: Any,
    progress: bool,
    say: Callable[[str], None],
    words: Mapping[str, Any],
) -> Run:
    """Go on with the training in a run folder."""
    begun = unfinished.resumed(place)
    settings = unfinished.settings_to_go_on(place, begun.record, words)
    known = unfinished.target_to_go_on(place, begun.record, target)
    table, watching = read(source), None if validation is None else read(validation)
    unfinished.check_data(place, begun.record, table, watching, test is not None)
    return _finished(_pose(table, known, watching, test, settings, progress, say), begun)


def _finished(job: _Job, begun: Begun) -> Run:
    with begun.training():
        run = _trained(job, begun)
    return begun.finish(run)


@dataclass(frozen=True, slots=True)
class _Job:
    """A problem, what it is to be tested on, and how to go about it."""

    problem: Problem
    tested: Table | None
    settings: Settings
    progress: bool
    say: Callable[[str], None]


def _pose(
    table: Table,
    target: str,
    watching: Table | None,
    test: Any,
    settings: Settings,
    progress: bool,
    say: Callable[[str], None],
) -> _Job:
    """The job that tables and settings make; what is worth knowing about them is said."""
    problem = pose(table, target, watching, settings)
    tested = None if test is None else read(test)
    if tested is not None:
        check_other(table, tested)
        answers(problem.preparation, tested)
        problem = replace(problem, notes=(*problem.notes, *repeated(table, tested)))
    for sentence in (_decision(problem, settings), *problem.notes):
        say(sentence)
    return _Job(problem, tested, settings, progress, say)


def _trained(job: _Job, begun: Begun | None = None) -> Run:
    """The network of a problem, trained and judged, with its record and its report."""
    with num_threads(job.settings.threads):
        run = _fitted(job, begun)
    if job.tested is not None:
        for sentence in left_out(run.record["test"]):
            job.say(sentence)
    return run


def _fitted(job: _Job, begun: Begun | None) -> Run:
    problem, settings = job.problem, job.settings
    architecture = architecture_for(problem.preparation, settings)
    loss = loss_for(problem.preparation.target, problem.task.kind, settings.loss)
    fitted = fit_network(
        architecture,
        loss,
        problem.training,
        problem.validation,
        settings,
        progress=job.progress,
        checkpoints=None if begun is None else begun.checkpoints,
        resume=begun is not None and begun.resumed,
    )
    network = network_of(architecture, fitted.weights, loss)
    judge = judge_of(problem, network, settings.seed)
    metric = scores.metric_of(problem.task.kind, settings.metric)
    evidence = judge(problem.validation[0], problem.truth)
    record = _record(problem, architecture, fitted, settings)
    record |= _inspect(problem, network, settings)
    record |= {"scores": scores.compared(problem.task.kind, evidence, metric), "test": None}
    run = Run(record=record, weights=fitted.weights, history=fitted.history, report="")
    if job.tested is not None:
        record |= _tested(run, job.tested, judge)
    record = json.loads(json.dumps(record))
    return replace(run, record=record, report=render(record, fitted.history, evidence))


def _check_parent(out: Path) -> None:
    """An error if no folder can be made at ``out``, said before the training rather than after it."""
    parent = next(folder for folder in out.absolute().parents if folder.exists())
    if not parent.is_dir() or not os.access(parent, os.W_OK):
        what = "is no folder" if not parent.is_dir() else "is not yours to write to"
        raise InputError(f"{out} cannot be written, because {parent.name} {what}; give another --out")


def _decision(problem: Problem, settings: Settings) -> str:
    """The task, why, the loss that follows, why, and how to override both."""
    loss = loss_for(problem.preparation.target, problem.task.kind, settings.loss)
    scores.metric_of(problem.task.kind, settings.metric)  # says so now, if it is of another task
    if settings.class_weight is not None and problem.task.kind == REGRESSION:
        name = problem.preparation.target.name
        raise InputError(f"--class-weight is for classes, and {name} is a quantity; leave it out")
    override = "" if "--task" in problem.task.reason else " --task overrides this."
    return f"{problem.task.reason} So the task is {problem.task.kind} and the loss {LOSSES[loss].words}.{override}"


Judge: TypeAlias = Callable[[Inputs, scores.Values], scores.Evidence]
"""From the inputs and the truth of some rows to what each predictor says about them."""


Network: TypeAlias = Callable[[Inputs], NDArray[Any]]
"""From the inputs of some rows to the network's raw outputs, [rows, 1, outputs]."""


def judge_of(problem: Problem, network: Network, seed: int) -> Judge:
    """Judges the network beside a linear model and a predictor that does not look."""
    target = problem.preparation.target
    linear = baseline.fit_linear(problem.preparation, *problem.training, seed)

    def judge(inputs: Inputs, truth: scores.Values) -> scores.Evidence:
        predicted = {
            "network": target.decode(network(inputs)[:, 0]),
            "trivial": scores.trivial(target, problem.seen, len(truth)),
        }
        if linear is not None:
            predicted["linear"] = linear(inputs)
        return scores.Evidence(target, truth, predicted)

    return judge


def _tested(run: Run, tested: Table, judge: Judge) -> dict[str, Any]:
    """What the record says about the test table, and how to repeat the run with it."""
    rows, truth = answers(run.preparation, tested)
    evidence = judge(run.preparation.inputs(rows), truth)
    metric = scores.metric_of(run.record["task"]["kind"], run.settings.metric)
    compared = scores.compared(run.record["task"]["kind"], evidence, metric)
    return {
        "test": run.evaluate(tested) | {"compared": compared},
        "command": f"{run.record['command']} {shlex.join(['--test', tested.source])}",
        "python": f"{run.record['python'][:-1]}, test={tested.source!r})",
    }


def _inspect(problem: Problem, network: Network, settings: Settings) -> dict[str, Any]:
    """Which columns matter, how predictions follow the first of them, and which alone give the answer away."""
    preparation, (learning, watching) = problem.preparation, problem.sides
    metric = scores.metric_of(problem.task.kind, settings.metric)

    def predict(table: Table) -> scores.Values:
        return preparation.target.decode(network(preparation.inputs(table))[:, 0])

    def score(table: Table, rows: NDArray[np.int64]) -> float:
        value = metric.of(problem.truth[rows], predict(table))
        return value if metric.higher_is_better else -value

    names = tuple(recipe.name for recipe in preparation.recipes if not isinstance(recipe, Dropped))
    found = importance.importances(names, watching, score, settings.seed)
    first = tuple(one.column for one in found[: dependence.MOST_COLUMNS] if one.mean > 0)
    followed = dependence.dependences(preparation, first, watching, predict, settings.seed)
    sides = (learning, problem.seen), (watching, problem.truth)
    return {
        "importance": importance.to_json(found),
        "dependence": dependence.to_json(followed),
        "suspects": list(importance.suspects(preparation, *sides, settings.seed)),
    }


def _record(problem: Problem, architecture: Architecture, fitted: Fitted, settings: Settings) -> dict[str, Any]:
    """What ``run.json`` holds, but for the scores."""
    target = problem.preparation.target
    return {
        "schema": SCHEMA,
        "status": "interrupted" if fitted.stopped["reason"] == "interrupted" else "finished",
        "task": {
            "kind": problem.task.kind,
            "target": target.name,
            "reason": problem.task.reason,
            "loss": loss_for(target, problem.task.kind, settings.loss),
            "labels": list(target.labels) if isinstance(target, Classes) else None,
        },
        "data": {
            **unfinished.data_of(problem.source, problem.watching),
            "rows": {"training": len(problem.seen), "validation": len(problem.truth)},
        },
        "architecture": architecture.to_json(),
        "preparation": problem.preparation.to_json(),
        "settings": settings.to_json(),
        "batch_size": fitted.batch_size,
        "stopped": fitted.stopped,
        "seconds": round(fitted.seconds, 3),
        "notes": list(problem.notes),
        "command": _command(problem, settings),
        "python": _python(problem, settings),
        "versions": _versions(),
    }


def _command(problem: Problem, settings: Settings) -> str:
    """The command that repeats the run, with the file's name alone."""
    parts = ["sklon", "train", problem.source.source, "--target", problem.preparation.target.name]
    if problem.watching is not None:
        parts += ["--validation", problem.watching.source]
    for name, value in ({"seed": settings.seed} | settings.changed()).items():
        flag = name.replace("_", "-")
        parts += [f"--{'' if value else 'no-'}{flag}"] if isinstance(value, bool) else [f"--{flag}", show(value)]
    return shlex.join(parts)


def _python(problem: Problem, settings: Settings) -> str:
    words: dict[str, Any] = {"target": problem.preparation.target.name}
    if problem.watching is not None:
        words["validation"] = problem.watching.source
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
