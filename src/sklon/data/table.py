"""A table as a value: named columns of equal length, each kept as text and, where it is one, as numbers.

Here live the rules that turn text into numbers and missing values; reading files is the neighbour's work
(``reading``), and so is what a network sees (``preparation``). The invariant: a column's text is what was
written, stripped of outer blanks, with ``None`` for every spelling of a missing value.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from difflib import get_close_matches
from math import copysign
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from sklon._base.errors import InputError

Texts: TypeAlias = NDArray[np.object_]
Numbers: TypeAlias = NDArray[np.float64]

MISSING = frozenset(["", "NA", "N/A", "n/a", "na", "<NA>", "?", "null", "NULL", "Null", "-", "nan", "NaN", "NAN"])
"""Spellings of a missing value. ``none`` is not among them: it is a category in many files."""

LARGEST = 1e100
"""Numbers beyond this count as infinite: their squares leave no room in float64."""

_THOUSANDS = re.compile(r"[+-]?[1-9]\d{0,2}(,\d{3})+", re.ASCII)
_COMMA = re.compile(r"[+-]?\d*,\d+([eE][+-]?\d+)?", re.ASCII)
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?|[+-]?(inf|infinity)", re.ASCII | re.IGNORECASE)


@dataclass(frozen=True, slots=True, eq=False)
class Column:
    """One named column; ``numbers`` is ``None`` if a present value is not one, and NaN where missing."""

    name: str
    text: Texts
    numbers: Numbers | None
    decimal: str = "."

    def __len__(self) -> int:
        return len(self.text)

    @property
    def missing(self) -> NDArray[np.bool_]:
        """Which rows have no value."""
        return np.array([text is None for text in self.text], dtype=bool)

    @property
    def values(self) -> NDArray[Any]:
        """What tells two values apart: numbers where they are all numbers, else texts."""
        return self.text if self.numbers is None else self.numbers

    def take(self, rows: NDArray[np.int64]) -> Column:
        """The same column with these rows, in this order."""
        return Column(self.name, self.text[rows], None if self.numbers is None else self.numbers[rows], self.decimal)

    def as_numbers(self) -> Numbers:
        """Numbers where the text is one, NaN elsewhere, also in a column that is mostly text."""
        if self.numbers is not None:
            return self.numbers
        numbers = (None if text is None else number_of(text, self.decimal) for text in self.text)
        return np.array([np.nan if number is None else number for number in numbers], dtype=np.float64)


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """Columns of equal length; ``source`` is a name to show (never a path), ``sha256`` the data's digest."""

    columns: tuple[Column, ...]
    source: str
    sha256: str

    def __len__(self) -> int:
        return len(self.columns[0])

    @property
    def names(self) -> tuple[str, ...]:
        """The columns' names in their order."""
        return tuple(column.name for column in self.columns)

    def column(self, name: str) -> Column:
        """The column of this name, or an error that offers the nearest ones."""
        for column in self.columns:
            if column.name == name:
                return column
        raise InputError(f"{self.source} has no column {name!r}; {nearest(name, self.names)}")

    def take(self, rows: NDArray[np.int64]) -> Table:
        """The same table with these rows, in this order."""
        return Table(tuple(column.take(rows) for column in self.columns), self.source, self.sha256)


def nearest(name: str, known: Sequence[str]) -> str:
    """The end of a sentence about an unknown name: what was probably meant, or what there is."""
    folded = {other.casefold(): other for other in known}
    close = [folded[match] for match in get_close_matches(name.casefold(), list(folded), n=3)]
    if close:
        return f"did you mean {' or '.join(repr(match) for match in close)}?"
    shown = ", ".join(map(brief, known[:12])) + (", …" if len(known) > 12 else "")
    return f"it has {shown}"


def brief(value: object, most: int = 40) -> str:
    """A value as part of a sentence: on one line, and cut where it is long.

    >>> brief("two\\nlines")
    'two lines'
    """
    line = " ".join(str(value).split())
    return line if len(line) <= most else line[: most - 1] + "…"


def column_from_text(name: str, values: Iterable[object], decimal: str = ".") -> Column:
    """A column of what was written; it is one of numbers if every present value is a number.

    With ``decimal`` a comma, ``1,5`` is a number too.

    >>> column_from_text("size", ["1", " 2.5 ", "NA"]).numbers
    array([1. , 2.5, nan])
    >>> column_from_text("answer", ["yes", "no"]).numbers is None
    True
    """
    text = _object_array([_present(value) for value in values])
    return Column(name, text, _all_numbers(text, decimal), decimal)


def decimal_of(columns: Iterable[Texts]) -> str:
    """The decimal mark of columns of text: a comma where a whole column is numbers only with it.

    A column that may just as well count thousands (``1,500``) decides nothing.

    >>> [decimal_of([np.array(texts)]) for texts in (["1,5", "NA"], ["1,500"], ["1,5", "a"])]
    [',', '.', '.']
    """
    return "," if any(_needs_comma(texts) for texts in columns) else "."


def _needs_comma(texts: Texts) -> bool:
    """Whether all present values are numbers if the comma is a decimal mark, and some have no other reading."""
    if not any(text is not None and "," in text for text in texts):
        return False
    present = [value for value in map(_present, texts) if value is not None]
    return all(number_of(value, ",") is not None for value in present) and any(
        "," in value and not _THOUSANDS.fullmatch(value) for value in present
    )


