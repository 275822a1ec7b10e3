"""A formula's text, cut into tokens: numbers, names, superscripts, signs. Nothing is given a meaning here.

Work is proportional to the length of the text, which is limited; a character that cannot be seen is an error.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from fractions import Fraction

from sklon._base.errors import InputError

from .faults import fault
from .letters import SUBSCRIPTS, SUPERSCRIPTS, described, letter

#: characters of a formula; a gradient of ten pages helps nobody
MOST_CHARACTERS = 5000

NUMBER = re.compile(r"(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+\-−]?[0-9]+)?")
#: signs as typed → as the reader knows them; longer ones first
SIGNS = {
    "**": "^", "<=": "<=", ">=": ">=", "==": "=", "!=": "!=", "<>": "!=",
    "≤": "<=", "⩽": "<=", "≥": ">=", "⩾": ">=", "≠": "!=", "<": "<", ">": ">", "=": "=",
    "+": "+", "-": "-", "−": "-", "–": "-", "*": "*", "·": "*", "⋅": "*", "×": "*", "∙": "*",
    "/": "/", "÷": "/", "∕": "/", "^": "^", "√": "√", "∛": "∛", "|": "|", ",": ",", ";": ";", ":": ":",
    "(": "(", ")": ")", "[": "[", "]": "]", "{": "{", "}": "}",
}  # fmt: skip
#: characters that people type, and what they could have meant
REPAIRS = {
    "!": "factorials are not known; a function of real variables has derivatives, write it out",
    "'": "write derivatives out: sklon takes them itself",
    '"': "a formula has no quotes; delete them",
    "%": "write 0.05 for 5 %",
    "@": "write * for a product",
    ".": "a point stands between digits only, as in 2.5; a name holds none",
    "_": "an underscore stands between a name and its index, as in x_1",
    "&": "write where(a < x, where(x < b, y, z), z)",
    "°": "angles are in radians; write 30·π/180 for 30 degrees",
    "\\": "LaTeX is written, not read; write sin x, x/2 and sqrt(x)",
    "∞": "infinity is no number; ask for the limit instead",
}
REPAIR = "delete it; a formula is made of numbers, names, + - * / ^ and brackets"


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of the text. ``kind``: number, name, superscript, sign, end. ``spaced``: a space stands before it."""

    kind: str
    text: str
    place: int
    end: int
    spaced: bool
    value: Fraction = Fraction(0)
    #: of a name: its index, as 1 or _a
    tail: str = ""

    @property
    def name(self) -> str:
        """The canonical name: x₁, x_1 and x1 are x1."""
        return self.text + self.tail


def tokens(text: str) -> list[Token]:
    """The tokens of ``text``, the last of kind ``end``. Raises InputError at what can be none.

    >>> [t.name for t in tokens("2x₁² ≤ sin x_10")]
    ['2', 'x1', '2', '<=', 'sin', 'x10', '']
    """
    if len(text) > MOST_CHARACTERS:
        raise InputError(
            f"a formula of {len(text)} characters is too long: {MOST_CHARACTERS} is the most; write it as a function "
            "in Python"
        )
    found: list[Token] = []
    at, spaced = 0, False
    while at < len(text):
        if unicodedata.category(text[at]) == "Zs" or text[at] in "\t\r\n":
            at, spaced = at + 1, True
            continue
        found.append(_token(text, at, spaced))
        at, spaced = found[-1].end, False
    return [*found, Token("end", "", len(text), len(text), spaced)]


def _token(text: str, at: int, spaced: bool) -> Token:
    number = NUMBER.match(text, at)
    if number:
        return Token("number", number[0], at, number.end(), spaced, _value(text, number[0], at))
    if letter(text[at]):
        return _name(text, at, spaced)
    if text[at] in SUPERSCRIPTS:
        return _superscript(text, at, spaced)
    for width in (2, 1):
        if text[at : at + width] in SIGNS:
            return Token("sign", SIGNS[text[at : at + width]], at, at + width, spaced)
    if unicodedata.category(text[at]) in ("Cf", "Cc", "Cs", "Co", "Cn"):
        raise fault(text, at, f"the formula holds {described(text[at])}, which cannot be seen", "delete it")
    raise fault(text, at, f"{text[at]!r} has no meaning in a formula", REPAIRS.get(text[at], REPAIR))


def value_of(digits: str) -> Fraction | None:
    """The number, exactly; None where float64 cannot hold it."""
    plain = digits.replace("−", "-")
    near = float(plain)
    mantissa = re.split("[eE]", plain)[0]
    if not mantissa.strip("0."):
        return Fraction(0)
    return Fraction(plain) if near not in (0.0, float("inf")) else None


def _value(text: str, digits: str, at: int) -> Fraction:
    value = value_of(digits)
    if value is None:
        raise fault(
            text, at, f"the number {digits[:40]} is beyond what float64 holds", "numbers go from 1e-308 to 1.8e308"
        )
    return value


def _name(text: str, at: int, spaced: bool) -> Token:
    """A run of letters and its index; π never joins a run."""
    end, letters = at + 1, [letter(text[at])]
    while text[at] != "π" and end < len(text) and (found := letter(text[end])) and found != "π":
        letters.append(found)
        end += 1
    tail, end = ("", end) if text[at] == "π" else _index(text, end)
    return Token("name", "".join(c for c in letters if c), at, end, spaced, tail=tail)


INDEX = re.compile(r"[0-9]+|[₀-₉]+|_\{\w+\}|_[^\W_]+")


def _index(text: str, at: int) -> tuple[str, int]:
    """The index of a name that ends at ``at``, and where it ends."""
    tail = ""
    while found := INDEX.match(text, at):
        plain = "".join(SUBSCRIPTS.get(c, c) for c in found[0].strip("_{}"))
        if not all("0" <= c <= "9" or letter(c) for c in plain):
            raise fault(text, at, f"{plain!r} is no index", "an index is made of digits or letters, as in x_1 or x_a")
        tail += plain if plain.isdecimal() and not tail else f"_{plain}"
        at = found.end()
        if not text.startswith("_", at):
            break
    return tail, at


def _superscript(text: str, at: int, spaced: bool) -> Token:
    end = at
    while end < len(text) and text[end] in SUPERSCRIPTS:
        end += 1
    digits = "".join(SUPERSCRIPTS[c] for c in text[at:end])
    if not re.fullmatch(r"[+-]?[0-9]{1,9}", digits):
        raise fault(text, at, "a superscript is a whole number, as in x² or x⁻¹", "write the exponent as x^(...)")
    return Token("superscript", digits, at, end, spaced, Fraction(int(digits)))
