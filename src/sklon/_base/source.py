"""The line of the user's code that asked for something: the innermost frame outside this package."""

from __future__ import annotations

import sys
from functools import cache
from pathlib import Path

_PACKAGE = str(Path(__file__).resolve().parent.parent)


@cache
def _shown(filename: str) -> str:
    """The name under which a file is shown; empty for files of this package."""
    return "" if filename.startswith(_PACKAGE) else Path(filename).name


def user_line() -> str:
    """``file.py:12`` of the innermost caller outside sklon, or an empty string."""
    frame = sys._getframe(1)
    while frame is not None:
        name = _shown(frame.f_code.co_filename)
        if name:
            return f"{name}:{frame.f_lineno}"
        frame = frame.f_back  # type: ignore[assignment]
    return ""