def column_from_array(name: str, values: Any) -> Column:
    """A column of a NumPy array (or what ``to_numpy`` or ``asarray`` makes one of); durations are seconds."""
    array = array_of(values)
    if not array.ndim:
        raise InputError(
            f"column {name!r} is {brief(values)!r}, and a column is one value per row; give a list of them"
        )
    if array.ndim != 1:
        raise InputError(
            f"column {name!r} has the shape {array.shape}; a column is one value per row: give each part a column"
        )
    if array.dtype.kind in "iuf":
        return _column_from_numbers(name, array)
    if array.dtype.kind == "M":
        return column_from_text(name, _dates(array))
    if array.dtype.kind == "m":
        return _column_from_numbers(name, array / np.timedelta64(1, "s"))
    if array.dtype.kind == "c":
        raise InputError(f"column {name!r} holds complex numbers; give real and imaginary part each a column")
    values = array.tolist()
    _check_kinds(name, set(map(type, values)))
    return column_from_text(name, map(_simple, values))


def array_of(values: Any) -> NDArray[Any]:
    """The values of a column of any library as an array, masked if they are."""
    if not hasattr(values, "to_numpy"):
        return np.asanyarray(values)
    try:
        return np.asarray(values.to_numpy())
    except ValueError:  # of an Arrow array that is not an array in memory
        return np.array(values.to_pylist(), dtype=object)


def _check_kinds(name: str, kinds: set[type]) -> None:
    """An error if values of these types have parts: lists, arrays, structs."""
    for kind in kinds:
        if hasattr(kind, "__len__") and not issubclass(kind, str | bytes):
            raise InputError(
                f"column {name!r} holds values with parts ({kind.__name__}), and a column is one value per row; give "
                "each part a column, or write them as texts"
            )


def _simple(value: Any) -> Any:
    """A value of a column of objects as it is to be written; durations are seconds, bytes are text."""
    if isinstance(value, bytes):
        return value.decode(errors="replace")
    if isinstance(value, timedelta):
        return value.total_seconds()
    return None if is_missing(value) else value


def check_table(table: Table) -> Table:
    """``table`` itself, if it has columns of different names, equal lengths and at least one row."""
    if not table.columns:
        raise InputError("{file} has no columns", file=table.source)
    check_names(table.names, table.source)
    if len({len(column) for column in table.columns}) > 1:
        lengths = ", ".join(f"{column.name} {len(column)}" for column in table.columns)
        raise InputError(f"the columns of {table.source} differ in length: {lengths}")
    if not len(table):
        raise InputError("{file} has a header but no rows", file=table.source)
    return table


def check_names(names: Sequence[str], source: str) -> None:
    """An error that says which, if two columns have the same name."""
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        sentence = "{file} has more than one column named {column!r}; rename all but one"
        raise InputError(sentence, file=source, column=min(twice))


def _present(value: object) -> str | None:
    """The stripped text, or ``None`` for a missing value."""
    if value is None:
        return None
    text = str(value).strip()
    return None if text in MISSING else text


def is_missing(value: Any) -> bool:
    """None, what differs from itself (NaN and NaT), and what does not know whether it does (pandas' NA)."""
    if value is None:
        return True
    differs = value != value
    return bool(differs) if isinstance(differs, bool | np.bool_) else differs is value


def _object_array(values: list[str | None]) -> Texts:
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array


def number_of(text: str, decimal: str = ".") -> float | None:
    """The number that is written, or ``None``; beyond ``LARGEST`` it is infinite.

    >>> number_of("2.5"), number_of("2,5"), number_of("2,5", ",")
    (2.5, None, 2.5)
    """
    if decimal == "," and _COMMA.fullmatch(text):
        text = text.replace(",", ".")
    if not _NUMBER.fullmatch(text):
        return None
    number = float(text)
    return number if abs(number) <= LARGEST else copysign(float("inf"), number)


def _all_numbers(text: Texts, decimal: str) -> Numbers | None:
    """The texts as numbers, or ``None`` if one of them is not a number, or if there is no value at all."""
    numbers = np.full(len(text), np.nan)
    present = False
    for row, value in enumerate(text):
        if value is None:
            continue
        number = number_of(value, decimal)
        if number is None:
            return None
        numbers[row], present = number, True
    return numbers if present else None


def _dates(array: NDArray[Any]) -> list[str | None]:
    """Dates in ISO's spelling, to the second."""
    absent = np.isnat(np.ma.getdata(array)) | np.ma.getmaskarray(array)
    written = np.datetime_as_string(np.ma.getdata(array), unit="s")
    return [None if gone else str(text) for text, gone in zip(written, absent, strict=True)]


def _column_from_numbers(name: str, array: NDArray[Any]) -> Column:
    numbers = np.ma.filled(np.ma.asarray(array, dtype=np.float64), np.nan)
    numbers = np.where(np.abs(numbers) > LARGEST, np.copysign(np.inf, numbers), numbers)
    written = zip(np.ma.getdata(array).tolist(), np.isnan(numbers), strict=True)
    return Column(name, _object_array([None if absent else str(value) for value, absent in written]), numbers)


def digest_of(columns: tuple[Column, ...]) -> str:
    """SHA-256 over names and texts, for data that do not come from a file."""
    digest = hashlib.sha256()
    for column in columns:
        digest.update(repr((column.name, column.text.tolist())).encode())
    return digest.hexdigest()
