"""A thread that makes what somebody will need, beside whoever works meanwhile: the newest thing only.

What is asked for while something is being made takes the place of what waited; so a burst of wishes costs two makings.
"""

from __future__ import annotations

from collections.abc import Callable
from threading import Thread

from sklon._base.locks import Lock


class Maker:
    """Makes what it was asked for last; ``made`` is called after each making, from the thread that made."""

    def __init__(self, made: Callable[[], None]) -> None:
        self._made = made
        self._turn = Lock()
        self._wanted: Callable[[], object] | None = None
        self._busy = False

    def ask(self, make: Callable[[], object]) -> None:
        """Make this next; it raises nothing."""
        with self._turn:
            self._wanted = make
            if self._busy:
                return
            self._busy = True
        Thread(target=self._work, name="sklon maker", daemon=True).start()

    def _work(self) -> None:
        while (make := self._next()) is not None:
            make()
            self._made()

    def _next(self) -> Callable[[], object] | None:
        with self._turn:
            make, self._wanted = self._wanted, None
            self._busy = make is not None
            return make
