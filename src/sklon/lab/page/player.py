"""What lets a session run while a page looks on: one task for each page, which ends with it.

A session is asked for one frame after another, in a thread beside the event loop, some thirty times a second while a
browser listens; in step mode, or when it pauses, only when someone asks. What was turned is shown at once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from time import monotonic
from typing import Protocol

from nicegui import Client, background_tasks

from .aside import aside
from .frames import Planes

#: seconds from one frame to the next
FRAME = 1 / 30


class Shown(Protocol):
    """What a session shows at one moment; ``boundary`` is uint8 [height, width], the top row first."""

    @property
    def step(self) -> int: ...
    @property
    def epoch(self) -> float: ...
    @property
    def losses(self) -> Mapping[str, float]: ...
    @property
    def boundary(self) -> Planes: ...


class Session(Protocol):
    """Something that trains."""

    def frame(self) -> Shown:
        """Train a little, and show where it stands."""
        ...


@dataclass(slots=True)
class Player:
    """Plays ``session`` to ``show``, by itself or step by step."""

    session: Session
    show: Callable[[Shown], None]
    playing: bool = True
    _task: asyncio.Task[None] | None = field(default=None, init=False)
    _asked: asyncio.Event = field(default_factory=asyncio.Event, init=False)

    def follow(self, client: Client) -> None:
        """Work exactly while the browser of a client listens."""
        client.on_connect(self.start)
        client.on_disconnect(self.stop)

    def start(self) -> None:
        """Begin with a frame, whether it plays or not."""
        self.stop()
        self._asked.set()
        self._task = background_tasks.create(self._play(), name="player")

    def stop(self) -> None:
        """Ask for no further frame."""
        if self._task is not None:
            self._task.cancel()
            self._task = None

    def step(self) -> None:
        """Pause, and show one frame more."""
        self.playing = False
        self.wake()

    def play(self, playing: bool) -> None:
        """Go on by itself, or pause."""
        self.playing = playing
        if playing:
            self.wake()

    def wake(self) -> None:
        """Something was turned: show its effect now."""
        self._asked.set()

    async def _play(self) -> None:
        while True:
            await self._asked.wait()
            self._asked.clear()
            began = monotonic()
            self.show(await aside(self.session.frame))
            if self.playing:
                await self._pause(FRAME - (monotonic() - began))
                self._asked.set()

    async def _pause(self, seconds: float) -> None:
        """Wait, but no longer than until someone asks."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._asked.wait(), max(0.0, seconds))
