"""Ctrl-C while native code runs: it is noted at once and raised when all threads have come back.

Raised in between, it could leave threads at a barrier that nobody else reaches, or free memory in use.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

#: of each thread: whether it holds interrupts back, and the events by which it is told of one
_here = threading.local()


class ToldInterrupt(KeyboardInterrupt):
    """An interrupt in a thread that works for another one, to which it came."""


@contextmanager
def deferred_interrupts() -> Iterator[None]:
    """Hold SIGINT back inside, and deliver it after; of blocks within blocks, after the outermost one.

    Other threads than the main one never get it; those that work for one that waits are told by events.
    """
    if getattr(_here, "holds", False):
        yield
        return
    _here.holds = True
    try:
        if threading.current_thread() is threading.main_thread():
            with _signals_noted():
                yield
        else:
            yield
    finally:
        _here.holds = False
    _raise_if_told()


@contextmanager
def _signals_noted() -> Iterator[None]:
    noted: list[tuple[int, FrameType | None]] = []
    before = signal.signal(signal.SIGINT, lambda number, frame: noted.append((number, frame)))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
        if noted and callable(before):
            before(*noted[0])


@contextmanager
def told_by(*events: threading.Event) -> Iterator[None]:
    """In this thread, raise ToldInterrupt once after native code if one of the events is set."""
    _here.events = events
    try:
        yield
    finally:
        _here.events = ()


def told_here() -> tuple[threading.Event, ...]:
    """The events by which this thread is told; threads that work for it are to be told by them as well."""
    found: tuple[threading.Event, ...] = getattr(_here, "events", ())
    return found


def _raise_if_told() -> None:
    if any(event.is_set() for event in told_here()):
        _here.events = ()
        raise ToldInterrupt
