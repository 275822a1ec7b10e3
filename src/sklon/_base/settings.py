"""Settings of the process: how many threads a program may use.

The number never changes a result (DESIGN §4.8), only how long it takes.
"""

from __future__ import annotations

import os
from dataclasses import dataclass

from .errors import InputError


@dataclass(slots=True)
class _Settings:
    threads: int | None = None


_settings = _Settings()


def available_cores() -> int:
    """The cores that this process may use: its affinity, where the system tells it."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def set_num_threads(threads: int | None) -> None:
    """Bound the threads of compiled programs; ``None`` means all cores that the process may use.

    >>> set_num_threads(1); get_num_threads()
    1
    >>> set_num_threads(None)
    """
    if threads is not None and threads < 1:
        raise InputError(f"the number of threads must be at least 1, not {threads}")
    _settings.threads = threads


def get_num_threads() -> int:
    """The bound in force."""
    return _settings.threads or available_cores()
