"""Dates: which format a column of text is written in, and the calendar parts of its values.

A format fits a column if every present value has it; day and month are told apart by the values where they
can be, else a dot means day first and a slash month first. Time zones are ignored: the clock on the wall counts.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from .table import Column, Numbers

ISO = "ISO"
FORMATS = (
    ISO,
    "%d.%m.%Y",
    "%d.%m.%Y %H:%M",
    "%d.%m.%Y %H:%M:%S",
    "%m/%d/%Y",
    "%m/%d/%Y %H:%M",
    "%m/%d/%Y %H:%M:%S",
    "%d/%m/%Y",
    "%d/%m/%Y %H:%M",
    "%d/%m/%Y %H:%M:%S",
    "%Y/%m/%d",
    "%Y/%m/%d %H:%M",
    "%Y/%m/%d %H:%M:%S",
    "%d-%m-%Y",
)
"""In the order in which they are tried; ISO takes a time and a zone too."""

PARTS: dict[str, Callable[[datetime], float]] = {
    "year": lambda date: date.year,
    "month": lambda date: date.month,
    "day": lambda date: date.day,
    "weekday": lambda date: date.weekday(),
    "hour": lambda date: date.hour + date.minute / 60,
}
_ISO = re.compile(r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:?\d\d)?)?", re.ASCII)
_MAY_BE_DATE = re.compile(r"\d{1,4}[-./]\d{1,2}[-./]\d{1,4}.*", re.ASCII | re.DOTALL)


def date_of(text: str, form: str) -> datetime | None:
    """The date that is written in this format, or ``None``.

    >>> date_of("24.12.2024", "%d.%m.%Y")
    datetime.datetime(2024, 12, 24, 0, 0)
    """
    if not _MAY_BE_DATE.fullmatch(text) or (form == ISO and not _ISO.fullmatch(text)):
        return None
    try:
        return datetime.fromisoformat(text) if form == ISO else datetime.strptime(text, form)
    except ValueError:
        return None


def read_date(text: str, form: str) -> datetime | None:
    """The date that is written in this format or in ISO's, which cannot be taken for another, or ``None``."""
    return date_of(text, form) or date_of(text, ISO)


def format_of(column: Column) -> str | None:
    """The format of a column of dates, or ``None`` if it is none."""
    present = {text for text in column.text if text is not None}
    if not present:
        return None
    return next((form for form in FORMATS if all(date_of(text, form) for text in present)), None)


def calendar(column: Column, form: str) -> dict[str, Numbers]:
    """Each of ``PARTS`` for every row, NaN where there is no such date."""
    dates = [None if text is None else read_date(text, form) for text in column.text]
    return {
        name: np.array([np.nan if date is None else part(date) for date in dates], dtype=np.float64)
        for name, part in PARTS.items()
    }


def moments(column: Column) -> NDArray[np.float64] | None:
    """When each row happened, as numbers to sort by, or ``None`` if the column is neither numbers nor dates."""
    if column.numbers is not None:
        return column.numbers
    form = format_of(column)
    return None if form is None else seconds(column, form)


def seconds(column: Column, form: str) -> NDArray[np.float64]:
    """When each row happened, in seconds since the year 1, NaN where there is no date in this format."""
    dates = [None if text is None else date_of(text, form) for text in column.text]
    return np.array([np.nan if date is None else _seconds(date) for date in dates], dtype=np.float64)


def _seconds(date: datetime) -> float:
    return (date.replace(tzinfo=None) - datetime(1, 1, 1)).total_seconds()
