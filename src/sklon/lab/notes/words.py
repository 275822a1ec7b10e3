"""Words of learners, and how alike they are: small letters, no punctuation, typos forgiven."""

from __future__ import annotations

import re

from rapidfuzz import fuzz
from rapidfuzz.distance import Levenshtein

_WORD = re.compile(r"[^\s,;:!?()\[\]{}«»\"“”*`|]+")
#: stems with at least so many letters may have one typo
TYPO_LETTERS = 6


def words(text: str) -> list[str]:
    """The words of a text, ё written as е.

    >>> words("Скорость роста: 2x1, ещё!")
    ['скорость', 'роста', '2x1', 'еще']
    """
    return [w.strip(".…").lower().replace("ё", "е") for w in _WORD.findall(text) if w.strip(".…")]


def plain(text: str) -> str:
    """The words of a text in one line; those joined by hyphens stand apart."""
    return " ".join(words(text.replace("-", " ")))


def begins(word: str, stem: str) -> bool:
    """Whether a word begins with a stem; in a long one a wrong, missing or additional letter is forgiven.

    A stem that begins with "=" is a whole word.

    >>> begins("градеента", "градиент"), begins("нейрон", "не"), begins("нейрон", "=не")
    (True, True, False)
    """
    if stem.startswith("="):
        return word == stem[1:]
    word, stem = word.lstrip("."), stem.lstrip(".")
    if word.startswith(stem):
        return True
    if len(stem) < TYPO_LETTERS or not stem.isalpha():
        return False
    near = (word[: len(stem) + extra] for extra in (-1, 0, 1))
    return any(Levenshtein.distance(start, stem, score_cutoff=1) <= 1 for start in near)


def alike(a: str, b: str) -> float:
    """How alike two lines are, of 100, whatever the order of their words; few words among many are alike a little."""
    return float(0.6 * fuzz.token_sort_ratio(a, b) + 0.4 * fuzz.token_set_ratio(a, b))


def same(a: str, b: str) -> float:
    """How nearly two lines have the same words, of 100, whatever their order."""
    return float(fuzz.token_sort_ratio(a, b))
