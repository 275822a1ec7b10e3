"""By what a learner's answer is judged: points that a complete answer makes, and errors that it must not make.

A point or an error is recognised by *signs*. A sign is a few word stems, all of which must stand in one sentence of the
answer: ``"накапл grad"``. A stem fits every word that begins with it; several stems for one place stand between bars:
``"sum|сумм|склад add"``; ``=не`` is a whole word; what follows ``>`` must stand later in the sentence. One sign is
enough. An error is not made where a sentence also fits one of its ``unless``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .text import Text


@dataclass(frozen=True, slots=True)
class Point:
    """Something that a complete answer says. ``missing`` tells a learner who left it out.

    A point that is not ``required`` is worth adding to an answer that is right without it.
    """

    key: str
    required: bool
    signs: tuple[str, ...]
    missing: Text


@dataclass(frozen=True, slots=True)
class Error:
    """Something that is wrong. ``reason`` tells why and what holds instead."""

    key: str
    signs: tuple[str, ...]
    unless: tuple[str, ...]
    reason: Text


@dataclass(frozen=True, slots=True)
class Rubric:
    """Points and errors of one question."""

    points: tuple[Point, ...]
    errors: tuple[Error, ...]


def read_rubric(table: Mapping[str, Any]) -> Rubric:
    """The rubric that a TOML table holds."""
    points = tuple(
        Point(row["key"], row.get("required", True), tuple(row["signs"]), _said(row)) for row in table.get("points", ())
    )
    errors = tuple(
        Error(row["key"], tuple(row["signs"]), tuple(row.get("unless", ())), _said(row))
        for row in table.get("errors", ())
    )
    signs = [s for p in points for s in p.signs] + [s for e in errors for s in (*e.signs, *e.unless)]
    for sign in signs:
        if any("" in place.split("|") for place in sign.split(" ")):
            raise ValueError(f"the sign {sign!r} has an empty stem, which fits every word")
    return Rubric(points, errors)


def _said(row: Mapping[str, Any]) -> Text:
    return Text(row["en"], row["ru"])
