"""Something that is done no more often than every so many seconds, and surely after the last time it was asked for."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(slots=True)
class Seldom:
    """Call it in the event loop whenever there is something new."""

    seconds: float
    do: Callable[[], None]
    _next: float = field(default=0.0, init=False)
    _waiting: asyncio.TimerHandle | None = field(default=None, init=False)

    def __call__(self) -> None:
        if self._waiting is None:
            loop = asyncio.get_running_loop()
            self._waiting = loop.call_later(max(0.0, self._next - loop.time()), self._now)

    def cancel(self) -> None:
        """What was asked for is not wanted any more."""
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None

    def _now(self) -> None:
        self._waiting = None
        self._next = asyncio.get_running_loop().time() + self.seconds
        self.do()
