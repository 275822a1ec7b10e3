"""Numbers as people type them: decimal point or comma, any minus sign, powers of ten, fractions, percent."""

from __future__ import annotations

import re
from math import isfinite

from sklon._base.errors import InputError
from sklon.lab.text import Language, Text

NO_NUMBER = Text(
    "“{text}” is no number; write one such as 0.25, 2.5e-3, 10^-3, 1/4 or 25 %",
    "«{text}» — не число; напишите, например, 0,25, 2,5e-3, 10^-3, 1/4 или 25 %",
)
NOT_FINITE = Text(
    "“{text}” is no finite number; write one such as 0.25 or 2.5e-3",
    "«{text}» — не конечное число; напишите, например, 0,25 или 2,5e-3",
)
TWO_WAYS = "“{text}” can be read in two ways; write {whole} or {decimal}"

#: what is typed for one thing in several ways, and how it is read here
_SPELLINGS = str.maketrans(
    {**dict.fromkeys("−–‒‐‑﹣－", "-"), **dict.fromkeys("·×⋅∙хx", "*"), "е": "e", "÷": "/", "∕": "/"}
)
_RAISED = str.maketrans("⁻⁺⁰¹²³⁴⁵⁶⁷⁸⁹", "-+0123456789")
#: a space between thousands, and one beside anything but two digits
_SPACES = re.compile(r"(?<=\d)[\s']+(?=\d{3}(?!\d))|\s+(?!\d)|(?<!\d)\s+")
_POWER = re.compile(r"10(?:\^|\*\*)\(?([-+]?\d{1,4})\)?")
_RAISED_POWER = re.compile(r"10([⁻⁺]?[⁰¹²³⁴⁵⁶⁷⁸⁹]+)")
_NUMBER = r"(?:\d+(?:\.\d*)?|\.\d+)(?:e[-+]?\d{1,4})?"
_FACTOR = rf"[-+]?{_NUMBER}(?:\*{_NUMBER})?"
_WHOLE = re.compile(rf"(?P<above>{_FACTOR})(?:/(?P<below>{_FACTOR}))?(?P<percent>%|°)?")
#: 1,467 in English: one thousand and more, or one and a half?
_EITHER = re.compile(r"[-+]?[1-9]\d{0,2},\d{3}")
_THOUSANDS = re.compile(r"[-+]?[1-9]\d{0,2}(?:,\d{3})+(?:\.\d*)?")


def read_number(text: str, language: Language = "en") -> float:
    """The number of a typed text.

    >>> read_number("−2,5·10⁻³", "ru"), read_number("1e-3"), read_number("50 %"), read_number("1/8")
    (-0.0025, 0.001, 0.5, 0.125)

    InputError for what is no finite number, and for what English reads in two ways: ``1,467``.
    """
    typed = _SPACES.sub("", text.strip().lower())
    match = _WHOLE.fullmatch(_spelled(_pointed(typed, language)))
    if match is None:
        raise InputError(NO_NUMBER.of(language).format(text=text))
    below = _value(match["below"] or "1")
    value = _value(match["above"]) / below if below else float("nan")
    if not isfinite(value):
        raise InputError(NOT_FINITE.of(language).format(text=text))
    return value / 100 if match["percent"] == "%" else value


def _pointed(typed: str, language: Language) -> str:
    """The text with a point as its decimal mark and none between thousands."""
    if language == "en" and _EITHER.fullmatch(typed):
        thousand, rest = typed.split(",")
        raise InputError(TWO_WAYS.format(text=typed, whole=thousand + rest, decimal=f"{thousand}.{rest}"))
    if (typed.count(",") > 1 and _THOUSANDS.fullmatch(typed)) or ("," in typed and "." in typed):
        return typed.replace(",", "") if _THOUSANDS.fullmatch(typed) else typed
    return typed.replace(",", ".")


def _spelled(typed: str) -> str:
    """One spelling for minus, times and powers: 10⁻³ and 10^-3 are 1e-3."""
    raised = _RAISED_POWER.sub(lambda m: f"1e{m[1].translate(_RAISED)}", typed)
    return _POWER.sub(r"1e\1", raised.translate(_SPELLINGS))


def _value(product: str) -> float:
    first, _, second = product.partition("*")
    return float(first) * float(second or 1)
