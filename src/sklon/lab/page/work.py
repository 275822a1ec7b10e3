"""What a page does when a button is pressed: one piece of work at a time, given up when its reader has left."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from nicegui import Client, background_tasks

from sklon._base.errors import InputError


class Work:
    """One piece of work at a time for one reader; ``failed`` is told what could not be done."""

    def __init__(self, client: Client, failed: Callable[[InputError], object]) -> None:
        self._failed = failed
        self._task: asyncio.Task[None] | None = None
        client.on_delete(self.cancel)

    def begin(self, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Do it, unless something is being done."""
        if self._task is None:
            self._task = background_tasks.create(self._attempt(work), name="work")

    def cancel(self) -> None:
        """Give up what is being done."""
        if self._task is not None:
            self._task.cancel()

    async def _attempt(self, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        try:
            await work()
        except InputError as error:
            self._failed(error)
        finally:
            self._task = None
