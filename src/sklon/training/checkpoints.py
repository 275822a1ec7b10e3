"""Checkpoints: everything that the next step of a fit depends on, written whole or not at all, verified when read.

A checkpoint is a folder ``step-N`` with arrays (safetensors) and a record (JSON) that holds the arrays' SHA-256. The
order of rows, dropout masks and scalars follow from the seed and the number of the step, so they need no state: a fit
goes on from anywhere within an epoch to the same bits, on any number of threads.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from sklon._base.checks import check_whole
from sklon._base.errors import InputError, RunFolderError

from . import folder as files
from .streams import Rows

Array = np.ndarray[Any, Any]
ARRAYS = "state.safetensors"
KIND = "checkpoint"
PREFIX = "step-"


@dataclass(frozen=True, slots=True)
class Checkpoints:
    """Where and how often a fit is written down.

    Every ``every_steps`` steps, or every ``every_minutes``, or both, and at the end of the fit; the newest ``keep``
    stay. Whatever kills the process, the newest one that stands there is complete.
    """

    folder: str | PathLike[str]
    every_steps: int | None = None
    every_minutes: float | None = 5.0
    keep: int = 2

    def __post_init__(self) -> None:
        check_whole(1, keep=self.keep, **({} if self.every_steps is None else {"every_steps": self.every_steps}))
        if self.every_minutes is not None and not self.every_minutes > 0:
            raise InputError(f"every_minutes must be above 0, not {self.every_minutes!r}")


def plan_of(given: Checkpoints | str | PathLike[str] | None) -> Checkpoints | None:
    """What ``fit`` is given, with a folder as the plan that writes to it."""
    return given if given is None or isinstance(given, Checkpoints) else Checkpoints(given)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A fit at the end of a step: arrays by name, and a record that JSON can hold."""

    arrays: Mapping[str, Array]
    record: Mapping[str, Any]


@dataclass(slots=True)
class Writer:
    """Writes the checkpoints of one fit when they are due."""

    plan: Checkpoints
    last_step: int
    last_time: float = field(default_factory=time.monotonic)

    def steps_left(self, step: int) -> int | None:
        """Steps until the next checkpoint that steps make due; None where only time does."""
        return None if self.plan.every_steps is None else self.last_step + self.plan.every_steps - step

    def is_due(self, step: int) -> bool:
        """Whether the steps or the minutes are over."""
        if step == self.last_step:
            return False
        left, minutes = self.steps_left(step), self.plan.every_minutes
        late = minutes is not None and time.monotonic() - self.last_time >= 60 * minutes
        return late or (left is not None and left <= 0)

    def write(self, step: int, snapshot: Snapshot) -> None:
        """Write a checkpoint, then let the oldest go."""
        folder = Path(self.plan.folder)
        with files.appearing(folder / f"{PREFIX}{step:012d}") as new:
            files.write_arrays(new / ARRAYS, snapshot.arrays)
            record = {"schema": files.SCHEMA, "kind": KIND, **files.plain(snapshot.record)}
            digests = {"arrays": _sha256(new / ARRAYS), "record": _digest(record)}
            files.write_record(new, {**record, "sha256": digests})
        for old in _found(folder)[: -self.plan.keep]:
            shutil.rmtree(old, ignore_errors=True)
        self.last_step, self.last_time = step, time.monotonic()


def check_none_later(folder: str | PathLike[str], step: int) -> None:
    """Refuse a folder with checkpoints of later steps: the newest one is what a fit goes on from."""
    found = _found(Path(folder))
    if found and int(found[-1].name.removeprefix(PREFIX)) > step:
        raise InputError(
            f"{folder} holds checkpoints of another fit, up to {found[-1].name}; go on from there with resume=True, or "
            "give another folder"
        )


def newest(folder: str | PathLike[str]) -> Snapshot | None:
    """The newest checkpoint of a folder, verified; None where there is none.

    Raises RunFolderError for one that is damaged, with the one before as the repair.
    """
    found = _found(Path(folder))
    if not found:
        return None
    path = found[-1]
    record = files.read_record(path)
    before = f"delete it to go on from {found[-2].name}" if len(found) > 1 else "delete it to begin anew"
    with files.reading(path):
        digests = record.pop("sha256")
        if record["kind"] != KIND or digests != {"arrays": _sha256(path / ARRAYS), "record": _digest(record)}:
            raise RunFolderError(f"the checkpoint {path} is damaged: {before}")
        return Snapshot(files.read_arrays(path / ARRAYS), files.unplain(record))


def digest(*data: Rows | None) -> str:
    """The SHA-256 of all rows, to tell whether a fit goes on with the data that it began with."""
    total = hashlib.sha256()
    for one in data:
        for piece in () if one is None else one.pieces():
            for array in piece.arrays:
                total.update(f"{array.dtype}{array.shape}".encode())
                total.update(np.ascontiguousarray(array).data)
    return total.hexdigest()


def check_same(record: Mapping[str, Any], settings: Mapping[str, Any], data: str) -> None:
    """Refuse to go on with other data or other settings than a checkpoint was made with."""
    if record["data"] != data:
        raise InputError("the data are not those that the checkpoint was made with; resume with the same rows")
    before, now = record["settings"], json.loads(json.dumps(settings))
    for name in sorted({*before, *now}):
        if before.get(name) != now.get(name):
            then, today = _brief(before.get(name)), _brief(now.get(name))
            raise InputError(
                f"the checkpoint was made with another {name}: {then}, not {today}; resume with the same settings, or "
                "give another folder"
            )


def _found(folder: Path) -> list[Path]:
    """The checkpoints of a folder, the oldest first; what is half written has another name."""
    return sorted(p for p in folder.glob(f"{PREFIX}*") if p.is_dir()) if folder.is_dir() else []


def _digest(record: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(record, sort_keys=True).encode()).hexdigest()


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _brief(value: Any, most: int = 80) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= most else f"{text[:most]}…"
