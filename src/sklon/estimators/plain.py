"""Arrays that are what scikit-learn's validation would return, and about which it would have nothing to say.

Its checks take longer than a small network's fit. All other input, and all that is wrong, goes through them.
"""

from __future__ import annotations

from math import isfinite
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


def is_plain(estimator: Any, X: Any, reset: bool) -> bool:
    """Whether X is a matrix of finite floating-point numbers, of a width that an estimator knows or gets to know."""
    if type(X) is not np.ndarray or X.ndim != 2 or not X.size or X.dtype not in (np.float64, np.float32):
        return False
    if hasattr(estimator, "feature_names_in_") or not (reset or estimator.n_features_in_ == X.shape[1]):
        return False
    return _finite(X)


def is_plain_target(y: Any, rows: int, kinds: str) -> bool:
    """Whether y is a vector of so many finite numbers, of a type whose kind is among ``kinds``."""
    return type(y) is np.ndarray and y.shape == (rows,) and y.dtype.kind in kinds and _finite(y)


def _finite(array: Array) -> bool:
    """Whether all numbers are finite; where their sum is not, scikit-learn looks closer."""
    with np.errstate(over="ignore", invalid="ignore"):
        return array.dtype.kind != "f" or isfinite(array.sum())
