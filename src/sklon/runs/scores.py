"""How good predictions are: metrics as rows, and the scores of several predictors side by side.

A prediction is a number per row, or a probability per row and label; the truth is a number or a label's
index. The first metric of a task is the one that the run is judged by, unless another one is chosen. Nothing here
trains.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from sklon._base.errors import InputError
from sklon.data import BINARY, MULTICLASS, REGRESSION, Classes, Column, Quantity, Target

from . import intervals
from .intervals import Interval

Values: TypeAlias = NDArray[Any]

LEAST_PROBABILITY = 1e-15
"""Probabilities are kept above this in the log loss, so that one row cannot make it infinite."""


@dataclass(frozen=True, slots=True)
class Metric:
    """One number about predictions: its name in ``run.json``, in words, how it and its interval are computed.

    ``in_unit`` if it is measured in the target's unit, so that its size says nothing.
    """

    name: str
    words: str
    higher_is_better: bool
    of: Callable[[Values, Values], float]
    interval: Callable[[Values, Values], Interval]
    in_unit: bool = False


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
    return float(np.mean(_right(truth, probabilities)))


def log_loss(truth: Values, probabilities: Values) -> float:
    """The mean of -ln(probability of the true label)."""
    return float(np.mean(_surprise(truth, probabilities)))


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


def _right(truth: Values, probabilities: Values) -> NDArray[np.bool_]:
    return np.asarray(np.argmax(probabilities, axis=1) == truth)


def _surprise(truth: Values, probabilities: Values) -> Values:
    """-ln(probability of the true label) of each row; a label that is unknown has the least probability."""
    of_truth = np.where(truth < 0, 0.0, probabilities[np.arange(len(truth)), truth])
    return np.asarray(-np.log(np.maximum(of_truth, LEAST_PROBABILITY)))


_ACCURACY = Metric("accuracy", "share of rows right", True, accuracy, lambda y, p: intervals.of_share(_right(y, p)))
_LOG_LOSS = Metric("log_loss", "log loss", False, log_loss, lambda y, p: intervals.of_mean(_surprise(y, p)))
_AUC = Metric(
    "auc", "area under the ROC curve", True, auc, lambda y, p: intervals.of_area(p[y == 1, 1], p[y == 0, 1])
)  # fmt: skip
_RMSE = Metric(
    "rmse", "root mean squared error", False, rmse, lambda y, p: intervals.of_root(np.square(y - p)), True
)  # fmt: skip
_MAE = Metric("mae", "mean absolute error", False, mae, lambda y, p: intervals.of_mean(np.abs(y - p)), True)
_R2 = Metric(
    "r2",
    "share of variance explained (R²)",
    True,
    r2,
    lambda y, p: intervals.of_explained(np.square(y - p), np.square(y - np.mean(y))),
)

METRICS: dict[str, tuple[Metric, ...]] = {
    REGRESSION: (_RMSE, _MAE, _R2),
    BINARY: (_ACCURACY, _AUC, _LOG_LOSS),
    MULTICLASS: (_ACCURACY, _LOG_LOSS),
}


METRIC_NAMES = tuple(dict.fromkeys(metric.name for metrics in METRICS.values() for metric in metrics))
PREDICTORS = ("network", "linear", "trivial")
"""Who is compared: the network, a linear model, and one that does not look at the row."""
IN_WORDS = {"network": "this network", "linear": "a linear model", "trivial": "without looking"}


@dataclass(frozen=True, slots=True, eq=False)
class Evidence:
    """The truth of some rows and what each predictor said about them; held in memory, never written."""

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


def metric_of(task: str, name: str = "auto") -> Metric:
    """The metric that a run is judged by: the one of this name, or the task's first."""
    known = {metric.name: metric for metric in METRICS[task]}
    if name == "auto":
        return METRICS[task][0]
    if name not in known:
        raise InputError(f"{name} says nothing about {task}; give --metric {', '.join(known)}, or auto")
    return known[name]


def intervals_of(task: str, truth: Values, predicted: Values) -> dict[str, Interval]:
    """Where every metric of the task lies with 95 % certainty, by name."""
    return {metric.name: metric.interval(truth, predicted) for metric in METRICS[task]}


def compared(task: str, evidence: Evidence, metric: Metric) -> dict[str, Any]:
    """The scores of each predictor with their intervals, as what ``json`` can write; ``None`` for an absent one."""
    truth, predicted = evidence.truth, evidence.predicted
    known = {name: predicted.get(name) for name in PREDICTORS}
    return {
        "metric": metric.name,
        "higher_is_better": metric.higher_is_better,
        "interval": metric.interval(truth, predicted["network"]),
        **{name: None if values is None else score(task, truth, values) for name, values in known.items()},
        "intervals": {name: None if one is None else intervals_of(task, truth, one) for name, one in known.items()},
    }
