"""What a learner may turn: typed controls with bounds, read from text or values, refused with the bounds.

Bounds are chosen so that theory holds everywhere between them: an experiment's checks hold at any setting.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

from sklon._base.errors import InputError

from .text import Text

#: the value of each control, by name
Settings: TypeAlias = Mapping[str, Any]


class Control(Protocol):
    """One thing to turn: its name, what it is, its default, and how a value for it is read."""

    @property
    def name(self) -> str: ...
    @property
    def says(self) -> Text: ...
    @property
    def default(self) -> Any: ...
    @property
    def ends(self) -> tuple[Any, ...]:
        """The outermost values."""
        ...

    def read(self, value: Any) -> Any:
        """The value of a text or a number; InputError for what is not allowed."""
        ...


@dataclass(frozen=True, slots=True)
class Whole:
    """A whole number in [low, high].

    >>> Whole("batch_size", 8, 1, 512, Text("rows in a batch", "строк в батче")).read("32")
    32
    """

    name: str
    default: int
    low: int
    high: int
    says: Text

    @property
    def ends(self) -> tuple[int, int]:
        return self.low, self.high

    def read(self, value: Any) -> int:
        number = _number(self.name, value)
        if number != int(number) or not self.low <= number <= self.high:
            raise InputError(f"{self.name} is a whole number from {self.low} to {self.high}, not {value}")
        return int(number)


@dataclass(frozen=True, slots=True)
class Real:
    """A number in [low, high]."""

    name: str
    default: float
    low: float
    high: float
    says: Text

    @property
    def ends(self) -> tuple[float, float]:
        return self.low, self.high

    def read(self, value: Any) -> float:
        number = _number(self.name, value)
        if not self.low <= number <= self.high:
            raise InputError(f"{self.name} is a number from {self.low:g} to {self.high:g}, not {value}")
        return number


@dataclass(frozen=True, slots=True)
class Choice:
    """One of a few words."""

    name: str
    default: str
    options: tuple[str, ...]
    says: Text

    @property
    def ends(self) -> tuple[str, ...]:
        return self.options

    def read(self, value: Any) -> str:
        if value not in self.options:
            raise InputError(f"{self.name} is one of {', '.join(self.options)}, not {value!r}")
        return str(value)


def settle(controls: Sequence[Control], given: Mapping[str, Any]) -> dict[str, Any]:
    """The value of every control: the given ones, read and checked, and the others' defaults."""
    known = {c.name: c for c in controls}
    for name in given:
        if name not in known:
            has = f"it has {', '.join(known)}" if known else "it has none"
            raise InputError(f"this experiment has no control {name!r}; {has}")
    return {name: c.read(given[name]) if name in given else c.default for name, c in known.items()}


def _number(name: str, value: Any) -> float:
    try:
        number = float(value.replace(",", ".") if isinstance(value, str) else value)
    except (TypeError, ValueError):
        number = math.nan
    if not math.isfinite(number) or isinstance(value, bool):
        raise InputError(f"{name} is a number, not {value!r}")
    return number
