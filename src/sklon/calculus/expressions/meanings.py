"""What each name in a formula is: a function, a constant, a variable, or several of them written together.

Names are given their meaning before the formula is read, because that depends on the whole of it: on the left side,
on what stands alone elsewhere, on the script that the other names are written in.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from difflib import get_close_matches
from fractions import Fraction

from .faults import fault
from .functions import SPELLINGS
from .letters import LOOKALIKES, is_cyrillic, is_latin, looks_latin
from .tokens import Token

CONSTANTS = {"e": "e", "pi": "pi", "π": "pi"}
WHERE = ("where", "если")
OTHERWISE = ("else", "otherwise", "иначе")
#: words of programs and of logic, which are no variables
RESERVED = ("for", "in", "if", "and", "or", "not", "import", "return", "def")
EULER = "e was read as Euler's number 2.718…; name it on the left side, as in f(x, e) = …, if it is a variable"
CYRILLIC_E = "е is the Cyrillic letter here, and was read as a variable; Euler's number is the Latin e"

#: letters that are variables in books, and the functions of one argument that stand between them
_LETTER = "[abcpqrstuvwxyz]"
_APPLIED = "|".join(
    sorted((n for n, f in SPELLINGS.items() if len(n) > 1 and f.least == 1 and f.most <= 2), key=len)[::-1]
)
#: xsinx, sinxcosx, and x and ln of xlnx
_FORMULA = re.compile(f"{_LETTER}?(?:(?:{_APPLIED}){_LETTER})+")
_PARTS = re.compile(f"{_APPLIED}|{_LETTER}")


@dataclass(frozen=True, slots=True)
class Side:
    """The left side of ``f(x, y) = …``: the variables in their order, and where the formula begins."""

    names: tuple[str, ...] = ()
    #: y of ``y = …``, which cannot occur on the right
    result: str = ""
    length: int = 0


def left_side(text: str, tokens: list[Token]) -> Side:
    """What stands before ``=``, if that is a name or a function of names."""
    if _is(tokens, 1, "=") and tokens[0].kind == "name" and text[tokens[1].place : tokens[1].end] == "=":
        return Side(result=tokens[0].name, length=2)
    if not (tokens[0].kind == "name" and _is(tokens, 1, "(")):
        return Side()
    names, at = [], 2
    while tokens[at].kind == "name":
        names.append(tokens[at])
        at += 2
        if not (_is(tokens, at - 1, ",") or _is(tokens, at - 1, ";")):
            break
    if not (names and _is(tokens, at - 1, ")") and _is(tokens, at, "=")):
        return Side()
    known = [n.name for n in names]
    twice = next((n for i, n in enumerate(names) if n.name in known[:i]), None)
    if twice is not None:
        raise fault(text, twice.place, f"the variable {twice.name} is named twice", "name each variable once")
    return Side(tuple(known), length=at + 1)


def _is(tokens: list[Token], at: int, sign: str) -> bool:
    return at < len(tokens) and tokens[at].kind == "sign" and tokens[at].text == sign


@dataclass(frozen=True, slots=True)
class Meanings:
    """Gives the names of one formula their meanings; ``notes`` collects what was decided."""

    text: str
    tokens: list[Token]
    side: Side
    notes: dict[str, None]

    def all(self) -> list[Token]:
        """The tokens of the formula, with names replaced by functions, constants and variables."""
        found = [t for i in range(len(self.tokens)) for t in self._meaning(i)]
        self._check_result(found)
        self._check_script(found)
        return found

    def _meaning(self, at: int) -> list[Token]:
        token = self.tokens[at]
        if token.kind != "name":
            return [token]
        self._check_letters(token)
        return self._word(token) or (not self._calls(at) and self._joined(token)) or [self._variable(at)]

    def _calls(self, at: int) -> bool:
        """Whether a bracket follows a name of several letters directly, as if it were a function."""
        following = self.tokens[at + 1]
        bracket = following.kind == "sign" and following.text == "(" and not following.spaced
        return bracket and len(self.tokens[at].text) > 1

    # ---- one word
    def _word(self, token: Token) -> list[Token]:
        """What a known word means; nothing for an unknown one."""
        name, text = token.name, token.text
        if name in self.side.names:
            return [replace(token, kind="variable")]
        if name in SPELLINGS:
            return [replace(token, kind="function", text=SPELLINGS[name].name, tail="")]
        if text in SPELLINGS and token.tail:
            return self._indexed(token)
        if name in CONSTANTS:
            if name == "e":
                self.notes[EULER] = None
            return [replace(token, kind="constant", text=CONSTANTS[name])]
        if name in WHERE or name in OTHERWISE:
            return [replace(token, kind="where" if name in WHERE else "otherwise")]
        if name in RESERVED:
            raise fault(self.text, token.place, f"{name!r} is no variable here", "write cases as where(x > 0, a, b)")
        return []

    def _indexed(self, token: Token) -> list[Token]:
        """log_2 and log_a have a base; sin2 is a function and the number that it is applied to."""
        value = Fraction(int(token.tail)) if token.tail.isdecimal() else Fraction(0)
        row = SPELLINGS[token.text]
        if row.name == "log":
            return [replace(token, kind="function", value=value)]
        if not token.tail.isdecimal():
            return []
        number = replace(token, kind="number", text=token.tail, tail="", value=value)
        return [replace(token, kind="function", text=row.name, tail=""), number]

    # ---- words written together
    def _joined(self, token: Token) -> list[Token]:
        """sinx as sin x, and xy as x·y where both are known."""
        text = token.text
        row = SPELLINGS.get(text[:-1])
        if row is not None and row.most <= 2 and row.least == 1:
            self.notes[f"{token.name} was read as {text[:-1]} {text[-1]}{token.tail}"] = None
            function = replace(token, kind="function", text=row.name, tail="")
            return [function, *self._letter(token, text[-1] + token.tail)]
        if parts := _FORMULA.fullmatch(text):
            return self._split(token, _PARTS.findall(parts[0]))
        letters = [*text[:-1], text[-1] + token.tail]
        if len(letters) > 1 and all(c in self._alone() for c in letters):
            self.notes[f"{token.name} was read as the product {'*'.join(letters)}"] = None
            return [t for c in letters for t in self._letter(token, c)]
        return []

    def _split(self, token: Token, parts: list[str]) -> list[Token]:
        """x, sin and x of xsinx."""
        parts[-1] += token.tail
        self.notes[f"{token.name} was read as {' '.join(parts)}"] = None
        return [t for part in parts for t in self._letter(token, part)]

    def _letter(self, token: Token, name: str) -> list[Token]:
        """One letter of a run with its index, or a function in it, as a token of its own."""
        length = len(name.rstrip("0123456789")) if name in SPELLINGS else 1
        single = replace(token, text=name[:length], tail=name[length:])
        return self._word(single) or [replace(single, kind="variable")]

    def _alone(self) -> set[str]:
        """The names of one letter that stand alone; those on the left side, if there is one, and e."""
        if self.side.names:
            return {*self.side.names, "e"}
        words = [t for t in self.tokens if t.kind == "name"]
        applied = {t.text[-1] + t.tail for t in words if t.text[:-1] in SPELLINGS}  # x of sinx
        return {t.name for t in words if len(t.text) == 1} | applied | {"e"}

    # ---- a variable
    def _variable(self, at: int) -> Token:
        token, following = self.tokens[at], self.tokens[at + 1]
        if self._calls(at):
            close = get_close_matches(token.text.casefold(), [*SPELLINGS, *WHERE], 1)
            repair = f"did you mean {close[0]}?" if close else f"if {token.name} is a variable, write {token.name}*("
            raise fault(self.text, token.place, f"{token.name} is no known function", repair)
        if following.text == "(" and token.text in ("f", "g", "h"):
            self.notes[f"{token.name}(…) was read as a product; no function {token.name} is known"] = None
        elif len(token.text) > 1 and token.text.isascii() and set(token.text) <= set("abcpqrstuvwxyz"):
            parts = "*".join(token.text)
            self.notes[f"{token.name} was read as one variable; write {parts}{token.tail} for a product"] = None
        if token.name == "е":
            self.notes[CYRILLIC_E] = None
        return replace(token, kind="variable")

    # ---- letters that deceive
    def _check_letters(self, token: Token) -> None:
        """Refuse a word of two scripts, and a function's name in Cyrillic letters that look like it."""
        word = self.text[token.place : token.end]
        strange = next((i for i, c in enumerate(word) if is_cyrillic(c)), None)
        latin = "".join(LOOKALIKES.get(c, c) for c in token.text)
        mixed = strange is not None and any(is_latin(c) for c in word)
        if mixed or (latin != token.text and latin in SPELLINGS and looks_latin(token.text)):
            place = token.place + (strange or 0)
            raise self._cyrillic(place)

    def _check_script(self, tokens: list[Token]) -> None:
        """Refuse Cyrillic names that look Latin beside Latin names."""
        names = [t for t in tokens if t.kind == "variable"]
        if any(is_latin(c) for t in names for c in t.text):
            deceiving = next((t for t in names if looks_latin(t.text)), None)
            if deceiving is not None:
                raise self._cyrillic(deceiving.place)

    def _cyrillic(self, place: int) -> Exception:
        letter = self.text[place]
        latin = LOOKALIKES.get(letter)
        like = f", which looks like the Latin {latin}" if latin else ""
        return fault(
            self.text,
            place,
            f"{letter!r} is a Cyrillic letter (U+{ord(letter):04X}){like}, among Latin ones",
            f"write it as the Latin {latin}" if latin else "write the name in one script",
        )

    def _check_result(self, tokens: list[Token]) -> None:
        result = self.side.result
        again = next((t for t in tokens if t.kind == "variable" and t.name == result), None)
        if again is not None:
            raise fault(
                self.text,
                again.place,
                f"{result} stands on both sides: this is an equation, no function",
                "bring everything to one side, without =",
            )
