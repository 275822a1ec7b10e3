"""A learner's answer judged by its question's rubric.

Signs are looked for sentence by sentence. This recognises what was said, not whether it was meant; so a verdict always
comes with its reasons, and the learner's words stay as they are.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, TypeAlias

from sklon.lab.rubric import Error, Point, Rubric

from .words import begins, words

Kind: TypeAlias = Literal["right", "incomplete", "wrong"]

_SENTENCE_END = re.compile(r"[.!?…]+\s+(?=[A-ZА-ЯЁ«\"(*])|\n\s*(?:[-*+•]|\d+[.)])\s+|\n\s*\n|;\s+(?![^()]*\))")


@dataclass(frozen=True, slots=True)
class Verdict:
    """What an answer is worth: ``missing`` required points, points ``worth_adding``, and ``errors`` with the words."""

    kind: Kind
    missing: tuple[Point, ...]
    worth_adding: tuple[Point, ...]
    errors: tuple[tuple[Error, str], ...]


def judge(rubric: Rubric, answer: str) -> Verdict:
    """The verdict on an answer: wrong if it makes an error, incomplete if it lacks a required point, else right."""
    sentences = [(s, words(s)) for s in _sentences(answer)]
    errors = tuple((e, s) for e in rubric.errors for s in _made(e, sentences)[:1])
    absent = [p for p in rubric.points if not any(_one_of(p.signs, w) for _, w in sentences)]
    missing = tuple(p for p in absent if p.required)
    kind: Kind = "wrong" if errors else "incomplete" if missing else "right"
    return Verdict(kind, missing, tuple(p for p in absent if not p.required), errors)


def fits(sign: str, sentence: Iterable[str]) -> bool:
    """Whether every place of a sign is taken by a word of the sentence; what stands after ">" must come later.

    >>> fits("накапл|склад grad", words("Градиенты накапливаются в .grad"))
    True
    >>> [fits("l2 > zero > l1", words(s)) for s in ("L2 zeroes them, L1 doesn't", "L1 zeroes them, L2 doesn't")]
    [True, False]
    """
    rest = list(sentence)
    for part in sign.lower().replace("ё", "е").split(" > "):
        first = [_first(place.split("|"), rest) for place in part.split()]
        if None in first:
            return False
        rest = rest[1 + max(i for i in first if i is not None) :]
    return True


def _first(stems: list[str], sentence: list[str]) -> int | None:
    """Where the first word stands that begins with one of the stems."""
    return next((i for i, word in enumerate(sentence) if any(begins(word, s) for s in stems)), None)


def _one_of(signs: Iterable[str], sentence: list[str]) -> bool:
    return any(fits(sign, sentence) for sign in signs)


def _made(error: Error, sentences: Iterable[tuple[str, list[str]]]) -> list[str]:
    """The sentences that make an error."""
    return [s for s, w in sentences if _one_of(error.signs, w) and not _one_of(error.unless, w)]


def _sentences(text: str) -> list[str]:
    return [s.strip() for s in _SENTENCE_END.split(text) if s and s.strip()]
