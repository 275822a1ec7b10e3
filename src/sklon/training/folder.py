"""Run folders: they appear whole or not at all, and are read without executing anything.

A folder holds ``run.json`` (the record, with its schema), ``model.safetensors``, ``history.csv`` and what its writer
adds. It is written beside its place and then renamed, so that an error or a kill never leaves half of one; one that
is replaced stays until the new one is complete. This is the only file that reads and writes safetensors.
"""

from __future__ import annotations

import csv
import io
import json
import math
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from sklon._base.errors import InputError, RunFolderError

Arrays = dict[str, np.ndarray[Any, Any]]

SCHEMA = 1
MODEL, OPTIMIZER, RECORD, HISTORY = "model.safetensors", "optimizer.safetensors", "run.json", "history.csv"
REPORT = "report.html"
#: the kind of a record that a Trainer wrote
MODULE = "module"
#: the folder with what a fit goes on from
CHECKPOINTS = "checkpoints"
CONTENTS = (MODEL, OPTIMIZER, RECORD, HISTORY, REPORT, CHECKPOINTS)


def check_free(
    out: Path, *, overwrite: bool = False, repair: str = "give another --out, or --overwrite if it is a run"
) -> Path:
    """``out`` itself, if a run folder can be written there; only a run is ever overwritten."""
    if not out.exists() or (out.is_dir() and not any(out.iterdir())):
        return out
    if not overwrite:
        raise InputError(f"{out} exists already; {repair}")
    strange = [] if out.is_dir() else [out]
    strange = strange or [path for path in out.iterdir() if path.name not in CONTENTS]
    if strange or not (out / RECORD).is_file():
        elsewhere = repair.split(",")[0]
        raise InputError(f"{out} exists already and is not a run folder alone, so it is kept; {elsewhere}")
    return out


@contextmanager
def appearing(out: Path) -> Iterator[Path]:
    """A new folder that becomes ``out`` when the block ends well, and vanishes otherwise."""
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(dir=out.parent, prefix=f".{out.name}-"))
    except OSError as error:
        raise InputError(f"{out} cannot be written: {error.strerror}") from error
    try:
        yield folder
        folder.chmod(0o755)
        take_place(folder, out)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def take_place(folder: Path, out: Path) -> None:
    """Rename ``folder`` to ``out``; what stood there is moved aside first and deleted last."""
    if not out.is_dir():
        folder.rename(out)
        return
    aside = Path(tempfile.mkdtemp(dir=out.parent, prefix=f".{out.name}-old-"))
    out.rename(aside / out.name)
    try:
        folder.rename(out)
    except BaseException:
        (aside / out.name).rename(out)
        raise
    finally:
        shutil.rmtree(aside, ignore_errors=True)


# ---- writing
def write_arrays(path: Path, arrays: Mapping[str, Any]) -> None:
    """Arrays by name, as safetensors."""
    from safetensors.numpy import save

    _write(path, save({name: np.asarray(array, order="C") for name, array in arrays.items()}))


def write_record(folder: Path, record: Mapping[str, Any]) -> None:
    """``run.json``; what JSON cannot hold is our bug and raises TypeError or ValueError."""
    write_text(folder / RECORD, json.dumps(record, indent=1, ensure_ascii=False, allow_nan=False) + "\n")


def plain(value: Any) -> Any:
    """The same value with numbers that are not finite as text, which JSON can hold.

    >>> plain({"loss": [1.0, float("inf")]})
    {'loss': [1.0, {'number': 'inf'}]}
    """
    if isinstance(value, Mapping):
        return {key: plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    return {"number": repr(float(value))} if isinstance(value, float) and not math.isfinite(value) else value


def unplain(value: Any) -> Any:
    """The value that :func:`plain` was given, tuples as lists."""
    if isinstance(value, dict):
        return float(value["number"]) if value.keys() == {"number"} else {k: unplain(one) for k, one in value.items()}
    return [unplain(one) for one in value] if isinstance(value, list) else value


def write_history(folder: Path, history: Sequence[Mapping[str, Any]]) -> None:
    """``history.csv``: a row for each epoch."""
    file = io.StringIO()
    writer = csv.DictWriter(file, list(dict.fromkeys(key for row in history for key in row)), lineterminator="\n")
    writer.writeheader()
    writer.writerows(history)
    write_text(folder / HISTORY, file.getvalue())


def write_text(path: Path, text: str) -> None:
    """Text in UTF-8, with the same bytes on every system; it takes its place at once."""
    _write(path, text.encode())


def _write(path: Path, contents: bytes) -> None:
    new = path.with_name(f".{path.name}-new")
    new.write_bytes(contents)
    new.replace(path)


# ---- reading
def read_record(folder: Path) -> dict[str, Any]:
    """The record of a run folder. Raises RunFolderError for anything else, in one sentence."""
    if not folder.is_dir():
        what = "is not a folder" if folder.exists() else "does not exist"
        raise RunFolderError(f"{folder} {what}; give a folder that sklon train or trainer.save wrote")
    if not (folder / RECORD).is_file():
        raise RunFolderError(f"{folder} is not a run folder: it has no {RECORD}")
    try:
        record: dict[str, Any] = json.loads((folder / RECORD).read_text(encoding="utf-8"))
        schema = record["schema"]
    except (ValueError, KeyError, TypeError) as error:
        raise RunFolderError(f"{folder} is damaged: its {RECORD} is not a run's record") from error
    if schema != SCHEMA:
        raise RunFolderError(f"{folder} was written by another version: schema {schema}, this one reads {SCHEMA}")
    return record


@contextmanager
def reading(folder: Path) -> Iterator[None]:
    """Turn what is absent or damaged inside a run folder into one sentence."""
    from safetensors import SafetensorError

    try:
        yield
    except FileNotFoundError as error:
        raise RunFolderError(f"{folder} lacks {Path(error.filename).name}") from None
    except (SafetensorError, UnicodeDecodeError, KeyError, TypeError, ValueError) as error:
        if isinstance(error, InputError):
            raise
        raise RunFolderError(f"{folder} is damaged: {error}") from error


def read_arrays(path: Path) -> Arrays:
    """The arrays of a file of safetensors."""
    from safetensors.numpy import load

    return dict(load(path.read_bytes()))


def read_history(folder: Path) -> tuple[dict[str, Any], ...]:
    """The rows of ``history.csv``; a cell that is empty is None."""
    text = (folder / HISTORY).read_text(encoding="utf-8")
    return tuple({key: _value(cell) for key, cell in row.items()} for row in csv.DictReader(io.StringIO(text)))


def _value(cell: str) -> Any:
    if not cell:
        return None
    return int(cell) if cell.lstrip("-").isdigit() else float(cell)
