"""A folder that holds what will be executed: files that nobody but this user can have written.

The folder is opened once, without following a link, and everything is checked and done through what was opened, never
by its path a second time. A folder or a file that belongs to another user, or that others may write, is not used.
Files appear whole under their names, so any number of processes may read, write and remove at the same time. On
Windows, which has no such owners and modes, the permissions of the user's profile protect the folder.
"""

from __future__ import annotations

import errno
import os
import re
import secrets
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

#: bytes that all entries may take together: some thousand programs, of 10 to 100 KiB each
LIMIT = 256 * 2**20
#: an entry that is read is marked as used, but not more often than that, in seconds
DAY = 86_400.0
#: one file in so many makes room, when it is written
TURN = 16
#: an unfinished file older than this, in seconds, was left by a process that was killed
ABANDONED = 3_600.0

#: whether the system does things relative to an open folder
RELATIVE = os.open in os.supports_dir_fd

_ENTRY = re.compile(r"[0-9a-f]{64}\.sklon")
_UNFINISHED = re.compile(r"[0-9a-f]{64}\.sklon\.[0-9a-f]{16}")
_PLAIN = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
_READ = os.O_RDONLY | _PLAIN | getattr(os, "O_NONBLOCK", 0)  # so that a pipe does not hold us up
_WRITE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | _PLAIN
_LIST = os.O_RDONLY | _PLAIN | getattr(os, "O_DIRECTORY", 0)


class UnusableError(Exception):
    """Why a folder is not used. It never reaches the user as an error."""


@dataclass(frozen=True, slots=True)
class File:
    """A file of ours: its size in bytes and when it was used last, in seconds."""

    name: str
    size: int
    used: float


@dataclass(frozen=True, slots=True)
class Folder:
    """An open folder. ``descriptor`` is None on Windows, where nothing can be done relative to one."""

    path: Path
    descriptor: int | None

    def read(self, key: bytes) -> bytes | None:
        """The bytes of an entry; None where there is none that may be trusted."""
        try:
            descriptor = self._open(_name(key), _READ)
        except OSError:
            return None
        try:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode) or _danger(status) or status.st_size > LIMIT:
                return None
            if abs(time.time() - status.st_mtime) > DAY:
                self._mark(descriptor, _name(key))
            with open(descriptor, "rb", closefd=False) as file:
                return file.read(status.st_size)
        except OSError:
            return None
        finally:
            os.close(descriptor)

    def write(self, key: bytes, data: bytes) -> None:
        """Put an entry there, in place of any of this name, and make room now and then; OSError if that fails."""
        if len(data) > LIMIT:
            return
        unfinished = f"{_name(key)}.{secrets.token_hex(8)}"
        try:
            with open(self._open(unfinished, _WRITE), "wb") as file:
                file.write(data)
            self._rename(unfinished, _name(key))
        except BaseException:
            self._remove(unfinished)
            raise
        if key[0] % TURN == 0 or len(data) > LIMIT // TURN:
            self.make_room()

    def entries(self) -> list[File]:
        """All entries, whether they may be trusted or not."""
        return [file for file in self._files() if _ENTRY.fullmatch(file.name)]

    def make_room(self) -> None:
        """Where the entries take more than ``LIMIT`` bytes, remove those not used for longest, to three quarters."""
        entries = sorted(self.entries(), key=lambda file: file.used)
        total = sum(file.size for file in entries)
        surplus = total - LIMIT * 3 // 4 if total > LIMIT else 0
        for file in entries:
            if surplus <= 0:
                break
            surplus -= file.size
            self._remove(file.name)
        for file in self._files():
            if _UNFINISHED.fullmatch(file.name) and time.time() - file.used > ABANDONED:
                self._remove(file.name)

    def clear(self) -> list[File]:
        """Remove all entries and what was left unfinished, and nothing else; the entries that were removed."""
        files = self._files()
        removed = [file for file in files if self._remove(file.name)]
        return [file for file in removed if _ENTRY.fullmatch(file.name)]

    # ---- the system
    def _files(self) -> list[File]:
        """The regular files of this user with names that we give."""
        found = []
        with os.scandir(self.path if self.descriptor is None else self.descriptor) as listed:
            for item in listed:
                if not (_ENTRY.fullmatch(item.name) or _UNFINISHED.fullmatch(item.name)):
                    continue
                with suppress(OSError):  # gone meanwhile
                    status = item.stat(follow_symlinks=False)
                    if stat.S_ISREG(status.st_mode) and _is_own(status):
                        found.append(File(item.name, status.st_size, status.st_mtime))
        return found

    def _at(self, name: str) -> str:
        return name if self.descriptor is not None else str(self.path / name)

    def _open(self, name: str, flags: int) -> int:
        return os.open(self._at(name), flags, 0o600, dir_fd=self.descriptor)

    def _rename(self, old: str, new: str) -> None:
        os.replace(self._at(old), self._at(new), src_dir_fd=self.descriptor, dst_dir_fd=self.descriptor)

    def _remove(self, name: str) -> bool:
        try:
            os.unlink(self._at(name), dir_fd=self.descriptor)
        except OSError:  # gone, or held by another process
            return False
        return True

    def _mark(self, descriptor: int, name: str) -> None:
        with suppress(OSError):  # on a disk that cannot be written
            os.utime(self._at(name) if self.descriptor is None else descriptor)


@contextmanager
def opened(path: Path, create: bool = False) -> Iterator[Folder]:
    """The folder at ``path``, made if it is wanted and not there; UnusableError says why it is not used."""
    try:
        if create:
            _make(path)
        descriptor = _opened(path)
    except OSError as error:
        raise UnusableError(f"{path} cannot be used: {error.strerror or error}") from error
    try:
        if descriptor is not None and (reason := _danger(os.fstat(descriptor))):
            raise UnusableError(f"{path} is not used: {reason}")
        yield Folder(path, descriptor)
    finally:
        if descriptor is not None:
            os.close(descriptor)


def _make(path: Path) -> None:
    """A folder for this user alone; not in another user's home, whose owner could not use it (as under sudo)."""
    if os.path.lexists(path):
        return
    above = next((p for p in path.parents if p.exists()), path).stat()
    if not _is_own(above) and above.st_uid != 0:
        raise OSError(errno.EPERM, "the folder above it belongs to another user")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.mkdir(mode=0o700, exist_ok=True)


def _opened(path: Path) -> int | None:
    if RELATIVE:
        return os.open(path, _LIST)
    if path.is_symlink() or not path.is_dir():
        raise OSError(errno.ENOTDIR, "it is no folder")
    return None


def _name(key: bytes) -> str:
    return f"{key.hex()}.sklon"


def _is_own(status: os.stat_result) -> bool:
    user: Any = getattr(os, "geteuid", lambda: status.st_uid)
    return bool(status.st_uid == user())


def _danger(status: os.stat_result) -> str:
    """Why others may have written what has this status; nothing where they cannot."""
    if not hasattr(os, "geteuid"):
        return ""
    if not _is_own(status):
        return "it belongs to another user"
    return "others may write to it" if status.st_mode & 0o022 else ""
