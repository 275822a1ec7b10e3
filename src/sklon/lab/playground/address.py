"""Settings as the query of a link, and back: short, canonical, and never a row of anybody's data.

Only what differs from the defaults is written, in the order of the table of controls. A link comes from anyone: what
it says is brought within the bounds, what it says besides is left out, and both are said; it never raises.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, quote_plus

from ..text import Text
from .controls import DEFAULTS, ROWS, Note, bounded

#: letters of a query that are read, and settings in it: a link of ours has at most one of each
LONGEST_QUERY, MOST_PARTS = 4096, 64


def query_of(settings: Mapping[str, Any]) -> str:
    """The query string of settings, without a question mark.

    >>> query_of({"optimizer": "sgd", "width": 8, "learning_rate": 0.5})
    'optimizer=sgd&learning_rate=0.5'
    """
    values = {name: bounded(name, value)[0] for name, value in settings.items()}
    differing = ((name, values[name]) for name in ROWS if name in values and values[name] != DEFAULTS[name])
    return "&".join(f"{name}={quote_plus(_written(value), safe='()')}" for name, value in differing)


def settings_of(query: str) -> tuple[dict[str, Any], tuple[Note, ...]]:
    """All settings that a query gives, and notes on what was not taken as it stood.

    >>> settings, notes = settings_of("?width=100000&colour=red")
    >>> settings["width"], [note.says.en for note in notes]
    (64, ['width was 100000; the nearest that is allowed is 64', 'there is no setting colour'])
    """
    found: dict[str, Any] = dict(DEFAULTS)
    notes: list[Note] = []
    for name, value in _parts(query):
        if name not in ROWS:
            notes.append(_unknown(name, value))
            continue
        found[name], note = bounded(name, value)
        notes += [note] if note is not None else []
    return found, tuple(notes)


def _parts(query: str) -> list[tuple[str, str]]:
    """The pairs of a query; of those with the same name the last one."""
    pairs = parse_qsl(query[:LONGEST_QUERY].lstrip("?"), keep_blank_values=True, errors="replace", separator="&")
    return list(dict(pairs[:MOST_PARTS]).items())


def _written(value: Any) -> str:
    """The shortest text that reads back to the same value."""
    return repr(value) if isinstance(value, float) else str(value)


def _unknown(name: str, value: str) -> Note:
    short = name[:40]
    return Note(short, value[:40], None, Text(f"there is no setting {short}", f"нет настройки {short}"))
