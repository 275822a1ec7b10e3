"""What is wrong with a formula, told with the place and one repair."""

from __future__ import annotations

from sklon._base.errors import InputError

#: characters of a long formula shown on each side of the place
SHOWN = 30


def fault(text: str, place: int, problem: str, repair: str) -> InputError:
    """The error for ``text`` at character ``place``, with a caret under it.

    >>> print(fault("x +", 3, "a term is missing after '+'", "write it, or delete the '+'"))
    a term is missing after '+'
        x +
           ^
    write it, or delete the '+'
    """
    start = max(0, place - SHOWN)
    before, after = text[start:place], text[place : place + SHOWN]
    lead = "…" if start else ""
    tail = "…" if place + SHOWN < len(text) else ""
    line = f"{lead}{_visible(before)}{_visible(after)}{tail}"
    return InputError(f"{problem}\n    {line}\n    {' ' * len(lead + _visible(before))}^\n{repair}")


def _visible(text: str) -> str:
    """One character for each, none of which moves what stands beside it."""
    return "".join(c if c.isprintable() else " " if c.isspace() else "\N{REPLACEMENT CHARACTER}" for c in text)
