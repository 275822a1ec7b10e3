"""Settings as the query of a link, and back: short, canonical, and never a row of anybody's data.

Only what differs from the defaults is written, in the order of the table of controls. A link comes from anyone: what
it says is brought within the bounds, what it says besides is left out, and both are said; it never raises.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import parse_qsl, quote_plus, urlencode

from ..text import Text
from .controls import DEFAULTS, ROWS, Note, bounded

#: letters of a query that are read, and settings in it: a link of ours has at most one of each
LONGEST_QUERY, MOST_PARTS = 4096, 64
#: what stands before the settings of the second of two runs, and what says that it is set like the first
SECOND, COPY = "b", "copy"


def query_of(settings: Mapping[str, Any]) -> str:
    """The query string of settings, without a question mark.

    >>> query_of({"optimizer": "sgd", "width": 8, "learning_rate": 0.5})
    'optimizer=sgd&learning_rate=0.5'
    """
    values = {name: bounded(name, value)[0] for name, value in settings.items()}
    differing = ((name, values[name]) for name in ROWS if name in values and values[name] != DEFAULTS[name])
    return "&".join(f"{name}={_quoted(value)}" for name, value in differing)


def settings_of(query: str) -> tuple[dict[str, Any], tuple[Note, ...]]:
    """All settings that a query gives, and notes on what was not taken as it stood.

    >>> settings, notes = settings_of("?width=100000&colour=red")
    >>> settings["width"], [note.says.en for note in notes]
    (64, ['width was 100000; the nearest that is allowed is 64', 'there is no setting colour'])
    """
    return _read(_parts(query), DEFAULTS)


def query_of_two(first: Mapping[str, Any], second: Mapping[str, Any]) -> str:
    """The query string of two runs side by side: the settings of the first, and what differs in the second.

    >>> query_of_two({"width": 4}, {"width": 4, "optimizer": "sgd"}), query_of_two({"width": 4}, {"width": 4})
    ('width=4&b.optimizer=sgd', 'width=4&b=copy')
    """
    one, other = ({name: bounded(name, value)[0] for name, value in given.items()} for given in (first, second))
    differing = [f"{SECOND}.{name}={_quoted(other.get(name, DEFAULTS[name]))}" for name in differing_in(one, other)]
    return "&".join([part for part in (query_of(one),) if part] + (differing or [f"{SECOND}={COPY}"]))


def differing_in(first: Mapping[str, Any], second: Mapping[str, Any]) -> tuple[str, ...]:
    """The names of the settings in which two runs differ, in the order of the controls."""
    return tuple(n for n, default in DEFAULTS.items() if first.get(n, default) != second.get(n, default))


def two_queries(query: str) -> tuple[str, dict[str, str] | None]:
    """The query of the first run, and what the second has of its own; None where there is no second one.

    >>> two_queries("width=4&b.optimizer=sgd"), two_queries("width=4&b=copy"), two_queries("width=4")
    (('width=4', {'optimizer': 'sgd'}), ('width=4', {}), ('width=4', None))
    """
    first, second, mark = [], {}, f"{SECOND}."
    for name, value in _parts(query):
        if name.startswith(mark):
            second[name.removeprefix(mark)] = value
        elif name != SECOND:
            first.append((name, value))
    alone = not second and SECOND not in dict(_parts(query))
    return urlencode(first), None if alone else second


def settings_beside(first: Mapping[str, Any], own: Mapping[str, str]) -> tuple[dict[str, Any], tuple[Note, ...]]:
    """All settings of the second of two runs: those of the first, but for its own; notes on what was not taken.

    >>> settings, notes = settings_beside({"width": 4}, {"optimizer": "sgd"})
    >>> settings["width"], settings["optimizer"], notes
    (4, 'sgd', ())
    """
    return _read(own.items(), {**DEFAULTS, **first})


def _read(pairs: Iterable[tuple[str, str]], start: Mapping[str, Any]) -> tuple[dict[str, Any], tuple[Note, ...]]:
    found, notes = dict(start), list[Note]()
    for name, value in pairs:
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


def _quoted(value: Any) -> str:
    """The shortest text that reads back to the same value, as it stands in a query."""
    return quote_plus(repr(value) if isinstance(value, float) else str(value), safe="()")


def _unknown(name: str, value: str) -> Note:
    short = name[:40]
    return Note(short, value[:40], None, Text(f"there is no setting {short}", f"нет настройки {short}"))
