"""An interval holds the true score about 19 times in 20, whatever the score; one that cannot is none."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from sklon.runs import intervals, scores

ROWS, DRAWS = 200, 400
Draw = Callable[[np.random.Generator], tuple[Any, Any]]


def quantities(random: np.random.Generator) -> tuple[Any, Any]:
    """A truth of variance 1, and predictions whose errors have variance ¼."""
    predicted = random.normal(size=ROWS) * np.sqrt(0.75)
    return predicted + random.normal(size=ROWS) / 2, predicted


def labels(random: np.random.Generator) -> tuple[Any, Any]:
    """Labels as probable as the predictions say, uniformly between 0 and 1."""
    chance = random.random(ROWS)
    truth = (random.random(ROWS) < chance).astype(np.int64)
    return truth, np.stack([1 - chance, chance], axis=1)


TRUE: dict[tuple[str, str], tuple[Draw, float]] = {
    ("regression", "rmse"): (quantities, 0.5),
    ("regression", "mae"): (quantities, 0.5 * np.sqrt(2 / np.pi)),
    ("regression", "r2"): (quantities, 0.75),
    ("binary", "accuracy"): (labels, 0.75),
    ("binary", "auc"): (labels, 5 / 6),
    ("binary", "log_loss"): (labels, 0.5),
    ("multiclass", "accuracy"): (labels, 0.75),
    ("multiclass", "log_loss"): (labels, 0.5),
}
"""Of each metric: where rows are drawn from, and its value over all rows there are."""


@pytest.mark.parametrize("case", TRUE, ids=" ".join)
def test_the_interval_holds_the_true_score_about_19_times_in_20(case: tuple[str, str]) -> None:
    draw, true = TRUE[case]
    random = np.random.default_rng(0)
    found = [scores.intervals_of(case[0], *draw(random))[case[1]] for _ in range(DRAWS)]
    caught = sum(one is not None and one[0] <= true <= one[1] for one in found)
    assert 0.92 <= caught / DRAWS <= 0.98


def test_every_metric_has_its_true_value_here() -> None:
    assert set(TRUE) == {(task, metric.name) for task, metrics in scores.METRICS.items() for metric in metrics}


def test_the_score_lies_in_its_interval() -> None:
    for task, draw in (("regression", quantities), ("binary", labels)):
        truth, predicted = draw(np.random.default_rng(1))
        values = scores.score(task, truth, predicted)
        for name, interval in scores.intervals_of(task, truth, predicted).items():
            assert interval is not None and interval[0] < values[name] < interval[1]


def test_what_says_nothing_about_the_spread_has_no_interval() -> None:
    one, two = np.array([1.0]), np.array([2.0])
    assert set(scores.intervals_of("regression", one, two).values()) == {None}
    assert intervals.of_explained(np.ones(5), np.zeros(5)) is None
    assert intervals.of_area(np.ones(3), np.ones(1)) is None


def test_a_few_right_rows_are_no_certainty() -> None:
    low, high = intervals.of_share(np.ones(5, bool)) or (1, 1)
    assert low < 0.6 and high == 1
    lowest, highest = intervals.of_share(np.zeros(5, bool)) or (1, 1)
    assert lowest == 0 and highest == pytest.approx(1 - low)
