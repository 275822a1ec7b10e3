"""Where recorded nodes come from: the line of the user's code that asked for them, and the layer that made them.

The line is that of the innermost frame outside this package. The layer is known only where a recording names places.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from pathlib import Path
from types import FrameType

_PACKAGE = str(Path(__file__).resolve().parent.parent)
#: between the line and the place in the source of a node
_MARK = " · "
#: the places that a recording is in, the innermost last
_places: ContextVar[list[str] | None] = ContextVar("places", default=None)


@cache
def _shown(filename: str) -> str:
    """The name under which a file is shown; empty for files of this package."""
    return "" if filename.startswith(_PACKAGE) else Path(filename).name


def user_line() -> str:
    """``file.py:12`` of the innermost caller outside sklon, or an empty string."""
    frame = user_frame()
    return "" if frame is None else f"{_shown(frame.f_code.co_filename)}:{frame.f_lineno}"


def user_frame() -> FrameType | None:
    """The frame of the innermost caller outside sklon."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and not _shown(frame.f_code.co_filename):
        frame = frame.f_back
    return frame


def source_line() -> str:
    """What a node is stamped with: the user's line and, where a recording names places, the innermost one."""
    places = _places.get()
    return user_line() if places is None else f"{user_line()}{_MARK}{places[-1]}"


def line_and_place(source: str) -> tuple[str, str | None]:
    """The two parts of a stamp; None for a node that was recorded in no place.

    >>> line_and_place("model.py:12 · head.2"), line_and_place("model.py:12")
    (('model.py:12', 'head.2'), ('model.py:12', None))
    """
    line, mark, place = source.partition(_MARK)
    return line, place if mark else None


@contextmanager
def naming_places(outermost: str) -> Iterator[list[str]]:
    """Name the places of what is recorded inside: a stack whose top is the innermost one."""
    places = [outermost]
    token = _places.set(places)
    try:
        yield places
    finally:
        _places.reset(token)
