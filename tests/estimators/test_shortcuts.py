"""What is left out to save time changes nothing: checks of plain arrays and defaults, and looks between epochs."""

from __future__ import annotations

import gc
import warnings
import weakref
from typing import Any

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_iris
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier
from sklearn.utils._param_validation import InvalidParameterError, validate_parameter_constraints

import sklon
from sklon.estimators import stochastic
from sklon.estimators.course import Course
from sklon.estimators.plain import is_plain, is_plain_target

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
Array = np.ndarray[Any, Any]

X: Array
y: Array
X, y = load_iris(return_X_y=True)
KINDS = {"classifier": sklon.MLPClassifier, "regressor": sklon.MLPRegressor}


def small(kind: str = "classifier", **settings: Any) -> Any:
    common = {"hidden_layer_sizes": (8,), "random_state": 0, "max_iter": 40, "learning_rate_init": 0.02}
    return KINDS[kind](**{**common, **settings})


def same(one: Any, other: Any) -> None:
    """Two fits have the same numbers, to the bit."""
    for ours, theirs in zip((*one.coefs_, *one.intercepts_), (*other.coefs_, *other.intercepts_), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    assert one.loss_curve_ == other.loss_curve_ and one.n_iter_ == other.n_iter_ and one.t_ == other.t_
    for name in ("validation_scores_", "validation_losses_", "best_validation_score_", "best_validation_loss_"):
        assert getattr(one, name, None) == getattr(other, name, None), name
    assert one.stopped_ == other.stopped_
    assert (one._random_state.get_state()[1] == other._random_state.get_state()[1]).all()


# ---- input
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("labels", [y, y == 1, (y == 1).astype(np.uint8), y.astype(np.int16)])
def test_plain_arrays_are_what_lists_become(kind: str, labels: Array) -> None:
    target = labels.astype(float) if kind == "regressor" else labels
    assert is_plain(small(kind), X, reset=True) and is_plain_target(target, len(X), "fiub")
    plain, listed = small(kind).fit(X, target), small(kind).fit(X.tolist(), target.tolist())
    same(plain, listed)
    assert plain.n_features_in_ == 4
    np.testing.assert_array_equal(plain.predict(X), listed.predict(X.tolist()))
    if kind == "classifier":
        np.testing.assert_array_equal(plain.classes_, listed.classes_)
        np.testing.assert_array_equal(clone(plain).fit(X, target).predict_proba(X), listed.predict_proba(X))


@pytest.mark.parametrize(
    "rows",
    [
        X.astype(int),
        X[0],
        X[:0],
        np.where(X > 7, np.nan, X),
        np.where(X > 7, np.inf, X),
        X.astype(">f8"),
        X.astype(np.float16),
        np.asmatrix(X) if hasattr(np, "asmatrix") else X[0],
        X.tolist(),
    ],
)
def test_other_rows_are_looked_at_by_scikit_learn(rows: Any) -> None:
    assert not is_plain(small(), rows, reset=True)


def test_a_known_width_is_kept_to() -> None:
    fitted = small().fit(X, y)
    assert is_plain(fitted, X, reset=False) and not is_plain(fitted, X[:, :3], reset=False)
    with pytest.raises(ValueError, match="X has 3 features, but MLPClassifier is expecting 4 features as input"):
        fitted.predict(X[:, :3])


@pytest.mark.parametrize("labels", [y[:-1], y[:, None], np.where(y > 1, np.nan, 0.0), y.astype(object), y.tolist()])
def test_other_targets_are_looked_at_by_scikit_learn(labels: Any) -> None:
    assert not is_plain_target(labels, len(X), "fiub")


@pytest.mark.parametrize("labels", [np.arange(len(X)), list(range(len(X)))], ids=["array", "list"])
def test_of_many_classes_nothing_is_said_as_in_scikit_learn(labels: Any) -> None:
    for network in (small(max_iter=1), MLPClassifier((8,), max_iter=1)):
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            network.fit(X, labels)
        assert [one.category for one in told] == [ConvergenceWarning]


@pytest.mark.parametrize("sizes", [(2.5,), (3, "a"), 2.0])
def test_layers_of_no_whole_size_are_refused(sizes: Any) -> None:
    with pytest.raises(ValueError, match="hidden_layer_sizes"):
        small(hidden_layer_sizes=sizes).fit(X, y)


@pytest.mark.parametrize("target", [y.astype(str), y.astype("M8[D]")])
def test_quantities_that_are_no_numbers_are_refused(target: Any) -> None:
    with pytest.raises(ValueError, match="y must be numbers, and it is of type"):
        sklon.MLPRegressor(hidden_layer_sizes=(3,)).fit(X, target)


@pytest.mark.parametrize("settings", [{}, {"early_stopping": True}, {"early_stopping": "loss"}, {"solver": "lbfgs"}])
def test_a_fitted_network_is_let_go_without_the_garbage_collector(settings: Any) -> None:
    gc.disable()
    try:
        fitted = small(**settings).fit(X, y)
        fitted.predict(X)
        known = weakref.ref(fitted)
        del fitted
        assert known() is None
    finally:
        gc.enable()


# ---- parameters
@pytest.mark.parametrize("kind", KINDS.values(), ids=list(KINDS))
def test_every_default_is_valid(kind: Any) -> None:
    validate_parameter_constraints(kind._parameter_constraints, kind().get_params(), caller_name=kind.__name__)


@pytest.mark.parametrize("kind", KINDS.values(), ids=list(KINDS))
def test_every_parameter_that_is_no_default_is_checked(kind: Any) -> None:
    for name in kind().get_params():
        if "random_state" in name or name in ("hidden_layer_sizes", "verbose"):
            continue
        with pytest.raises(InvalidParameterError, match=f"'{name}' parameter"):
            kind(**{name: b"no such thing"}).fit(X, y)


def test_a_default_of_a_subclass_is_checked() -> None:
    class Refused(sklon.MLPRegressor):  # type: ignore[misc, unused-ignore]
        def __init__(self, alpha: float = -1.0) -> None:
            super().__init__(alpha=alpha)

    with pytest.raises(InvalidParameterError, match="'alpha' parameter of Refused"):
        Refused().fit(X, y)


def test_a_subclass_has_parameters_of_its_own() -> None:
    class Wider(sklon.MLPRegressor):  # type: ignore[misc, unused-ignore]
        def __init__(self, width: int = 5) -> None:
            super().__init__(hidden_layer_sizes=(width,))
            self.width = width

    assert Wider(7).get_params() == {"width": 7}
    assert next(iter(sklon.MLPRegressor().get_params())) == "activation"


# ---- epochs
WATCHED: dict[str, dict[str, Any]] = {
    "training": {"tol": 1e-3},
    "score": {"early_stopping": True},
    "loss": {"early_stopping": "loss"},
    "average": {"early_stopping": True, "average": 0.9},
    "average with batch norm": {"early_stopping": "loss", "average": 0.8, "batch_norm": True},
    "dropout": {"early_stopping": True, "dropout": 0.2},
    "adaptive": {"solver": "sgd", "learning_rate": "adaptive", "tol": 1e-2, "max_iter": 100},
    "invscaling": {"solver": "sgd", "learning_rate": "invscaling", "early_stopping": True},
    "schedule-free": {"solver": "adamw_schedule_free", "early_stopping": True},
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", WATCHED)
def test_epochs_at_once_are_epochs_one_by_one(kind: str, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    settings: dict[str, Any] = {"n_iter_no_change": 4, "batch_size": 50, **WATCHED[name]}
    counts: list[int] = []
    run = Course.run

    def counted(self: Any, epochs: int, *given: Any) -> Any:
        counts.append(epochs)
        return run(self, epochs, *given)

    monkeypatch.setattr(Course, "run", counted)
    monkeypatch.setattr(stochastic, "GAMBLED_SECONDS", 1e6)
    together = small(kind, **settings).fit(X, y)
    assert max(counts) > 1
    monkeypatch.setattr(Course, "most", lambda self: 1)
    counts.clear()
    alone = small(kind, **settings).fit(X, y)
    assert set(counts) == {1}
    same(together, alone)
