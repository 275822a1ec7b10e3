"""What searches and cross-validations side by side give is what scikit-learn's give, to the bit, but for the times."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp
import sklearn
from scipy.stats import loguniform
from sklearn import model_selection as theirs
from sklearn.datasets import load_iris
from sklearn.ensemble import BaggingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, f1_score
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler

import sklon
from sklon import model_selection as ours
from sklon.estimators.searching import backend

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
Array = np.ndarray[Any, Any]

X: Array
y: Array
X, y = load_iris(return_X_y=True)
WEIGHT = np.random.default_rng(0).uniform(0.5, 2, len(y))
GROUPS = np.arange(len(y)) % 7
NAMES = ["sepal length", "sepal width", "petal length", "petal width"]
SMALL: dict[str, Any] = {"hidden_layer_sizes": (6,), "random_state": 0, "max_iter": 12, "learning_rate_init": 0.05}
ALPHAS = {"alpha": [1e-4, 1.0]}


def classifier(**settings: Any) -> Any:
    return sklon.MLPClassifier(**{**SMALL, **settings})


def regressor(**settings: Any) -> Any:
    return sklon.MLPRegressor(**{**SMALL, **settings})


def scaled(network: Any) -> Any:
    return Pipeline([("scaler", StandardScaler()), ("network", network)])


def last_candidate(results: dict[str, Any]) -> int:
    return len(results["params"]) - 1


def two_scores(estimator: Any, X: Any, y: Any) -> dict[str, float]:
    predicted = estimator.predict(X)
    return {"right": accuracy_score(y, predicted), "f1": f1_score(y, predicted, average="macro")}


def no_score(estimator: Any, X: Any, y: Any) -> float:
    raise ArithmeticError("this is no score")


@dataclass(frozen=True)
class Case:
    """A search: an estimator, a grid, and what else it is told."""

    estimator: Any
    grid: Any
    settings: dict[str, Any] = field(default_factory=dict)
    X: Any = None
    y: Any = None
    params: dict[str, Any] = field(default_factory=dict)
    warns: str | None = None


CASES: dict[str, Case] = {
    "seeds": Case(classifier(), {"random_state": [0, 1, 2], "alpha": [1e-4, 1.0]}),
    "structures": Case(classifier(), {"hidden_layer_sizes": [(6,), (5, 4)], "activation": ["relu", "tanh"]}),
    "several grids": Case(classifier(), [{"solver": ["adam"], "beta_1": [0.5, 0.9]}, {"solver": ["lbfgs", "sgd"]}]),
    "early stopping": Case(classifier(), {"early_stopping": [True, "patience(2)"]}),
    "regressor": Case(regressor(), ALPHAS, {"scoring": "neg_mean_absolute_error"}, y=X[:, 0] + X[:, 1]),
    "several outputs": Case(regressor(), ALPHAS, y=X[:, :2]),
    "several labels": Case(classifier(), ALPHAS, y=np.column_stack([y == 0, y == 2]).astype(int)),
    "pipeline": Case(
        scaled(classifier()),
        {"network__alpha": [1e-4, 1.0], "scaler": [MinMaxScaler(), StandardScaler(), "passthrough"]},
    ),
    "networks and others": Case(
        scaled(LogisticRegression()), {"network": [classifier(), LogisticRegression(), classifier(alpha=1.0)]}
    ),
    "inside another estimator": Case(OneVsRestClassifier(classifier()), {"estimator__alpha": [1e-4, 1.0]}),
    "tables": Case(sklon.TabularClassifier(epochs=3, hidden=(8,), random_state=0), {"lr": [0.01, 0.1]}, {"cv": 2}),
    "several scores": Case(
        classifier(), ALPHAS, {"scoring": ["accuracy", "neg_log_loss", "f1_macro"], "refit": "neg_log_loss"}
    ),
    "scores of a function": Case(classifier(), ALPHAS, {"scoring": two_scores, "refit": "f1"}),
    "no refit": Case(classifier(), ALPHAS, {"refit": False, "return_train_score": True}),
    "refit by a function": Case(classifier(), ALPHAS, {"refit": last_candidate}),
    "train scores": Case(
        classifier(), ALPHAS, {"return_train_score": True, "cv": theirs.ShuffleSplit(3, random_state=0)}
    ),
    "fits that fail": Case(
        classifier(), {"hidden_layer_sizes": [(6,), (-1,)]}, {"error_score": -1.0}, warns="4 fits failed out of a total"
    ),
    "fits that fail, scores of a function": Case(
        classifier(), {"hidden_layer_sizes": [(6,), (-1,)]}, {"scoring": two_scores, "refit": "f1"}, warns="fits failed"
    ),
    "scores that fail": Case(classifier(), ALPHAS, {"scoring": no_score, "error_score": 0.5}, warns="this is no score"),
    "weights": Case(classifier(), ALPHAS, params={"sample_weight": WEIGHT}),
    "groups": Case(classifier(), ALPHAS, {"cv": theirs.GroupKFold(3)}, params={"groups": GROUPS}),
    "validation set": Case(classifier(early_stopping=True), ALPHAS, params={"X_val": X[::4], "y_val": y[::4]}),
    "sparse rows": Case(classifier(), ALPHAS, X=sp.csr_matrix(X)),
    "single precision": Case(classifier(), ALPHAS, X=X.astype(np.float32)),
    "words": Case(classifier(), ALPHAS, y=np.array(["a", "b", "c"])[y]),
}


@pytest.fixture
def crews(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """How many threads began at each time that fits ran side by side."""
    begun: list[int] = []
    begin = backend.Crew.begin

    def noted(self: backend.Crew) -> None:
        begun.append(self.size)
        begin(self)

    monkeypatch.setattr(backend.Crew, "begin", noted)
    sklon.set_num_threads(3)
    yield begun
    sklon.set_num_threads(None)


def told(run: Callable[[], Any]) -> tuple[Any, list[tuple[str, str]]]:
    """A result, and the warnings that were told, in any order."""
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        warnings.simplefilter("ignore", sklearn.exceptions.ConvergenceWarning)
        result = run()
    return result, sorted((w.category.__name__, str(w.message)) for w in found)


def assert_same_results(mine: dict[str, Any], other: dict[str, Any]) -> None:
    assert list(mine) == list(other)
    for name in mine:
        if not name.endswith("_time"):
            np.testing.assert_array_equal(mine[name], other[name], err_msg=name)


def assert_same_search(mine: Any, other: Any, rows: Any) -> None:
    assert_same_results(mine.cv_results_, other.cv_results_)
    assert mine.multimetric_ == other.multimetric_ and mine.n_splits_ == other.n_splits_
    for name in ("best_index_", "best_score_", "best_params_"):
        assert getattr(mine, name, None) == getattr(other, name, None), name
    assert hasattr(mine, "best_estimator_") == hasattr(other, "best_estimator_")
    if hasattr(mine, "best_estimator_"):
        np.testing.assert_array_equal(mine.predict(rows), other.predict(rows))
        assert list(getattr(mine, "feature_names_in_", ())) == list(getattr(other, "feature_names_in_", ()))


@pytest.mark.parametrize("name", CASES)
def test_a_grid_is_scikit_learns(name: str, crews: list[int]) -> None:
    case = CASES[name]
    rows, target = X if case.X is None else case.X, y if case.y is None else case.y
    settings = {"cv": 4, **case.settings}
    (mine, warned), (other, warned_there) = (
        told(lambda: ours.GridSearchCV(case.estimator, case.grid, **settings).fit(rows, target, **case.params)),
        told(lambda: theirs.GridSearchCV(case.estimator, case.grid, **settings).fit(rows, target, **case.params)),
    )
    assert crews[:1] == [3]
    assert_same_search(mine, other, rows)
    assert [kind for kind, _ in warned] == [kind for kind, _ in warned_there]
    assert (not warned) if case.warns is None else any(case.warns in text for _, text in warned)


def test_a_difference_would_be_seen() -> None:
    one, other = (theirs.GridSearchCV(classifier(random_state=seed), ALPHAS, cv=2).fit(X, y) for seed in (0, 1))
    with pytest.raises(AssertionError):
        assert_same_search(one, other, X)


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_frames(library: str, crews: list[int]) -> None:
    module = pytest.importorskip(library)
    frame = module.DataFrame(dict(zip(NAMES, X.T, strict=True)))
    labels = module.Series(y)
    grid = {"network__alpha": [1e-4, 1.0]}
    mine = ours.GridSearchCV(scaled(classifier()), grid, cv=3).fit(frame, labels)
    other = theirs.GridSearchCV(scaled(classifier()), grid, cv=3).fit(frame, labels)
    assert crews == [3]
    assert list(mine.feature_names_in_) == NAMES
    assert_same_search(mine, other, frame)


def test_a_randomized_search_is_scikit_learns(crews: list[int]) -> None:
    drawn = {"alpha": loguniform(1e-5, 1), "activation": ["relu", "tanh"]}
    mine = ours.RandomizedSearchCV(classifier(), drawn, n_iter=5, cv=3, random_state=1).fit(X, y)
    other = theirs.RandomizedSearchCV(classifier(), drawn, n_iter=5, cv=3, random_state=1).fit(X, y)
    assert crews == [3]
    assert_same_search(mine, other, X)


def test_metadata_is_routed(crews: list[int]) -> None:
    given = {"sample_weight": WEIGHT, "groups": GROUPS}
    grid, settings = {"network__alpha": [1e-4, 1.0]}, {"cv": theirs.GroupKFold(3)}
    with sklearn.config_context(enable_metadata_routing=True):
        network = classifier().set_fit_request(sample_weight=True).set_score_request(sample_weight=True)
        pipeline = Pipeline([("scaler", MinMaxScaler()), ("network", network)])
        mine = ours.GridSearchCV(pipeline, grid, **settings).fit(X, y, **given)
        other = theirs.GridSearchCV(pipeline, grid, **settings).fit(X, y, **given)
        checked = [library.cross_validate(pipeline, X, y, params=given, **settings) for library in (ours, theirs)]
    assert crews == [3, 3]
    assert_same_search(mine, other, X)
    assert_same_results(*checked)
    plain = ours.GridSearchCV(pipeline, grid, **settings).fit(X, y, groups=GROUPS)
    assert (plain.cv_results_["mean_test_score"] != mine.cv_results_["mean_test_score"]).any()


def test_callbacks_see_every_fit(crews: list[int]) -> None:
    callback = pytest.importorskip("sklearn.callback", reason="scikit-learn has callbacks from 1.9 on")
    logs = []
    for kind in (ours.GridSearchCV, theirs.GridSearchCV):
        monitor = callback.ScoringMonitor(scoring="accuracy")
        kind(classifier().set_callbacks(monitor), ALPHAS, cv=3).fit(X, y)
        logs.append(sorted((row["task_id_path"], row["accuracy"]) for row in monitor.get_logs().data))
    assert crews == [3]
    assert len(logs[0]) > 7 * SMALL["max_iter"]
    assert logs[0] == logs[1]


# ---- functions
CALLS: dict[str, Callable[[Any], Any]] = {
    "cross_validate": lambda library: library.cross_validate(
        classifier(), X, y, scoring=["accuracy", "neg_log_loss"], return_train_score=True
    ),
    "cross_val_score": lambda library: library.cross_val_score(estimator=scaled(classifier()), X=X, y=y, cv=3),
    "cross_val_predict": lambda library: library.cross_val_predict(classifier(), X, y, cv=3, method="predict_proba"),
    "learning_curve": lambda library: library.learning_curve(classifier(), X, y, cv=3, shuffle=True, random_state=0),
    "validation_curve": lambda library: library.validation_curve(
        classifier(), X, y, param_name="alpha", param_range=[1e-4, 0.1, 1.0], cv=3
    ),
    "permutation_test_score": lambda library: library.permutation_test_score(
        classifier(), X, y, cv=2, n_permutations=4, random_state=0
    ),
    "a search in a validation": lambda library: library.cross_val_score(
        library.GridSearchCV(classifier(), ALPHAS, cv=2), X, y, cv=3
    ),
    "a pipeline in a bag": lambda library: library.cross_val_score(
        BaggingClassifier(make_pipeline(classifier()), 2, random_state=0), X, y
    ),
}


@pytest.mark.parametrize("name", CALLS)
def test_a_function_is_scikit_learns(name: str, crews: list[int]) -> None:
    mine = CALLS[name](ours)
    assert crews == [3]
    other = CALLS[name](theirs)
    if isinstance(mine, dict):
        assert_same_results(mine, other)
        return
    for one, there in zip(mine, other, strict=True):
        np.testing.assert_array_equal(one, there)
