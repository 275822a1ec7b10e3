"""How sure predictions may be: a temperature for probabilities, and the width of intervals, both from validation rows.

Sources: Guo et al., *On calibration of modern neural networks*, 2017; Lei et al., *Distribution-free predictive
inference for regression*, 2018 (split conformal).
"""

from __future__ import annotations

from math import ceil, floor
from typing import Any

import numpy as np

from sklon._base.errors import InputError

Array = np.ndarray[Any, Any]

COLDEST, HOTTEST = 0.25, 10.0
"""Temperatures that are tried: beyond, probabilities are hardly those of the network."""
PRIOR_ROWS = 100.0
"""What the belief that probabilities are right as they are is worth, in validation rows: see decision 0033."""
HALVINGS = 60
ROUNDING = 1e-12
"""The share by which a sum of weights may miss what it is compared with."""


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
    itself, T = 1. With n real rows, whose weights wᵢ have the mean 1, the loss

        Σ wᵢ·(−log pᵢ^β(cᵢ)) + m/n·Σ wᵢ·Σ_c pᵢ(c)·(−log pᵢ^β(c))

    is convex in β, and its slope a matter of bisection. Without imaginary rows it is the log loss of the real ones.
    """
    counts = relative(weight, len(classes))
    imaginary = prior_rows / len(classes)
    chosen = log_probabilities[np.arange(len(classes)), classes]
    drawn = (tempered(log_probabilities, 1.0) * log_probabilities).sum(axis=1)
    fixed = float(counts @ (chosen + imaginary * drawn))

    def slope(inverse: float) -> float:
        expected = (tempered(log_probabilities, 1 / inverse) * log_probabilities).sum(axis=1)
        return (1 + imaginary) * float(counts @ expected) - fixed

    if abs(slope(1.0)) <= ROUNDING * abs(fixed):  # of probabilities that are all alike, any other T fits as well
        return 1.0
    low, high = 1 / HOTTEST, 1 / COLDEST
    for _ in range(HALVINGS):
        middle = (low * high) ** 0.5
        low, high = (low, middle) if slope(middle) > 0 else (middle, high)
    return float((low * high) ** -0.5)


def half_width(residuals: Array, coverage: float, weight: Array | None = None) -> float:
    """The ⌈(m + 1)·coverage⌉-th smallest of m absolute residuals: new ones are below it with that probability.

    With weights, whose mean is made 1, it is the smallest residual up to which they sum to (m + 1)·coverage: the new
    row counts one (Tibshirani et al., *Conformal prediction under covariate shift*, 2019).

    >>> half_width(np.arange(1.0, 20.0), 0.9)
    18.0

    Raises InputError where there are too few residuals for so much coverage.
    """
    if not 0 < coverage < 1:
        raise InputError(f"coverage must lie between 0 and 1, not at {coverage}")
    count = len(residuals)
    rank = ceil((count + 1) * coverage)
    if rank > count:
        raise InputError(_too_few(count, coverage))
    far = np.abs(residuals)
    order = np.argsort(far)
    if weight is None:
        return float(far[order[rank - 1]])
    reached = np.cumsum(relative(weight, count)[order])
    place = int(np.searchsorted(reached, (count + 1) * coverage * (1 - ROUNDING)))
    return float(far[order[min(place, count - 1)]])


def _too_few(count: int, coverage: float) -> str:
    """Why there is no interval of this coverage, and what helps."""
    if not count:
        return (
            "there are no intervals: no row was held out to tell how far predictions are off; fit with X_val and "
            "y_val, with folds=5, or with a larger validation_fraction"
        )
    least = ceil(coverage / (1 - coverage) * (1 - ROUNDING))
    return (
        f"{count} validation rows are too few for a coverage of {coverage}, which takes {least}; they allow at most "
        f"{floor(1000 * count / (count + 1)) / 1000:.3f}"
    )


def relative(weight: Array | None, rows: int) -> Array:
    """Weights with the mean 1, whatever their unit."""
    if weight is None:
        return np.ones(rows)
    shares = weight / weight.max()
    return np.asarray(shares / shares.mean())
