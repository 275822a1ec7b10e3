"""Temperatures and intervals against their definitions, and what they promise about new rows."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sklon._base.errors import InputError
from sklon.estimators.tabular.calibration import COLDEST, HOTTEST, fit_temperature, half_width, tempered

Array = np.ndarray[Any, Any]
RANDOM = np.random.default_rng(0)


def _log_loss(log_probabilities: Array, classes: Array, temperature: float) -> float:
    found = tempered(log_probabilities, temperature)[np.arange(len(classes)), classes]
    return float(-np.log(found).mean())


@pytest.mark.parametrize("sharpness", [0.5, 1.0, 3.0])
def test_the_temperature_undoes_how_much_too_sure_a_model_is(sharpness: float) -> None:
    logits = RANDOM.normal(size=(20_000, 3))
    true = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    classes = (true.cumsum(1) > RANDOM.random((len(true), 1))).argmax(1)
    said = tempered(logits * sharpness, 1.0)
    assert fit_temperature(np.log(said), classes) == pytest.approx(sharpness, rel=0.05)


def test_no_other_temperature_has_a_smaller_loss() -> None:
    log_probabilities = np.log(RANDOM.dirichlet(np.ones(4), size=500))
    classes = (tempered(log_probabilities, 1.5).cumsum(1) > RANDOM.random((500, 1))).argmax(1)
    best = fit_temperature(log_probabilities, classes, prior_rows=0)
    reached = _log_loss(log_probabilities, classes, best)
    others = [_log_loss(log_probabilities, classes, best * factor) for factor in (0.8, 0.95, 1.05, 1.25)]
    assert min(others) > reached


def test_a_few_rows_that_are_all_right_do_not_make_probabilities_certain() -> None:
    log_probabilities = np.log(np.array([[0.9, 0.1], [0.8, 0.2]]))
    for classes, limit in ((np.array([0, 0]), COLDEST), (np.array([1, 1]), HOTTEST)):
        assert fit_temperature(log_probabilities, classes, prior_rows=0) == pytest.approx(limit, rel=1e-6)
        assert 0.8 < fit_temperature(log_probabilities, classes) < 1.6


def test_the_prior_is_worth_rows_whose_classes_are_drawn_from_the_probabilities() -> None:
    log_probabilities = np.log(RANDOM.dirichlet(np.ones(3), size=40))
    classes = RANDOM.integers(0, 3, 40)
    every = np.repeat(np.arange(40), 3), np.tile(np.arange(3), 40)  # each row once with each class
    with_imaginary = np.concatenate([log_probabilities, log_probabilities[every[0]]])
    weight = np.concatenate([np.ones(40), 25 / 40 * np.exp(log_probabilities[every])])
    expected = fit_temperature(with_imaginary, np.concatenate([classes, every[1]]), weight, prior_rows=0)
    found = fit_temperature(log_probabilities, classes, prior_rows=25)
    assert found == pytest.approx(expected, rel=1e-6)
    alone = fit_temperature(log_probabilities, classes, prior_rows=0)
    assert abs(np.log(found)) < abs(np.log(alone))


def test_a_row_of_weight_two_counts_as_two_rows() -> None:
    log_probabilities = np.log(RANDOM.dirichlet(np.ones(3), size=60))
    classes, weight = RANDOM.integers(0, 3, 60), RANDOM.integers(1, 4, 60)
    rows = np.repeat(np.arange(60), weight)
    expected = fit_temperature(log_probabilities[rows], classes[rows], prior_rows=0)
    assert fit_temperature(log_probabilities, classes, weight, prior_rows=0) == pytest.approx(expected, rel=1e-9)


def test_intervals_cover_new_rows_as_often_as_they_say() -> None:
    covered = [abs(RANDOM.standard_t(3)) <= half_width(RANDOM.standard_t(3, 39), coverage=0.9) for _ in range(4000)]
    assert np.mean(covered) == pytest.approx(0.9, abs=0.015)  # ⌈40·0.9⌉/40 = 0.9 exactly; 3 deviations are 0.014


def test_too_much_coverage_from_few_rows_is_refused() -> None:
    few = r"9 validation rows are too few for a coverage of 0.95, which takes 19; they allow at most 0.900"
    with pytest.raises(InputError, match=few):
        half_width(np.arange(9.0), 0.95)
    with pytest.raises(InputError, match=r"no row was held out .* fit with X_val and y_val, with folds=5"):
        half_width(np.empty(0), 0.9)
    with pytest.raises(InputError, match="between 0 and 1, not at 1"):
        half_width(np.arange(9.0), 1.0)


@pytest.mark.parametrize(("coverage", "rows"), [(0.6, 2), (0.8, 4), (0.9, 9), (0.95, 19), (0.99, 99), (0.97, 33)])
def test_as_many_rows_as_an_interval_takes_are_enough(coverage: float, rows: int) -> None:
    assert half_width(np.ones(rows), coverage) == 1.0
    with pytest.raises(InputError, match=f"which takes {rows};"):
        half_width(np.ones(rows - 1), coverage)


@pytest.mark.parametrize("classes", [2, 3, 7])
def test_probabilities_that_are_all_alike_stay_as_they_are(classes: int) -> None:
    log_probabilities = np.log(np.full((50, classes), 1 / classes))
    assert fit_temperature(log_probabilities, RANDOM.integers(0, classes, 50)) == 1.0
    assert fit_temperature(log_probabilities, RANDOM.integers(0, classes, 50), prior_rows=0) == 1.0


@pytest.mark.parametrize("unit", [2.0**-1000, 2.0**1000])
def test_weights_have_no_unit(unit: float) -> None:
    log_probabilities, weight = np.log(RANDOM.dirichlet(np.ones(3), size=60)), RANDOM.random(60)
    classes, far = RANDOM.integers(0, 3, 60), RANDOM.normal(size=60)
    assert fit_temperature(log_probabilities, classes, weight * unit) == fit_temperature(
        log_probabilities, classes, weight
    )
    assert half_width(far, 0.8, weight * unit) == half_width(far, 0.8, weight)
