"""Letters: which may stand in a name, and which look like others."""

from __future__ import annotations

import unicodedata

#: Cyrillic letters and the Latin ones that look the same
LOOKALIKES = dict(zip("асеорхуіАВЕКМНОРСТХУІ", "aceopxyiABEKMHOPCTXYI", strict=True))
SUPERSCRIPTS = dict(zip("⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺", "0123456789-+", strict=True))
SUBSCRIPTS = dict(zip("₀₁₂₃₄₅₆₇₈₉", "0123456789", strict=True))


def letter(character: str) -> str | None:
    """The letter that this character stands for in a name; None if it is none.

    Slanted and bold letters of mathematics are the plain ones. Scripts that run from right to left are left out:
    no caret could point into them.
    """
    styled = 0x1D400 <= ord(character) <= 0x1D7CB or character == "\N{MICRO SIGN}"
    plain = unicodedata.normalize("NFKC", character) if styled else character
    written = unicodedata.category(plain) in ("Lu", "Ll", "Lo") and unicodedata.bidirectional(plain) == "L"
    return plain if written else None


def is_cyrillic(character: str) -> bool:
    """Whether this letter is Cyrillic."""
    return 0x400 <= ord(character) <= 0x52F


def is_latin(character: str) -> bool:
    """Whether this letter is Latin."""
    return character.isalpha() and ord(character) < 0x250


def looks_latin(name: str) -> bool:
    """Whether a name consists of Cyrillic letters that look like Latin ones, and digits."""
    found = [c for c in name if c.isalpha()]
    return bool(found) and all(c in LOOKALIKES for c in found)


def described(character: str) -> str:
    """A character that cannot be seen, or that is not known, for an error message."""
    return f"U+{ord(character):04X} ({unicodedata.name(character, 'without a name')})"
