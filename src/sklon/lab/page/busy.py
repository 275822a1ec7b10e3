"""Whether something is under way that takes longer than a moment, so that a page can say so.

What is over sooner is not mentioned: a sign that flickers says less than none.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

#: seconds below which nobody wonders: an effect within them seems immediate
PATIENCE = 0.1


@dataclass(slots=True)
class Busy:
    """Counts what is under way in the event loop: a context manager, as often as one likes at the same time.

    ``say`` is told True when anything has been under way for :data:`PATIENCE`, and False when all of it is over.
    """

    say: Callable[[bool], None]
    _count: int = field(default=0, init=False)
    _held: bool = field(default=False, init=False)
    _said: bool = field(default=False, init=False)
    _waiting: asyncio.TimerHandle | None = field(default=None, init=False)

    def __enter__(self) -> None:
        self._count += 1
        if self._waiting is None and not self._said:
            self._waiting = asyncio.get_running_loop().call_later(PATIENCE, self._tell)

    def __exit__(self, *_: object) -> None:
        self._count -= 1
        if self._count:
            return
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None
        if self._said:
            self._said = False
            self.say(False)

    def hold(self, busy: bool) -> None:
        """The same for something that one sees from time to time: whether it is under way now."""
        if busy != self._held:
            self._held = busy
            if busy:
                self.__enter__()
            else:
                self.__exit__()

    def _tell(self) -> None:
        self._waiting, self._said = None, True
        self.say(True)
