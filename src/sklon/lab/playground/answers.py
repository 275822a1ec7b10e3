"""What becomes of what is asked for: the values that controls take, when they act, and a note where others came.

Values within the bounds of their controls, and a user's own data only where there are some. Nothing is changed here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..controls import Settings
from ..text import Text
from .address import settings_of
from .controls import Acts, Note, bounded, row_of, settled
from .datasets import Own

NO_DATA = Note(
    "data",
    "own",
    "moons",
    Text(
        "the link was made with somebody's own data, which it does not hold",
        "ссылка сделана на чьих-то своих данных, в ней самой их нет",
    ),
)


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of a change: the value that was taken, when it acts, and a note where another value came."""

    value: Any
    acts: Acts
    note: Note | None = None


def settings_for(given: Mapping[str, Any] | str, own: Own | None) -> tuple[dict[str, Any], tuple[Note, ...]]:
    """All settings of a new training, of values by name or of the query of a link, and what could not be.

    InputError for the name of no control.
    """
    values, notes = settings_of(given) if isinstance(given, str) else settled(given)
    if values["data"] == "own" and own is None:
        return {**values, "data": "moons"}, (*notes, NO_DATA)
    return dict(values), tuple(notes)


def answers_to(given: Mapping[str, Any], settings: Settings, own: Own | None) -> dict[str, Answer]:
    """What would become of changes of these settings.

    >>> answers_to({"learning_rate": 99}, {}, None)["learning_rate"].value
    10.0
    """
    return {name: _answer(name, value, settings, own) for name, value in given.items()}


def begins_anew(given: Mapping[str, Any]) -> bool:
    """Whether one of these changes begins a training anew."""
    return any(row_of(name).acts is Acts.ANEW for name in given)


def _answer(name: str, value: Any, settings: Settings, own: Own | None) -> Answer:
    taken, note = bounded(name, value)
    if name == "data" and taken == "own" and own is None:
        taken, note = settings["data"], NO_DATA
    return Answer(taken, row_of(name).acts, note)
