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
from typing import TYPE_CHECKING, Any, TypeVar

from sklon._base.errors import InputError
from sklon.lab.text import Language, Text, number

from .terminal import encodable

if TYPE_CHECKING:
    from sklon.lab.learning import ChoiceTask, Given, Item, Marked, NumberTask, PointsTask, Progress

Read = TypeVar("Read")

ENTER = Text("Answer aloud or in writing, then press Enter ", "Ответь вслух или письменно и нажми Enter ")
TICK = Text("Which of these did you say (1 3, + for all)? ", "Что из этого прозвучало (1 3, + если всё)? ")
CHOOSE = Text("Which one? ", "Какой вариант? ")
NUMBER = Text("Your number: ", "Твоё число: ")
UNKNOWN = Text("(Enter if you do not know, q ends)", "(Enter — не знаю, q — закончить)")
ONE_OF = Text("write a number from 1 to {count}", "напиши число от 1 до {count}")
RIGHT, ALMOST, WRONG = Text("Right.", "Верно."), Text("Almost.", "Почти."), Text("Wrong.", "Неверно.")
TRUTH = Text("It is {truth}.", "Правильный ответ: {truth}.")
MISSED = Text("Not said:", "Не прозвучало:")
AGAIN = Text("Next: {when}.", "Следующий раз: {when}.")
SUMMARY = Text("{asked} asked, {right} right", "вопросов: {asked}, верно: {right}")
NOTHING = Text(
    "nothing was asked; sklon lab progress says what is due",
    "вопросов не было; что пора повторить, скажет sklon lab progress",
)
STATUS = Text(
    "{begun} of {items} items begun, {due} due now; reviews: {reviews}, interviews: {interviews}",
    "начато заданий: {begun} из {items}, пора повторить: {due}; ответов: {reviews}, собеседований: {interviews}",
)
RUNNING = Text("running {experiment}", "идёт опыт {experiment}")
SECONDS = Text("{seconds} s", "{seconds} с")
LATE = Text("(too late)", "(дольше срока)")


#: what ends a session; the second is the same key on a Russian keyboard
END = ("q", "й")


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
        if not line or line.strip().lower() in END:
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
def asked(item: Item, seed: int, dialogue: Dialogue) -> tuple[Marked, float]:
    """(mark, seconds that the learner took) of one item."""
    from sklon.lab.learning import ActiveFault, ChoiceTask, PointsTask, pose

    if isinstance(item, ActiveFault):
        dialogue.say(RUNNING.of(dialogue.language).format(experiment=item.experiment))
    task = pose(item, seed)
    dialogue.say("", f"{item.question}  {dialogue.shown(task.prompt)}")
    if isinstance(task, PointsTask):
        return _points(task, dialogue)
    return _choice(task, dialogue) if isinstance(task, ChoiceTask) else _number(task, dialogue)


def _points(task: PointsTask, dialogue: Dialogue) -> tuple[Marked, float]:
    began = time.monotonic()
    dialogue.hear(ENTER)
    seconds = time.monotonic() - began
    dialogue.say(*_listed(task.points, dialogue))
    count = len(task.points)
    said = dialogue.ask(TICK, lambda typed: _ticked(typed, count, dialogue.language))
    return task.mark(said or ()), seconds


def _choice(task: ChoiceTask, dialogue: Dialogue) -> tuple[Marked, float]:
    from sklon.lab.learning import observations

    if task.shown is not None:
        dialogue.say(*(f"  {line}" for line in observations(task.shown, dialogue.language)))
    dialogue.say(*_listed(task.options, dialogue), UNKNOWN.of(dialogue.language))
    began = time.monotonic()
    count = len(task.options)
    chosen = dialogue.ask(CHOOSE, lambda typed: _one_of(typed, count, dialogue.language))
    seconds = time.monotonic() - began
    return (task.give_up() if chosen is None else task.mark(chosen)), seconds


def _number(task: NumberTask, dialogue: Dialogue) -> tuple[Marked, float]:
    from sklon.lab.learning import read_number

    dialogue.say(UNKNOWN.of(dialogue.language))
    began = time.monotonic()
    given = dialogue.ask(NUMBER, lambda typed: read_number(typed, dialogue.language))
    seconds = time.monotonic() - began
    return (task.give_up() if given is None else task.mark(given)), seconds


def _listed(texts: Sequence[Text], dialogue: Dialogue) -> list[str]:
    return [f"  {i}. {dialogue.shown(text)}" for i, text in enumerate(texts, 1)]


def _one_of(typed: str, count: int, language: Language) -> int:
    options = [str(i) for i in range(1, count + 1)]
    if typed not in options:
        raise InputError(ONE_OF.of(language).format(count=count))
    return options.index(typed)


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
        lines[0] += " " + TRUTH.of(language).format(truth=dialogue.shown(marked.missed[0]).rstrip("."))
    elif marked.missed:
        lines += [MISSED.of(language), *(f"  – {dialogue.shown(text)}" for text in marked.missed)]
    return [*lines, dialogue.shown(marked.why)] if marked.why is not None else lines


