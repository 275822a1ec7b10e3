"""What rows count in the loss: weights of samples times weights of classes, one number for each row.

None stands for rows that count one each, which trains without a product more. Rows of weight 0 are left out before
anything is learned from them, bins and classes included; above 0, weights act on losses alone.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.utils import _safe_indexing
from sklearn.utils.validation import _check_sample_weight

from sklon.data import Table

Array = np.ndarray[Any, Any]


def counted(table: Table, y: Any, sample_weight: Any) -> tuple[Table, Any, Array | None]:
    """The rows of a weight above 0, with their targets and weights. Raises ValueError for what are no weights."""
    if sample_weight is None:
        return table, y, None
    weight: Array = _check_sample_weight(sample_weight, y, dtype=np.float64, ensure_non_negative=True)
    rows = np.flatnonzero(weight)
    if len(rows) == len(weight) or len(weight) != len(table):
        return table, y, weight
    return table.take(rows), _safe_indexing(y, rows), weight[rows]


def row_weights(of_samples: Array | None, of_classes: Array | None, classes: Array | None, rows: int) -> Array | None:
    """The weight of each of ``rows`` rows, of which the first ones have weights as samples, the others 1.

    >>> row_weights(np.array([2.0, 1.0]), np.array([1.0, 10.0]), np.array([0, 1, 1]), 3).tolist()
    [2.0, 10.0, 10.0]
    """
    if of_samples is None and of_classes is None:
        return None
    found = np.ones(rows)
    if of_samples is not None:
        found[: len(of_samples)] = of_samples
    if of_classes is not None and classes is not None:
        found *= of_classes[classes]
    return found
