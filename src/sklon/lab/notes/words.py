"""Words of learners, and how alike they are: small letters, no punctuation, typos forgiven."""

from __future__ import annotations

import re
from functools import lru_cache

from rapidfuzz import fuzz
from rapidfuzz.distance import Levenshtein

_WORD = re.compile(r"[^\s,;:!?()\[\]{}«»\"“”*`|]+")
#: shorter words have no forms; of 100: how near two forms are
SHORTEST_FORM, LEAST_FORM = 4, 74.0
#: a plus between variables, such as x1, 2x₁ or x_2; what it joins is one word
_TIMES = re.compile(r"(?<=2)\s*[*·⋅]\s*(?=x)")
_SUM = re.compile(r"(?<=x[12₁₂])\s*\+\s*(?=2?x[12₁₂])|(?<=x_[12])\s*\+\s*(?=2?x_[12])")
#: stems with at least so many letters may have one typo
TYPO_LETTERS = 6


def words(text: str) -> list[str]:
    """The words of a text, ё written as е, and every apostrophe alike.

    >>> words("Скорость роста: 2x1, ещё!")
    ['скорость', 'роста', '2x1', 'еще']
    >>> words("(2x1 + x2, x1)")
    ['2x1+x2', 'x1']
    """
    text = text.lower().replace("ё", "е").replace("’", "'")
    text = _SUM.sub("+", _TIMES.sub("", text))
    return [w.strip(".…") for w in _WORD.findall(text) if w.strip(".…")]


def plain(text: str) -> str:
    """The words of a text in one line; those joined by hyphens and strokes stand apart."""
    return " ".join(words(re.sub(r"[-/]", " ", text)))


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


@lru_cache(maxsize=100_000)
def same_word(a: str, b: str) -> bool:
    """Whether two words are forms or misspellings of one.

    >>> same_word("производной", "производная"), same_word("dropuot", "dropout"), same_word("batch", "patch")
    (True, True, False)
    """
    if a == b:
        return True
    if min(len(a), len(b)) < SHORTEST_FORM or a[0] != b[0]:
        return False
    return fuzz.ratio(a, b) >= LEAST_FORM


def same(a: str, b: str) -> float:
    """How nearly two lines have the same words, of 100, whatever their order."""
    return float(fuzz.token_sort_ratio(a, b))
