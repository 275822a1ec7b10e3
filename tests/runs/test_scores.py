"""Metrics against scikit-learn's, and what the sentences make of them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sklon.data import Classes, Quantity
from sklon.runs import scores
from sklon.runs.sentences import caution, comparison

metrics = pytest.importorskip("sklearn.metrics")


@pytest.mark.parametrize("seed", range(5))
def test_metrics_of_classes_agree_with_scikit_learn(seed: int) -> None:
    random = np.random.default_rng(seed)
    truth = random.integers(0, 2, 50)
    chances = random.integers(0, 10, 50) / 10
    probabilities = np.stack([1 - chances, chances], axis=1)
    np.testing.assert_allclose(scores.auc(truth, probabilities), metrics.roc_auc_score(truth, chances))
    inside = np.clip(probabilities, 1e-3, 1 - 1e-3)
    np.testing.assert_allclose(scores.log_loss(truth, inside), metrics.log_loss(truth, inside[:, 1]))
    answers = np.argmax(probabilities, axis=1)
    assert scores.accuracy(truth, probabilities) == metrics.accuracy_score(truth, answers)


@pytest.mark.parametrize("seed", range(3))
def test_metrics_of_quantities_agree_with_scikit_learn(seed: int) -> None:
    truth, predicted = np.random.default_rng(seed).normal(size=(2, 40))
    np.testing.assert_allclose(scores.rmse(truth, predicted) ** 2, metrics.mean_squared_error(truth, predicted))
    np.testing.assert_allclose(scores.mae(truth, predicted), metrics.mean_absolute_error(truth, predicted))
    np.testing.assert_allclose(scores.r2(truth, predicted), metrics.r2_score(truth, predicted))


def test_a_label_that_does_not_occur_leaves_the_auc_undecided() -> None:
    assert scores.auc(np.zeros(3, int), np.full((3, 2), 0.5)) == 0.5


def test_the_trivial_predictor_knows_the_training_rows_only() -> None:
    quantity = Quantity(name="y", mean=0, scale=1, low=0, high=9)
    assert scores.trivial(quantity, np.array([1.0, 3.0]), 2).tolist() == [2, 2]
    classes = Classes(name="y", labels=("a", "b"), binary=True)
    assert scores.trivial(classes, np.array([0, 0, 0, 1]), 1).tolist() == [[0.75, 0.25]]


def record(network: float, linear: float | None, trivial: float, **stopped: Any) -> dict[str, Any]:
    """A record of a regression that holds what the sentences read."""
    errors = {"network": network, "linear": linear, "trivial": trivial}
    return {
        "task": {"kind": "regression", "target": "price"},
        "status": stopped.pop("status", "finished"),
        "data": {"rows": {"validation": stopped.pop("rows", 1000)}},
        "scores": {name: None if rmse is None else {"rmse": rmse, "mae": rmse} for name, rmse in errors.items()},
        "stopped": {"reason": "patience", "epoch": 30, "best_epoch": 14} | stopped,
    }


COMPARED = {
    (1.0, 2.0, 4.0): "75.0 % less error than always answering the mean, and 50.0 % less than a linear model",
    (2.0, 1.0, 4.0): "but a linear model makes 50.0 % less still",
    (1.0, 1.001, 4.0): "a linear model does as well",
    (4.0, 4.0, 4.0): "is as good: the columns seem to say nothing",
    (5.0, None, 4.0): "is better: the columns seem to say nothing",
    (5.0, 2.0, 4.0): "is better, yet a linear model makes 50.0 % less error than that: the columns say something",
    (1.0, None, 4.0): "scikit-learn is not installed",
    (0.0, 0.0, 4.0): "a linear model does as well",
}


@pytest.mark.parametrize("errors", COMPARED)
def test_the_comparison_says_who_is_better(errors: tuple[float, float | None, float]) -> None:
    assert COMPARED[errors] in comparison(record(*errors))


def test_the_caution_names_what_is_doubtful() -> None:
    assert "few to judge by" in caution(record(1, 2, 3, rows=50))
    assert "interrupted" in caution(record(1, 2, 3, status="interrupted"))
    assert "still falling" in caution(record(1, 2, 3, reason="epochs", epoch=9, best_epoch=9))
    assert "still falling" not in caution(record(1, 2, 3))


def test_the_caution_tells_how_the_test_rows_went() -> None:
    test = {"rows": 1, "source": "new.csv", "scores": {"mae": 2.0}}
    words = caution(record(1, 2, 3) | {"test": test})
    assert "on 1 row of new.csv, which chose nothing, it is off by 2 on average" in words
