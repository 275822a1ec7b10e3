"""``sklon lab quiz`` and ``sklon lab progress``: the learner's side of the lab in a terminal.

What is asked, how it is marked and when it comes again is decided in ``sklon.lab.learning``; here it is shown and
typed. The dialogue goes to standard error, the result to standard output.
"""

from __future__ import annotations

import secrets
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import ModuleType
from typing import TYPE_CHECKING, TypeVar

from sklon._base.errors import InputError
from sklon.lab.text import Language, Text, number

from .terminal import encodable

if TYPE_CHECKING:
    from sklon.lab.learning import ChoiceTask, Given, Item, Marked, NumberTask, PointsTask, Task

Read = TypeVar("Read")

ENTER = Text("Answer aloud or in writing, then press Enter ", "Ответь вслух или письменно и нажми Enter ")
TICK = Text("Which of these did you say (1 3, + for all)? ", "Что из этого прозвучало (1 3, + если всё)? ")
CHOOSE = Text("Which one? ", "Какой вариант? ")
NUMBER = Text("Your number: ", "Твоё число: ")
SKIP = Text("(Enter skips, q ends)", "(Enter — пропустить, q — закончить)")
ONE_OF = Text("write a number from 1 to {count}", "напиши число от 1 до {count}")
RIGHT, ALMOST, WRONG = Text("Right.", "Верно."), Text("Almost.", "Почти."), Text("Wrong.", "Неверно.")
TRUTH = Text("It is {truth}.", "Правильный ответ: {truth}.")
MISSED = Text("Missed:", "Пропущено:")
AGAIN = Text("It comes again {when}.", "Следующий раз: {when}.")
RUNNING = Text("measuring {experiment}", "измеряется {experiment}")
SECONDS = Text("{seconds} s", "{seconds} с")
LATE = Text("(too late)", "(не успето)")


class EndError(Exception):
    """The learner wants to stop."""


@dataclass(frozen=True, slots=True)
class Dialogue:
    """Questions and answers in a terminal, in one language."""

    language: Language

    def say(self, *lines: str) -> None:
        """Lines on standard error."""
        for line in lines:
            print(encodable(line, sys.stderr), file=sys.stderr)

    def hear(self, prompt: Text) -> str:
        """What is typed; EndError for q and at the end of the input."""
        print(encodable(prompt.of(self.language), sys.stderr), end="", file=sys.stderr, flush=True)
        line = sys.stdin.readline()
        if not line or line.strip().lower() in ("q", "й"):
            self.say("")
            raise EndError
        return line.strip()

    def ask(self, prompt: Text, read: Callable[[str], Read]) -> Read | None:
        """What ``read`` makes of what is typed, asked again until it can; None where nothing is."""
        while True:
            typed = self.hear(prompt)
            if not typed:
                return None
            try:
                return read(typed)
            except InputError as error:
                self.say(str(error))

    def shown(self, text: Text) -> str:
        """A text as a terminal shows it."""
        from sklon.lab.plain import plain

        return plain(text.of(self.language))


# ---- asking
def asked(item: Item, seed: int, dialogue: Dialogue) -> tuple[Marked | None, float]:
    """(mark, seconds that the learner took) of one item; no mark if it was skipped."""
    from sklon.lab.learning import ActiveFault, ChoiceTask, PointsTask, pose

    if isinstance(item, ActiveFault):
        dialogue.say(RUNNING.of(dialogue.language).format(experiment=item.experiment))
    task = pose(item, seed)
    dialogue.say("", f"{item.question}  {dialogue.shown(task.prompt)}")
    if isinstance(task, PointsTask):
        return _points(task, dialogue)
    return _choice(task, dialogue) if isinstance(task, ChoiceTask) else _number(task, dialogue)


def _points(task: PointsTask, dialogue: Dialogue) -> tuple[Marked | None, float]:
    began = time.monotonic()
    dialogue.hear(ENTER)
    seconds = time.monotonic() - began
    dialogue.say(*_listed(task.points, dialogue))
    count = len(task.points)
    said = dialogue.ask(TICK, lambda typed: _ticked(typed, count, dialogue.language))
    return task.mark(said or ()), seconds


def _choice(task: ChoiceTask, dialogue: Dialogue) -> tuple[Marked | None, float]:
    from sklon.lab.learning import observations

    if task.shown is not None:
        dialogue.say(*(f"  {line}" for line in observations(task.shown, dialogue.language)))
    dialogue.say(*_listed(task.options, dialogue), SKIP.of(dialogue.language))
    began = time.monotonic()
    count = len(task.options)
    chosen = dialogue.ask(CHOOSE, lambda typed: _one_of(typed, count, dialogue.language))
    return (task.mark(chosen) if chosen is not None else None), time.monotonic() - began


