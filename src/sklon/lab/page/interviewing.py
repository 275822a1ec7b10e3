"""An interview: one item after the other against the clock; what was right is said at the end."""

from __future__ import annotations

import time
from datetime import datetime
from html import escape

from nicegui import Client, ui

from sklon._base.errors import InputError
from sklon.lab import parts
from sklon.lab.catalogue import find
from sklon.lab.learning import (
    Given,
    Interview,
    Marked,
    Planned,
    askable,
    draw,
    interview_of,
    keep,
    memories,
    progress_file,
    telling,
)
from sklon.lab.learning.words import KINDS, LATE
from sklon.lab.text import Language, Text, number

from . import learner_words as words
from .aside import aside
from .asking import Marking, line, show_task
from .native import Button, Words
from .putting import posed, show_prompt
from .shell import address, html
from .telling import listed
from .work import Work

#: seconds from one look at the clock to the next
TICK = 1.0


class Interviewing:
    """One interview of up to ``count`` items."""

    def __init__(self, client: Client, language: Language, count: int, seed: int) -> None:
        self.language, self.count, self._seed = language, count, seed
        self._work = Work(client, self._fail)
        self._planned: tuple[Planned, ...] = ()
        self._given: list[Given] = []
        self._asked_at: float | None = None
        self._began = datetime.now().astimezone()
        html(escape(words.INTERVIEW_LEAD.of(language).format(count=count)), "p", "lead-in")
        self._clock = Words("p", "", "clock").props("role=timer")
        self._place = ui.element("section").classes("task")
        self._status = Words("p", "", "status").props("role=status")
        ui.timer(TICK, self._tick)
        with self._place, ui.element("div").classes("actions"):
            Button(words.BEGIN.of(language), lambda: self._work.begin(self._begin), "first")
            html(f'<a href="{address(language, "practice")}">{words.BACK.of(language)}</a>', "span")

    def _fail(self, error: InputError) -> None:
        self._status.explain(error, self.language)
        self._status.set_attributes(data_status="fail")

    def _say_running(self, said: Text | None) -> None:
        self._status.say("" if said is None else said.of(self.language))

    def _tick(self) -> None:
        """Say how much time is left; nothing ends by itself."""
        if self._asked_at is None or len(self._given) >= len(self._planned):
            self._clock.say("")
            return
        left = round(self._planned[len(self._given)].seconds - (time.monotonic() - self._asked_at))
        said = (words.LEFT if left >= 0 else words.OVER).of(self.language).format(seconds=abs(left))
        position = words.POSITION.of(self.language).format(position=len(self._given) + 1, count=len(self._planned))
        self._clock.say(f"{position} · {said}")
        self._clock.set_attributes(data_late="" if left < 0 else None)

    # ---- from one item to the next
    async def _begin(self) -> None:
        self._began = datetime.now().astimezone()
        self._planned = await aside(lambda: _drawn_items(self.count, self._seed, self._began))
        await self._ask()

    async def _ask(self) -> None:
        planned = self._planned[len(self._given)]
        self._say_running(telling.while_posed(planned.item))
        task, picture = await posed(planned.item, self._seed + len(self._given), self.language)
        self._status.say("")
        self._place.clear()
        with self._place:
            show_prompt(planned.item, task, self.language)
            show_task(task, self.language, self._answer, picture)
            with ui.element("div").classes("actions end"):
                Button(words.END.of(self.language), lambda: self._work.begin(self._end))
        self._asked_at = time.monotonic()
        self._tick()

    def _answer(self, marking: Marking) -> None:
        seconds = time.monotonic() - (self._asked_at or time.monotonic())
        self._work.begin(lambda: self._mark(marking, seconds))

    async def _mark(self, marking: Marking, seconds: float) -> None:
        planned, self._asked_at = self._planned[len(self._given)], None
        self._say_running(telling.while_marked(planned.item))
        marked = await aside(lambda: _kept(marking))
        self._given.append(Given(planned=planned, marked=marked, seconds=seconds))
        await (self._ask() if len(self._given) < len(self._planned) else self._end())

    async def _end(self) -> None:
        self._asked_at = None
        held = interview_of(self._began, self._given)
        if self._given:
            await aside(lambda: progress_file().add(interviews=[held]))
        self._clock.say("")
        self._status.say("")
        self._place.clear()
        with self._place:
            html(result(self._given, held, self.language), kind="interview")
            back = f'<a href="{address(self.language, "practice")}">{words.BACK.of(self.language)}</a>'
            html(back, "p")


def result(given: list[Given], held: Interview, language: Language) -> str:
    """What came of an interview: the share, and a line for each answer."""
    if not given:
        return f"<h2>{words.NOT_ANSWERED.of(language)}</h2>"
    share = words.RESULT.of(language).format(share=number(round(100 * held.share), language))
    answers = "".join(f"<li>{_answer(one, language)}</li>" for one in given)
    return f"<h2 data-answers='{len(given)}'>{escape(share)}</h2><ol class='given'>{answers}</ol>"


def _answer(given: Given, language: Language) -> str:
    question = find(given.planned.item.question)[0]
    kind, marked = KINDS[type(given.planned.item)].of(language), given.marked
    took, share = telling.took(given).of(language), telling.share(marked.grade.share).of(language)
    late = f", <span class='fails'>{LATE.of(language)}</span>" if given.late else ""
    title = parts.inline(question.answers[language].title)
    return (
        f'<p><a href="{address(language, question.slug)}">{question.number} · {title}</a></p>'
        f'<p class="caption">{escape(kind)} · <b>{share}</b> · {took}{late}</p>{_missed(marked, language)}'
    )


def _missed(marked: Marked, language: Language) -> str:
    """What was missed: points, the right option, or what was asked with what is true."""
    said = telling.told(marked)
    if said.heading is not None:
        return listed(said.heading, said.missed, language)
    return "".join(f"<p>{line(text, language)}</p>" for text in telling.missed(marked))


def _drawn_items(count: int, seed: int, now: datetime) -> tuple[Planned, ...]:
    known = memories(progress_file().read().reviews)
    return draw(askable(known), known, now, count=count, seed=seed)


def _kept(marking: Marking) -> Marked:
    """The mark, kept at once."""
    marked = marking()
    keep(marked, datetime.now().astimezone(), progress_file())
    return marked
