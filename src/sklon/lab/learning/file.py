"""The one file that holds a learner's progress. It appears whole or not at all, and nothing in it is ever lost.

::

    Linux and others      $XDG_DATA_HOME/sklon/progress.json, or ~/.local/share/sklon/progress.json
    macOS                 ~/Library/Application Support/sklon/progress.json
    Windows               %LOCALAPPDATA%\\sklon\\progress.json
    SKLON_PROGRESS=FILE   FILE

Who adds to it holds a lock, reads, joins and writes, so any number of processes may add at the same time. A file that
is damaged, or that a newer version wrote, is refused and left as it is. Nothing leaves the machine.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from sklon._base.errors import InputError
from sklon.runs.folder import replacing

from .progress import Interview, Progress, Review
from .written import SCHEMA, DamagedError, NewerError, read_text, written

VARIABLE = "SKLON_PROGRESS"
NAME = "progress.json"


@dataclass(frozen=True, slots=True)
class ProgressFile:
    """A file of progress at ``path``, which need not exist yet.

    >>> import tempfile
    >>> file = ProgressFile(Path(tempfile.mkdtemp()) / "progress.json")
    >>> file.read()
    Progress(reviews=(), interviews=())
    """

    path: Path

    def read(self) -> Progress:
        """What the file holds; nothing if there is none. InputError for a file that is damaged or newer."""
        try:
            return read_text(self.path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return Progress()
        except NewerError as error:
            raise InputError(
                "{path} was written by a newer sklon (schema {schema}; this one reads {known}) and is left as it is; "
                "update sklon, or name another file with {variable}",
                path=self.path,
                schema=str(error),
                known=SCHEMA,
                variable=VARIABLE,
            ) from error
        except (DamagedError, UnicodeDecodeError) as error:
            where = error if isinstance(error, DamagedError) else InputError("it is no text in UTF-8")
            raise InputError(
                "{path} is damaged ({where}) and is left as it is; restore a copy, move it away, or name another file "
                "with {variable}",
                path=self.path,
                where=where,
                variable=VARIABLE,
            ) from error
        except OSError as error:
            raise InputError("{path} cannot be read: {why}", path=self.path, why=error.strerror) from error

    def add(self, reviews: Iterable[Review] = (), interviews: Iterable[Interview] = ()) -> Progress:
        """Add reviews and interviews, whoever else does so at the same time; all that there is now."""
        return self._join(Progress(tuple(reviews), tuple(interviews)))

    def take_in(self, other: Path) -> Progress:
        """Add all that another file of progress holds; InputError if it does not exist or is damaged."""
        if not other.exists():
            raise InputError("there is no file {path}", path=other)
        return self._join(ProgressFile(other).read())

    def copy_to(self, other: Path) -> Progress:
        """Write all that there is to another file, which must not exist."""
        if other.exists():
            raise InputError("{path} exists already; give another name", path=other)
        progress = self.read()
        _write(other, progress)
        return progress

    def _join(self, more: Progress) -> Progress:
        path = self.path.resolve()  # a link stays a link
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with _locked(path.with_name(f".{path.name}.lock")):
                joined = self.read().joined(more)
                _write(path, joined)
        except OSError as error:
            raise InputError("{path} cannot be written: {why}", path=self.path, why=error.strerror) from error
        return joined


def progress_file() -> ProgressFile:
    """The user's file."""
    told = os.environ.get(VARIABLE, "")
    try:
        return ProgressFile(Path(told).expanduser().absolute() if told else _usual_folder() / NAME)
    except RuntimeError as error:
        sentence = "there is no home folder for {file}; name a file with {variable}"
        raise InputError(sentence, file=NAME, variable=VARIABLE) from error


def _usual_folder() -> Path:
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local", "sklon")
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "sklon"
    told = Path(os.environ.get("XDG_DATA_HOME", ""))  # a relative one is to be ignored, says its specification
    return (told if told.is_absolute() else Path.home() / ".local" / "share") / "sklon"


def _write(path: Path, progress: Progress) -> None:
    with replacing(path) as file:
        file.write(written(progress))
        file.flush()
        os.fsync(file.fileno())  # the name is given only to what is on the disk


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Nobody else inside the block; the system opens the lock of a process that was killed."""
    with open(path, "ab") as file:
        _lock(file)
        yield  # closing the file opens the lock


if sys.platform == "win32":
    import errno
    import msvcrt

    def _lock(file: IO[bytes]) -> None:
        file.seek(0)
        while True:
            try:
                msvcrt.locking(file.fileno(), msvcrt.LK_LOCK, 1)
                return
            except OSError as error:
                if error.errno != errno.EDEADLK:  # ten seconds have passed, and it is tried again
                    raise

else:
    import fcntl

    def _lock(file: IO[bytes]) -> None:
        fcntl.flock(file, fcntl.LOCK_EX)
