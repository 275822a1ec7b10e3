"""Everything that can be asked, as values: what the question files hold, active faults, and items with fresh numbers.

An item has a key that never depends on a language; under it reviews are kept. How an item is asked, and what counts as
right, stands in ``tasks``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import TypeAlias

from sklon._base.errors import InputError
from sklon.lab.answer import Item as Written
from sklon.lab.answer import Prediction, Recall, Statements
from sklon.lab.catalogue import all_questions, find
from sklon.lab.controls import settle
from sklon.lab.question import Question
from sklon.lab.text import Text

from .fresh import ALL_FRESH, Fresh
from .grading import Scale
from .scales import scale_of


@dataclass(frozen=True, slots=True, kw_only=True)
class _Item:
    """``key`` names the item for ever; ``question`` is the number of the question that it belongs to."""

    key: str
    question: str


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyPoints(_Item):
    """Answer from memory, then tick which of the points were said."""

    prompt: Text
    points: tuple[Text, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FalseStatement(_Item):
    """Find the statement that is wrong."""

    statements: tuple[Text, ...]
    wrong: int
    why: Text


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberPrediction(_Item):
    """Say what an experiment will measure."""

    prompt: Text
    experiment: str
    check: str
    scale: Scale


@dataclass(frozen=True, slots=True, kw_only=True)
class ActiveFault(_Item):
    """An experiment was run with one of its faults, or with none: say which."""

    experiment: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict(_Item):
    """Say whether a check will hold, with a fault switched on (or with none). Made where someone commits to it."""

    experiment: str
    check: str
    fault: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FreshNumbers(_Item):
    """A small computation with other numbers every time."""

    fresh: Fresh


Item: TypeAlias = KeyPoints | FalseStatement | NumberPrediction | ActiveFault | Verdict | FreshNumbers


@cache
def all_items() -> tuple[Item, ...]:
    """Every item, in the order of the questions.

    >>> [item.key for item in all_items()][:4]
    ['Q1/recall-1', 'E1/central-order', 'Q1/false-1', 'E1/fault']
    """
    return tuple(item for question in all_questions() for item in items_of(question))


def items_of(question: Question) -> tuple[Item, ...]:
    """The items of one question: what its files hold, then those with fresh numbers, then the active faults."""
    return (*_written(question), *_fresh(question), *_faults(question))


def item_of(key: str) -> Item:
    """The item of a key; InputError for a key that names none.

    >>> item_of("E5/first-at-start").question
    'Q5'
    """
    for item in all_items():
        if item.key == key:
            return item
    experiment, mark, rest = key.partition("/holds/")
    if mark and rest:
        check, _, fault = rest.partition("/")
        return verdict_of(experiment, check, fault or None)
    raise InputError(f"there is no item {key!r}; keys look like {', '.join(i.key for i in all_items()[:3])}")


def verdict_of(experiment: str, check: str, fault: str | None = None) -> Verdict:
    """The item that asks whether a check of an experiment holds; InputError for one that is not there."""
    question, (asked, *_) = find(experiment)
    asked.claim(check, settle(asked.controls, {}))
    if fault is not None:
        asked.with_fault(fault)
    key = f"{asked.number}/holds/{check}" + (f"/{fault}" if fault is not None else "")
    return Verdict(key=key, question=question.number, experiment=asked.number, check=check, fault=fault)


def predictable(experiment: str) -> tuple[NumberPrediction, ...]:
    """What of an experiment one may predict as a number."""
    return tuple(i for i in all_items() if isinstance(i, NumberPrediction) and i.experiment == experiment)


# ---- from the files of a question
def _written(question: Question) -> Iterator[Item]:
    """The self-test of the question in all languages at once; both have the same structure."""
    pairs = zip(question.answers["en"].self_test, question.answers["ru"].self_test, strict=True)
    seen: dict[type[Written], int] = {}
    for english, russian in pairs:
        seen[type(english)] = seen.get(type(english), 0) + 1
        yield _item(question.number, seen[type(english)], english, russian)


def _item(number: str, count: int, english: Written, russian: Written) -> Item:
    match english, russian:
        case Recall(), Recall():
            points = tuple(map(Text, english.points, russian.points))
            prompt = Text(english.prompt, russian.prompt)
            return KeyPoints(key=f"{number}/recall-{count}", question=number, prompt=prompt, points=points)
        case Statements(), Statements():
            return _false_statement(f"{number}/false-{count}", number, english, russian)
        case Prediction(), Prediction():
            return NumberPrediction(
                key=f"{english.experiment}/{english.check}",
                question=number,
                prompt=Text(english.prompt, russian.prompt),
                experiment=english.experiment,
                check=english.check,
                scale=scale_of(english.experiment, english.check),
            )
    raise ValueError(f"{number}: the self-tests of the languages differ")


def _false_statement(key: str, number: str, english: Statements, russian: Statements) -> FalseStatement:
    said = zip(english.statements, russian.statements, strict=True)
    return FalseStatement(
        key=key,
        question=number,
        statements=tuple(Text(en, ru) for (en, _), (ru, _) in said),
        wrong=[is_wrong for _, is_wrong in english.statements].index(True),
        why=Text(english.why, russian.why),
    )


# ---- what the engine makes
def _fresh(question: Question) -> Iterator[Item]:
    for fresh in ALL_FRESH:
        if fresh.question == question.number:
            yield FreshNumbers(key=f"{question.number}/fresh-{fresh.name}", question=question.number, fresh=fresh)


def _faults(question: Question) -> Iterator[Item]:
    for experiment in question.experiments:
        yield ActiveFault(key=f"{experiment.number}/fault", question=question.number, experiment=experiment.number)
