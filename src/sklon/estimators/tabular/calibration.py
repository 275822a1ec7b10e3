"""How sure predictions may be: a temperature for probabilities, and the width of intervals, both from validation rows.

Sources: Guo et al., *On calibration of modern neural networks*, 2017; Lei et al., *Distribution-free predictive
inference for regression*, 2018 (split conformal).
"""

from __future__ import annotations

from math import ceil
from typing import Any

import numpy as np

from sklon._base.errors import InputError

Array = np.ndarray[Any, Any]

COLDEST, HOTTEST = 0.25, 10.0
"""Temperatures that are tried: outside, a few validation rows would decide."""
HALVINGS = 60


def tempered(log_probabilities: Array, temperature: float) -> Array:
    """p^(1/T), normalised, of each row of log-probabilities [rows, classes].

    >>> tempered(np.log([[0.8, 0.2]]), 1.0).round(6).tolist()
    [[0.8, 0.2]]
    """
    scaled = log_probabilities / temperature
    powers = np.exp(scaled - scaled.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def fit_temperature(log_probabilities: Array, classes: Array, weight: Array | None = None) -> float:
    """The T that gives validation rows of these classes the smallest log loss.

    The loss is convex in 1/T, and its slope Σ (E_p[log p] − log p_class) is a matter of bisection.
    """
    chosen = log_probabilities[np.arange(len(classes)), classes]
    counts = np.ones(len(classes)) if weight is None else weight

    def slope(inverse: float) -> float:
        expected = (tempered(log_probabilities, 1 / inverse) * log_probabilities).sum(axis=1)
        return float(np.sum(counts * (expected - chosen)))

    low, high = 1 / HOTTEST, 1 / COLDEST
    for _ in range(HALVINGS):
        middle = (low * high) ** 0.5
        low, high = (low, middle) if slope(middle) > 0 else (middle, high)
    return float((low * high) ** -0.5)


def half_width(residuals: Array, coverage: float) -> float:
    """The ⌈(m + 1)·coverage⌉-th smallest of m absolute residuals: new ones are below it with that probability.

    >>> half_width(np.arange(1.0, 20.0), 0.9)
    18.0

    Raises InputError where there are too few residuals for so much coverage.
    """
    if not 0 < coverage < 1:
        raise InputError(f"coverage must lie between 0 and 1, not at {coverage}")
    rank = ceil((len(residuals) + 1) * coverage)
    if rank > len(residuals):
        raise InputError(
            f"{len(residuals)} validation rows are too few for a coverage of {coverage}; they allow at most "
            f"{len(residuals) / (len(residuals) + 1):.3f}"
        )
    return float(np.sort(np.abs(residuals))[rank - 1])
