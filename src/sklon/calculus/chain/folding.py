"""Long chains in parts that can be read: by the user's line, by the layer whose parameters are read, or by number."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from math import ceil
from typing import Generic, Protocol, TypeVar

#: nodes that are told one by one
MOST = 30
#: parts below which a division says too little
FEWEST = 5


class Foldable(Protocol):
    """What a division looks at."""

    @property
    def line(self) -> str: ...
    @property
    def layer(self) -> str: ...
    @property
    def operands(self) -> tuple[str, ...]: ...


One = TypeVar("One", bound=Foldable)


@dataclass(frozen=True, slots=True)
class Part(Generic[One]):
    """Some steps after each other; without a title it is one, told in full."""

    title: str
    steps: tuple[One, ...]


def folded(steps: Sequence[One]) -> tuple[Part[One], ...]:
    """Parts of at most ``MOST``; each step its own where they are no more than that."""
    if len(steps) <= MOST:
        return tuple(Part("", (step,)) for step in steps)
    for keys in (_lines(steps), _layers(steps)):
        parts = [tuple(step for _, step in pairs) for _, pairs in groupby(zip(keys, steps, strict=True), _key)]
        if FEWEST <= len(parts) <= MOST:
            titles = [key for key, _ in groupby(keys)]
            return tuple(Part(_title(part, t), part) for part, t in zip(parts, titles, strict=True))
    length = ceil(len(steps) / MOST)
    chunks = (tuple(steps[i : i + length]) for i in range(0, len(steps), length))
    return tuple(Part(_title(chunk, ""), chunk) for chunk in chunks)


def _key(pair: tuple[str, One]) -> str:
    return pair[0]


def _title(part: Sequence[One], key: str) -> str:
    if len(part) == 1:
        return ""
    count = f"{len(part)} operations"
    return f"{count} of {key}" if key else count


def _lines(steps: Sequence[One]) -> list[str]:
    return [", ".join(filter(None, (step.line, step.layer))) for step in steps]


def _layers(steps: Sequence[One]) -> list[str]:
    """Of each step the module whose parameters were read last, in the order of computation."""
    owners: list[str] = []
    owner = ""
    for step in reversed(steps):
        owner = next(_owners(step.operands), owner)
        owners.append(owner)
    return owners[::-1]


def _owners(operands: Sequence[str]) -> Iterator[str]:
    return (name.rpartition(".")[0] for name in operands if "." in name and not name[0].isdigit() and name[0] != "−")
