"""All questions, and how one is found: by its number, its slug, or the number of one of its experiments."""

from __future__ import annotations

from difflib import get_close_matches
from functools import cache

from sklon._base.errors import InputError

from .experiment import Experiment
from .question import Question, folders, read_question


@cache
def all_questions() -> tuple[Question, ...]:
    """Every question, in the order of the notes.

    >>> all_questions()[0].slug
    'derivative'
    """
    return tuple(map(read_question, folders()))


def find(which: str) -> tuple[Question, tuple[Experiment, ...]]:
    """The question of a number or slug with all its experiments, or with the one that is named.

    >>> question, experiments = find("q1")
    >>> question.number
    'Q1'

    InputError for what names nothing.
    """
    wanted = which.strip().lower()
    for question in all_questions():
        if wanted in (question.number.lower(), question.slug):
            return question, question.experiments
        if _could_be_of(wanted, question):
            for experiment in question.experiments:
                if wanted == experiment.number.lower():
                    return question, (experiment,)
    known = [name for q in all_questions() for name in (q.number, q.slug)]
    close = get_close_matches(which, known, 1)
    hint = InputError("did you mean {close}?", close=close[0]) if close else InputError("sklon lab list shows them all")
    raise InputError("there is no question or experiment {which!r}; {hint}", which=which, hint=hint)


def _could_be_of(wanted: str, question: Question) -> bool:
    """Whether an experiment's number belongs to a question: E9b to Q9. Spares reading all the others."""
    return wanted.startswith("e") and wanted[1:].startswith(question.number[1:].lower())
