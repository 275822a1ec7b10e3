"""The folder of a run on a table: ``model.safetensors``, ``run.json``, ``history.csv`` and ``report.html``.

A training under way has a record with the status "training" and ``checkpoints`` instead (``unfinished``).
How folders appear whole, and are read without executing anything, stands in training.folder.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any, TextIO

from sklon._base.errors import InputError, RunFolderError
from sklon.estimators.tabular.fitting import Weights
from sklon.training.folder import (
    HISTORY,
    MODEL,
    MODULE,
    RECORD,
    REPORT,
    SCHEMA,
    appearing,
    check_free,
    read_arrays,
    read_history,
    read_record,
    reading,
    write_arrays,
    write_history,
    write_record,
    write_text,
)

#: the status of a run that is not finished
TRAINING = "training"

__all__ = [
    "HISTORY",
    "MODEL",
    "RECORD",
    "REPORT",
    "SCHEMA",
    "TRAINING",
    "check_free",
    "free_name",
    "is_of_module",
    "read_run",
    "replacing",
    "write_files",
    "write_run",
]


def free_name(stem: str) -> Path:
    """The first of ``stem-run``, ``stem-run-2``, … in the current folder that does not exist."""
    names = (Path(f"{stem}-run" + (f"-{i}" if i > 1 else "")) for i in count(1))
    return next(path for path in names if not path.exists())


def write_run(
    out: Path,
    weights: Weights,
    record: Mapping[str, Any],
    history: Sequence[Mapping[str, Any]],
    report: str,
    *,
    overwrite: bool = False,
) -> None:
    """Write the four files as one folder that appears at once."""
    with appearing(check_free(out, overwrite=overwrite)) as folder:
        write_files(folder, weights, record, history, report)


def write_files(
    folder: Path,
    weights: Weights,
    record: Mapping[str, Any],
    history: Sequence[Mapping[str, Any]],
    report: str,
) -> None:
    """Write the four files into a folder, the record last: before, what stands there is no finished run."""
    write_arrays(folder / MODEL, weights)
    write_history(folder, history)
    write_text(folder / REPORT, report)
    write_record(folder, record)


def read_run(folder: Path) -> tuple[Weights, dict[str, Any], tuple[dict[str, Any], ...], str]:
    """The weights, the record, the history and the report of the run of a table."""
    record = read_record(folder)
    if is_of_module(folder):
        raise RunFolderError(
            f"{folder} is the run of a module, which takes arrays and no table; load it in Python by "
            f"sklon.load({str(folder)!r})"
        )
    if record.get("status") == TRAINING:
        raise RunFolderError(
            f"{folder} holds a training that did not finish; go on with: sklon train TABLE --resume {folder}"
        )
    with reading(folder):
        report = (folder / REPORT).read_text(encoding="utf-8")
        return read_arrays(folder / MODEL), record, read_history(folder), report


def is_of_module(folder: Path) -> bool:
    """Whether a run folder was written by ``Trainer.save``."""
    return read_record(folder).get("kind") == MODULE


@contextmanager
def replacing(path: Path) -> Iterator[TextIO]:
    """A text file that takes the place of ``path`` when the block ends well, and vanishes otherwise."""
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    except OSError as error:
        raise InputError(f"{path} cannot be written: {error.strerror}") from error
    try:
        with open(handle, "w", encoding="utf-8", newline="") as file:
            yield file
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
