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
from sklon.lab.text import Language, Text

from .terminal import encodable

if TYPE_CHECKING:
    from sklon.lab.learning import ChoiceTask, Given, Item, Marked, NumberTask, PointsTask, Progress
    from sklon.lab.question import Question

Read = TypeVar("Read")

ENTER = Text("Answer aloud or in writing, then press Enter ", "Ответьте вслух или письменно и нажмите Enter ")
TICK = Text("{said} (1 3, + for all) ", "{said} (1 3, + если всё) ")
CHOOSE = Text("{choice}: ", "{choice}: ")
UNKNOWN = Text("(Enter if you do not know, q ends)", "(Enter — не знаю, q — закончить)")
ONE_OF = Text("write a number from 1 to {count}", "напишите число от 1 до {count}")
SUMMARY = Text("{asked} asked, {right} right", "вопросов: {asked}, верно: {right}")
NOTHING = Text(
    "nothing was asked; sklon lab progress says what is due",
    "вопросов не было; что пора повторить, скажет sklon lab progress",
)
STATUS = Text(
    "{standing}; reviews: {reviews}, interviews: {interviews}",
    "{standing}; ответов: {reviews}, собеседований: {interviews}",
)
ALLOWED = Text("{position} of {count}: {seconds} s", "{position} из {count}: {seconds} с")


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

    def say_if(self, text: Text | None) -> None:
        """A line, if there is something to say."""
        if text is not None:
            self.say(text.of(self.language))

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
    from sklon.lab.learning import ChoiceTask, PointsTask, pose, telling

    dialogue.say_if(telling.while_posed(item))
    task = pose(item, seed)
    dialogue.say("", f"{item.question}  {dialogue.shown(task.prompt)}")
    if isinstance(task, PointsTask):
        return _points(task, dialogue)
    return _choice(task, dialogue) if isinstance(task, ChoiceTask) else _number(item, task, dialogue)


def _points(task: PointsTask, dialogue: Dialogue) -> tuple[Marked, float]:
    from sklon.lab.learning.words import SAID

    began = time.monotonic()
    dialogue.hear(ENTER)
    seconds = time.monotonic() - began
    dialogue.say(*_listed(task.points, dialogue))
    count = len(task.points)
    said = dialogue.ask(TICK.filled(said=SAID), lambda typed: _ticked(typed, count, dialogue.language))
    return task.mark(said or ()), seconds


def _choice(task: ChoiceTask, dialogue: Dialogue) -> tuple[Marked, float]:
    from sklon.lab.learning import observations
    from sklon.lab.learning.words import CHOICE

    if task.shown is not None:
        dialogue.say(*(f"  {line}" for line in observations(task.shown, dialogue.language)))
    dialogue.say(*_listed(task.options, dialogue), UNKNOWN.of(dialogue.language))
    began = time.monotonic()
    count = len(task.options)
    chosen = dialogue.ask(CHOOSE.filled(choice=CHOICE), lambda typed: _one_of(typed, count, dialogue.language))
    seconds = time.monotonic() - began
    return (task.give_up() if chosen is None else task.mark(chosen)), seconds


def _number(item: Item, task: NumberTask, dialogue: Dialogue) -> tuple[Marked, float]:
    from sklon.lab.learning import read_number, telling
    from sklon.lab.learning.words import NUMBER

    dialogue.say(UNKNOWN.of(dialogue.language))
    began = time.monotonic()
    given = dialogue.ask(CHOOSE.filled(choice=NUMBER), lambda typed: read_number(typed, dialogue.language))
    seconds = time.monotonic() - began
    dialogue.say_if(telling.while_marked(item))
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
    from sklon.lab.learning import telling

    said = telling.told(marked)
    lines = [" ".join(text.of(dialogue.language) for text in (said.verdict, *said.truth))]
    if said.heading is not None:
        lines += [said.heading.of(dialogue.language), *(f"  – {dialogue.shown(text)}" for text in said.missed)]
    return lines if said.why is None else [*lines, dialogue.shown(said.why)]


