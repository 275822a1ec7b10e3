r"""Where a formula may be broken into lines: between statements, between the entries of a list, before a relation.

Browsers never break a formula. So a page shows several in its place, which stand side by side where there is room.
Nothing within braces, brackets or an environment is broken.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeAlias

#: what stands between a part and the next one: the space between statements, that of words, or nothing
Gap: TypeAlias = Literal["quad", "word", "none"]

#: signs of a statement that fit a narrow line
MOST_SIGNS = 24
_TOKEN = re.compile(r"\\[A-Za-z]+|\\.|\s+|.", re.DOTALL)
_OPENING, _CLOSING = {"{", "(", r"\left", r"\begin"}, {"}", ")", r"\right", r"\end"}
_QUADS = {r"\quad", r"\qquad"}
_RELATIONS = {"=", r"\approx"}
_UNSEEN = {"{", "}", "^", "_", "&", r"\,", r"\;", r"\!", r"\left", r"\right", r"\frac", r"\text", r"\mathrm", *_QUADS}


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a formula as LaTeX, and what stands behind it."""

    latex: str
    gap: Gap = "none"


def parts_of(latex: str, display: bool) -> tuple[Part, ...]:
    r"""The parts of a formula on lines of its own (``display``), or within a line of words.

    >>> parts_of(r"y = 2x, \quad x > 0", True)
    (Part(latex='y = 2x,', gap='quad'), Part(latex='x > 0', gap='none'))
    >>> [part.latex for part in parts_of(r"1;\ 0{,}5;\ (a;\ b)", False)]
    ['1;', '0{,}5;', '(a;\\ b)']
    """
    if not display:
        return _gapped(_split(latex, _ends_entry), "word")
    statements = _gapped(_split(latex, _ends_statement), "quad")
    return tuple(part for statement in statements for part in _at_relations(statement))


def _ends_entry(before: str, token: str) -> bool:
    return token == r"\ " and before.endswith((";", ","))


def _ends_statement(before: str, token: str) -> bool:
    return token in _QUADS and not before.rstrip().endswith(":")


def _split(latex: str, ends: Callable[[str, str], bool]) -> list[str]:
    """What stands between the tokens that end a part; they themselves are left out."""
    found, here, depth = list[str](), "", 0
    for token in _TOKEN.findall(latex):
        depth += (token in _OPENING) - (token in _CLOSING)
        if depth == 0 and ends(here, token):
            found, here = [*found, here], ""
        else:
            here += token
    return [part.strip() for part in [*found, here] if part.strip()]


def _gapped(found: list[str], gap: Gap) -> tuple[Part, ...]:
    return (*(Part(one, gap) for one in found[:-1]), Part(found[-1] if found else ""))


def _at_relations(statement: Part) -> tuple[Part, ...]:
    """A statement that is too long for a narrow line, before each of its relations."""
    tokens = _TOKEN.findall(statement.latex)
    if sum(token not in _UNSEEN and not token.isspace() for token in tokens) <= MOST_SIGNS:
        return (statement,)
    found, depth = [""], 0
    for token in tokens:
        depth += (token in _OPENING) - (token in _CLOSING)
        if depth == 0 and token in _RELATIONS and found[-1].strip():
            found.append("")
        found[-1] += token
    return (*(Part(one.strip()) for one in found[:-1]), Part(found[-1].strip(), statement.gap))
