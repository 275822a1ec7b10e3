"""Queries of DuckDB over files: the only importer of it, on use.

Nothing is downloaded: extensions are neither installed nor loaded. What a user can cause ends in one sentence
(``InputError``).
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from sklon._base.errors import InputError

_COMPLAINTS = (
    (
        r"Line: (?P<line>\d+)\n.*Expected Number of Columns: 1 Found: (?P<found>\d+)",
        "{file} cannot be read: line {line} has {found} fields where the header has 1; if a title stands above the "
        "header, delete it",
    ),
    (
        r"Line: (?P<line>\d+)\n.*Expected Number of Columns: (?P<expected>\d+) Found: (?P<found>\d+)",
        "{file} cannot be read: line {line} has {found} fields where the header has {expected}",
    ),
    (
        r"Line: (?P<line>\d+)\n.*unterminated quote",
        "{file} cannot be read: line {line} opens a quotation mark that is not closed",
    ),
    (r"Line: (?P<line>\d+)\n", "{file} cannot be read: line {line} is not CSV"),
    (
        r"No magic bytes found|too small to be a Parquet file|Parquet magic bytes",
        "{file} cannot be read: it begins like a Parquet file, but is none; give the file anew",
    ),
)
"""What DuckDB's messages mean: a pattern, and the sentence that its groups fill."""


def fetch(name: str, query: str, parameters: Sequence[Any]) -> dict[str, Any]:
    """The result of a query as arrays by column; DuckDB's complaints become one sentence about the file ``name``.

    Rows of a file come in its order. Several threads may ask at once.
    """
    try:
        import duckdb
    except ImportError as error:
        raise InputError("reading files needs DuckDB: pip install 'sklon[table]'") from error
    with _connection(os.getpid()).cursor() as connection:
        try:
            result: dict[str, Any] = connection.execute(query, parameters).fetchnumpy()
        except duckdb.Error as error:
            raise _explained(name, str(error)) from error
    return result


@lru_cache(maxsize=1)
def _connection(process: int) -> Any:
    """One database in memory for the process: to open one takes longer than to read a block."""
    import duckdb

    offline: dict[str, Any] = {"autoinstall_known_extensions": False, "autoload_known_extensions": False}
    return duckdb.connect(":memory:", config=offline)


def _explained(name: str, message: str) -> InputError:
    """One sentence about what DuckDB found wrong, with the line where it says one."""
    for pattern, sentence in _COMPLAINTS:
        if found := re.search(pattern, message, re.DOTALL):
            return InputError(sentence, file=name, **found.groupdict())
    return InputError("{file} cannot be read: {why}", file=name, why=message.splitlines()[0].split(": ", 1)[-1])
