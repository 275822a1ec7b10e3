"""The museum of faults: each one beside the experiment as it should be, and which checks notice it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from html import escape
from urllib.parse import urlencode

from nicegui import Client, ui

from sklon._base.errors import InputError
from sklon.lab import parts
from sklon.lab.catalogue import all_questions
from sklon.lab.check import Check
from sklon.lab.experiment import Experiment, Fault
from sklon.lab.question import Question
from sklon.lab.recording import Recording
from sklon.lab.running import Result
from sklon.lab.text import Language, number
from sklon.runs.page import table

from . import learner_words as words
from .aside import aside
from .bench import STRETCH
from .native import Words
from .outcome import drawn_picture
from .shell import address, html, reachable, shell
from .work import Work


@dataclass(frozen=True, slots=True)
class Exhibit:
    """One fault of one experiment."""

    question: Question
    experiment: Experiment
    fault: Fault

    @property
    def key(self) -> str:
        """How an address names it: ``E5/overwrites``."""
        return f"{self.experiment.number}/{self.fault.name}"


@cache
def exhibits() -> tuple[Exhibit, ...]:
    """Every fault of every experiment, in the order of the questions.

    >>> exhibits()[0].key.startswith("E1/")
    True
    """
    return tuple(Exhibit(q, e, f) for q in all_questions() for e in q.experiments for f in e.faults)


def show_museum(client: Client, language: Language, query: Mapping[str, str]) -> None:
    """All faults as a list; with ``?fault=E5/overwrites`` that one."""
    chosen = next((one for one in exhibits() if one.key == query.get("fault")), None)
    if chosen is None:
        with shell(client, language, "museum", words.MUSEUM_TITLE.of(language)):
            html(_listed(language))
    else:
        with shell(client, language, "museum", chosen.fault.says.of(language), {"fault": chosen.key}):
            _Shown(client, language, chosen)


class _Shown:
    """One exhibit: it runs as soon as the page is there."""

    def __init__(self, client: Client, language: Language, exhibit: Exhibit) -> None:
        self.language, self.exhibit = language, exhibit
        self._work = Work(client, self._fail)
        html(
            f'<p class="crumb"><a href="{address(language, "museum")}">{words.MUSEUM_TITLE.of(language)}</a></p>'
            f"<h1>{escape(_sentence(exhibit.fault.says.of(language)))}</h1>"
        )
        with ui.element("section").classes("exhibit"):
            experiment = exhibit.experiment
            html(escape(parts.experiment_title(experiment.number, experiment.title, language)), "h2")
            self._status = Words("p", words.BOTH_RUN.of(language), "status").props("role=status")
            self._place = html("", kind="result")
            html(f'<a href="{_to_bench(exhibit, language)}">{words.TO_EXPERIMENT.of(language)}</a>', "p")
        html(_turn(exhibit, language), "nav", "turn").props(f'aria-label="{words.EXHIBITS.of(language)}"')
        self._started = False
        client.on_connect(self._start)

    def _start(self) -> None:
        if not self._started:
            self._started = True
            self._work.begin(self._run)

    async def _run(self) -> None:
        sound = await _finished(Recording(self.exhibit.experiment))
        broken = await _finished(Recording(self.exhibit.experiment, fault=self.exhibit.fault))
        drawn = await aside(lambda: _pair(sound, broken, self.language))
        self._place.set_content(drawn)
        noticing = sum(_notices(*pair) for pair in zip(sound.checks, broken.checks, strict=True))
        said = (words.NOTICED if noticing else words.UNNOTICED).of(self.language)
        self._tell(said.format(noticing=noticing, checks=len(broken.checks)), "pass" if noticing else "fail")

    def _fail(self, error: InputError) -> None:
        self._tell("", "fail")
        self._status.explain(error, self.language)

    def _tell(self, said: str, status: str) -> None:
        self._status.say(said)
        self._status.set_attributes(data_status=status)


async def _finished(recording: Recording) -> Result:
    """A run to its end, in pieces, so that it can be given up."""
    while await aside(lambda: recording.advance(STRETCH)):
        pass
    return await aside(recording.result)


def _pair(sound: Result, broken: Result, language: Language) -> str:
    """Both figures, and a table of the checks, the ones that notice it first."""
    columns = ((words.SOUND, sound), (words.BROKEN, broken))
    figures = "".join(
        f"<div><h3>{word.of(language)}</h3><figure>{drawn_picture(one, language)}</figure></div>"
        for word, one in columns
    )
    kind = "beside" if len(sound.figure.panels) == 1 else "below"
    caption = f'<p class="caption">{escape(sound.figure.caption.of(language))}</p>'
    pairs = sorted(zip(sound.checks, broken.checks, strict=True), key=lambda pair: not _notices(*pair))
    head = [word.of(language) for word in words.MUSEUM_HEAD]
    rows = (_row(*pair, language) for pair in pairs)
    return f'<div class="{kind}">{figures}</div>{caption}' + reachable(table(head, rows, "numbers checks"))


def _row(sound: Check, broken: Check, language: Language) -> list[str]:
    notices = _notices(sound, broken)
    mark = f'<span class="fails" role="img" aria-label="{words.NOTICES.of(language)}">●</span> ' if notices else ""
    return [
        mark + escape(sound.says.of(language)),
        number(sound.measured, language),
        escape(sound.bound(language)),
        number(broken.measured, language),
    ]


def _notices(sound: Check, broken: Check) -> bool:
    return sound.passed and not broken.passed


def _listed(language: Language) -> str:
    lead = words.MUSEUM_LEAD.of(language).format(faults=len(exhibits()))
    groups = "".join(_group(question, language) for question in all_questions() if question.experiments)
    return (
        f"<h1>{words.MUSEUM_TITLE.of(language)}</h1><p class='lead-in'>{escape(lead)}</p>"
        f'<div class="topics museum">{groups}</div>'
    )


def _group(question: Question, language: Language) -> str:
    listed = "".join(
        f'<li><a href="{_to(one, language)}"><b>{one.experiment.number}</b>'
        f"<span>{escape(_sentence(one.fault.says.of(language)))}</span></a></li>"
        for one in exhibits()
        if one.question == question
    )
    title = f"<small>{question.number}</small><span>{parts.inline(question.answers[language].title)}</span>"
    name = question.number
    return f'<section aria-labelledby="{name}"><h2 id="{name}">{title}</h2><ul>{listed}</ul></section>'


def _turn(exhibit: Exhibit, language: Language) -> str:
    """The ways to the faults before and after."""
    everything = exhibits()
    at = everything.index(exhibit)
    around = ((words.PREVIOUS, at - 1), (words.FOLLOWING, at + 1))
    return "".join(
        f'<a href="{_to(everything[i], language)}"><small>{word.of(language)}</small>'
        f"{everything[i].experiment.number} · {escape(_sentence(everything[i].fault.says.of(language)))}</a>"
        for word, i in around
        if 0 <= i < len(everything)
    )


def _to(exhibit: Exhibit, language: Language) -> str:
    return f"{address(language, 'museum')}?{escape(urlencode({'fault': exhibit.key}, safe='/'))}"


def _to_bench(exhibit: Exhibit, language: Language) -> str:
    """The question's page, with the fault switched on."""
    number_of = exhibit.experiment.number
    query = urlencode({f"{number_of}.fault": exhibit.fault.name})
    return f"{address(language, exhibit.question.slug)}?{query}#{number_of}"


def _sentence(says: str) -> str:
    """Words that begin as a sentence does, unless they begin with code."""
    return says[:1].upper() + says[1:] if says.split(maxsplit=1)[0].isalpha() else says
