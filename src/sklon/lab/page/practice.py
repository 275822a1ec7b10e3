"""The page on which one tests oneself: what is due, then new items; each answer is kept and comes again."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import datetime
from html import escape

from nicegui import Client, ui

from sklon._base.errors import InputError
from sklon.lab.catalogue import find
from sklon.lab.learning import (
    NEW_A_DAY,
    Item,
    Kept,
    Marked,
    Standing,
    keep,
    plan,
    progress_file,
    standing,
    telling,
)
from sklon.lab.text import Language, Text

from . import learner_words as words
from .aside import aside
from .asking import Marking, show_task
from .interviewing import Interviewing
from .native import Button, Words
from .outcome import drawn_result
from .putting import posed, show_prompt
from .shell import address, html, shell
from .telling import to_question, told
from .transfer import show_transfer
from .words import PRACTICE
from .work import Work

#: items of an interview at the most
MOST_ITEMS = 20
#: what the page proposes
INTERVIEWS = (6, 12)
LARGEST_SEED = 2**32 - 1


def show_practice(client: Client, language: Language, query: Mapping[str, str]) -> None:
    """Practice, or with ``?interview=N`` an interview; ``seed`` draws the same numbers again."""
    count, seed = whole(query.get("interview"), 1, MOST_ITEMS), whole(query.get("seed"), 0, LARGEST_SEED)
    kept = {k: str(v) for k, v in (("interview", count), ("seed", seed)) if v is not None}
    title = (PRACTICE if count is None else words.INTERVIEW).of(language)
    chosen = secrets.randbits(32) if seed is None else seed
    with shell(client, language, "practice", title, kept):
        html(title, "h1")
        if count is None:
            Practice(client, language, chosen)
        else:
            Interviewing(client, language, count, chosen)


def whole(text: str | None, low: int, high: int) -> int | None:
    """A whole number within bounds, or None.

    >>> whole("6", 1, 20), whole("999", 1, 20), whole("six", 1, 20)
    (6, None, None)
    """
    if text is None or not (text.isascii() and text.isdecimal()) or len(text) > len(str(high)):
        return None
    return int(text) if low <= int(text) <= high else None


class Practice:
    """One learner before the agenda of now."""

    def __init__(self, client: Client, language: Language, seed: int) -> None:
        self.language, self._seed, self._pace = language, seed, NEW_A_DAY
        self._work = Work(client, self._fail)
        html(escape(words.PRACTICE_LEAD.of(language)), "p", "lead-in")
        self._standing = html("", kind="standing")
        self._place = ui.element("section").classes("task")
        self._status = Words("p", words.READING.of(language), "status").props("role=status")
        show_interviews(language)
        show_transfer(language, self.go_on)
        client.on_connect(self._start)
        self._started = self._asking = False

    def go_on(self) -> None:
        """Ask the next item, or say that there is none."""
        self._work.begin(self._ask)

    def _start(self) -> None:
        if not self._started:
            self._started = True
            self.go_on()

    def _more(self, begun: int) -> None:
        """More new items than the ones that were begun today."""
        self._pace = begun + NEW_A_DAY
        self.go_on()

    def _fail(self, error: InputError) -> None:
        self._tell("", "fail")
        if self._asking:
            self._status.explain(error, self.language)
            return
        self._place.clear()
        with self._place:
            Words("p", "", "complaint").props("role=alert").explain(error, self.language)
            with ui.element("div").classes("actions"):
                Button(words.AGAIN.of(self.language), self.go_on, "first")

    def _tell(self, said: str, status: str) -> None:
        self._status.say(said)
        self._status.set_attributes(data_status=status)

    def _tell_running(self, said: Text | None) -> None:
        self._tell("" if said is None else said.of(self.language), "running")

    # ---- asking
    async def _ask(self) -> None:
        now = datetime.now().astimezone()
        stands, items = await aside(lambda: _looked_up(now, self._pace))
        self._standing.set_content(bar(stands, self.language))
        if not items:
            self._show_end(stands, now)
            return
        item = items[0]
        self._tell_running(telling.while_posed(item))
        task, picture = await posed(item, self._next_seed(), self.language)
        self._tell("", "asked")
        self._asking = True
        self._place.clear()
        with self._place:
            show_prompt(item, task, self.language)
            with ui.element("div") as form:
                show_task(task, self.language, lambda marking: self._answer(item, marking, form), picture)

    def _next_seed(self) -> int:
        self._seed = (self._seed + 1) % (LARGEST_SEED + 1)
        return self._seed

    def _show_end(self, stands: Standing, now: datetime) -> None:
        language = self.language
        self._tell("", "done")
        self._place.clear()
        with self._place:
            html(words.DONE.of(language), "h2")
            later = f" {telling.again(stands.later, now).of(language)}" if stands.later is not None else ""
            html(escape(words.NOTHING_DUE.of(language) + later), "p")
            with ui.element("div").classes("actions"):
                if stands.begun < stands.items:
                    Button(words.MORE.of(language).format(count=NEW_A_DAY), lambda: self._more(stands.today), "first")
                Button(words.NEXT.of(language), self.go_on)

    # ---- marking
    def _answer(self, item: Item, marking: Marking, form: ui.element) -> None:
        self._work.begin(lambda: self._mark(item, marking, form))

    async def _mark(self, item: Item, marking: Marking, form: ui.element) -> None:
        self._tell_running(telling.while_marked(item))
        now = datetime.now().astimezone()
        marked, kept, decided = await aside(lambda: _kept(marking, now, self.language))
        stands = await aside(lambda: standing(kept.progress, now, new_a_day=self._pace))
        self._standing.set_content(bar(stands, self.language))
        self._tell("", "marked")
        self._asking = False
        form.clear()
        with form:
            when = f'<p class="again">{escape(telling.again(kept.due, now).of(self.language))}</p>'
            html(told(marked, self.language) + when, kind="told-mark").props("role=status")
            if decided:
                html(f"<details><summary>{words.DECIDED.of(self.language)}</summary>{decided}</details>")
            html(to_question(find(item.question)[0], self.language))
            with ui.element("div").classes("actions"):
                Button(words.NEXT.of(self.language), self.go_on, "first").run_method("focus")


def show_interviews(language: Language) -> None:
    """The ways to an interview."""
    links = " ".join(
        f'<a href="{address(language, "practice")}?interview={count}">'
        f"{words.AN_INTERVIEW.of(language).format(count=count)}</a>"
        for count in INTERVIEWS
    )
    html(links, "p", "interviews")


def bar(stands: Standing, language: Language) -> str:
    """How far one is, in a line and as a bar."""
    said, label = escape(telling.how_far(stands).of(language)), words.BEGUN.of(language)
    return f'<p>{said}</p><progress aria-label="{label}" max="{stands.items}" value="{stands.begun}"></progress>'


def _looked_up(now: datetime, pace: int) -> tuple[Standing, tuple[Item, ...]]:
    """How far the learner is, and what to ask."""
    progress = progress_file().read()
    return standing(progress, now, new_a_day=pace), plan(progress, now, new_a_day=pace).items


def _kept(marking: Marking, now: datetime, language: Language) -> tuple[Marked, Kept, str]:
    """The mark, kept, and the run that decided."""
    marked = marking()
    kept = keep(marked, now, progress_file())
    return marked, kept, "" if marked.result is None else drawn_result(marked.result, language)
