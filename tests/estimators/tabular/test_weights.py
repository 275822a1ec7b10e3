"""Weights of rows and classes: a weight is what so many rows of the kind would be, in losses, calibration and ends."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.metrics import log_loss
from sklearn.utils import compute_sample_weight

from sklon import TabularClassifier, TabularRegressor
from sklon._base.errors import InputError
from sklon.data import BINARY, MULTICLASS, REGRESSION, column_from_array, fit_preparation
from sklon.estimators.tabular import fitting
from sklon.estimators.tabular.calibration import half_width
from sklon.estimators.tabular.frames import table_of
from sklon.estimators.tabular.network import Architecture
from sklon.estimators.tabular.predictor import with_target
from sklon.estimators.tabular.regimen import Regimen

Array = np.ndarray[Any, Any]
RANDOM = np.random.default_rng(0)
ROWS = 240
X, OTHER = RANDOM.normal(size=(2, ROWS, 3))
CLASSES, OTHER_CLASSES = (np.digitize(x[:, 0] + 0.7 * RANDOM.normal(size=ROWS), (0.0, 1.2)) for x in (X, OTHER))
QUANTITY = X[:, 0] * X[:, 1] + 0.1 * RANDOM.normal(size=ROWS)
WEIGHT = RANDOM.integers(1, 4, ROWS)
SMALL: dict[str, Any] = {"hidden": (16,), "epochs": 8, "random_state": 0}


def _said(model: Any) -> Array:
    found: Array = model.predict_proba(OTHER) if hasattr(model, "predict_proba") else model.predict(OTHER)
    return found


# ---- against rows that are there more often, or not at all
@pytest.mark.parametrize("members", [1, 3])
@pytest.mark.parametrize(
    ("task", "y"), [(REGRESSION, QUANTITY), (BINARY, (CLASSES > 0).astype(int)), (MULTICLASS, CLASSES)]
)
def test_a_weight_of_two_is_the_row_twice_where_a_step_sees_all_rows(task: str, y: Array, members: int) -> None:
    table = with_target(table_of(X), column_from_array("target", y))
    preparation = fit_preparation(table, "target", task)
    sizes: dict[str, Any] = {"hidden": (16,), "dropout": 0.0, "members": members}
    architecture = Architecture.for_preparation(preparation, **sizes)
    inputs, target = preparation.inputs(table), preparation.target.encode(table.column("target"))
    again = np.repeat(np.arange(ROWS), WEIGHT)
    rate = 0.01 * (256 / ROWS) ** 0.5, 0.01 * (256 / len(again)) ** 0.5  # a regimen's step grows with the batch
    weighted, repeated = (
        fitting.fit(
            architecture,
            preparation.target.loss,
            rows,
            rows,
            Regimen(batch_size="full", epochs=15, lr=lr),
            seed=0,
        )
        for rows, lr in (
            ((inputs, target, WEIGHT), rate[0]),
            ((tuple(part[again] for part in inputs), target[again]), rate[1]),
        )
    )
    for one, other in zip(weighted.history, repeated.history, strict=True):
        for name in ("train_loss", "validation_loss"):
            assert one[name] == pytest.approx(other[name], rel=1e-4)
    for name, values in weighted.weights.items():
        np.testing.assert_allclose(values, repeated.weights[name], rtol=1e-2, atol=2e-4, err_msg=name)


@pytest.mark.parametrize(("kind", "y"), [(TabularRegressor, QUANTITY), (TabularClassifier, CLASSES)])
def test_rows_of_weight_zero_are_not_there(kind: Any, y: Array) -> None:
    kept = RANDOM.random(ROWS) > 0.4
    weighted = kind(**SMALL).fit(X, y, sample_weight=kept)
    without = kind(**SMALL).fit(X[kept], y[kept], sample_weight=np.ones(kept.sum()))
    np.testing.assert_array_equal(_said(weighted), _said(without))
    bare = kind(**SMALL).fit(X[kept], y[kept])
    np.testing.assert_allclose(_said(weighted), _said(bare), rtol=1e-3, atol=1e-4)


def test_rows_that_count_more_are_learned_better() -> None:
    y = np.where(X[:, 2] > 0, X[:, 0], -X[:, 0])
    same = X[:, [0, 1]]  # what decides is hidden: the network follows those rows that count
    model = TabularRegressor(**SMALL | {"epochs": 40}).fit(same, y, sample_weight=np.where(X[:, 2] > 0, 20.0, 1.0))
    assert np.corrcoef(model.predict(same), X[:, 0])[0, 1] > 0.9


@pytest.mark.parametrize("folds", [1, 3])
def test_watching_and_calibration_count_rows_too(folds: int) -> None:
    weight = RANDOM.random(ROWS) + 0.1
    model = TabularClassifier(**SMALL, folds=folds, validation_fraction=0.3)
    history = model.fit(X, CLASSES, sample_weight=weight).history_[0]
    other = model.fit(X, CLASSES).history_[0]
    assert history[-1]["validation_loss"] != pytest.approx(other[-1]["validation_loss"], rel=1e-3)
    regressor = TabularRegressor(**SMALL, folds=folds, validation_fraction=0.3).fit(X, QUANTITY, sample_weight=weight)
    assert len(regressor.residual_weights_) == len(regressor.residuals_)
    assert set(regressor.residual_weights_) <= set(weight)


# ---- classes
def test_weights_of_classes_are_those_of_their_rows() -> None:
    by_class = TabularClassifier(**SMALL, class_weight={0: 1.0, 1: 2.0, 2: 5.0}).fit(X, CLASSES)
    by_row = TabularClassifier(**SMALL).fit(X, CLASSES, sample_weight=np.array([1.0, 2.0, 5.0])[CLASSES])
    np.testing.assert_array_equal(_said(by_class), _said(by_row))


def test_balanced_weights_are_scikit_learns_and_multiply_those_of_rows() -> None:
    names = np.array(["low", "middle", "high"], object)[CLASSES]
    balanced = TabularClassifier(**SMALL, class_weight="balanced").fit(X, names, sample_weight=WEIGHT)
    expected = compute_sample_weight("balanced", names) * WEIGHT
    by_row = TabularClassifier(**SMALL).fit(X, names, sample_weight=expected)
    np.testing.assert_array_equal(_said(balanced), _said(by_row))


def test_a_validation_set_of_ones_own_has_the_weights_of_its_classes() -> None:
    model = TabularClassifier(**SMALL, class_weight={2: 4.0}, label_smoothing=0.0)
    model.fit(X, CLASSES, X_val=OTHER, y_val=OTHER_CLASSES)
    said = model.predictors_[0].predict(table_of(OTHER))
    weight = np.where(OTHER_CLASSES == 2, 4.0, 1.0)
    best = min(row["validation_loss"] for row in model.history_[0])
    assert best == pytest.approx(log_loss(OTHER_CLASSES, said, sample_weight=weight), rel=1e-5)


# ---- intervals
def test_a_residual_of_weight_two_is_two_residuals() -> None:
    residuals, weight = RANDOM.normal(size=400), RANDOM.integers(1, 4, 400)
    assert half_width(residuals, 0.9, np.full(400, 7.0)) == half_width(residuals, 0.9)
    repeated = half_width(np.repeat(residuals, weight), 0.9)
    ordered = np.sort(np.abs(residuals))
    assert abs(np.searchsorted(ordered, half_width(residuals, 0.9, weight)) - np.searchsorted(ordered, repeated)) <= 1


# ---- refusals
@pytest.mark.parametrize(
    ("fit", "clause"),
    [
        (lambda: TabularRegressor().fit(X, QUANTITY, sample_weight=-np.ones(ROWS)), "Negative values"),
        (lambda: TabularRegressor().fit(X, QUANTITY, sample_weight=np.ones(3)), "sample_weight.shape"),
        (lambda: TabularRegressor().fit(X[:5], QUANTITY, sample_weight=WEIGHT - 1), "inconsistent numbers"),
        (lambda: TabularClassifier().fit(X, CLASSES, sample_weight=CLASSES == 1), "one class"),
        (lambda: TabularClassifier(class_weight={0: 0.0}).fit(X, CLASSES), "class_weight must be above 0"),
        (lambda: TabularClassifier(class_weight={"odd": 1}).fit(X, CLASSES), "not in class_weight"),
    ],
)
def test_what_no_weights_can_be_is_said(fit: Any, clause: str) -> None:
    with pytest.raises(ValueError, match=clause):
        fit()


@pytest.mark.parametrize("unit", [2.0**-900, 2.0, 2.0**900])
@pytest.mark.parametrize(("kind", "y"), [(TabularRegressor, QUANTITY), (TabularClassifier, CLASSES)])
def test_weights_have_no_unit(kind: Any, y: Array, unit: float) -> None:
    expected = _said(kind(**SMALL).fit(X, y, sample_weight=WEIGHT))
    np.testing.assert_array_equal(_said(kind(**SMALL).fit(X, y, sample_weight=WEIGHT * unit)), expected)
    watched: dict[str, Any] = {"X_val": OTHER, "y_val": y}
    expected = _said(kind(**SMALL).fit(X, y, sample_weight=WEIGHT, **watched))
    np.testing.assert_array_equal(_said(kind(**SMALL).fit(X, y, sample_weight=WEIGHT * unit, **watched)), expected)


@pytest.mark.parametrize("weight", [0.0, -1.0, np.nan, np.inf])
def test_classes_have_weights_that_can_be(weight: float) -> None:
    with pytest.raises(InputError, match="class_weight must be above 0 and finite for each class, not"):
        TabularClassifier(**SMALL, class_weight={2: weight}).fit(X, CLASSES)
