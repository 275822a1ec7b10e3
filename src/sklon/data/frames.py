"""Frames of pandas, polars and Arrow, and mappings from names to arrays, as columns.

Here stands what their types say beyond the values: a categorical column holds names, whatever they are, and a moment
with a time zone is what the clock on the wall shows there. No library is imported: a frame is known by what it can do.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import numpy as np

from sklon._base.errors import InputError

from .table import Column, Table, array_of, check_names, check_table, column_from_array, digest_of


def is_frame(X: Any) -> bool:
    """Whether X has named columns."""
    if getattr(X, "ndim", 2) == 1:  # a series has keys too
        return False
    return any(hasattr(X, name) for name in ("collect_schema", "column_names", "columns", "keys"))


def named_columns(frame: Any, source: str = "the frame") -> list[tuple[str, Any]]:
    """The names and values of the columns, in order. Raises InputError where two have the same name."""
    if hasattr(frame, "collect") and not hasattr(frame, "shape"):
        raise InputError(f"{source} is a query that has not run yet; pass what its method collect() gives")
    names = list(
        frame.column_names
        if hasattr(frame, "column_names")
        else frame.keys()
        if isinstance(frame, Mapping)
        else frame.columns
    )
    check_names([str(name) for name in names], source)
    return [(str(name), frame[name]) for name in names]


def table_from_frame(frame: Any, source: str = "the frame") -> Table:
    """A table of a frame or of a mapping from names to arrays."""
    columns = tuple(column_of(name, values) for name, values in named_columns(frame, source))
    return check_table(Table(columns, source, digest_of(columns)))


def column_of(name: str, values: Any, *, categorical: bool = False) -> Column:
    """A column of a frame; if it is ``categorical``, or its type says so, it holds names and no numbers.

    >>> column_of("floor", [1.0, 2.0, float("nan")], categorical=True).text.tolist()
    ['1', '2', None]
    """
    categorical = categorical or _is_category(values)
    values = _decoded(values)
    if not categorical:
        return column_from_array(name, values)
    names = array_of(values)
    if names.dtype.kind not in "mM":  # moments are written as they always are
        rows = np.ma.filled(names.astype(object), None)
        names = np.fromiter(map(_as_name, rows), dtype=object, count=len(rows))
    return Column(name, column_from_array(name, names).text, None)


def _as_name(value: Any) -> Any:
    """A value as the name of a thing: 1.0, which is what 1 becomes beside a missing value, has the name of 1."""
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, list | tuple | dict):
        return str(value)
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _decoded(values: Any) -> Any:
    """A column with the values themselves: without Arrow's dictionary, and moments as their own clock shows them."""
    kind = str(getattr(values, "type", ""))
    if kind.startswith("dictionary"):
        return values.cast(values.type.value_type)
    if kind.startswith("timestamp") and "tz=" in kind:
        return np.array(values.to_pylist(), dtype=object)
    if getattr(getattr(values, "dtype", None), "time_zone", None) is not None:
        return values.dt.replace_time_zone(None)
    return values


def _is_category(values: Any) -> bool:
    """Whether a column is of a categorical type: of pandas or polars, or with a dictionary in Arrow."""
    kind = str(getattr(values, "dtype", getattr(values, "type", "")))
    return re.split(r"[(<]", kind)[0] in ("category", "Categorical", "Enum", "dictionary")
