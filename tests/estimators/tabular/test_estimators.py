"""The estimators on tables of every kind: they learn, repeat themselves, calibrate, and refuse with a sentence."""

from __future__ import annotations

import json
import pickle
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.inspection import partial_dependence, permutation_importance
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline

import sklon
from sklon import TabularClassifier, TabularRegressor
from sklon._base.errors import InputError
from sklon.data import Preparation
from sklon.estimators.tabular.frames import table_of
from sklon.estimators.tabular.predictor import fold_sides
from sklon.tensors.modes import seeded

Array = np.ndarray[Any, Any]
SMALL: dict[str, Any] = {"hidden": (64, 64), "epochs": 60, "random_state": 0}
ROWS = 800


def columns(rows: int = ROWS, seed: int = 0) -> dict[str, Any]:
    """Numbers with holes, texts, dates, flags and a code; what is to be predicted follows from all but the flag."""
    random = np.random.default_rng(seed)
    size = random.normal(size=rows)
    size[::9] = np.nan
    return {
        "size": size,
        "colour": random.choice(np.array(["red", "green", "blue"], object), rows),
        "day": np.datetime64("2024-01-01") + random.integers(0, 360, rows).astype("timedelta64[D]"),
        "flag": random.random(rows) > 0.5,
        "code": random.integers(0, 4, rows),
    }


def quantity(X: dict[str, Any]) -> Array:
    month = X["day"].astype("datetime64[M]").astype(int) % 12
    size = np.where(np.isnan(X["size"]), 1.5, np.sin(2 * X["size"]))
    found: Array = size + (X["colour"] == "red") + (X["code"] == 2) * 2 + month / 6
    return found


@pytest.fixture(name="regressor", scope="module")
def _regressor() -> TabularRegressor:
    X = columns()
    model = TabularRegressor(**SMALL)
    model.fit(X, quantity(X))
    return model


@pytest.fixture(name="classifier", scope="module")
def _classifier() -> TabularClassifier:
    X = columns()
    model = TabularClassifier(**SMALL)
    model.fit(X, labels(X))
    return model


def labels(X: dict[str, Any]) -> Array:
    names: Array = np.array(["low", "middle", "high"], object)
    return np.asarray(names[np.digitize(quantity(X), (1, 2.5))])


# ---- learning
def test_a_quantity_is_learned_from_columns_of_every_kind(regressor: TabularRegressor) -> None:
    X = columns(seed=1)
    assert regressor.score(X, quantity(X)) > 0.9


def test_labels_are_learned_and_probabilities_belong_to_them(classifier: TabularClassifier) -> None:
    X = columns(seed=1)
    truth = labels(X)
    assert classifier.classes_.tolist() == ["high", "low", "middle"]
    assert classifier.score(X, truth) > 0.85
    probabilities = classifier.predict_proba(X)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-12)
    np.testing.assert_array_equal(classifier.classes_[probabilities.argmax(1)], classifier.predict(X))


@pytest.mark.parametrize("settings", [{"members": 3}, {"folds": 3}], ids=["members", "folds"])
def test_several_networks_speak_with_one_voice(settings: dict[str, Any]) -> None:
    X = columns()
    model = TabularRegressor(**SMALL, **settings).fit(X, quantity(X))
    unseen = columns(seed=1)
    assert model.score(unseen, quantity(unseen)) > 0.9
    assert len(model.predictors_) == settings.get("folds", 1)
    if "folds" in settings:
        assert len(model.residuals_) == ROWS, "every row validates once"


def test_the_same_seed_gives_the_same_bits_and_another_one_others(regressor: TabularRegressor) -> None:
    X = columns()
    again = clone(regressor).fit(X, quantity(X)).predict(X)
    np.testing.assert_array_equal(regressor.predict(X), again)
    other = clone(regressor).set_params(random_state=1).fit(X, quantity(X)).predict(X)
    assert not np.array_equal(again, other)


def test_fits_in_several_threads_do_not_disturb_each_other_nor_the_random_numbers_of_others() -> None:
    X = columns()
    settings = SMALL | {"epochs": 1}

    def predicted(seed: int) -> Array:
        model = TabularRegressor(**settings | {"random_state": seed}).fit(X, quantity(X))
        found: Array = model.predict(X)
        return found

    seeds = [0, 1, 2, 3] * 3
    alone = [predicted(seed) for seed in seeds[:4]]
    with seeded(5):
        sklon.rand(2)
        expected = sklon.rand(2).tolist()
    with seeded(5):
        sklon.rand(2)
        predicted(0)
        assert sklon.rand(2).tolist() == expected
    with ThreadPoolExecutor(4) as threads:
        for seed, found in zip(seeds, threads.map(predicted, seeds), strict=True):
            np.testing.assert_array_equal(found, alone[seed])


