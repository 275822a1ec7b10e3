"""The page of a question: its answer, its experiments, what comes next. What was measured appears where it is cited."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

from nicegui import Client, ui

from sklon.lab import parts
from sklon.lab.catalogue import all_questions
from sklon.lab.markdown import html_of
from sklon.lab.question import Question
from sklon.lab.running import Result
from sklon.lab.text import Language

from . import words
from .bench import Bench
from .predicting import Predicting
from .shell import Place, address, html, reachable, shell
from .turning import Turned


def show_question(client: Client, language: Language, question: Question, query: Mapping[str, str]) -> None:
    """Everything about one question; ``query`` turns its experiments."""
    with shell(client, language, question.slug, f"{question.number} {question.answers[language].title}") as place:
        _Page(client, language, question, query, place).show()


class _Page:
    """One question before one reader."""

    def __init__(
        self, client: Client, language: Language, question: Question, query: Mapping[str, str], place: Place
    ) -> None:
        self.client, self.language, self.question, self.place = client, language, question, place
        self.answer = question.answers[language]
        self.stepping = query.get("mode") == "step"
        self.turned = [Turned(e, query) for e in question.experiments]
        self.results: dict[str, Result] = {}
        self._cited: list[tuple[ui.html, str]] = []

    def show(self) -> None:
        """The whole content."""
        language, answer = self.language, self.answer
        html(
            f'<p class="crumb"><a href="{address(language)}">{words.QUESTIONS.of(language)}</a> · '
            f"{parts.origin(self.question, language)}</p>"
            f"<h1>{self.question.number} · {parts.inline(answer.title)}</h1>"
        )
        with ui.element("section").classes("question"):
            with ui.element("div").classes("short"):
                self._cite(answer.short)
            self._cite(answer.full)
            with ui.element("aside"):
                html(parts.MISCONCEPTION.of(language), "h2")
                self._cite(answer.misconception)
        for turned in self.turned:
            self._show_experiment(turned)
        self._show_more()
        html(_turn(self.question, language), "nav", "turn").props(f'aria-label="{words.AROUND.of(language)}"')

    def _show_experiment(self, turned: Turned) -> None:
        experiment, language = turned.experiment, self.language
        with ui.element("section").classes("experiment-card").props(f"id={experiment.number}"):
            html(escape(parts.experiment_title(experiment.number, experiment.title, language)), "h2")
            self._cite(self.answer.experiments[experiment.number])
            predicting = Predicting(self.client, turned, language)

            def changed() -> None:
                predicting.set_anew()
                self._remember()

            def done(result: Result) -> None:
                predicting.done(result)
                self._measured(result)

            Bench(
                self.client, turned, language,
                stepping=self.stepping, changed=changed, begun=predicting.begun, done=done,
            )  # fmt: skip

    def _show_more(self) -> None:
        language = self.language
        if self.answer.ask:
            with ui.element("section"):
                html(parts.ASK.of(language), "h2")
                self._cite(self.answer.ask)
        with ui.element("section").classes("follow-ups"):
            html(parts.FOLLOW_UPS.of(language), "h2")
            for asked in self.answer.follow_ups:
                html(parts.inline(asked.question), "h3")
                self._cite(asked.answer)
        html(f"<h2>{parts.PYTORCH.of(language)}</h2>{reachable(parts.pytorch(self.question))}", "section")
        html(f"<h2>{parts.SOURCES.of(language)}</h2>{parts.sources(self.question)}", "section")

    # ---- what was measured
    def _cite(self, text: str) -> None:
        """A text whose citations show what was measured on this page."""
        self._cited.append((html(self._html(text)), text))

    def _html(self, text: str) -> str:
        return reachable(html_of(text, self._badge))

    def _badge(self, experiment: str, name: str) -> str:
        result = self.results.get(experiment)
        if result is not None:
            check = next(check for check in result.checks if check.name == name)
            return parts.badge(experiment, check, self.language)
        claim = f'data-claim="{experiment}/{name}" data-status="pending"'
        said = words.TO_MEASURE.of(self.language).format(experiment=experiment)
        return f'<a class="badge pending" href="#{experiment}" title="{said}" aria-label="{said}" {claim}>?</a>'

    def _measured(self, result: Result) -> None:
        """Cite what was found, unless a fault was built in."""
        if result.fault is None:
            self.results[result.experiment.number] = result
            for element, text in self._cited:
                if f"[[{result.experiment.number}/" in text:
                    element.set_content(self._html(text))

    def _remember(self) -> None:
        """Put what is set into the address."""
        query = {"mode": "step"} if self.stepping else {}
        for turned in self.turned:
            query |= turned.query
        self.place.remember(query)


def _turn(question: Question, language: Language) -> str:
    """The ways to the questions before and after."""
    questions = all_questions()
    at = questions.index(question)
    around = ((words.PREVIOUS, at - 1), (words.NEXT, at + 1))
    return "".join(
        f'<a href="{address(language, questions[i].slug)}"><small>{word.of(language)}</small>'
        f"{questions[i].number} · {parts.inline(questions[i].answers[language].title)}</a>"
        for word, i in around
        if 0 <= i < len(questions)
    )
