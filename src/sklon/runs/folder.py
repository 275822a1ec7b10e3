"""Run folders: written whole or not at all, and read without executing anything.

A folder holds ``model.safetensors``, ``run.json``, ``history.csv`` and ``report.html``. It is written beside
its place and then renamed, so that an error or a kill never leaves half of one. What is not a run folder of a
known version is refused in one sentence.
"""

from __future__ import annotations

import csv
import io
import json
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any, TextIO

from safetensors import SafetensorError
from safetensors.numpy import load, save

from sklon._base.errors import InputError, RunFolderError

from .network import Weights

SCHEMA = 1
MODEL, RECORD, HISTORY, REPORT = "model.safetensors", "run.json", "history.csv", "report.html"
FILES = (MODEL, RECORD, HISTORY, REPORT)


def check_free(out: Path, *, overwrite: bool = False) -> Path:
    """``out`` itself, if a run folder can be written there; only a run is ever overwritten."""
    if not out.exists() or (out.is_dir() and not any(out.iterdir())):
        return out
    if not overwrite:
        raise InputError(f"{out} exists already; give another --out, or --overwrite if it is a run")
    strange = [] if out.is_dir() else [out]
    strange = strange or [path for path in out.iterdir() if path.name not in FILES]
    if strange or not (out / RECORD).is_file():
        raise InputError(f"{out} exists already and is not a run folder alone, so it is kept; give another --out")
    return out


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
    with _appearing(check_free(out, overwrite=overwrite)) as folder:
        (folder / MODEL).write_bytes(save(weights))
        _write(folder / RECORD, json.dumps(record, indent=1, ensure_ascii=False, allow_nan=False) + "\n")
        _write(folder / HISTORY, _as_csv(history))
        _write(folder / REPORT, report)


def read_run(folder: Path) -> tuple[Weights, dict[str, Any], tuple[dict[str, Any], ...], str]:
    """The weights, the record, the history and the report of a run folder."""
    if not folder.is_dir():
        what = "is not a folder" if folder.exists() else "does not exist"
        raise RunFolderError(f"{folder} {what}; give a folder that sklon train wrote")
    if not (folder / RECORD).is_file():
        raise RunFolderError(f"{folder} is not a run folder: it has no {RECORD}")
    record = _read_record(folder)
    try:
        weights = load((folder / MODEL).read_bytes())
        history = _from_csv((folder / HISTORY).read_text(encoding="utf-8"))
        report = (folder / REPORT).read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise RunFolderError(f"{folder} lacks {Path(error.filename).name}") from None
    except (SafetensorError, UnicodeDecodeError, ValueError) as error:
        raise RunFolderError(f"{folder} is damaged: {error}") from error
    return weights, record, history, report


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


def _read_record(folder: Path) -> dict[str, Any]:
    try:
        record: dict[str, Any] = json.loads((folder / RECORD).read_text(encoding="utf-8"))
        schema = record["schema"]
    except (ValueError, KeyError, TypeError) as error:
        raise RunFolderError(f"{folder} is damaged: its {RECORD} is not a run's record") from error
    if schema != SCHEMA:
        raise RunFolderError(f"{folder} was written by another version: schema {schema}, this one reads {SCHEMA}")
    return record


@contextmanager
def _appearing(out: Path) -> Iterator[Path]:
    """A new folder that becomes ``out`` when the block ends well, and vanishes otherwise."""
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(dir=out.parent, prefix=f".{out.name}-"))
    except OSError as error:
        raise InputError(f"{out} cannot be written: {error.strerror}") from error
    try:
        yield folder
        folder.chmod(0o755)
        if out.is_dir():
            shutil.rmtree(out)
        folder.rename(out)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="\n")


def _as_csv(history: Sequence[Mapping[str, Any]]) -> str:
    file = io.StringIO()
    writer = csv.DictWriter(file, list(dict.fromkeys(key for row in history for key in row)), lineterminator="\n")
    writer.writeheader()
    writer.writerows(history)
    return file.getvalue()


def _from_csv(text: str) -> tuple[dict[str, Any], ...]:
    return tuple({key: _value(cell) for key, cell in row.items()} for row in csv.DictReader(io.StringIO(text)))


def _value(cell: str) -> Any:
    if not cell:
        return None
    return int(cell) if cell.lstrip("-").isdigit() else float(cell)