@pytest.mark.parametrize("classes", [2, 3])
def test_every_fold_knows_a_class_of_a_single_row(classes: int) -> None:
    X = columns(120)
    y = np.arange(120) % (classes - 1)
    y[7] = 9
    model = TabularClassifier(**SMALL | {"epochs": 2}, folds=3).fit(X, y)
    assert model.predict_proba(X).shape == (120, classes)
    held = np.concatenate([held for _, held in fold_sides(120, 3, 0, y)])
    assert sorted(held) == [row for row in range(120) if row != 7]


def test_rows_that_are_given_to_validate_are_not_trained_on() -> None:
    X, other = columns(), columns(seed=1)
    settings = SMALL | {"epochs": 3}
    model = TabularRegressor(**settings).fit(X, quantity(X), X_val=other, y_val=quantity(other))
    assert len(model.residuals_) == ROWS
    np.testing.assert_allclose(model.residuals_, quantity(other) - model.predict(other), rtol=1e-9, atol=1e-9)
    target = model.predictors_[0].preparation.target
    assert target.mean == pytest.approx(quantity(X).mean())


def test_a_limit_of_time_ends_a_fit() -> None:
    X = columns()
    model = TabularRegressor(epochs=100_000, time_limit=0.2, random_state=0).fit(X, quantity(X))
    assert model.n_iter_ < 100_000
    assert model.predictors_[0].fitted.reason == "time_limit"


def test_few_rows_are_all_trained_on() -> None:
    X = {"x": np.arange(20.0)}
    model = TabularRegressor(**SMALL).fit(X, np.arange(20.0))
    assert not len(model.residuals_)
    with pytest.raises(InputError, match="no row was held out"):
        model.predict_interval(X)


# ---- how sure
def test_intervals_hold_the_truth_about_as_often_as_they_say(regressor: TabularRegressor) -> None:
    X = columns(4000, seed=2)
    low, high = regressor.predict_interval(X, coverage=0.8).T
    covered = np.mean((low <= quantity(X)) & (quantity(X) <= high))
    assert 0.7 < covered < 0.9  # 120 validation rows: their own chance is ±0.07


def test_probabilities_are_tempered_by_what_the_validation_rows_say() -> None:
    random = np.random.default_rng(0)
    X = {"x": random.normal(size=2000)}
    y = (X["x"] > 0) ^ (random.random(2000) < 0.25)
    model = TabularClassifier(hidden=(64, 64), epochs=30, random_state=0).fit(X, y)
    raw = model.predictors_[0].predict(table_of(X))
    log_odds = [np.log(p[:, 1] / p[:, 0]) for p in (raw, model.predict_proba(X))]
    assert model.temperature_ != 1.0
    np.testing.assert_allclose(log_odds[1] * model.temperature_, log_odds[0], rtol=1e-6, atol=1e-6)
    assert model.predict_proba(X).max(axis=1).mean() == pytest.approx(0.75, abs=0.1)


# ---- scikit-learn around it
def test_importance_and_dependence_find_what_the_target_follows_from(regressor: TabularRegressor) -> None:
    pandas = pytest.importorskip("pandas", reason="pandas is not installed")
    X = columns()
    frame = pandas.DataFrame(X)
    model = clone(regressor).fit(frame, quantity(X))
    found = permutation_importance(model, frame, quantity(X), n_repeats=2, random_state=0).importances_mean
    assert found[list(frame.columns).index("flag")] < 0.05 < np.delete(found, 3).min()
    colours = partial_dependence(model, frame, ["colour"], categorical_features=["colour"])
    average = dict(zip(colours["grid_values"][0], colours["average"][0], strict=True))
    assert average["red"] - average["blue"] == pytest.approx(1, abs=0.25)


def test_a_model_goes_through_pickle_pipelines_and_cross_validation(regressor: TabularRegressor) -> None:
    X = columns()
    again = pickle.loads(pickle.dumps(regressor))
    np.testing.assert_array_equal(again.predict(X), regressor.predict(X))
    rows = np.column_stack([X["size"], X["code"], X["flag"]])
    scores = cross_val_score(make_pipeline(TabularRegressor(**SMALL)), rows, quantity(X), cv=2)
    assert len(scores) == 2 and np.isfinite(scores).all()


def test_the_preparation_is_a_value_that_json_holds(regressor: TabularRegressor) -> None:
    preparation = regressor.predictors_[0].preparation
    assert Preparation.from_json(json.loads(json.dumps(preparation.to_json()))) == preparation


def test_columns_may_be_called_as_they_like() -> None:
    X = {"target": np.arange(60.0), "target_": np.arange(60.0) % 7}
    assert TabularRegressor(**SMALL | {"epochs": 2}).fit(X, np.arange(60.0)).n_features_in_ == 2