def _number(task: NumberTask, dialogue: Dialogue) -> tuple[Marked | None, float]:
    from sklon.lab.learning import read_number

    dialogue.say(SKIP.of(dialogue.language))
    began = time.monotonic()
    given = dialogue.ask(NUMBER, lambda typed: read_number(typed, dialogue.language))
    return (task.mark(given) if given is not None else None), time.monotonic() - began


def _listed(texts: Sequence[Text], dialogue: Dialogue) -> list[str]:
    return [f"  {i}. {dialogue.shown(text)}" for i, text in enumerate(texts, 1)]


def _one_of(typed: str, count: int, language: Language) -> int:
    if not typed.isascii() or not typed.isdigit() or not 1 <= int(typed) <= count:
        raise InputError(ONE_OF.of(language).format(count=count))
    return int(typed) - 1


def _ticked(typed: str, count: int, language: Language) -> frozenset[int]:
    if typed == "+":
        return frozenset(range(count))
    return frozenset(_one_of(word, count, language) for word in typed.replace(",", " ").split())


# ---- telling
def told(marked: Marked, dialogue: Dialogue) -> list[str]:
    """What came of a task, and why."""
    language, grade = dialogue.language, marked.grade
    lines = [(RIGHT if grade.right else ALMOST if grade.rating == "hard" else WRONG).of(language)]
    if isinstance(marked.truth, float):
        lines[0] += " " + TRUTH.of(language).format(truth=number(marked.truth, language))
    elif marked.missed and marked.truth is not None:
        lines[0] += " " + TRUTH.of(language).format(truth=dialogue.shown(marked.missed[0]))
    elif marked.missed:
        lines += [MISSED.of(language), *_listed(marked.missed, dialogue)]
    return [*lines, dialogue.shown(marked.why)] if marked.why is not None else lines


def told_again(due: datetime, dialogue: Dialogue) -> str:
    """When an item comes again, in the local time."""
    return AGAIN.of(dialogue.language).format(when=f"{due.astimezone():%Y-%m-%d %H:%M}")


def told_interview(given: Sequence[Given], dialogue: Dialogue) -> list[str]:
    """A line for each answer of an interview, and what was missed."""
    lines: list[str] = []
    for one in given:
        language = dialogue.language
        took = SECONDS.of(language).format(seconds=f"{one.seconds:.0f}/{one.planned.seconds:.0f}")
        late = f" {LATE.of(language)}" if one.seconds > one.planned.seconds else ""
        share = number(round(100 * one.marked.grade.share), language)
        lines.append(f"{one.planned.item.question:4} {share:>3} %  {took}{late}  {one.planned.item.key}")
        lines += [f"       {dialogue.shown(text)}" for text in one.marked.missed]
    return lines


# ---- sessions
def review(items: Sequence[Item], language: Language, seed: int | None) -> list[Marked]:
    """Ask items one after the other, keep each review at once, and say when it comes again."""
    learning, dialogue = _learning(), Dialogue(language)
    file, done = learning.progress_file(), []
    try:
        for position, item in enumerate(items):
            marked, _ = asked(item, _seed(seed) + position, dialogue)
            if marked is not None:
                kept = file.add([marked.review(_now())])
                due = learning.memories(kept.reviews)[item.key].due
                dialogue.say(*told(marked, dialogue), told_again(due, dialogue))
                done.append(marked)
    except (EndError, KeyboardInterrupt):
        pass
    return done


def interview(count: int, items: Sequence[Item], language: Language, seed: int | None) -> list[Given]:
    """Ask a draw of items against the clock; what was right is said at the end."""
    learning, dialogue = _learning(), Dialogue(language)
    file, began = learning.progress_file(), _now()
    known = learning.memories(file.read().reviews)
    given: list[Given] = []
    try:
        for position, planned in enumerate(learning.draw(items, known, began, count=count, seed=_seed(seed))):
            dialogue.say("", SECONDS.of(language).format(seconds=f"{position + 1}/{count}: {planned.seconds:.0f}"))
            marked, seconds = asked(planned.item, _seed(seed) + position, dialogue)
            if marked is not None:
                given.append(learning.Given(planned=planned, marked=marked, seconds=seconds))
                file.add([marked.review(_now())])
    except (EndError, KeyboardInterrupt):
        pass
    if given:
        file.add(interviews=[learning.interview_of(began, given)])
    return given


def _learning() -> ModuleType:
    """The learner's side of the lab, if its library is installed."""
    try:
        from sklon.lab import learning
    except ImportError as error:
        raise InputError(f"this needs {error.name}: pip install 'sklon[lab]'") from error
    return learning


def _now() -> datetime:
    return datetime.now().astimezone()


def _seed(seed: int | None) -> int:
    return secrets.randbits(32) if seed is None else seed
