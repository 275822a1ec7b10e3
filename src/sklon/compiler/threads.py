"""A pool of threads that enter native code together. They wait between calls and die with the process."""

from __future__ import annotations

import os
import queue
import threading
from collections.abc import Callable

from sklon._base.locks import Lock

Work = Callable[[int], None]


class _Worker:
    """One waiting thread."""

    def __init__(self) -> None:
        self.inbox: queue.SimpleQueue[tuple[Work, int, queue.SimpleQueue[BaseException | None]]] = queue.SimpleQueue()
        threading.Thread(target=self._serve, daemon=True, name="sklon").start()

    def _serve(self) -> None:
        while True:
            work, number, done = self.inbox.get()
            try:
                work(number)
                done.put(None)
            except BaseException as error:  # handed to the caller, who raises it
                done.put(error)


_idle: list[_Worker] = []
_lock = Lock()


def _forget() -> None:
    """A forked child has none of its parent's threads."""
    _idle.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)


def together(work: Work, threads: int) -> None:
    """Run ``work(0)`` to ``work(threads - 1)`` at the same time, the first one in the calling thread."""
    with _lock:
        helpers = [_idle.pop() if _idle else _Worker() for _ in range(threads - 1)]
    done: queue.SimpleQueue[BaseException | None] = queue.SimpleQueue()
    for number, helper in enumerate(helpers, start=1):
        helper.inbox.put((work, number, done))
    try:
        work(0)
    finally:
        errors = [done.get() for _ in helpers]
        with _lock:
            _idle.extend(helpers)
    for error in errors:
        if error is not None:
            raise error
