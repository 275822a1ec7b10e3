"""What an item with fresh numbers is: how its numbers are drawn, how the engine solves it, how it is worded."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from sklon.lab.text import Language, Text

#: the numbers of one item, by name: a number, several, or a word that chooses
Numbers: TypeAlias = Mapping[str, Any]
#: digits of a number within a sentence; there is no mark between thousands
DIGITS = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Fresh:
    """A computation of one question. ``solve`` is the engine's answer; nothing writes it down."""

    name: str
    question: str
    draw: Callable[[np.random.Generator], Numbers]
    solve: Callable[[Numbers], float]
    prompt: Callable[[Numbers], Text]
    why: Callable[[Numbers, float], Text]


def words(en: str, ru: str, **numbers: Any) -> Text:
    """A sentence in both languages with numbers where ``{name}`` stands, typeset for a formula.

    >>> words("$x = {x}$", "$x = {x}$", x=-0.5).ru
    '$x = -0{,}5$'
    """
    return Text(en.format(**_typeset(numbers, "en")), ru.format(**_typeset(numbers, "ru")))


def factor(value: float) -> Text:
    """A number as a factor or a subtrahend: in brackets if it is negative."""
    return words("({x})" if value < 0 else "{x}", "({x})" if value < 0 else "{x}", x=value)


def _typeset(numbers: Mapping[str, Any], language: Language) -> dict[str, str]:
    return {name: _written(value, language) for name, value in numbers.items()}


def _written(value: Any, language: Language) -> str:
    """A number, or a list of them with the mark between that the language's decimal mark leaves free."""
    if isinstance(value, Text):
        return value.of(language)
    if isinstance(value, str):
        return value
    if isinstance(value, list | tuple):
        between = r";\ " if language == "ru" else r",\ "
        return between.join(_written(v, language) for v in value)
    plain = f"{float(value):.{DIGITS}g}"
    return plain.replace(".", "{,}") if language == "ru" else plain
