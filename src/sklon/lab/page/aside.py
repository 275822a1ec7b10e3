"""Work beside the event loop, in threads that never keep the program alive.

The default executor would be waited for when the server ends; a step of an experiment may take a second.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from threading import Thread
from typing import TypeVar

Result = TypeVar("Result")


async def aside(work: Callable[[], Result]) -> Result:
    """What ``work()`` gives, computed in a thread of its own. A caller that is cancelled leaves its result behind."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[Result] = loop.create_future()

    def settle(result: Result | None, error: BaseException | None) -> None:
        if future.done():
            return
        if error is not None:
            future.set_exception(error)
        else:
            future.set_result(result)  # type: ignore[arg-type]

    def run() -> None:
        try:
            result, error = work(), None
        except Exception as raised:
            result, error = None, raised
        with suppress(RuntimeError):  # the server has ended, and nobody waits
            loop.call_soon_threadsafe(settle, result, error)

    Thread(target=run, daemon=True, name="sklon-lab").start()
    return await future
