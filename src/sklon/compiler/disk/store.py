"""Finding and keeping entries, and counting and removing them.

The first two never fail: what cannot be read is not there, and what cannot be kept is not kept.
"""

from __future__ import annotations

import functools
import os
import sys
from pathlib import Path

from .entry import Entry, packed, unpacked
from .folder import File, UnusableError, opened

#: why there is no folder
OFF = "SKLON_CACHE is off, or this user has no home"


def find(place: Path, key: bytes) -> Entry | None:
    """The entry of this key in the folder at ``place``; None where there is none that may be trusted."""
    try:
        with opened(place) as folder:
            data = folder.read(key)
    except UnusableError:  # not even there, or ``keep`` will say what is wrong
        return None
    return None if data is None else unpacked(key, data)


def keep(place: Path, key: bytes, entry: Entry) -> None:
    """Write an entry to the folder at ``place``, which is made if it is not there."""
    try:
        with opened(place, create=True) as folder:
            folder.write(key, packed(key, entry))
    except UnusableError as error:
        _tell(str(error))
    except OSError as error:
        _tell(f"{place} cannot be written: {error.strerror or error}")


def contents(place: Path) -> list[File]:
    """The entries in the folder at ``place``, which need not be there; UnusableError if it is not used."""
    if not os.path.lexists(place):
        return []
    with opened(place) as folder:
        return folder.entries()


def empty(place: Path) -> list[File]:
    """Remove the entries from the folder at ``place``, and nothing else; UnusableError if it is not used."""
    if not os.path.lexists(place):
        return []
    with opened(place) as folder:
        return folder.clear()


@functools.cache
def _tell(why: str) -> None:
    """Say once why programs are not kept, to who looks for faults only: a missing cache changes no result."""
    if os.environ.get("SKLON_DEBUG") == "1":
        print(f"compiled programs are not kept on disk: {why}", file=sys.stderr)
