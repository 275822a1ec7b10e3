"""Which folder holds the cache: the system's place for a user's caches, or what ``SKLON_CACHE`` says.

::

    Linux and others   $XDG_CACHE_HOME/sklon, or ~/.cache/sklon
    macOS              ~/Library/Caches/sklon
    Windows            %LOCALAPPDATA%\\sklon\\cache
    SKLON_CACHE=DIR    DIR
    SKLON_CACHE=off    none
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

VARIABLE = "SKLON_CACHE"
OFF = "off"


def chosen() -> Path | None:
    """The folder, which need not exist; None where the cache is off or the user has no home."""
    told = os.environ.get(VARIABLE, "")
    if told.lower() == OFF:
        return None
    try:
        return Path(told).expanduser().absolute() if told else _usual()
    except RuntimeError:  # there is no home
        return None


def _usual() -> Path | None:
    if sys.platform == "win32":
        local = os.environ.get("LOCALAPPDATA")
        return Path(local, "sklon", "cache") if local else None
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "sklon"
    told = Path(os.environ.get("XDG_CACHE_HOME", ""))  # a relative one is to be ignored, says its specification
    return (told if told.is_absolute() else Path.home() / ".cache") / "sklon"
