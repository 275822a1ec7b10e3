"""From text to a tree: tokens, then meanings, then the reader."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from .faults import fault
from .meanings import Meanings, Side, left_side
from .nodes import Node
from .reading import Reader
from .tokens import tokens


@dataclass(frozen=True, slots=True)
class Read:
    """What a text says: a tree, what the left side names, and how ambiguous places were read."""

    node: Node
    side: Side
    notes: tuple[str, ...]


def read(text: str) -> Read:
    """The tree of a formula. Raises InputError with the place and one repair.

    >>> read("f(x, y) = 1/2x + y").notes[0]
    '1/2x was read as 1/2*x; write brackets, as in 1/(2x), if more stands below the line'
    """
    found = tokens(text)
    side = left_side(text, found)
    rest = found[side.length :]
    if rest[0].kind == "end":
        raise fault(text, rest[0].place, "the formula is empty", "write for instance x^2 + 3x")
    notes: dict[str, None] = {}
    meant = Meanings(text, rest, side, notes).all()
    semicolons = any(t.kind == "sign" and t.text == ";" for t in rest)
    node = Reader(text, meant, semicolons, notes).formula()
    return Read(node, side, tuple(notes))


@cache
def definition(text: str) -> Node:
    """A formula of our own in u and v, as the table of functions holds them."""
    return read(f"f(u, v) = {text}").node
