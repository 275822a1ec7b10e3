"""The page on which one tests oneself: what is due, then new items; each answer is kept and comes again."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import datetime
from html import escape

from nicegui import Client, ui

from sklon._base.errors import InputError
from sklon.lab.catalogue import find
from sklon.lab.learning import (
    NEW_A_DAY,
    Agenda,
    Item,
    Marked,
    Progress,
    Verdict,
    agenda,
    all_items,
    item_of,
    memories,
    progress_file,
)
from sklon.lab.text import Language, number

from . import learner_words as words
from .aside import aside
from .asking import Marking, show_task
from .interviewing import Interviewing
from .native import Button, Words
from .outcome import drawn_result
from .predicting import names_of_checks
from .putting import meanwhile, posed, show_prompt
from .shell import address, html, shell
from .telling import again, to_question, told
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
        self._started = False

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

    def _fail(self, why: str) -> None:
        self._tell(why, "fail")

    def _tell(self, said: str, status: str) -> None:
        self._status.say(said)
        self._status.set_attributes(data_status=status)

    # ---- asking
    async def _ask(self) -> None:
        progress = await aside(progress_file().read)
        plan = await aside(lambda: _plan(progress, self._pace))
        self._standing.set_content(standing(progress, plan, self.language))
        if not plan.items:
            self._show_end(progress)
            return
        item = plan.items[0]
        self._tell(meanwhile(item, self.language), "running")
        task, picture = await posed(item, self._next_seed(), self.language)
        self._tell("", "asked")
        self._place.clear()
        with self._place:
            show_prompt(item, task, self.language)
            with ui.element("div") as form:
                show_task(task, self.language, lambda marking: self._answer(item, marking, form), picture)

    def _next_seed(self) -> int:
        self._seed = (self._seed + 1) % (LARGEST_SEED + 1)
        return self._seed

    def _show_end(self, progress: Progress) -> None:
        language, now = self.language, datetime.now().astimezone()
        known = memories(progress.reviews)
        due = min((memory.due for memory in known.values()), default=None)
        today = sum(memory.first.astimezone().date() == now.date() for memory in known.values())
        self._tell("", "done")
        self._place.clear()
        with self._place:
            html(words.DONE.of(language), "h2")
            later = f" {again(due, now, language)}" if due is not None else ""
            html(escape(words.NOTHING_DUE.of(language) + later), "p")
            with ui.element("div").classes("actions"):
                if any(item.key not in known for item in all_items()):
                    Button(words.MORE.of(language).format(count=NEW_A_DAY), lambda: self._more(today), "first")
                Button(words.NEXT.of(language), self.go_on)

    # ---- marking
    def _answer(self, item: Item, marking: Marking, form: ui.element) -> None:
        self._work.begin(lambda: self._mark(item, marking, form))

    async def _mark(self, item: Item, marking: Marking, form: ui.element) -> None:
        self._tell(meanwhile(item, self.language), "running")
        marked, progress, decided = await aside(lambda: _kept(marking, self.language))
        now = datetime.now().astimezone()
        due = (await aside(lambda: memories(progress.reviews)))[item.key].due
        self._standing.set_content(standing(progress, await aside(lambda: _plan(progress, self._pace)), self.language))
        self._tell("", "marked")
        form.clear()
        with form:
            when = f'<p class="again">{escape(again(due, now, self.language))}</p>'
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


def standing(progress: Progress, plan: Agenda[Item], language: Language) -> str:
    """How far one is, in a line and as a bar."""
    known, items = memories(progress.reviews), len(all_items())
    begun = sum(item.key in known for item in all_items())
    said = words.STANDING.of(language).format(
        begun=number(begun, language), items=number(items, language), due=len(plan.due), new=len(plan.new)
    )
    label = words.BEGUN.of(language)
    return f'<p>{escape(said)}</p><progress aria-label="{label}" max="{items}" value="{begun}"></progress>'


def _plan(progress: Progress, pace: int) -> Agenda[Item]:
    known = memories(progress.reviews)
    return agenda((*all_items(), *committed(known)), known, datetime.now().astimezone(), new_a_day=pace)


def committed(known: Iterable[str]) -> list[Verdict]:
    """The checks about which something was once predicted. What this version does not know any more is left out.

    >>> [item.key for item in committed(["Q1/recall-1", "E5/holds/mismatches", "E99/holds/nothing"])]
    ['E5/holds/mismatches']
    """
    found = []
    for key in known:
        with suppress(InputError):
            item = item_of(key)
            if isinstance(item, Verdict) and item.check in names_of_checks(item.experiment):
                found.append(item)
    return found


def _kept(marking: Marking, language: Language) -> tuple[Marked, Progress, str]:
    """The mark, all progress with it, and the run that decided."""
    marked = marking()
    progress = progress_file().add([marked.review(datetime.now().astimezone())])
    return marked, progress, "" if marked.result is None else drawn_result(marked.result, language)