def told_again(due: datetime, dialogue: Dialogue) -> str:
    """When the next item comes, in the local time."""
    return AGAIN.of(dialogue.language).format(when=f"{due.astimezone():%Y-%m-%d %H:%M}")


def told_interview(given: Sequence[Given], language: Language) -> list[str]:
    """A line for each answer of an interview, and what was missed."""
    lines, dialogue = list[str](), Dialogue(language)
    for one in given:
        took = SECONDS.of(language).format(seconds=f"{one.seconds:.0f}/{one.planned.seconds:.0f}")
        late = f" {LATE.of(language)}" if one.seconds > one.planned.seconds else ""
        share = number(round(100 * one.marked.grade.share), language)
        lines.append(f"{one.planned.item.question:4} {share:>3} %  {took}{late}  {one.planned.item.key}")
        lines += [f"       {dialogue.shown(text)}" for text in one.marked.missed]
        if one.marked.missed and isinstance(one.marked.truth, float):
            lines.append(f"       {TRUTH.of(language).format(truth=number(one.marked.truth, language))}")
    return lines


# ---- sessions
def review(items: Sequence[Item], language: Language, seed: int | None) -> list[Marked]:
    """Ask items one after the other, keep each review at once, and say when it comes again."""
    learning, dialogue = learning_room(), Dialogue(language)
    file, done = learning.progress_file(), []
    try:
        for position, item in enumerate(items):
            marked, _ = asked(item, _seed(seed) + position, dialogue)
            kept = file.add([marked.review(_now())])
            due = learning.memories(kept.reviews)[item.key].due
            dialogue.say(*told(marked, dialogue), told_again(due, dialogue))
            done.append(marked)
    except (EndError, KeyboardInterrupt):
        pass
    return done


def interview(count: int, items: Sequence[Item], language: Language, seed: int | None) -> list[Given]:
    """Ask a draw of items against the clock; what was right is said at the end."""
    learning, dialogue = learning_room(), Dialogue(language)
    file, began = learning.progress_file(), _now()
    known = learning.memories(file.read().reviews)
    given: list[Given] = []
    try:
        for position, planned in enumerate(learning.draw(items, known, began, count=count, seed=_seed(seed))):
            dialogue.say("", SECONDS.of(language).format(seconds=f"{position + 1}/{count}: {planned.seconds:.0f}"))
            marked, seconds = asked(planned.item, _seed(seed) + position, dialogue)
            given.append(learning.Given(planned=planned, marked=marked, seconds=seconds))
            file.add([marked.review(_now())])
    except (EndError, KeyboardInterrupt):
        pass
    if given:
        file.add(interviews=[learning.interview_of(began, given)])
    return given


def told_marks(marks: Sequence[Marked], language: Language) -> tuple[dict[str, Any], list[str]]:
    """What came of a session, as values and as a sentence."""
    rows = [
        {"item": m.item, "rating": m.grade.rating, "share": m.grade.share, "given": m.given, "truth": m.truth}
        for m in marks
    ]
    right = sum(m.grade.right for m in marks)
    said = SUMMARY.of(language).format(asked=len(marks), right=right) if marks else NOTHING.of(language)
    return {"asked": len(marks), "right": right, "items": rows}, [said]


def questioned(which: str | None) -> Sequence[Item]:
    """The items of one question, or all."""
    from sklon.lab import find

    learning = learning_room()
    items: Sequence[Item] = learning.all_items() if which is None else learning.items_of(find(which)[0])
    return items


def on_the_agenda(items: Sequence[Item], new_a_day: int | None) -> Sequence[Item]:
    """What of the items is due now, and new ones."""
    learning = learning_room()
    known = learning.memories(learning.progress_file().read().reviews)
    pace = learning.NEW_A_DAY if new_a_day is None else new_a_day
    found: Sequence[Item] = learning.agenda(items, known, _now(), new_a_day=pace).items
    return found


def status(progress: Progress, language: Language) -> tuple[dict[str, Any], list[str]]:
    """What a learner has done and what is due, as values and as sentences."""
    learning = learning_room()
    known, now = learning.memories(progress.reviews), _now()
    waiting = [memory.due for memory in known.values()]
    due = sum(moment <= now for moment in waiting)
    later = min((moment for moment in waiting if moment > now), default=None)
    summary = {
        "items": len(learning.all_items()),
        "begun": len(known),
        "due": due,
        "next": later.isoformat() if later is not None else None,
        "reviews": len(progress.reviews),
        "interviews": [{"time": i.time.isoformat(), "share": i.share} for i in progress.interviews],
    }
    sentences = [STATUS.of(language).format(**{**summary, "interviews": len(progress.interviews)})]
    return summary, [*sentences, told_again(later, Dialogue(language))] if later is not None else sentences


def learning_room() -> ModuleType:
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
