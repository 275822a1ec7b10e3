"""Which of some known values a text is, although it may be written in another way than when they became known.

::

    1   1.0   01   1e0      one number: what is whole becomes 1.0 beside missing values, and 1 in another library
    True   true   TRUE      one truth; where all known values are truths, 1 and 0 are too, and the other way round

A text that is written as a known value is that value. Another spelling counts only where a single value has it.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from .table import Numbers, Texts, number_of

TRUTHS = {"true": 1.0, "false": 0.0}
"""How truths are written, whatever the case, and the numbers that stand for them."""

_Meaning: TypeAlias = Decimal | str | None


def places_of(texts: Texts, known: Sequence[str]) -> NDArray[np.int64]:
    """Which of the known values each text is, [rows]: its place, or −1 where it is none of them or missing.

    >>> places_of(np.array(["2.0", "b", "2", None], object), ["a", "2"]).tolist()
    [1, -1, 1, -1]
    >>> places_of(np.array(["1", "false"], object), ["False", "True"]).tolist()
    [1, 0]
    """
    places = {text: place for place, text in enumerate(known)}
    distinct = set(texts.tolist()) - {None}
    if not distinct <= places.keys():
        numbered = all(_truth(text) is not None for text in known)
        others = _by_meaning(known, numbered)
        places = {text: places.get(text, others.get(_meaning(text, numbered), -1)) for text in distinct}
    return np.array([-1 if text is None else places[text] for text in texts], dtype=np.int64)


def truths_of(texts: Texts) -> Numbers:
    """1 and 0 where a truth is written, NaN elsewhere, [rows].

    >>> truths_of(np.array(["True", "false", "1", None], object)).tolist()
    [1.0, 0.0, nan, nan]
    """
    return np.array([np.nan if text is None else TRUTHS.get(text.casefold(), np.nan) for text in texts], np.float64)


def _by_meaning(known: Sequence[str], numbered: bool) -> dict[_Meaning, int]:
    """The place of each value that alone has its meaning, and −1 for meanings that several share."""
    found: dict[_Meaning, int] = {}
    for place, text in enumerate(known):
        meaning = _meaning(text, numbered)
        found[meaning] = -1 if meaning is None or meaning in found else place
    return found


def _meaning(text: str, numbered: bool) -> _Meaning:
    """The number or the truth that is written, or ``None``; where truths are ``numbered``, they are numbers."""
    folded = text.casefold()
    if folded in TRUTHS:
        return Decimal(TRUTHS[folded]) if numbered else folded
    if number_of(text) is None:
        return None
    try:
        return Decimal(text)  # exact: no two whole numbers are one, as they may be in floating point
    except InvalidOperation:  # of an exponent beyond all
        return None


def _truth(text: str) -> float | None:
    """The truth that is written, as a word or as 1 or 0."""
    number = TRUTHS.get(text.casefold(), number_of(text))
    return number if number in (0.0, 1.0) else None
