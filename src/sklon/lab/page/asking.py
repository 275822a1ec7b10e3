"""A task of the self-test as a form: points to tick, one of several, a number. What is sent is bounded here.

A form hands on how to mark what was given, as a function: marking may run an experiment, and whoever shows the form
does that beside the loop.
"""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from typing import TypeAlias

from nicegui import ui
from nicegui.events import GenericEventArguments

from sklon._base.errors import InputError
from sklon.lab.learning import ChoiceTask, Marked, NumberTask, PointsTask, Task, read_number
from sklon.lab.learning.tasks import bound_is_needed
from sklon.lab.learning.words import CHOICE, NUMBER, SAID
from sklon.lab.parts import HEAD, inline
from sklon.lab.running import Result
from sklon.lab.text import Language, Text, number
from sklon.runs.page import table

from . import learner_words as words
from .native import Button, Field, Words
from .shell import html, reachable

#: finds the mark of what was given
Marking: TypeAlias = Callable[[], Marked]
#: is told that an answer was given
Answered: TypeAlias = Callable[[Marking], object]

#: letters of a typed number at the most
MOST_LETTERS = 64
#: letters that one may write for oneself
MOST_OWN_LETTERS = 4000
_ENTER = "event => { if (event.key === 'Enter') emit(event.target.value) }"
_TICKED = "event => emit(event.target.checked)"


def show_task(task: Task, language: Language, answered: Answered, picture: str = "") -> None:
    """The form of a task; ``picture`` is the figure of the run that it shows."""
    if isinstance(task, PointsTask):
        _Points(task, language, answered)
    elif isinstance(task, ChoiceTask):
        if task.shown is not None:
            html(picture + reachable(_observed(task.shown, language)), kind="result")
        _Choice(task, language, answered)
    else:
        _Number(task, language, answered)


def line(text: Text, language: Language) -> str:
    """A line with its formulas, as HTML."""
    return reachable(inline(text.of(language)))


class _Points:
    """Answer freely; then the points appear, and those that were said are ticked."""

    def __init__(self, task: PointsTask, language: Language, answered: Answered) -> None:
        self.task, self.language, self._answered = task, language, answered
        self._said: set[int] = set()
        with Words("label", words.OWN_WORDS.of(language), "own-words"):
            Words("textarea").set_attributes(rows="4", maxlength=str(MOST_OWN_LETTERS))
        self._place = ui.element("div")
        with self._place, ui.element("div").classes("actions"):
            Button(words.SHOW_POINTS.of(language), self._show, "first")

    def _show(self) -> None:
        self._place.clear()
        with self._place:
            with ui.element("fieldset").classes("options"):
                Words("legend", SAID.of(self.language))
                for position, point in enumerate(self.task.points):
                    with ui.element("label"):
                        box = Words("input").props("type=checkbox")
                        box.on("change", self._ticking(position), js_handler=_TICKED)
                        html(line(point, self.language), "span")
            with ui.element("div").classes("actions"):
                Button(words.ANSWER.of(self.language), self._answer, "first")

    def _ticking(self, position: int) -> Callable[[GenericEventArguments], None]:
        def ticked(event: GenericEventArguments) -> None:
            (self._said.add if event.args is True else self._said.discard)(position)

        return ticked

    def _answer(self) -> None:
        said = frozenset(self._said)
        self._answered(lambda: self.task.mark(said))


class _Choice:
    """One of several, or none."""

    def __init__(self, task: ChoiceTask, language: Language, answered: Answered) -> None:
        self.task, self.language, self._answered = task, language, answered
        self._chosen: int | None = None
        with ui.element("fieldset").classes("options"):
            html(CHOICE.of(language), "legend")
            for position, option in enumerate(task.options):
                with ui.element("label"):
                    radio = Words("input").props("type=radio name=option")
                    radio.on("change", self._choosing(position), js_handler="() => emit()")
                    html(line(option, language), "span")
        self._complaint = Words("p", "", "complaint").props("role=alert")
        _show_actions(language, self._answer, lambda: self._answered(self.task.give_up))

    def _choosing(self, position: int) -> Callable[[], None]:
        def choose() -> None:
            self._chosen = position
            self._complaint.say("")

        return choose

    def _answer(self) -> None:
        chosen = self._chosen
        if chosen is None:
            self._complaint.say(words.NOT_CHOSEN.of(self.language))
        else:
            self._answered(lambda: self.task.mark(chosen))


class _Number:
    """A number, typed as people write it, or none."""

    def __init__(self, task: NumberTask, language: Language, answered: Answered) -> None:
        self.task, self._answered = task, answered
        self.field = NumberField(language, self._answer)
        _show_actions(language, self._answer, lambda: self._answered(self.task.give_up))

    def _answer(self) -> None:
        given = self.field.read()
        if given is not None:
            self._answered(lambda: self.task.mark(given))


class NumberField:
    """A field for a number; ``entered`` is called when Enter is pressed in it."""

    def __init__(self, language: Language, entered: Callable[[], object]) -> None:
        self.language, self.text = language, ""
        self._field = Field(
            NUMBER.of(language), self._type, type="text", autocomplete="off", spellcheck="false",
            maxlength=str(MOST_LETTERS), placeholder=words.NUMBER_HINT.of(language),
        )  # fmt: skip
        self._field.classes("typed")

        def enter(event: GenericEventArguments) -> None:
            self._type(str(event.args))
            entered()

        self._field.input.on("keydown", enter, js_handler=_ENTER)

    def read(self) -> float | None:
        """The number, or None after a complaint."""
        try:
            if len(self.text) > MOST_LETTERS:
                raise InputError(words.TOO_LONG.of(self.language))
            return read_number(self.text, self.language)
        except InputError as error:
            self._field.complain(str(error))
            return None

    def _type(self, text: str) -> None:
        if text != self.text:  # Enter is followed by a change that brings nothing new
            self.text = text
            self._field.complain("")


def _show_actions(language: Language, answer: Callable[[], object], give_up: Callable[[], object]) -> None:
    with ui.element("div").classes("actions"):
        Button(words.ANSWER.of(language), answer, "first")
        Button(words.UNKNOWN.of(language), give_up)


def _observed(result: Result, language: Language) -> str:
    """What a run measured and what theory says, without a verdict; bounds where theory alone would not decide."""
    rows = (
        [
            escape(check.says.of(language)),
            "" if check.predicted is None else number(check.predicted, language),
            escape(check.bound(language)) if bound_is_needed(check) else "",
            number(check.measured, language),
        ]
        for check in result.checks
    )
    claim, predicted, measured, bound, _ = (word.of(language) for word in HEAD)
    return table([claim, predicted, bound, measured], rows, "numbers checks")
