"""Progress as JSON text, and back. What is read is checked entry by entry; what does not fit is damage, and named."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from math import isfinite
from typing import Any, NoReturn, TypeVar

from sklon._base.errors import InputError

from .grading import RATING_NAMES
from .progress import Answered, Interview, Progress, Review

SCHEMA = 1
#: what the file says of itself, so that no other JSON is taken for it
KIND = "sklon progress"
#: years in which a clock may stand: what is due later has to be a date too, in any time zone
FIRST_YEAR, LAST_YEAR = 1900, 2999

Entry = TypeVar("Entry")


class DamagedError(InputError):
    """Text that is no progress; its message says where."""


class NewerError(ValueError):
    """Text of a newer schema; its message is the number."""


def written(progress: Progress) -> str:
    """Progress as text, with a line for each entry."""
    reviews = ",\n".join(f"  {_json(_of_review(review))}" for review in progress.reviews)
    interviews = ",\n".join(f"  {_json(_of_interview(interview))}" for interview in progress.interviews)
    return (
        f'{{\n "kind": "{KIND}",\n "schema": {SCHEMA},\n'
        f' "reviews": [\n{reviews}\n ],\n "interviews": [\n{interviews}\n ]\n}}\n'
    )


def read_text(text: str) -> Progress:
    """The progress of a text.

    >>> read_text(written(Progress()))
    Progress(reviews=(), interviews=())

    DamagedError or NewerError for anything that ``written`` of this version does not make.
    """
    table = _table(text)
    schema = table.get("schema")
    if table.get("kind") != KIND or not isinstance(schema, int) or isinstance(schema, bool) or schema < 1:
        raise DamagedError("it is no file of progress")
    if schema > SCHEMA:
        raise NewerError(schema)
    if table.keys() != {"kind", "schema", "reviews", "interviews"}:
        raise DamagedError("parts are missing or unknown")
    reviews = _entries(table, "reviews", _review)
    return Progress(reviews, _entries(table, "interviews", _interview)).joined(Progress())


def _table(text: str) -> dict[str, Any]:
    try:
        table = json.loads(text, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        if isinstance(error, json.JSONDecodeError):
            raise DamagedError("line {line}", line=error.lineno) from error
        raise DamagedError("it cannot be read as JSON") from error
    if not isinstance(table, dict):
        raise DamagedError("it is no file of progress")
    return table


def _entries(table: Mapping[str, Any], name: str, read: Callable[[Any], Entry]) -> tuple[Entry, ...]:
    if not isinstance(table[name], list):
        raise DamagedError("{part} is no list", part=name)
    found = []
    for number, entry in enumerate(table[name], 1):
        try:
            found.append(read(entry))
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            raise DamagedError("entry {entry} of {part}", entry=number, part=name) from error
    return tuple(found)


# ---- entries
def _of_review(review: Review) -> dict[str, Any]:
    return {
        "item": review.item,
        "time": review.time.isoformat(),
        "rating": review.rating,
        "share": review.share,
        "given": review.given,
        "truth": review.truth,
    }


def _review(entry: Any) -> Review:
    item, time, rating, share, given, truth = _values(entry, "item", "time", "rating", "share", "given", "truth")
    if rating not in RATING_NAMES:
        raise ValueError(rating)
    return Review(
        item=_word(item),
        time=_time(time),
        rating=RATING_NAMES[RATING_NAMES.index(rating)],
        share=_share(share),
        given=_answer(given),
        truth=_answer(truth),
    )


def _of_interview(interview: Interview) -> dict[str, Any]:
    answers = [
        {"item": a.item, "share": a.share, "seconds": a.seconds, "allowed": a.allowed} for a in interview.answers
    ]
    return {"time": interview.time.isoformat(), "answers": answers}


def _interview(entry: Any) -> Interview:
    time, answers = _values(entry, "time", "answers")
    if not isinstance(answers, list):
        raise TypeError(answers)
    return Interview(time=_time(time), answers=tuple(map(_answered, answers)))


def _answered(entry: Any) -> Answered:
    item, share, seconds, allowed = _values(entry, "item", "share", "seconds", "allowed")
    return Answered(item=_word(item), share=_share(share), seconds=_number(seconds), allowed=_number(allowed))


# ---- values
def _values(entry: Any, *names: str) -> list[Any]:
    """The values of exactly these names."""
    if not isinstance(entry, dict) or entry.keys() != set(names):
        raise TypeError(entry)
    return [entry[name] for name in names]


def _word(value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise TypeError(value)
    value.encode()  # half a character cannot be written again
    return value


def _time(value: Any) -> datetime:
    time = datetime.fromisoformat(_word(value))
    if time.tzinfo is None or not FIRST_YEAR <= time.year <= LAST_YEAR:
        raise ValueError(value)
    return time.astimezone(UTC)


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value):
        raise TypeError(value)
    return float(value)


def _share(value: Any) -> float:
    if not 0 <= _number(value) <= 1:
        raise ValueError(value)
    return float(value)


def _answer(value: Any) -> float | str | None:
    if isinstance(value, str):
        value.encode()
        return value
    return None if value is None else _number(value)


def _no_number(name: str) -> NoReturn:
    raise ValueError(name)


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)
