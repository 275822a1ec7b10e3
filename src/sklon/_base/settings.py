"""Settings of the process: how many threads a program may use.

The number never changes a result (DESIGN §4.8), only how long it takes.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from .cores import available_cores
from .errors import InputError

#: the bound that a user gives to sklon alone, and the one that others keep to as well
OWN_VARIABLE, COMMON_VARIABLE = "SKLON_NUM_THREADS", "OMP_NUM_THREADS"


@dataclass(slots=True)
class _Settings:
    threads: int | None = None


_settings = _Settings()
_here = threading.local()


def set_num_threads(threads: int | None) -> None:
    """Bound the threads of compiled programs; ``None`` means what the environment allows.

    That is all cores that the process may use (by its affinity and the quota of its control group), or fewer if
    ``SKLON_NUM_THREADS`` says so, or, where that is not set, ``OMP_NUM_THREADS``. How many of them a program uses
    depends on its work.

    >>> set_num_threads(1); get_num_threads()
    1
    >>> set_num_threads(None)
    """
    if threads is not None and threads < 1:
        raise InputError(f"the number of threads must be at least 1, not {threads}")
    _settings.threads = threads


def get_num_threads() -> int:
    """The bound in force."""
    own: Callable[[], int] | None = getattr(_here, "threads", None)
    return _of_process() if own is None else max(1, min(own(), _of_process()))


@contextmanager
def own_num_threads(threads: Callable[[], int]) -> Iterator[None]:
    """Another bound for this Python thread alone, asked for whenever a program begins."""
    before = getattr(_here, "threads", None)
    _here.threads = threads
    try:
        yield
    finally:
        _here.threads = before


def _of_process() -> int:
    if _settings.threads is not None:
        return _settings.threads
    asked = _of_environment()
    return available_cores() if asked is None else min(asked, available_cores())


@contextmanager
def num_threads(threads: int | None) -> Iterator[None]:
    """The bound on threads inside the block; ``None`` leaves the one in force."""
    before = _settings.threads
    if threads is not None:
        set_num_threads(threads)
    try:
        yield
    finally:
        _settings.threads = before


def _of_environment() -> int | None:
    """What the environment asks for. OpenMP's variable may list a number for each level: the first one counts."""
    own = os.environ.get(OWN_VARIABLE)
    if own is not None:
        if not own.strip().isdecimal() or int(own) < 1:
            raise InputError(f"{OWN_VARIABLE} must be a whole number of threads from 1 on, not {own!r}")
        return int(own)
    common = os.environ.get(COMMON_VARIABLE, "").split(",")[0].strip()
    return int(common) if common.isdecimal() and int(common) >= 1 else None
