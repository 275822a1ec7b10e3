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
"""Temperatures that are tried: beyond, probabilities are hardly those of the network."""
PRIOR_ROWS = 30.0
"""What the belief that probabilities are right as they are is worth, in validation rows: see decision 0033."""
HALVINGS = 60


def tempered(log_probabilities: Array, temperature: float) -> Array:
    """p^(1/T), normalised, of each row of log-probabilities [rows, classes].

    >>> tempered(np.log([[0.8, 0.2]]), 1.0).round(6).tolist()
    [[0.8, 0.2]]
    """
    scaled = log_probabilities / temperature
    powers = np.exp(scaled - scaled.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def fit_temperature(
    log_probabilities: Array, classes: Array, weight: Array | None = None, prior_rows: float = PRIOR_ROWS
) -> float:
    """The likeliest T, given validation rows of these classes and as many imaginary ones as ``prior_rows``.

    The powers p^β, β = 1/T, are an exponential family with the statistic log p, and the prior is its conjugate one
    (Diaconis & Ylvisaker, 1979): it says what rows would say that are like the real ones, with classes drawn from p
    itself, T = 1. With n real rows, which have their ``weight``, the loss

        Σ wᵢ·(−log pᵢ^β(cᵢ)) + m/n·Σᵢ Σ_c pᵢ(c)·(−log pᵢ^β(c))

    is convex in β, and its slope a matter of bisection. Without imaginary rows it is the log loss of the real ones.
    """
    rows = np.arange(len(classes))
    counts = np.ones(len(classes)) if weight is None else weight
    imaginary = prior_rows / len(classes)
    chosen = counts @ log_probabilities[rows, classes]
    drawn = imaginary * (tempered(log_probabilities, 1.0) * log_probabilities).sum()

    def slope(inverse: float) -> float:
        expected = (tempered(log_probabilities, 1 / inverse) * log_probabilities).sum(axis=1)
        return float((counts + imaginary) @ expected - chosen - drawn)

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