def told_interview(given: Sequence[Given], language: Language) -> list[str]:
    """A line for each answer of an interview, and what was missed."""
    from sklon.lab.learning import telling
    from sklon.lab.learning.words import LATE

    lines, dialogue = list[str](), Dialogue(language)
    for one in given:
        late = f", {LATE.of(language)}" if one.late else ""
        share, took = telling.share(one.marked.grade.share).of(language), telling.took(one).of(language)
        lines.append(f"{one.planned.item.question:4} {share:>5}  {took}{late}  {one.planned.item.key}")
        lines += [f"       {dialogue.shown(text)}" for text in telling.missed(one.marked)]
    return lines


# ---- sessions
def review(items: Sequence[Item], language: Language, seed: int | None) -> list[Marked]:
    """Ask items one after the other, keep each review at once, and say when it comes again."""
    learning, dialogue = learning_room(), Dialogue(language)
    file, done = learning.progress_file(), []
    try:
        for position, item in enumerate(items):
            marked, _ = asked(item, _seed(seed) + position, dialogue)
            now = _now()
            kept = learning.keep(marked, now, file)
            dialogue.say(*told(marked, dialogue), learning.telling.again(kept.due, now).of(language))
            done.append(marked)
    except (EndError, KeyboardInterrupt):
        pass
    return done


def interview(count: int, question: Question | None, language: Language, seed: int | None) -> list[Given]:
    """Ask a draw of items, of one question if one is given, against the clock; what was right is said at the end."""
    learning, dialogue = learning_room(), Dialogue(language)
    file, began = learning.progress_file(), _now()
    known = learning.memories(file.read().reviews)
    drawn = learning.draw(learning.askable(known, question), known, began, count=count, seed=_seed(seed))
    given: list[Given] = []
    try:
        for position, planned in enumerate(drawn):
            allowed = ALLOWED.filled(position=position + 1, count=len(drawn), seconds=round(planned.seconds))
            dialogue.say("", allowed.of(language))
            marked, seconds = asked(planned.item, _seed(seed) + position, dialogue)
            given.append(learning.Given(planned=planned, marked=marked, seconds=seconds))
            learning.keep(marked, _now(), file)
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


def questioned(which: str | None) -> Question | None:
    """The question that was named, if one was."""
    from sklon.lab import find

    return None if which is None else find(which)[0]


def on_the_agenda(question: Question | None, new_a_day: int | None) -> Sequence[Item]:
    """What is due now, and new items: the same that the page asks."""
    learning = learning_room()
    pace = learning.NEW_A_DAY if new_a_day is None else new_a_day
    found: Sequence[Item] = learning.plan(
        learning.progress_file().read(), _now(), question=question, new_a_day=pace
    ).items
    return found


def status(progress: Progress, language: Language) -> tuple[dict[str, Any], list[str]]:
    """What a learner has done and what is due, as values and as sentences."""
    learning, now = learning_room(), _now()
    stands = learning.standing(progress, now)
    summary = {
        "items": stands.items,
        "begun": stands.begun,
        "due": stands.due,
        "next": stands.later.isoformat() if stands.later is not None else None,
        "reviews": len(progress.reviews),
        "interviews": [{"time": i.time.isoformat(), "share": i.share} for i in progress.interviews],
    }
    said = STATUS.filled(
        standing=learning.telling.how_far(stands), reviews=len(progress.reviews), interviews=len(progress.interviews)
    )
    later = [] if stands.later is None else [learning.telling.again(stands.later, now).of(language)]
    return summary, [said.of(language), *later]


def learning_room() -> ModuleType:
    """The learner's side of the lab, if its library is installed."""
    try:
        from sklon.lab import learning
    except ImportError as error:
        raise InputError("this needs {library}: pip install 'sklon[lab]'", library=error.name) from error
    return learning


def _now() -> datetime:
    return datetime.now().astimezone()


def _seed(seed: int | None) -> int:
    return secrets.randbits(32) if seed is None else seed
