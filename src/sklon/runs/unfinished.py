"""A training under way: its folder with checkpoints while it lasts, and how another one goes on from there.

The folder stands at its place from the start, with a record whose status is "training", unless a run that is to be
replaced stands there: that one stays until the new one is complete, which meanwhile lies beside it. The checkpoints
stay with the finished run, so that it can be trained further. Whatever kills the process, there is a finished run or
one that goes on.
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
from sklon.training.checkpoints import Checkpoints, newest
from sklon.training.folder import CHECKPOINTS, CONTENTS, SCHEMA, check_free, read_record, take_place, write_record

from .folder import TRAINING, is_of_module, write_files
from .run import Run
from .settings import Settings, show

#: minutes between two checkpoints
EVERY_MINUTES = 0.5
#: what may be another setting when a run goes on: all others decide the values
MAY_CHANGE = ("epochs", "time_limit", "early_stopping", "threads")
#: behind the name of a run that is to be replaced: the folder of the new one
BESIDE = "-new"
#: what the record of a run says that can be gone on with
NEEDED = ("task", "data", "settings")


@dataclass(frozen=True, slots=True)
class Begun:
    """Where a training is written down (``folder``), its record so far, and where its run will stand (``out``)."""

    folder: Path
    out: Path
    record: Mapping[str, Any]
    resumed: bool = False

    @property
    def checkpoints(self) -> Checkpoints:
        """How often the training is written down."""
        return Checkpoints(self.folder / CHECKPOINTS, every_minutes=EVERY_MINUTES)

    @contextmanager
    def training(self) -> Iterator[None]:
        """While it lasts: a training that comes to nothing, or ends before it was written down, leaves nothing."""
        written = self.folder / CHECKPOINTS
        try:
            yield
        except KeyboardInterrupt:
            if not written.is_dir():
                self._discard()
                raise
            raise KeyboardInterrupt(f"interrupted; go on with --resume {self.folder}") from None
        except Exception as error:
            if isinstance(error, InputError) or not written.is_dir():
                self._discard()
            raise

    def finish(self, run: Run) -> Run:
        """Put the finished run beside its checkpoints, then in its place."""
        check_free(self.folder, overwrite=True)
        if self.resumed:  # from here to the last file, what stands there goes on and is no finished run
            write_record(self.folder, {**self.record, "status": TRAINING})
        write_files(self.folder, run.weights, run.record, run.history, run.report)
        if self.folder != self.out:
            take_place(self.folder, self.out)
        return replace(run, path=self.out)

    def _discard(self) -> None:
        """Take away what the training wrote, unless it goes on with an older one."""
        if self.resumed:
            return
        for name in CONTENTS:
            path = self.folder / name
            shutil.rmtree(path, ignore_errors=True) if path.is_dir() else path.unlink(missing_ok=True)
        if not any(self.folder.iterdir()):
            self.folder.rmdir()


def begin(out: Path, record: Mapping[str, Any], *, overwrite: bool) -> Begun:
    """Make the folder of a new training."""
    taken = check_free(out, overwrite=overwrite).is_dir() and any(out.iterdir())
    where = out.resolve() if out.name in ("", "..") else out
    folder = where.with_name(where.name + BESIDE) if taken else where
    if taken and folder.exists():
        unfinished = (folder / CHECKPOINTS).is_dir()
        repair = f"go on with --resume {folder}, or delete it" if unfinished else "rename it"
        raise InputError(f"{folder} is in the way: what is to replace {out} is written there; {repair}")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_record(folder, begun := {"schema": SCHEMA, "status": TRAINING, **record})
    except OSError as error:
        raise InputError(f"{out} cannot be written: {error.strerror}") from error
    return Begun(folder, where, begun)


def resumed(run: Path) -> Begun:
    """The training in a folder, to go on with. Raises RunFolderError for anything else."""
    record = read_record(run)
    if is_of_module(run):
        raise RunFolderError(
            f"{run} is the run of a module, which takes arrays and no table; go on in Python, by sklon.load and fit"
        )
    if any(name not in record for name in NEEDED):
        raise RunFolderError(f"{run} is no folder that sklon train wrote; give that one")
    if record.get("status") != TRAINING and not (run / CHECKPOINTS).is_dir():
        raise RunFolderError(f"{run} has no checkpoints to go on from; train anew")
    return Begun(run, check_free(run, overwrite=True), record, resumed=True)


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
    _check_epochs(run, given.epochs)
    return given


def _check_epochs(run: Path, epochs: int) -> None:
    """An error for fewer epochs than were run: the record would not be that of the weights."""
    found = newest(run / CHECKPOINTS)
    if found is not None and found.record["epoch"] > epochs:
        raise InputError(f"{run} has run {found.record['epoch']} epochs already; give --epochs of at least as many")


def target_to_go_on(run: Path, record: Mapping[str, Any], target: str | None) -> str:
    """The target of a run, which need not be given again."""
    known: str = record["task"]["target"]
    if target not in (None, known):
        raise InputError(f"{run} predicts {known!r}, not {target!r}; leave the target out")
    return known


def check_data(run: Path, record: Mapping[str, Any], table: Table, validation: Table | None, tested: bool) -> None:
    """An error if the tables are not those that the run was begun with."""
    data = record["data"]
    if record.get("test") is not None and not tested:
        raise InputError(f"{run} is tested on {record['test']['source']}; give it again by --test")
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
