"""Questions and answers are written in our own words: no sentence of the notes or of the reference is copied."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest

from sklon.lab import Question, all_questions
from sklon.lab.answer import CITATION, FORMULA

SHARED = Path(__file__).parents[3] / "shared"
SOURCES = (SHARED / "seed" / "notes.ru.md", SHARED / "reference" / "lab.md")
#: so many words in a row are a copied passage
PASSAGE = 7
QUESTIONS = [pytest.param(q, id=q.number) for q in all_questions()]

pytestmark = pytest.mark.skipif(not all(s.exists() for s in SOURCES), reason="../shared is not there")


def words(text: str) -> list[str]:
    """The words of a text in small letters, without formulas, citations and marks."""
    return re.findall(r"[a-zа-яё]+", FORMULA.sub(" ", CITATION.sub(" ", text)).lower())


def passages(text: str) -> set[tuple[str, ...]]:
    """All runs of PASSAGE words."""
    found = words(text)
    return {tuple(found[i : i + PASSAGE]) for i in range(len(found) - PASSAGE + 1)}


@cache
def known_passages() -> set[tuple[str, ...]]:
    return set().union(*(passages(s.read_text("utf-8")) for s in SOURCES))


@cache
def asked_in_the_notes() -> set[tuple[str, ...]]:
    lines = SOURCES[0].read_text("utf-8").splitlines()
    return {tuple(words(line)) for line in lines if re.match(r"\d+\.", line)}


@pytest.mark.parametrize("question", QUESTIONS)
def test_no_passage_is_copied(question: Question) -> None:
    for answer in question.answers.values():
        assert not passages(answer.source) & known_passages()
    for point in question.rubric.points:
        assert not (passages(point.missing.en) | passages(point.missing.ru)) & known_passages()
    for error in question.rubric.errors:
        assert not (passages(error.reason.en) | passages(error.reason.ru)) & known_passages()


@pytest.mark.parametrize("question", QUESTIONS)
def test_a_question_is_asked_in_words_of_its_own(question: Question) -> None:
    ours = [*question.asked, *(a.title for a in question.answers.values())]
    assert not {tuple(words(o)) for o in ours} & asked_in_the_notes()


def test_a_copied_passage_is_seen() -> None:
    line = max(SOURCES[0].read_text("utf-8").splitlines(), key=len)
    assert passages("Да, " + line) & known_passages()
