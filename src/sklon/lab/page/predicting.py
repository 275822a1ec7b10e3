"""Predict first: before an experiment runs, the learner commits a number or whether a check will hold.

A prediction is about the experiment as it stands, with a fault or without, and counts only if nothing of that run was
seen on this page before. It is kept like an answer, so practice and the quiz in the terminal come back to it.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from html import escape

from nicegui import Client, ui

from sklon._base.errors import InputError
from sklon.lab.learning import (
    Commitment,
    NumberPrediction,
    commit_number,
    commit_verdict,
    keep,
    mark,
    predictable,
    progress_file,
    telling,
)
from sklon.lab.plain import plain
from sklon.lab.running import Result
from sklon.lab.text import Language, Text, number

from . import learner_words as words
from .aside import aside
from .asking import NumberField, line
from .native import Button, Menu, Words
from .shell import html
from .telling import told
from .turning import Turned
from .work import Work


class Predicting:
    """The place of predictions above one experiment. Whoever runs the experiment tells it when, and what came out."""

    def __init__(self, client: Client, turned: Turned, language: Language) -> None:
        self.turned, self.language = turned, language
        self._work = Work(client, self._fail)
        self._commitment: Commitment | None = None
        self._seen: set[str | None] = set()
        self._offers = False  # whether the place holds the button, which stays the same one, lest a press be lost
        with ui.element("div").classes("predict"):
            self._place = ui.element("div")
            self._status = Words("p", "", "committed").props("role=status")
            self._told = html("", kind="told-mark").props("role=status")
        self._close()

    # ---- what happens to the experiment
    def set_anew(self) -> None:
        """Something was set: what was committed was about something else."""
        withdrawn = self._commitment is not None
        self._commitment = None
        self._told.set_content("")
        self._close()
        self._tell(words.WITHDRAWN.of(self.language) if withdrawn else "", "idle")

    def begun(self) -> None:
        """The run begins: what is not committed now is no prediction any more."""
        self._seen.add(self._fault)
        self._clear()
        if self._commitment is None:
            self._tell("", "idle")

    def done(self, result: Result) -> None:
        """The run is over: grade what was committed."""
        commitment, self._commitment = self._commitment, None
        if commitment is not None:
            self._work.begin(lambda: self._grade(commitment, result))

    @property
    def _fault(self) -> str | None:
        return self.turned.fault.name if self.turned.fault is not None else None

    @property
    def _as_it_stands(self) -> bool:
        return all(self.turned.values[c.name] == c.default for c in self.turned.controls)

    # ---- committing
    def _close(self) -> None:
        offered = self._fault not in self._seen
        if offered and self._offers:
            return
        self._clear()
        self._offers = offered
        if offered:
            with self._place:
                Button(words.PREDICT.of(self.language), self._open, "quiet")

    def _clear(self) -> None:
        self._place.clear()
        self._offers = False

    def _open(self) -> None:
        if not self._as_it_stands:
            self._tell(words.AS_IT_STANDS.of(self.language), "idle")
            return
        self._tell("", "idle")
        self._clear()
        with self._place:
            _Form(self.turned, self.language, self._commit)

    def _commit(self, commitment: Commitment, said: str) -> None:
        if self._fault in self._seen or not self._as_it_stands:
            return
        self._commitment = commitment
        self._clear()
        self._tell(words.COMMITTED.of(self.language).format(given=said), "committed")

    # ---- grading
    async def _grade(self, commitment: Commitment, result: Result) -> None:
        marked, now = mark(commitment, result), datetime.now().astimezone()
        said = told(marked, self.language)
        self._told.set_content(said)  # also where it cannot be kept
        kept = await aside(lambda: keep(marked, now, progress_file()))
        when = escape(telling.again(kept.due, now).of(self.language))
        self._tell("", "marked")
        self._told.set_content(said + f'<p class="again">{when}</p>')

    def _fail(self, error: InputError) -> None:
        self._tell("", "fail")
        self._status.explain(error, self.language)

    def _tell(self, said: str, status: str) -> None:
        self._status.say(said)
        self._status.set_attributes(data_status=status)


class _Form:
    """What to predict, and what is predicted."""

    def __init__(self, turned: Turned, language: Language, commit: Callable[[Commitment, str], None]) -> None:
        self.language, self._commit, self._turned = language, commit, turned
        numbers = predictable(turned.experiment.number) if turned.fault is None else ()
        self._numbers = {f"number {item.check}": item for item in numbers}
        self._checks = {f"verdict {name}": name for name in turned.experiment.claims}
        options = {key: plain(item.prompt.of(language)) for key, item in self._numbers.items()}
        options |= {key: self._asked(name) for key, name in self._checks.items()}
        self._chosen = next(iter(options))
        Menu(words.PREDICT_WHAT.of(language), options, self._chosen, self._choose)
        self._place = ui.element("div")
        self._choose(self._chosen)

    def _choose(self, key: str) -> None:
        self._place.clear()
        with self._place:
            if key in self._numbers:
                self._show_number(self._numbers[key])
            elif key in self._checks:
                self._show_verdict(self._checks[key])

    def _show_number(self, item: NumberPrediction) -> None:
        def commit() -> None:
            given = field.read()
            if given is not None:
                self._commit(commit_number(item.experiment, item.check, given), number(given, self.language))

        html(line(item.prompt, self.language), "p")
        field = NumberField(self.language, commit)
        self._show_button(words.COMMIT, commit)

    def _asked(self, check: str) -> str:
        says = self._turned.experiment.claim(check, self._turned.settings)
        return words.WILL_HOLD.filled(says=says).of(self.language)

    def _show_verdict(self, check: str) -> None:
        def committing(holds: bool, said: Text) -> Callable[[], None]:
            fault = self._turned.fault
            made = commit_verdict(
                self._turned.experiment.number, check, holds, fault.name if fault is not None else None
            )
            return lambda: self._commit(made, said.of(self.language))

        with ui.element("div").classes("actions"):
            Button(words.HOLDS.of(self.language), committing(True, words.HOLDS))
            Button(words.FAILS.of(self.language), committing(False, words.FAILS))

    def _show_button(self, said: Text, pressed: Callable[[], None]) -> None:
        with ui.element("div").classes("actions"):
            Button(said.of(self.language), pressed, "first")
