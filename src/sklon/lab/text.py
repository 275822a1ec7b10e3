"""Words and numbers in the languages of the lab.

A text is a value with one string for each language; nothing here chooses a language. Numbers are shown with the
language's decimal mark and with powers of ten that a reader can say aloud.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, TypeAlias

from sklon._base.errors import InputError

Language: TypeAlias = Literal["en", "ru"]
LANGUAGES: tuple[Language, ...] = ("en", "ru")

#: (decimal mark, mark between thousands) of each language
MARKS: dict[Language, tuple[str, str]] = {"en": (".", ","), "ru": (",", "\u00a0")}
_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
#: sizes that are written out; smaller and larger ones are powers of ten
SMALLEST, LARGEST = 1e-3, 1e6


@dataclass(frozen=True, slots=True)
class Text:
    """The same words in every language.

    >>> Text("a slope", "склон").of("ru")
    'склон'
    """

    en: str
    ru: str

    def of(self, language: Language) -> str:
        """The words in one language."""
        return self.ru if language == "ru" else self.en

    def filled(self, **gaps: object) -> Text:
        """The words with their gaps filled: by words of the same language, or by numbers as it writes them.

        >>> Text("in {count} days", "через {count} дн.").filled(count=1.5).ru
        'через 1,5 дн.'
        """
        return Text(*(self.of(one).format(**{k: _shown(v, one) for k, v in gaps.items()}) for one in LANGUAGES))


def language_of(name: str) -> Language:
    """The language that a setting names; InputError for one that the lab does not speak."""
    for language in LANGUAGES:
        if name == language:
            return language
    raise InputError(f"the lab speaks {' and '.join(LANGUAGES)}, not {name!r}")


def language_written_in(text: str) -> Language:
    """The language of most letters of a text.

    >>> language_written_in("Что хранит .grad?")
    'ru'
    """
    letters = [c for c in text.lower() if c.isalpha()]
    return "ru" if 2 * sum("а" <= c <= "я" or c == "ё" for c in letters) > len(letters) else "en"


def number(value: float, language: Language = "en", digits: int = 4) -> str:
    """A number as people write it: whole ones below a million in full, others to ``digits`` significant digits.

    >>> number(1.46701, "ru"), number(2.5e-13, "en"), number(27008), number(0.0)
    ('1,467', '2.5·10⁻¹³', '27,008', '0')
    """
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    if value == int(value) and abs(value) < LARGEST:
        return ("−" if value < 0 else "") + _marked(f"{abs(value):,.0f}", language)
    mantissa, exponent = f"{abs(value):.{digits - 1}e}".split("e")
    power, sign = int(exponent), "−" if value < 0 else ""
    rounded = float(f"{mantissa}e{power}")
    if rounded == 0 or SMALLEST <= rounded < LARGEST:
        return sign + _marked(_trimmed(f"{rounded:,.{max(0, digits - 1 - power)}f}"), language)
    short = _marked(_trimmed(mantissa), language)
    ten = f"10{str(power).translate(_RAISED)}"
    return sign + (ten if short == "1" else f"{short}·{ten}")


def _shown(value: object, language: Language) -> str:
    if isinstance(value, Text):
        return value.of(language)
    return number(value, language) if isinstance(value, int | float) else str(value)


def _trimmed(text: str) -> str:
    return text.rstrip("0").rstrip(".") if "." in text else text


def _marked(text: str, language: Language) -> str:
    decimal, thousands = MARKS[language]
    return text.replace(",", "\0").replace(".", decimal).replace("\0", thousands)
