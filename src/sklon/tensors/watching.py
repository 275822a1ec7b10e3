"""What Python keeps beside tensors, compared: settings of modules, and the variables that a function reads.

A recording holds as long as all of it is as it was. Numbers, texts, containers of them, small arrays and the states of
NumPy's generators are compared by value, everything else by identity; what is compared is held, so that no other object
takes its place in memory. What a function itself changed is found by comparing before and after.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields, is_dataclass
from dis import get_instructions
from types import CellType, CodeType, FunctionType, ModuleType
from typing import Any, Protocol, runtime_checkable

import numpy as np

_PLAIN = frozenset((bool, int, str, bytes, complex, type(None)))
#: containers with more parts than LIMIT, and what lies deeper than DEPTH, are compared by identity
LIMIT, DEPTH = 64, 3


@dataclass(frozen=True, slots=True, eq=False)
class Same:
    """An object that equals itself only."""

    thing: Any

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Same) and other.thing is self.thing

    def __hash__(self) -> int:
        return id(self.thing)


def frozen(value: Any, depth: int = DEPTH) -> Any:
    """Something that equals what is made of another value if and only if Python computes the same with both.

    >>> frozen([1, (2.0, "a")]) == frozen([1, (2.0, "a")]), frozen(0.0) == frozen(-0.0), frozen(1) == frozen(True)
    (True, False, False)
    """
    kind = type(value)
    if kind in _PLAIN:
        return kind, value
    if kind is float:
        return value.hex()
    if depth and kind in (tuple, list) and len(value) <= LIMIT:
        return kind, tuple([frozen(v, depth - 1) for v in value])
    if depth and kind in (set, frozenset) and len(value) <= LIMIT:
        return kind, frozenset([frozen(v, depth - 1) for v in value])
    if depth and kind is dict and len(value) <= LIMIT:
        return kind, tuple([(frozen(k, depth - 1), frozen(v, depth - 1)) for k, v in value.items()])
    if kind is np.random.Generator:
        return kind, repr(value.bit_generator.state)
    if kind is np.ndarray and value.size <= LIMIT and not value.dtype.hasobject:
        return value.dtype.str, value.shape, value.tobytes()
    if depth and is_dataclass(value) and not isinstance(value, type):
        return kind, tuple([frozen(getattr(value, f.name, None), depth - 1) for f in fields(value)])
    return Same(value)


def can_change(value: Any) -> bool:
    """Whether a value that stays the same object may be compared as another one later."""
    kind = type(value)
    if kind is tuple:
        return any(map(can_change, value))
    return kind in (list, dict, set, np.ndarray, np.random.Generator) or (is_dataclass(value) and kind is not type)


@runtime_checkable
class Watched(Protocol):
    """What has settings that choose what it records, and parts with settings: a module."""

    def fingerprint(self) -> dict[str, Any]:
        """All of them by name: equal if and only if the same is recorded."""
        ...

    def loose(self) -> list[Any]:
        """Those settings that may change without notice, as lists do."""
        ...

    def modules(self) -> Iterator[Any]:
        """Itself and all parts."""
        ...

    def keep(self) -> Callable[[], None]:
        """What makes the settings again what they are now."""
        ...


class Watch:
    """The settings of one module, as they were when they were first looked at."""

    __slots__ = ("before", "loose", "restore", "thing")

    def __init__(self, thing: Watched) -> None:
        self.thing = thing
        self.before = thing.fingerprint()
        self.restore = thing.keep()
        self.loose: list[tuple[Any, Any]] = []

    def settle(self) -> list[str]:
        """The names of what has changed since; from now on it is compared with what it is now."""
        now = self.thing.fingerprint()
        changed = [name for name in (*now, *self.before) if now.get(name) != self.before.get(name)]
        if not changed and list(now) != list(self.before):
            changed = ["its parts"]
        self.before = now
        self.loose = [(value, frozen(value)) for value in self.thing.loose()]
        return [f"{name!r} of {type(self.thing).__name__}" for name in dict.fromkeys(changed)]

    def fits(self) -> bool:
        """Whether all settings are what they were."""
        now = self.thing.fingerprint()
        return now == self.before and list(now) == list(self.before)

    def loose_fit(self) -> bool:
        """Whether those that change without notice are what they were."""
        return all([frozen(value) == before for value, before in self.loose])


_NOTHING = object()


class Variables:
    """The variables that a function, and the functions of its file that it names, read from outside."""

    __slots__ = ("before", "cells", "loose", "names", "values")

    def __init__(self, function: Any) -> None:
        self.cells: list[tuple[str, CellType, Any]] = []
        self.names: list[tuple[str, dict[str, Any], Any]] = []
        #: all that the functions can reach by a name
        self.values: list[Any] = [getattr(function, "__self__", None)]
        waiting, seen = [getattr(function, "__func__", getattr(type(function), "forward", function))], set()
        while waiting:
            one = waiting.pop()
            if isinstance(one, FunctionType) and one not in seen and not str(one.__module__).startswith("sklon."):
                seen.add(one)
                waiting += self._add(one)
        self.settle()

    def _add(self, function: FunctionType) -> list[Any]:
        """Note the variables of one function; those in its closure, and the functions of its file."""
        code, table = function.__code__, function.__globals__
        cells = [(n, c, _in(c)) for n, c in zip(code.co_freevars, function.__closure__ or (), strict=True)]
        names = [(n, table, table[n]) for n in _globals_of(code) if n in table]
        names = [one for one in names if not isinstance(one[2], ModuleType | type)]
        self.cells += cells
        self.names += names
        found = [value for *_, value in (*cells, *names)]
        self.values += [*found, *(function.__defaults__ or ())]
        near = [v for *_, v in names if isinstance(v, FunctionType) and v.__globals__ is table]
        return near + [v for *_, v in cells]

    def _now(self) -> list[tuple[str, Any]]:
        return [
            *((name, _in(cell)) for name, cell, _ in self.cells),
            *((name, table.get(name, _NOTHING)) for name, table, _ in self.names),
        ]

    def settle(self) -> None:
        """Compare with the present values from now on."""
        now = self._now()
        self.before = [(name, frozen(value)) for name, value in now]
        self.loose = [(value, frozen(value)) for _, value in now if can_change(value)]
        self.cells = [(name, cell, _in(cell)) for name, cell, _ in self.cells]
        self.names = [(name, table, table.get(name, _NOTHING)) for name, table, _ in self.names]

    def fits(self) -> bool:
        """Whether every variable has the value that it had."""
        for _, cell, value in self.cells:
            if _in(cell) is not value:
                return not self.changed()
        for name, table, value in self.names:
            if table.get(name, _NOTHING) is not value:
                return not self.changed()
        return not self.loose or all([frozen(value) == before for value, before in self.loose])

    def changed(self) -> list[str]:
        """The names of those that have other values now."""
        both = zip(self.before, self._now(), strict=True)
        return [f"the variable {name!r}" for (name, before), (_, value) in both if frozen(value) != before]


def _in(cell: CellType) -> Any:
    try:
        return cell.cell_contents
    except ValueError:
        return _NOTHING


def _globals_of(code: CodeType) -> list[str]:
    """The global names that a function reads or writes, also inside functions that it defines."""
    found = {i.argval: None for i in get_instructions(code) if i.opname in ("LOAD_GLOBAL", "STORE_GLOBAL")}
    for inner in code.co_consts:
        if isinstance(inner, CodeType):
            found |= dict.fromkeys(_globals_of(inner))
    return list(found)
