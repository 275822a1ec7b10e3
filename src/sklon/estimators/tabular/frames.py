"""What users hold (pandas, polars and Arrow frames, NumPy arrays, lists of rows) as a ``data.Table``.

A column of a categorical type is one of texts, whatever its categories are; everything else is what ``data`` makes of
it. Arrays have no names, so their columns are x0, x1, …
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from sklon._base.errors import DtypeError, InputError
from sklon.data import Column, Table, column_from_array
from sklon.data.table import check_table

SOURCE = "X"


def table_of(X: Any, categorical: Sequence[str] = ()) -> Table:
    """The table that X is; ``categorical`` names columns whose numbers are names of things.

    >>> table_of(np.array([[1.0, 2.0]])).names
    ('x0', 'x1')

    Raises InputError for what is no table of rows and columns.
    """
    columns = tuple(_column(name, values, name in categorical) for name, values in _named(X))
    unknown = sorted(set(categorical) - {column.name for column in columns})
    if unknown:
        names = ", ".join(column.name for column in columns[:12])
        raise InputError(f"X has no column {unknown[0]!r} that could be categorical; it has {names}")
    return check_table(Table(columns, SOURCE, ""))


def is_frame(X: Any) -> bool:
    """Whether X has named columns."""
    if getattr(X, "ndim", 2) == 1:  # a series has keys too
        return False
    return hasattr(X, "column_names") or hasattr(X, "columns") or hasattr(X, "keys")


def _named(X: Any) -> Iterator[tuple[str, Any]]:
    """The names and values of the columns."""
    if hasattr(X, "tocsr"):
        raise DtypeError("X is a sparse matrix, and a table is dense; pass X.toarray()")
    if is_frame(X):
        names = X.column_names if hasattr(X, "column_names") else X.keys() if hasattr(X, "keys") else X.columns
        yield from ((str(name), X[name]) for name in names)
        return
    array = np.asarray(X)
    if array.ndim != 2:
        raise InputError(
            f"X must have rows and columns, but its shape is {array.shape}. Reshape your data: X.reshape(-1, 1) for a "
            "single feature, X.reshape(1, -1) for a single sample"
        )
    if array.dtype.kind == "c":
        raise InputError(
            "X holds complex numbers. Complex data not supported: give real and imaginary part each a column"
        )
    if 0 in array.shape:
        what = "sample" if not array.shape[0] else "feature"
        raise InputError(f"Found array with 0 {what}(s) (shape={array.shape}) while a minimum of 1 is required.")
    yield from ((f"x{i}", array[:, i]) for i in range(array.shape[1]))


def _column(name: str, values: Any, named: bool) -> Column:
    values = _decoded(values)
    if not named and not _is_category(values):
        return column_from_array(name, values)
    array = np.asarray(values.to_numpy() if hasattr(values, "to_numpy") else values, dtype=object)
    names = np.fromiter(map(_as_name, array.tolist()), dtype=object, count=len(array))
    return Column(name, column_from_array(name, names).text, None)


def _as_name(value: Any) -> Any:
    """A value as the name of a thing: 1.0, which is what 1 becomes beside a missing value, has the name of 1."""
    return int(value) if isinstance(value, float | np.floating) and value.is_integer() else value


def _decoded(values: Any) -> Any:
    """A column of Arrow whose values stand in a dictionary, with the values themselves."""
    kind = str(getattr(values, "type", ""))
    return values.cast(values.type.value_type) if kind.startswith("dictionary") else values


def _is_category(values: Any) -> bool:
    """Whether a column of pandas or polars is of a categorical type."""
    return str(getattr(values, "dtype", "")).partition("(")[0] in ("category", "Categorical", "Enum")
