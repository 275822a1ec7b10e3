"""What a learner is told, as sentences in every language: the page and the terminal only decorate them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias

from sklon.lab.text import Text

from . import words
from .interview import Given
from .items import ActiveFault, Item, NumberPrediction, Verdict
from .planning import Standing
from .tasks import FAILS, HOLDS, Marked

Kind: TypeAlias = Literal["right", "almost", "wrong"]

_HOUR, _DAY = 3600.0, 86400.0
_KINDS: dict[Kind, Text] = {"right": words.RIGHT, "almost": words.ALMOST, "wrong": words.WRONG}
#: what is said of a predicted check, by the reason that its mark gives
_VERDICTS: dict[Text | None, Text] = {HOLDS: words.IT_HOLDS, FAILS: words.IT_FAILS}


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What came of an answer: the verdict and what is true in sentences, then what was missed in a list, then why."""

    kind: Kind
    verdict: Text
    truth: tuple[Text, ...] = ()
    heading: Text | None = None
    missed: tuple[Text, ...] = ()
    why: Text | None = None


def told(marked: Marked) -> Told:
    """What is said of a mark.

    >>> from sklon.lab import learning
    >>> said = told(learning.pose(learning.item_of("E5/first-at-start")).mark(4.0))
    >>> said.verdict.en, [sentence.en for sentence in said.truth]
    ('Right.', ['It is 4.', 'You said 4.'])
    """
    grade = marked.grade
    kind: Kind = "right" if grade.right else "almost" if grade.rating == "hard" else "wrong"
    if marked.why in _VERDICTS:
        return Told(kind=kind, verdict=_KINDS[kind], truth=(_VERDICTS[marked.why],))
    if isinstance(marked.truth, float):
        return Told(kind=kind, verdict=_KINDS[kind], truth=_numbers(marked), why=marked.why)
    heading = None if not marked.missed else words.MISSED if marked.truth is None else words.TRUE_CHOICE
    return Told(kind=kind, verdict=_KINDS[kind], heading=heading, missed=marked.missed, why=marked.why)


def missed(marked: Marked) -> tuple[Text, ...]:
    """What was missed, a line each: points, the right option, or what was asked with what is true."""
    if marked.why in _VERDICTS:
        return (_VERDICTS[marked.why],) if marked.missed else ()
    if not isinstance(marked.truth, float):
        return marked.missed
    return tuple(
        Text(f"{asked.en} {end.en}", f"{asked.ru} {end.ru}") for asked in marked.missed for end in _true(marked)
    )


def again(due: datetime, now: datetime) -> Text:
    """When the next review comes.

    >>> again(datetime(2026, 1, 9), datetime(2026, 1, 1))
    Text(en='Next review in 8 days.', ru='Следующее повторение через 8 дн.')
    """
    said = words.AGAIN.filled(when=until((due - now).total_seconds()))
    return Text(*(f"{one.removesuffix('.')}." for one in (said.en, said.ru)))  # a shortened word has its point already


def until(seconds: float) -> Text:
    """A time to wait.

    >>> until(600).en, until(7300).ru
    ('in 10 min', 'через 2 ч')
    """
    rows: tuple[tuple[float, Text, float], ...] = (
        (90, words.SOON, 60), (1.5 * _HOUR, words.MINUTES, 60), (1.5 * _DAY, words.HOURS, _HOUR),
    )  # fmt: skip
    said, unit = next(((said, unit) for most, said, unit in rows if seconds < most), (words.DAYS, _DAY))
    return said.filled(count=round(seconds / unit))


def how_far(standing: Standing) -> Text:
    """How far one is, in a line."""
    return words.STANDING.filled(begun=standing.begun, items=standing.items, due=standing.due, new=standing.new)


def while_posed(item: Item) -> Text | None:
    """What is said while an item is made: nothing where nothing runs."""
    return words.RUNNING.filled(experiment=item.experiment) if isinstance(item, ActiveFault | Verdict) else None


def while_marked(item: Item) -> Text | None:
    """What is said while an item is marked: nothing where nothing runs."""
    return words.RUNNING.filled(experiment=item.experiment) if isinstance(item, NumberPrediction) else None


def share(right: float) -> Text:
    """A share that was right, in percent."""
    return words.SHARE.filled(percent=round(100 * right))


def took(given: Given) -> Text:
    """How long an answer of an interview took."""
    return words.TOOK.filled(seconds=round(given.seconds), allowed=round(given.planned.seconds))


def _numbers(marked: Marked) -> tuple[Text, ...]:
    given = (words.GIVEN_NUMBER.filled(given=marked.given),) if isinstance(marked.given, float) else ()
    return _true(marked) + given


def _true(marked: Marked) -> tuple[Text, ...]:
    return (words.TRUE_NUMBER.filled(truth=marked.truth),)
