"""How good predictions are: metrics as rows, and the scores of several predictors side by side.

A prediction is a number per row, or a probability per row and label; the truth is a number or a label's
index. The first metric of a task is the one that the run is judged by. Nothing here trains.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from sklon.data import BINARY, MULTICLASS, REGRESSION, Classes, Column, Quantity, Target

Values: TypeAlias = NDArray[Any]

LEAST_PROBABILITY = 1e-15
"""Probabilities are kept above this in the log loss, so that one row cannot make it infinite."""


@dataclass(frozen=True, slots=True)
class Metric:
    """One number about predictions: its name in ``run.json``, in words, and how it is computed."""

    name: str
    words: str
    higher_is_better: bool
    of: Callable[[Values, Values], float]


def rmse(truth: Values, predicted: Values) -> float:
    """The root of the mean squared error, in the target's unit."""
    return float(np.sqrt(np.mean(np.square(truth - predicted))))


def mae(truth: Values, predicted: Values) -> float:
    """The mean absolute error, in the target's unit."""
    return float(np.mean(np.abs(truth - predicted)))


def r2(truth: Values, predicted: Values) -> float:
    """The share of the target's variance that the predictions explain: 1 - SSE / SST."""
    total = float(np.sum(np.square(truth - np.mean(truth))))
    return 1.0 - float(np.sum(np.square(truth - predicted))) / total if total > 0 else 0.0


def accuracy(truth: Values, probabilities: Values) -> float:
    """The share of rows whose most probable label is the true one."""
    return float(np.mean(np.argmax(probabilities, axis=1) == truth))


def log_loss(truth: Values, probabilities: Values) -> float:
    """The mean of -ln(probability of the true label)."""
    of_truth = np.where(truth < 0, 0.0, probabilities[np.arange(len(truth)), truth])
    return float(np.mean(-np.log(np.maximum(of_truth, LEAST_PROBABILITY))))


def auc(truth: Values, probabilities: Values) -> float:
    """The chance that a random row of the second label is given a higher probability than one of the first.

    By ranks (Mann-Whitney), ties counted half; 0.5 if one of the labels does not occur.
    """
    probabilities, truth = probabilities[truth >= 0], truth[truth >= 0]
    scores = probabilities[:, 1]
    _, place, counts = np.unique(scores, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[place]
    positive = truth == 1
    ones, zeros = int(np.count_nonzero(positive)), int(np.count_nonzero(truth == 0))
    if not ones or not zeros:
        return 0.5
    return float((ranks[positive].sum() - ones * (ones + 1) / 2) / (ones * zeros))


_ACCURACY = Metric("accuracy", "share of rows right", True, accuracy)
_LOG_LOSS = Metric("log_loss", "log loss", False, log_loss)

METRICS: dict[str, tuple[Metric, ...]] = {
    REGRESSION: (
        Metric("rmse", "root mean squared error", False, rmse),
        Metric("mae", "mean absolute error", False, mae),
        Metric("r2", "share of variance explained (R²)", True, r2),
    ),
    BINARY: (_ACCURACY, Metric("auc", "area under the ROC curve", True, auc), _LOG_LOSS),
    MULTICLASS: (_ACCURACY, _LOG_LOSS),
}


CERTAINTY = 1.96
"""Standard errors to each side that hold 95 % of a normal distribution."""


@dataclass(frozen=True, slots=True, eq=False)
class Evidence:
    """The truth of the validation rows and what each predictor said; held in memory, never written."""

    target: Target
    truth: Values
    predicted: dict[str, Values]


def truth_of(target: Target, column: Column) -> Values:
    """What predictions are compared with: numbers, or the labels' indices."""
    return target.indices(column) if isinstance(target, Classes) else column.as_numbers()


def trivial(target: Target, seen: Values, rows: int) -> Values:
    """What one predicts without looking: the training rows' mean, or how often each label occurs there."""
    if isinstance(target, Quantity):
        return np.full(rows, np.mean(seen))
    shares = np.bincount(seen, minlength=len(target.labels)) / len(seen)
    return np.tile(shares, (rows, 1))


def score(task: str, truth: Values, predicted: Values) -> dict[str, float]:
    """Every metric of the task, by name.

    >>> score("regression", np.array([1.0, 3.0]), np.array([1.0, 1.0]))["mae"]
    1.0
    """
    return {metric.name: metric.of(truth, predicted) for metric in METRICS[task]}


def interval(task: str, truth: Values, predicted: Values) -> tuple[float, float]:
    """Where the first metric lies with 95 % certainty, by the spread of its terms over the rows.

    The metric is the mean of a term per row (or its root, for which the squares are bounded first).
    """
    regression = task == REGRESSION
    right = np.argmax(predicted, axis=1) == truth if not regression else np.square(truth - predicted)
    terms = right.astype(np.float64)
    mean, half = float(np.mean(terms)), CERTAINTY * float(np.std(terms)) / np.sqrt(len(terms))
    low, high = max(0.0, mean - half), mean + half
    return (float(np.sqrt(low)), float(np.sqrt(high))) if regression else (low, min(1.0, high))
