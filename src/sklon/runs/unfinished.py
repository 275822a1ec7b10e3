"""A training under way: its folder with checkpoints while it lasts, and how another one goes on from there.

The folder stands at its place from the start, with a record whose status is "training", unless a run that is to be
replaced stands there: that one stays until the new one is complete, which meanwhile lies beside it. The checkpoints
stay with the finished run, so that it can be trained further.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sklon._base.errors import InputError, RunFolderError
from sklon.data import Table
from sklon.training.checkpoints import Checkpoints
from sklon.training.folder import CHECKPOINTS, SCHEMA, appearing, check_free, read_record, write_record

from .folder import TRAINING, is_of_module, write_run
from .run import Run
from .settings import Settings, show

#: minutes between two checkpoints
EVERY_MINUTES = 0.5
#: what may be another setting when a run goes on: all others decide the values
MAY_CHANGE = ("epochs", "time_limit", "early_stopping", "threads")
#: behind the name of a run that is to be replaced: the folder of the new one
BESIDE = "-new"


@dataclass(frozen=True, slots=True)
class Begun:
    """Where a training is written down (``folder``), and where its run will stand (``out``)."""

    folder: Path
    out: Path
    resumed: bool = False

    @property
    def checkpoints(self) -> Checkpoints:
        """How often the training is written down."""
        return Checkpoints(self.folder / CHECKPOINTS, every_minutes=EVERY_MINUTES)

    def finish(self, run: Run) -> Run:
        """Put the finished run, with its last checkpoints, in its place."""
        kept = self.folder / CHECKPOINTS
        with write_run(self.out, run.weights, run.record, run.history, run.report, overwrite=True) as new:
            if kept.is_dir():
                shutil.copytree(kept, new / CHECKPOINTS)
        if self.folder != self.out:
            shutil.rmtree(self.folder)
        return replace(run, path=self.out)


@contextmanager
def begun(out: Path, record: Mapping[str, Any], *, overwrite: bool) -> Iterator[Begun]:
    """The folder of a new training; it goes when the training comes to nothing, or ends before it was written down."""
    taken = check_free(out, overwrite=overwrite).is_dir() and any(out.iterdir())
    folder = out.with_name(out.name + BESIDE) if taken else out
    if taken and folder.exists():
        raise InputError(
            f"{folder} is in the way: a training that was to replace {out} did not finish; go on with "
            f"--resume {folder}, or delete it"
        )
    with appearing(folder) as new:
        write_record(new, {"schema": SCHEMA, "status": TRAINING, **record})
    written = folder / CHECKPOINTS
    try:
        yield Begun(folder, out)
    except KeyboardInterrupt:
        if written.is_dir():
            raise KeyboardInterrupt(f"interrupted; go on with --resume {folder}") from None
        shutil.rmtree(folder, ignore_errors=True)
        raise
    except Exception as error:
        if isinstance(error, InputError) or not written.is_dir():
            shutil.rmtree(folder, ignore_errors=True)
        raise


def resumed(run: Path) -> tuple[Begun, dict[str, Any]]:
    """The folder of a training to go on with, and its record. Raises RunFolderError for anything else."""
    record = read_record(run)
    if is_of_module(run):
        raise RunFolderError(
            f"{run} is the run of a module, which takes arrays and no table; go on in Python, by sklon.load and fit"
        )
    if record["status"] != TRAINING and not (run / CHECKPOINTS).is_dir():
        raise RunFolderError(f"{run} has no checkpoints to go on from; train anew")
    return Begun(run, check_free(run, overwrite=True), resumed=True), record


def settings_to_go_on(run: Path, record: Mapping[str, Any], words: Mapping[str, Any]) -> Settings:
    """The settings of a run, with another length where that was given; an error for any other change."""
    given = Settings.from_words({**record["settings"], **words})
    before = Settings.from_words(record["settings"])
    for name in words:
        was, now = getattr(before, name), getattr(given, name)
        if was != now and name not in MAY_CHANGE:
            flag = name.replace("_", "-")
            raise InputError(
                f"{run} was begun with --{flag} {show(was)}, so it cannot go on with {show(now)}; leave --{flag} out"
            )
    return given


def target_to_go_on(run: Path, record: Mapping[str, Any], target: str | None) -> str:
    """The target of a run, which need not be given again."""
    known: str = record["task"]["target"]
    if target not in (None, known):
        raise InputError(f"{run} predicts {known!r}, not {target!r}; leave the target out")
    return known


def check_data(run: Path, record: Mapping[str, Any], table: Table, validation: Table | None) -> None:
    """An error if the tables are not those that the run was begun with."""
    data = record["data"]
    if table.sha256 != data["sha256"]:
        raise InputError(f"{table.source} is not the table that {run} was begun with, or has changed since")
    if validation is None and data["validation"] is not None:
        raise InputError(f"{run} is validated on {data['validation']}; give it again by --validation")
    if validation is not None and validation.sha256 != data.get("validation_sha256"):
        raise InputError(f"{validation.source} is not what {run} was validated on; leave --validation as it was")


def record_of(table: Table, target: str, validation: Table | None, settings: Settings) -> dict[str, Any]:
    """What a record says from the start."""
    return {
        "task": {"target": target},
        "data": data_of(table, validation),
        "settings": settings.to_json(),
    }


def data_of(table: Table, validation: Table | None) -> dict[str, Any]:
    """The tables by name and digest."""
    return {
        "source": table.source,
        "sha256": table.sha256,
        "validation": None if validation is None else validation.source,
        "validation_sha256": None if validation is None else validation.sha256,
    }