# ---- refusals
@pytest.mark.parametrize(
    ("fit", "clause"),
    [
        (lambda X: TabularClassifier().fit(X, np.zeros(ROWS)), "one class, .*; a classifier needs two"),
        (lambda X: TabularRegressor(folds=2).fit(X, quantity(X), X_val=X, y_val=quantity(X)), "leave one of them out"),
        (lambda X: TabularRegressor().fit(X, quantity(X)[:5]), "inconsistent numbers of samples"),
        (
            lambda X: TabularRegressor().fit(X, quantity(X), X_val=X, y_val=quantity(X)[:5]),
            "inconsistent numbers of samples",
        ),
        (lambda X: TabularRegressor().fit(X, quantity(X), y_val=quantity(X)), "both X_val and y_val"),
        (lambda X: TabularRegressor().fit(X, quantity(X), X_val=X), "both X_val and y_val"),
        (lambda X: TabularRegressor(lr=1e6).fit(X, quantity(X)), "came to nothing.*a smaller lr helps"),
        (lambda X: TabularRegressor(categorical=["none"]).fit(X, quantity(X)), "no column 'none'"),
        (
            lambda X: TabularClassifier().fit(X, labels(X), X_val=X, y_val=np.full(ROWS, "odd")),
            "'odd', which y has not",
        ),
    ],
)
def test_what_cannot_be_is_said_in_a_sentence(fit: Any, clause: str) -> None:
    with pytest.raises(ValueError, match=clause):
        fit(columns())


def test_a_column_that_is_missing_is_named(regressor: TabularRegressor) -> None:
    X = columns()
    renamed = {("colours" if name == "colour" else name): values for name, values in X.items()}
    with pytest.raises(InputError, match="lacks the column 'colour'; did you mean 'colours'"):
        regressor.predict(renamed)


def test_values_that_cannot_be_read_are_told_of(regressor: TabularRegressor) -> None:
    X = columns(20)
    odd = X | {"code": np.array(["two"] * 3 + ["1"] * 17), "day": ["24.12.2024"] * 20}
    with pytest.warns(UserWarning) as said:
        found = regressor.predict(odd)
    sentences = [str(one.message) for one in said]
    assert len(sentences) == 2 and sentences[0].startswith("day has 20 values that are not dates")
    assert sentences[1] == "code has 3 values that are not numbers; they count as missing."
    gone = X | {"code": np.array([np.nan] * 3 + [1.0] * 17), "day": np.full(20, "NaT", "datetime64[s]")}
    np.testing.assert_array_equal(found, regressor.predict(gone))


def test_infinite_values_are_told_of_where_they_are_trained_on() -> None:
    X = {"x": np.where(np.arange(60) == 7, np.inf, np.arange(60.0))}
    with pytest.warns(UserWarning, match="x has 1 infinite values; they count as missing"):
        TabularRegressor(**SMALL | {"epochs": 1}).fit(X, np.arange(60.0))


@pytest.mark.parametrize("classes", [2, 3])
def test_label_smoothing_bounds_what_a_network_wants_to_say(classes: int) -> None:
    X = {"x": np.arange(900.0) % 30}
    y = (X["x"] // (30 / classes)).astype(int)
    settings = SMALL | {"dropout": 0.0, "epochs": 30}
    least = {}
    for share in (0.0, 0.2):
        model = TabularClassifier(**settings, label_smoothing=share).fit(X, y)
        assert model.score(X, y) == 1
        least[share] = model.predictors_[0].predict(table_of(X)).min(axis=1).mean()
    wanted = 0.2 / classes
    assert least[0.0] < wanted / 5 and least[0.2] == pytest.approx(wanted, rel=0.3)


@pytest.mark.parametrize("classes", [2, 3])
def test_watching_reads_the_loss_of_smoothed_labels(classes: int) -> None:
    x, other = np.random.default_rng(0).normal(size=(2, 300))
    y, watched = (np.digitize(part, np.linspace(-1, 1, classes - 1)) for part in (x, other))
    model = TabularClassifier(hidden=(16,), epochs=5, label_smoothing=0.2, random_state=0)
    model.fit({"x": x}, y, X_val={"x": other}, y_val=watched)
    wanted = 0.8 * np.eye(classes)[watched] + 0.2 / classes
    said = model.predictors_[0].predict(table_of({"x": other}))
    best = min(row["validation_loss"] for row in model.history_[0])
    assert best == pytest.approx(-(wanted * np.log(said)).sum(axis=1).mean(), rel=1e-5)


def test_a_loss_that_grows_beyond_all_numbers_later_is_told_of() -> None:
    x = np.random.default_rng(0).normal(size=(60, 2))
    with pytest.warns(UserWarning, match="no longer a finite number.*a smaller lr helps"):
        model = TabularRegressor(hidden=(16, 16), epochs=40, lr=150.0, random_state=0).fit(x, x[:, 0])
    assert 0 < model.n_iter_ < 40 and np.isfinite(model.predict(x)).all()
