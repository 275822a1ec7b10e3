"""Frames on their way to the browser: their bytes, and the rule that a slow reader gets fewer of them.

::

    bytes   0 element   4 step   8 epoch (float32)   12 planes   14 height   16 width   18 numbers   20 settings
    then    numbers × float32, planes × height × width × uint8; everything little-endian

``settings`` is a digest of what was set when that was computed.
Points of a curve have no planes: there the epoch's place holds the number of their run.

A stream sends while it has a credit; each acknowledgement gives one back. What comes while there is none waits in one
slot, where the newest takes the place of the one before: no queue ever grows.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeAlias

import numpy as np

Planes: TypeAlias = np.ndarray[Any, np.dtype[np.uint8]]
#: makes the bytes of a frame when it is its turn; None if there is nothing to send
Make: TypeAlias = Callable[[], bytes | None]
#: sends bytes, and calls back when they were drawn
Sender: TypeAlias = Callable[[bytes, Callable[[], None]], None]

HEADER = struct.Struct("<IIfHHHHI")
#: frames that may be on their way at once: one is drawn while the next one travels
CREDITS = 2


def encoded(
    element: int,
    step: int,
    epoch: float = 0.0,
    *,
    numbers: Sequence[float] = (),
    planes: Planes | None = None,
    settings: int = 0,
) -> bytes:
    """One frame. ``planes`` is [planes, height, width] or [height, width].

    >>> len(encoded(7, 100, planes=np.zeros((64, 64), np.uint8)))
    4120
    """
    count, height, width = (0, 0, 0) if planes is None else planes.reshape(-1, *planes.shape[-2:]).shape
    head = HEADER.pack(element, step, epoch, count, height, width, len(numbers), settings)
    return head + np.asarray(numbers, "<f4").tobytes() + (b"" if planes is None else planes.tobytes())


@dataclass(slots=True)
class Stream:
    """Frames of one element to one browser."""

    send: Sender
    credits: int = CREDITS
    waiting: Make | None = field(default=None, init=False)
    sent: int = field(default=0, init=False)
    dropped: int = field(default=0, init=False)
    connection: int = field(default=0, init=False)

    def offer(self, make: Make) -> None:
        """Send what ``make`` makes, now or when a credit comes back, unless something newer takes its place."""
        self.dropped += self.waiting is not None
        self.waiting = make
        self._go_on()

    def restart(self) -> None:
        """The browser has gone or is new: what was on its way will not be acknowledged."""
        self.connection += 1
        self.credits = CREDITS
        self.waiting = None

    def _go_on(self) -> None:
        if self.waiting is None or self.credits == 0:
            return
        make, self.waiting = self.waiting, None
        data = make()
        if data is None:
            return
        self.credits -= 1
        self.sent += 1
        self.send(data, partial(self._drawn, self.connection))

    def _drawn(self, connection: int) -> None:
        if connection == self.connection:
            self.credits += 1
            self._go_on()
