"""The place of one experiment on a page: its settings, its run on the server, and what came out."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeAlias

from nicegui import Client, background_tasks, ui

from sklon._base.errors import InputError
from sklon.lab.experiment import Frame
from sklon.lab.recording import Recording
from sklon.lab.running import Result
from sklon.lab.text import Language, Text, number

from . import words
from .aside import aside
from .native import Button, Words
from .outcome import drawn_result
from .shell import html
from .turning import Turned, show_settings

#: a part of a run
Work: TypeAlias = Callable[[Recording], Coroutine[Any, Any, None]]

#: seconds that a run computes before it says how far it is
STRETCH = 0.1
#: values of a frame that are told at the most
MOST_VALUES = 3


class Bench:
    """Runs an experiment as it is set, to its end or frame by frame.

    ``changed`` is called when something was set, ``begun`` before the first frame of a run; ``done`` is given each
    result.
    """

    def __init__(
        self,
        client: Client,
        turned: Turned,
        language: Language,
        *,
        stepping: bool,
        changed: Callable[[], None],
        begun: Callable[[], None],
        done: Callable[[Result], None],
    ) -> None:
        self.turned, self.language = turned, language
        self._changed, self._begun, self._done = changed, begun, done
        self._recording: Recording | None = None
        self._task: asyncio.Task[None] | None = None
        show_settings(turned, language, self._set_anew)
        with ui.element("div").classes("actions"):
            first, second = ("", "first") if stepping else ("first", "")
            self._run = Button(words.RUN.of(language), self.run, first)
            self._step = Button(words.STEP.of(language), self.step, second)
            self._stop = Button(words.STOP.of(language), self.stop)
        self._status = Words("p", words.WAITING.of(language), "status").props("role=status")
        self._status.set_attributes(data_status="idle", data_step="0")
        self._result = html("", kind="result")
        self._show_buttons()
        client.on_disconnect(self._leave)

    def run(self) -> None:
        """Run to the end: from the start, or from where steps have led."""
        self._begin(self._to_the_end)

    def step(self) -> None:
        """Compute one frame more."""
        self._begin(self._one_frame)

    def stop(self) -> None:
        """Give the run up."""
        self._cancel()
        frames = len(self._recording.frames) if self._recording is not None else 0
        self._forget()
        self._tell(words.STOPPED.of(self.language).format(frames=number(frames, self.language)), "idle", frames)

    def _set_anew(self) -> None:
        """What is set has changed: the next run begins anew, and what was found is not about it."""
        self._forget()
        self._result.set_content("")
        self._tell(words.READY.of(self.language), "idle", 0)
        self._changed()

    def _forget(self) -> None:
        self._cancel()
        self._recording = None
        self._show_buttons()

    # ---- the run
    def _begin(self, work: Work) -> None:
        if self._task is not None:
            return
        if self._recording is None:
            turned = self.turned
            self._begun()
            self._recording = Recording(turned.experiment, turned.settings, turned.seed, turned.fault)
            self._result.set_content("")
        self._task = background_tasks.create(self._attempt(work, self._recording), name="experiment")
        self._show_buttons(running=True)

    async def _attempt(self, work: Work, recording: Recording) -> None:
        """Do it; what cannot be done is said."""
        try:
            await work(recording)
        except InputError as error:
            self._task = None
            self._forget()
            self._tell("", "fail", len(recording.frames))
            self._status.explain(error, self.language)

    async def _to_the_end(self, recording: Recording) -> None:
        while await aside(lambda: recording.advance(STRETCH)):
            self._tell_progress(words.WORKING, recording)
        await self._judge(recording)

    async def _one_frame(self, recording: Recording) -> None:
        if await aside(lambda: recording.advance(0.0)):
            self._tell_progress(words.STEPPING, recording)
            self._task = None
            self._show_buttons()
        else:
            await self._judge(recording)

    async def _judge(self, recording: Recording) -> None:
        result = await aside(recording.result)
        drawn = await aside(lambda: drawn_result(result, self.language))
        self._result.set_content(drawn)
        self._tell(verdict(result, self.language), "pass" if result.as_expected else "fail", len(recording.frames))
        self._recording = self._task = None
        self._show_buttons()
        self._done(result)

    def _leave(self) -> None:
        """The page has closed: nothing goes on."""
        if self._task is not None:
            self.stop()

    def _cancel(self) -> None:
        if self._task is not None:
            self._task.cancel()
            self._task = None

    # ---- what is said
    def _tell_progress(self, said: Text, recording: Recording) -> None:
        count = len(recording.frames)
        values = told(recording.frames[-1], self.language)
        sentence = said.of(self.language).format(frames=number(count, self.language), values=values)
        self._tell(sentence, "running", count)

    def _tell(self, sentence: str, status: str, frames: int) -> None:
        self._status.say(sentence)
        self._status.set_attributes(data_status=status, data_step=str(frames))

    def _show_buttons(self, running: bool = False) -> None:
        self._run.enable(not running)
        self._step.enable(not running)
        self._stop.enable(running or self._recording is not None)


def verdict(result: Result, language: Language) -> str:
    """What a run has shown, in a sentence."""
    checks, passed = len(result.checks), sum(check.passed for check in result.checks)
    counts = {"passed": passed, "failed": checks - passed, "checks": checks}
    if result.fault is None:
        return (words.HOLDS if result.passed else words.FAILS).of(language).format(**counts)
    return (words.UNNOTICED if result.passed else words.NOTICED).of(language).format(**counts)


def told(frame: Frame, language: Language) -> str:
    """The first numbers of a frame."""
    numbers = [(name, value) for name, value in frame.items() if _is_number(value)][:MOST_VALUES]
    return "".join(f", {name} = {number(float(value), language)}" for name, value in numbers)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
