"""What lets a session run while a page looks on: one task for each page, which ends when nobody looks.

The page looks at the session's newest moment some thirty times a second while a browser listens, in a thread beside the
event loop; at a session that pauses only when someone asks. What was turned is shown at once. What fails is told.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from time import monotonic
from typing import Generic, Protocol, TypeVar

from nicegui import background_tasks

from .aside import aside
from .busy import Busy

#: seconds from one look to the next
FRAME = 1 / 30

Moment = TypeVar("Moment", covariant=True)
Seen = TypeVar("Seen")
View = TypeVar("View")


class Session(Protocol[Moment]):
    """Something that trains, by itself or step by step; a moment is a value that never changes."""

    def play(self) -> None: ...
    def pause(self) -> Moment: ...
    def step(self) -> Moment: ...
    def restart(self) -> Moment: ...
    def frame(self) -> Moment:
        """The newest moment."""
        ...

    def close(self) -> None: ...


@dataclass(slots=True)
class Player(Generic[Seen, View]):
    """Shows a session: ``view`` makes of a moment what is to be shown, beside the event loop; ``show`` shows it.

    ``busy`` hears of all that is under way. ``waits`` says whether the session that plays waits for something.
    ``tell`` is told what failed, and None when that is over.
    """

    session: Session[Seen]
    view: Callable[[Seen], View]
    show: Callable[[View], None]
    playing: bool = True
    busy: Busy = field(default_factory=lambda: Busy(lambda _: None))
    waits: Callable[[], bool] = lambda: False
    tell: Callable[[Exception | None], None] = lambda _: None
    _task: asyncio.Task[None] | None = field(default=None, init=False)
    _asked: asyncio.Event = field(default_factory=asyncio.Event, init=False)
    _seen: Seen | None = field(default=None, init=False)
    _failed: bool = field(default=False, init=False)  # the last look
    _to_resume: bool = field(default=False, init=False)  # it played when it failed

    def start(self) -> None:
        """Show where the session stands, and let it go on if it is to play: a browser looks."""
        if self._task is not None:
            self._task.cancel()
        self._seen = None
        if self.playing:
            self.session.play()
        self._task = background_tasks.create(self._look_on(), name="player")

    def stop(self) -> asyncio.Task[None]:
        """Look no more, and let nothing go on: that is so when the task is done."""
        if self._task is not None:
            self._task.cancel()
            self._task = None
            self.busy.hold(False)
        return self.beside(self.session.pause)

    def play(self, playing: bool) -> None:
        """Let the session go on by itself, or pause it."""
        self.playing, self._to_resume = playing, False
        if playing:
            self.session.play()
            self.wake()
        else:
            self.beside(self.session.pause)

    def step(self) -> None:
        """Pause, and take one step."""
        self.playing = self._to_resume = False
        self.beside(self.session.step)

    def restart(self) -> None:
        """Begin anew; what played until it failed plays again."""

        async def do() -> None:
            self.tell(None)
            with self.telling(), self.busy:
                await aside(self.session.restart)
                if self.playing or self._to_resume:
                    self.play(True)
                self.tell(None)
            self.wake()

        background_tasks.create(do(), name="player")

    def wake(self) -> None:
        """Something was turned: show its effect now."""
        self._asked.set()

    def beside(self, work: Callable[[], object]) -> asyncio.Task[None]:
        """Do something to the session beside the event loop, and show its effect."""

        async def do() -> None:
            self.tell(None)
            with self.telling(), self.busy:
                await aside(work)
            self.wake()

        return background_tasks.create(do(), name="player")

    @contextmanager
    def telling(self) -> Iterator[None]:
        """Whatever fails within is told, and goes no further."""
        try:
            yield
        except Exception as error:
            self._stand_still(error)

    async def _look_on(self) -> None:
        while True:
            self._asked.clear()
            began = monotonic()
            try:
                await self._look_once()
            except Exception as error:
                await self._give_up(error)
            if not self.playing:
                await self._asked.wait()
                continue
            with suppress(TimeoutError):
                await asyncio.wait_for(self._asked.wait(), max(0.0, FRAME - (monotonic() - began)))

    async def _look_once(self) -> None:
        """Show the newest moment, and that what failed is over."""
        with self.busy:
            moment, seen = await aside(self._look)
        self._seen = moment  # here, where whoever was stopped does not come any more
        for view in seen:
            self.show(view)
        self.busy.hold(self.playing and self.waits())
        if self._failed:
            self._failed = False
            self.tell(None)

    async def _give_up(self, error: Exception) -> None:
        """Pause, and wait until somebody asks for something."""
        again, self._failed = self._failed and not self.playing, True
        self.busy.hold(False)
        self._stand_still(error)
        if again:  # it has been paused, and may be about to begin anew
            return
        with suppress(Exception):  # it has been told what has failed
            await aside(self.session.pause)

    def _stand_still(self, error: Exception) -> None:
        self.playing, self._to_resume = False, self.playing or self._to_resume
        self.tell(error)

    def _look(self) -> tuple[Seen, tuple[View, ...]]:
        """The newest moment, and what is to be shown of it; nothing if it was shown before."""
        moment = self.session.frame()
        return moment, () if moment is self._seen else (self.view(moment),)
