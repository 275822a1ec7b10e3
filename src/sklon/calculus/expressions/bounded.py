"""A limit of time for SymPy, which can run for ever.

The work runs in a thread of its own. When time is up, an exception is raised *in that thread* between two
instructions of Python, again until it has ended, and the caller gets an UndecidedError. A thread rather than a
signal: signals exist in the main thread only, and not on Windows. A thread rather than a process: a process would
take a second to import SymPy, and formulas would have to be pickled. Rather in the worker than in the caller: an
exception that comes too late then meets nobody. What cannot be interrupted is one operation on whole numbers, which
is why the reader limits them. A fact that SymPy was about to deduce stays unknown to it, never wrong.
"""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from sklon._base.errors import UndecidedError

T = TypeVar("T")
#: seconds between two exceptions into a thread that caught the one before
AGAIN = 0.05


class _TimeIsUp(BaseException):
    """Raised in the thread that shall end; no Exception, so that what catches all of those lets it pass."""


@dataclass(slots=True)
class _Work(Generic[T]):
    run: Callable[[], T]
    results: list[T] = field(default_factory=list)
    error: BaseException | None = None

    def __call__(self) -> None:
        try:
            self.results.append(self.run())
        except BaseException as error:
            self.error = error


def bounded(seconds: float, work: Callable[[], T]) -> T:
    """The result of ``work``, or UndecidedError where it takes longer than ``seconds`` or goes too deep.

    Works in any thread, and leaves none behind. Other errors of ``work`` come through.

    >>> bounded(5, lambda: 6 * 7)
    42
    """
    job = _Work(work)
    thread = threading.Thread(target=job, name="sklon-bounded", daemon=True)
    thread.start()
    try:
        thread.join(seconds)
    finally:
        late = _end(thread)
    if job.results:
        return job.results[0]
    if late or isinstance(job.error, _TimeIsUp):
        raise UndecidedError(f"not decided within {seconds:g} seconds; give more time, or ask for numbers instead")
    if isinstance(job.error, RecursionError):
        raise UndecidedError("not decided: the formula is too deep for SymPy; ask for numbers instead")
    assert job.error is not None
    raise job.error


def _end(thread: threading.Thread) -> bool:
    """End a thread; whether it was still running."""
    late = thread.is_alive()
    while thread.is_alive():
        ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread.ident or 0), ctypes.py_object(_TimeIsUp))
        thread.join(AGAIN)
    return late
