"""Files to tables: CSV in its dialects and encodings, and Parquet.

Everything is read as text; what is a number is decided by ``table``. The dialect is found here and told to
DuckDB (``database``), so that no line is skipped by a guess. What a user can cause ends in one sentence
(``InputError``).
"""

from __future__ import annotations

import csv
import hashlib
import io
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import islice
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from sklon._base.errors import InputError

from .database import fetch
from .frames import is_frame, table_from_frame
from .table import Column, Table, check_table, column_from_array, column_from_text, decimal_of

DELIMITERS = (",", ";", "\t", "|")
SNIFFED_BYTES = 1 << 16
SNIFFED_RECORDS = 50
_PATTERN = frozenset("*?[")

_SIGNATURES = (
    (b"PAR1", "parquet"),
    (b"PK\x03\x04", "zip"),
    (b"\xd0\xcf\x11\xe0", "excel"),
    (b"\x1f\x8b", "gzip"),
)
_REPAIRS = {
    "zip": "{file} is an Excel workbook or an archive, not a text file; save the sheet as CSV",
    "excel": "{file} is an Excel workbook, not a text file; save the sheet as CSV",
    "gzip": "{file} is compressed; unpack it first",
}


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a CSV file is written: its encoding, its delimiter and the names in its header."""

    encoding: str
    delimiter: str
    header: tuple[str, ...]


def read(source: Any) -> Table:
    """The table of a path, a frame of pandas, polars or Arrow, a mapping of arrays, or a table itself.

    >>> read({"height": [1.8, 1.6], "answer": ["yes", "no"]}).names
    ('height', 'answer')
    """
    if isinstance(source, Table):
        return source
    if isinstance(source, str | PathLike):
        return read_file(Path(source))
    if is_frame(source):
        return table_from_frame(source)
    kind = type(source).__name__
    raise InputError(f"cannot read a table from a {kind}; give a path, a frame or a mapping of names to arrays")


def read_file(path: Path) -> Table:
    """The table in a CSV or Parquet file, whatever its name says."""
    data, name = _bytes(path), shown(path)
    if not data.strip():
        raise InputError("{file} is empty", file=name)
    kind = next((kind for signature, kind in _SIGNATURES if data.startswith(signature)), "text")
    if kind in _REPAIRS:
        raise InputError(_REPAIRS[kind], file=name)
    columns = (_read_parquet if kind == "parquet" else _read_csv)(path, data)
    return check_table(Table(columns, name, hashlib.sha256(data).hexdigest()))


def encoding_of(data: bytes) -> str:
    """The encoding of a text: UTF-8 or UTF-16 where it is one, else a Windows code page; or ``"binary"``.

    Letters above 127 stand side by side in Cyrillic words and alone among Latin ones; that decides between
    the two code pages.
    """
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    if b"\x00" in data:
        return "binary"
    try:
        data.decode("utf-8")
        return "utf-8-sig"
    except UnicodeDecodeError:
        high = np.frombuffer(data, dtype=np.uint8) >= 0xC0
        neighbours = np.count_nonzero(high[1:] & high[:-1])
        return "cp1251" if 2 * neighbours > np.count_nonzero(high) else "cp1252"


def dialect_of(data: bytes, name: str) -> Dialect:
    """The dialect of a CSV file; the delimiter is the one that best explains its first records."""
    encoding = encoding_of(data)
    if encoding == "binary":
        raise InputError("{file} is a binary file, not a table of text; give a CSV or Parquet file", file=name)
    text = data[:SNIFFED_BYTES].decode(encoding, errors="replace")
    delimiter = max(DELIMITERS, key=lambda candidate: _agreement(text, candidate))
    header = next(_records(text, delimiter), [])
    names = (field.strip() or f"unnamed_{i}" for i, field in enumerate(header, start=1))
    return Dialect(encoding, delimiter, tuple(names))


def _records(text: str, delimiter: str) -> Iterator[list[str]]:
    """The records of a text that are not blank, up to the first that cannot be read."""
    with suppress(csv.Error):
        yield from filter(None, csv.reader(io.StringIO(text, newline=None), delimiter=delimiter))


def _agreement(text: str, delimiter: str) -> tuple[int, int]:
    """How many of the first records are as wide as the header, and that width; (0, 0) if it is 1."""
    widths = [len(record) for record in islice(_records(text, delimiter), SNIFFED_RECORDS)]
    return (widths.count(widths[0]), widths[0]) if widths and widths[0] > 1 else (0, 0)


def _read_csv(path: Path, data: bytes) -> tuple[Column, ...]:
    dialect = dialect_of(data, shown(path))
    types = ", ".join(f"'c{i}': 'VARCHAR'" for i in range(len(dialect.header)))
    query = (
        "SELECT * FROM read_csv(?, auto_detect=false, header=true, delim=?, "
        f"quote='\"', escape='\"', columns={{{types}}})"
    )
    rewritten = _rewritten(data, dialect.encoding)
    with _readable(path, data if rewritten is None else rewritten, copied=rewritten is not None) as readable:
        arrays = fetch(shown(path), query, [readable, dialect.delimiter])
    texts = [np.ma.filled(array, None) for array in arrays.values()]
    decimal = "," if dialect.delimiter == ";" else decimal_of(texts)
    return tuple(column_from_text(name, text, decimal) for name, text in zip(dialect.header, texts, strict=True))


def _read_parquet(path: Path, data: bytes) -> tuple[Column, ...]:
    with _readable(path, data) as readable:
        arrays = fetch(shown(path), "SELECT * FROM read_parquet(?)", [readable])
    return tuple(column_from_array(name, array) for name, array in arrays.items())


def _rewritten(data: bytes, encoding: str) -> bytes | None:
    """The text as UTF-8 with one kind of line end, or ``None`` if the file already is that."""
    line_ends = {data.count(b"\r\n"), data.count(b"\n"), data.count(b"\r")} - {0}
    if encoding == "utf-8-sig" and len(line_ends) <= 1:
        return None
    text = io.StringIO(data.decode(encoding, errors="replace"), newline=None)
    return text.getvalue().encode()


@contextmanager
def _readable(path: Path, contents: bytes, *, copied: bool = False) -> Iterator[str]:
    """A path for DuckDB: the file's own, or that of a copy of the contents, which is removed afterwards.

    A copy is needed for other contents, for what can be read only once (a pipe), and for names that DuckDB would
    take as patterns or cannot take.
    """
    if not copied and path.is_file() and not _PATTERN.intersection(str(path)) and shown(path) == path.name:
        yield str(path)
        return
    with tempfile.TemporaryDirectory(prefix="sklon-") as folder:
        copy = Path(folder) / "table"
        copy.write_bytes(contents)
        yield str(copy)


def shown(path: Path) -> str:
    """The name of a file as text that can be written, with no folder."""
    return path.name.encode(errors="replace").decode()


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise InputError(f"there is no file {path}") from None
    except IsADirectoryError:
        raise InputError(f"{path} is a folder; give a CSV or Parquet file") from None
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}") from error
