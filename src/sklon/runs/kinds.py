"""The kinds of values that settings have: the word for each in help, and how text and Python values are read.

What does not fit raises ``ValueError``, or an ``InputError`` that says more; the sentence around it is ``settings``'.
"""

from __future__ import annotations

import csv
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sklon._base.checks import bytes_of
from sklon.optim import schedules
from sklon.training import stopping


@dataclass(frozen=True, slots=True)
class Kind:
    """A set of values: the word for it in help, and the function that reads one or raises ``ValueError``."""

    metavar: str
    parse: Callable[[Any], Any]
    values: str


def whole(minimum: int) -> Kind:
    """Whole numbers from here on."""

    def parse(value: Any) -> int:
        if isinstance(value, bool):
            raise ValueError
        number = int(value)
        if number != float(value) or number < minimum:
            raise ValueError
        return number

    return Kind("INTEGER", parse, f"a whole number of at least {minimum}")


def real(values: str, fits: Callable[[float], bool]) -> Kind:
    """Numbers that fit; ``values`` says which these are."""

    def parse(value: Any) -> float:
        if isinstance(value, bool):
            raise ValueError
        number = float(value)
        if not fits(number):
            raise ValueError
        return number

    return Kind("NUMBER", parse, values)


def one_of(*names: str) -> Kind:
    """These words."""

    def parse(value: Any) -> str:
        if value not in names:
            raise ValueError
        return str(value)

    return Kind("|".join(names), parse, f"one of {', '.join(names)}")


def optional(kind: Kind) -> Kind:
    """What ``kind`` takes, and none."""

    def parse(value: Any) -> Any:
        return None if value is None or value is False or value == "none" else kind.parse(value)

    return Kind(f"{kind.metavar}|none", parse, f"{kind.values}, or none")


def or_word(kind: Kind, *words: str) -> Kind:
    """What ``kind`` takes, and these words."""

    def parse(value: Any) -> Any:
        return value if value in words else kind.parse(value)

    return Kind("|".join((kind.metavar, *words)), parse, f"{kind.values}, or {' or '.join(words)}")


def _flag(value: Any) -> bool:
    words = {"yes": True, "true": True, "on": True, "no": False, "false": False, "off": False}
    if isinstance(value, bool):
        return value
    return words[value.lower()] if isinstance(value, str) and value.lower() in words else _refused()


def _refused() -> bool:
    raise ValueError


def _schedule(value: Any) -> str:
    """A schedule as text; it is read once here, so that a mistake is told before anything runs."""
    found = schedules.parse(value) if isinstance(value, str) else None
    if found is None:
        raise ValueError
    return str(value)


def _widths(value: Any) -> tuple[int, ...]:
    parts = value.split(",") if isinstance(value, str) else [value] if isinstance(value, int) else value
    widths = tuple(whole(1).parse(part) for part in parts)
    if not widths:
        raise ValueError
    return widths


def _names(value: Any) -> tuple[str, ...]:
    """Names with commas between them (quoted if they hold one), or a sequence of names."""
    if value is None or value in ("none", ""):
        return ()
    names = next(csv.reader([value], skipinitialspace=True)) if isinstance(value, str) else value
    return tuple(map(_name, names))


def _name(value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError
    return value


def _rule(value: Any) -> str:
    """A stopping rule as text; it is read once here, so that a mistake is told before anything runs."""
    if not isinstance(value, str) or not value.strip():
        raise ValueError
    stopping.parse(value)
    return value


AT_LEAST_ZERO = real("a number of at least 0", lambda value: 0 <= value < float("inf"))
FLAG = Kind("yes|no", _flag, "yes or no")
WIDTHS = Kind("WIDTHS", _widths, "widths with commas between them, such as 256,256")
SCHEDULE = Kind("SCHEDULE", _schedule, 'a schedule such as "warmup(0.05) >> cosine"')
RULE = Kind("RULE", _rule, 'a rule such as patience(16) or "patience(16) | gl(5)"')
BYTES = Kind("BYTES", lambda value: bytes_of(value, "it"), "bytes, or an amount such as 512MB")
NAMES = Kind("COLUMNS", _names, "names of columns with commas between them")
NAME = Kind("COLUMN", _name, "the name of a column")
