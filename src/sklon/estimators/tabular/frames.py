"""What users hold (pandas, polars and Arrow frames, NumPy arrays, lists of rows) as a ``data.Table``.

Which columns are which goes by name where the fit and the new rows both have names, and else by position, as in
scikit-learn, with its warnings. Arrays have no names, so their columns are x0, x1, …
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from numbers import Integral
from typing import Any

import numpy as np
from sklearn.utils.validation import validate_data

from sklon._base.errors import DtypeError, InputError
from sklon.data import Table, check_table, column_of, is_frame, named_columns

SOURCE = "X"
WARNING_LEVEL = 7
"""How many frames lie between a warning here and the user's call of ``predict``."""


def table_of(X: Any, categorical: Sequence[Any] = ()) -> Table:
    """The table that X is; ``categorical`` says by name or place which columns' numbers are names of things.

    >>> table_of(np.array([[1.0, 2.0]])).names
    ('x0', 'x1')

    Raises InputError for what is no table of rows and columns.
    """
    return _table(_columns(X), categorical)


def table_like(estimator: Any, X: Any, fitted: Sequence[str], categorical: Sequence[Any] = ()) -> Table:
    """The table that X is, with the names of the columns that the estimator was ``fitted`` on.

    Raises what scikit-learn raises where their number, or names on both sides, differ; warns where one side has none.
    """
    columns = _columns(X)
    if isinstance(X, Mapping):
        _check_mapping(estimator, X)
    else:
        validate_data(estimator, X, skip_check_array=True, reset=False)
    if _by_place(X, fitted, hasattr(estimator, "feature_names_in_")):
        columns = [(name, values) for name, (_, values) in zip(fitted, columns, strict=True)]
    return _table(columns, categorical)


def _by_place(X: Any, fitted: Sequence[str], names: bool) -> bool:
    """Whether columns go by their place: of an array, after a fit on one, and where one side alone has ``names``."""
    of_array = not names and list(fitted) == _numbered(len(fitted))
    return not is_frame(X) or of_array or _has_names(X) != names


def _numbered(count: int) -> list[str]:
    """The names of an array's columns."""
    return [f"x{i}" for i in range(count)]


def note_columns(estimator: Any, X: Any, y: Any) -> None:
    """Set ``n_features_in_``, and ``feature_names_in_`` where columns have names."""
    if is_frame(X):
        named_columns(X, SOURCE)  # names that occur twice are said here
    if not isinstance(X, Mapping):
        validate_data(estimator, X, y, skip_check_array=True)
        return
    estimator.feature_names_in_ = np.array([str(name) for name in X], dtype=object)
    estimator.n_features_in_ = len(X)


def _has_names(X: Any) -> bool:
    """Whether columns have names as scikit-learn takes them: texts."""
    if isinstance(X, Mapping) or not is_frame(X):
        return isinstance(X, Mapping)
    return all(isinstance(name, str) for name in (X.column_names if hasattr(X, "column_names") else X.columns))


def _check_mapping(estimator: Any, X: Mapping[str, Any]) -> None:
    """What scikit-learn would say of a frame with these names; by name, more columns and another order are welcome."""
    if hasattr(estimator, "feature_names_in_"):
        return
    name = type(estimator).__name__
    warnings.warn(
        f"X has feature names, but {name} was fitted without feature names", UserWarning, stacklevel=WARNING_LEVEL
    )
    if len(X) != estimator.n_features_in_:
        raise InputError(
            f"X has {len(X)} features, but {name} is expecting {estimator.n_features_in_} features as input."
        )


def _table(columns: list[tuple[str, Any]], categorical: Sequence[Any]) -> Table:
    every = [name for name, _ in columns]
    chosen = {_meant(one, every) for one in categorical}
    unknown = sorted(chosen - set(every))
    if unknown:
        names = ", ".join(name for name, _ in columns[:12])
        raise InputError(f"X has no column {unknown[0]!r} that could be categorical; it has {names}")
    made = tuple(column_of(name, values, categorical=name in chosen) for name, values in columns)
    if made and not any(map(len, made)):
        raise InputError("X has columns but no rows, while a minimum of 1 is required")
    return check_table(Table(made, SOURCE, ""))


def _columns(X: Any) -> list[tuple[str, Any]]:
    """The names and values of the columns."""
    if hasattr(X, "tocsr"):
        raise DtypeError("X is a sparse matrix, and a table is dense; pass X.toarray()")
    if is_frame(X):
        return named_columns(X, SOURCE)
    array = X if isinstance(X, np.ma.MaskedArray) else np.asarray(X)
    _check_array(array)
    return list(zip(_numbered(array.shape[1]), array.T, strict=True))


def _check_array(array: np.ndarray[Any, Any]) -> None:
    """An error where an array is no table."""
    if array.dtype.names:
        raise InputError("X is a structured array; pass {name: X[name] for name in X.dtype.names}")
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


def _meant(one: Any, names: Sequence[str]) -> str:
    """The name of a column, or of that at a place, where no column's name is that number."""
    placed = isinstance(one, Integral) and not isinstance(one, bool) and str(one) not in names
    return names[int(one)] if placed and 0 <= one < len(names) else str(one)
