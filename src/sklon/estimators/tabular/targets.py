"""Targets as users hold them, checked: what cannot be learned from is said in a sentence, with the row and the repair.

Arrays, lists, and columns of pandas, polars and Arrow come in; scikit-learn's own checks stand behind these.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.utils import column_or_1d
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import _check_y

from sklon._base.errors import InputError
from sklon.data import array_of, is_missing
from sklon.data.table import LARGEST

Array = np.ndarray[Any, Any]


def labels_of(y: Any, estimator: Any, name: str = "y") -> Array:
    """Class labels [rows], of any one type. Raises ValueError for missing, mixed and continuous ones."""
    y = column_or_1d(_present(y, name), warn=True)
    texts = [isinstance(label, str) for label in y.tolist()]
    if any(texts) and not all(texts):
        text, other = y[texts.index(True)], y[texts.index(False)]
        raise InputError(
            f"{name} mixes texts such as {str(text)!r} with others such as {other!r}; pass {name}.astype(str)"
        )
    y = _check_y(y, estimator=estimator)
    check_classification_targets(y)
    return np.asarray(y)


def quantities_of(y: Any, estimator: Any, name: str = "y") -> Array:
    """Numbers [rows] in float64. Raises ValueError for missing and infinite ones, for dates and for text."""
    y = column_or_1d(_present(y, name), warn=True)
    if y.dtype.kind in "mM":
        raise InputError(f"{name} holds dates or durations, and what is predicted are numbers; give days or seconds")
    if y.dtype.kind in "OUS":
        y = np.array([_number(value, name, estimator) for value in y.tolist()])
    if y.dtype.kind == "f" and (far := np.flatnonzero(np.abs(y) > LARGEST)).size:
        raise InputError(
            f"Input {name} contains infinity or a value too large for dtype('float64'), first in row {far[0]}; leave "
            "such rows out, or correct them"
        )
    return np.asarray(_check_y(y, y_numeric=True, estimator=estimator), np.float64)


def _present(y: Any, name: str) -> Any:
    """The target as scikit-learn takes it. Raises InputError where a row has none."""
    if y is None:
        return y
    values = array_of(y)
    if not values.ndim:
        return y
    missing = _missing(values)
    if missing.any():
        row = int(np.flatnonzero(missing)[0])
        raise InputError(
            f"Input {name} contains NaN: {int(missing.sum())} of its rows have no value, row {row} first; leave such "
            "rows out of X and y"
        )
    return values


def _missing(values: Array) -> Array:
    """Which values are none."""
    if values.dtype.kind in "mM":
        return np.isnat(values)
    if values.dtype.kind == "f":
        return np.isnan(values)
    if values.dtype != object or values.ndim > 1:
        return np.zeros(len(values), bool)
    return np.fromiter(map(is_missing, values), bool, len(values))


def _number(value: Any, name: str, estimator: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        kind = type(estimator).__name__
        raise InputError(
            f"{name} holds {str(value)!r}, which is no number, and {kind} predicts numbers; sklon.TabularClassifier "
            "predicts classes"
        ) from None
