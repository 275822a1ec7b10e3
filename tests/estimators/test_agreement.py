"""The same fit as scikit-learn's, from the same ``random_state``: solvers × schedules × activations × tasks.

In double precision Adam and SGD agree to 1e-10 over 20 epochs, L-BFGS to 1e-8 over 20 iterations. Nothing is put in:
the weights and the orders are drawn here as they are drawn there.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field
from inspect import signature
from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp
from sklearn import neural_network
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import accuracy_score
from sklearn.preprocessing import LabelBinarizer

import sklon
from sklon._base.errors import InputError
from sklon.estimators.classifier import binarizer_of

Array = np.ndarray[Any, Any]
ROWS, FEATURES = 130, 5
EPOCHS = 20


@dataclass(frozen=True)
class Case:
    """A task: which estimator, and its targets."""

    kind: str
    y: Array
    settings: dict[str, Any] = field(default_factory=dict)


def _data() -> tuple[Array, dict[str, Case]]:
    random = np.random.RandomState(0)
    X = random.randn(ROWS, FEATURES)
    signal = X @ random.randn(FEATURES) + 0.1 * random.randn(ROWS)
    labels = np.array(["low", "middle", "high"])[np.digitize(signal, [-1, 1])]
    return X, {
        "one quantity": Case("MLPRegressor", signal),
        "two quantities": Case("MLPRegressor", np.c_[signal, X[:, 0] ** 2]),
        "counts": Case("MLPRegressor", random.poisson(np.exp(signal / 4)).astype(float), {"loss": "poisson"}),
        "two classes": Case("MLPClassifier", signal > 0),
        "three classes": Case("MLPClassifier", labels),
        "two labels": Case("MLPClassifier", np.c_[signal > 0, X[:, 1] > 0].astype(int)),
    }


X, CASES = _data()
SOLVERS: dict[str, dict[str, Any]] = {
    "adam": {"solver": "adam", "learning_rate_init": 0.01},
    "adam, other moments": {"solver": "adam", "beta_1": 0.8, "beta_2": 0.99, "epsilon": 1e-3},
    "sgd": {"solver": "sgd", "learning_rate_init": 0.05},
    "sgd, inverse scaling": {"solver": "sgd", "learning_rate": "invscaling", "learning_rate_init": 0.5, "power_t": 0.3},
    "sgd, adaptive": {"solver": "sgd", "learning_rate": "adaptive", "tol": 0.05, "n_iter_no_change": 2},
    "sgd, plain momentum": {"solver": "sgd", "nesterovs_momentum": False, "learning_rate_init": 0.05},
    "sgd, no momentum": {"solver": "sgd", "momentum": 0.0, "learning_rate_init": 0.1},
}


def both(case: Case, X: Any = X, y: Any = None, weight: Any = None, **settings: Any) -> tuple[Any, Any]:
    """Their estimator and ours, fitted."""
    common = {"random_state": 3, "max_iter": EPOCHS, "batch_size": 40, "hidden_layer_sizes": (7,)}
    found = []
    for room in (neural_network, sklon):
        estimator = getattr(room, case.kind)(**{**common, **case.settings, **settings})
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            found.append(estimator.fit(X, case.y if y is None else y, sample_weight=weight))
    return found[0], found[1]


def distance(theirs: Any, ours: Any) -> float:
    """The largest difference of weights and biases."""
    pairs = zip((*theirs.coefs_, *theirs.intercepts_), (*ours.coefs_, *ours.intercepts_), strict=True)
    return max(float(np.abs(a - b).max()) for a, b in pairs)


def agree(theirs: Any, ours: Any, bound: float) -> None:
    """All that a fit leaves is the same."""
    assert distance(theirs, ours) < bound
    for name in (
        "n_iter_",
        "n_layers_",
        "n_outputs_",
        "out_activation_",
        "n_features_in_",
        "t_",
        "_no_improvement_count",
    ):
        assert getattr(theirs, name, None) == getattr(ours, name, None), name
    for name in ("loss_", "best_loss_", "loss_curve_", "validation_scores_", "best_validation_score_"):
        expected = getattr(theirs, name, None)
        if expected is None:
            assert getattr(ours, name, None) is None, name
        else:
            np.testing.assert_allclose(getattr(ours, name), expected, rtol=0, atol=bound, err_msg=name)


@pytest.mark.parametrize("task", CASES)
@pytest.mark.parametrize("solver", ["adam", "sgd"])
def test_every_task(task: str, solver: str) -> None:
    agree(*both(CASES[task], **SOLVERS[solver]), bound=1e-10)


@pytest.mark.parametrize("solver", SOLVERS)
def test_every_solver(solver: str) -> None:
    for task in ("two quantities", "three classes"):
        agree(*both(CASES[task], **SOLVERS[solver]), bound=1e-10)


@pytest.mark.parametrize("activation", ["identity", "logistic", "tanh", "relu"])
def test_every_activation(activation: str) -> None:
    for solver in ("adam", "sgd, inverse scaling"):
        case, hidden = CASES["three classes"], (6, 5)
        agree(*both(case, activation=activation, hidden_layer_sizes=hidden, **SOLVERS[solver]), bound=1e-10)


@pytest.mark.parametrize("task", CASES)
@pytest.mark.parametrize("alpha", [0.0, 1.0])
def test_lbfgs(task: str, alpha: float) -> None:
    theirs, ours = both(CASES[task], solver="lbfgs", activation="tanh", alpha=alpha)
    agree(theirs, ours, bound=1e-8)
    assert not hasattr(ours, "loss_curve_")


@pytest.mark.parametrize("task", ["one quantity", "two classes", "three classes", "two labels"])
def test_weights_of_rows(task: str) -> None:
    weight = np.random.RandomState(1).rand(ROWS)
    for solver in ("adam", "lbfgs"):
        agree(*both(CASES[task], weight=weight, solver=solver), bound=1e-8 if solver == "lbfgs" else 1e-10)


NEGATIVE = {
    "all": -np.ones(ROWS),
    "some": np.where(np.arange(ROWS) % 5 == 0, -1.0, 1.0),
    "most": np.where(np.arange(ROWS) % 5 == 0, 1.0, -1.0),
}


@pytest.mark.parametrize("weights", NEGATIVE)
@pytest.mark.parametrize("task", ["one quantity", "two classes", "three classes"])
def test_negative_weights_are_those_of_a_mean(task: str, weights: str) -> None:
    settings: dict[str, Any] = {"batch_size": 65, "max_iter": 5, "alpha": 1.0}
    straight = {"solver": "lbfgs", "alpha": 0.0}  # a penalty that rewards has no minimum
    for more in ({"solver": "adam"}, {"solver": "adam", "early_stopping": True}, {"solver": "sgd"}, straight):
        theirs, ours = both(CASES[task], weight=NEGATIVE[weights], **{**settings, **more})
        agree(theirs, ours, bound=1e-8 if more is straight else 1e-10)


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_weights_that_add_up_to_nothing_have_no_mean(solver: str) -> None:
    weight = np.where(np.arange(ROWS) % 2 == 0, -1.0, 1.0)
    case = CASES["one quantity"]
    given: dict[str, Any] = {"solver": solver, "batch_size": ROWS, "max_iter": 2}
    with pytest.raises(ZeroDivisionError, match="sum to zero"):
        neural_network.MLPRegressor(**given).fit(X, case.y, sample_weight=weight)
    with pytest.raises(InputError, match=r"sample_weight add up to 0 over .*; leave rows out by a weight of 0"):
        sklon.MLPRegressor(**given).fit(X, case.y, sample_weight=weight)


@pytest.mark.parametrize("task", ["one quantity", "two quantities", "two classes", "three classes", "two labels"])
@pytest.mark.parametrize("weighted", [False, True])
def test_early_stopping(task: str, weighted: bool) -> None:
    weight = np.random.RandomState(1).rand(ROWS) + 0.5 if weighted else None
    settings: dict[str, Any] = {
        "early_stopping": True,
        "n_iter_no_change": 3,
        "max_iter": 60,
        "learning_rate_init": 0.02,
    }
    theirs, ours = both(CASES[task], weight=weight, **settings)
    assert theirs.n_iter_ < 60
    agree(theirs, ours, bound=1e-10)


@pytest.mark.parametrize(("tol", "patience"), [(1e-2, 10), (1e-2, 1), (1e-3, 5)])
def test_where_the_loss_stops(tol: float, patience: int) -> None:
    """A tiny network is run many epochs at once, and what is too much is taken back."""
    settings: dict[str, Any] = {"batch_size": "auto", "max_iter": 400, "learning_rate_init": 0.02}
    theirs, ours = both(CASES["two classes"], tol=tol, n_iter_no_change=patience, **settings)
    assert theirs.n_iter_ < 400
    agree(theirs, ours, bound=1e-10)


def test_nothing_stops_endless_patience() -> None:
    agree(*both(CASES["two classes"], n_iter_no_change=np.inf, tol=1.0, max_iter=50), bound=1e-10)


def test_the_default_network_to_its_end() -> None:
    settings: dict[str, Any] = {"hidden_layer_sizes": (100,), "batch_size": "auto", "max_iter": 200}
    agree(*both(CASES["three classes"], **settings), bound=1e-10)


def test_no_shuffling() -> None:
    agree(*both(CASES["one quantity"], shuffle=False), bound=1e-10)


def test_a_given_random_state_is_left_where_scikit_learn_leaves_it() -> None:
    drawn = []
    for room in (neural_network, sklon):
        random = np.random.RandomState(5)
        estimator = room.MLPRegressor(
            hidden_layer_sizes=(4,), random_state=random, max_iter=300, tol=0.05, batch_size=ROWS
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            estimator.fit(X, CASES["one quantity"].y)
        drawn.append((estimator.n_iter_, random.rand()))
    assert drawn[0][0] < 300
    assert drawn[0] == drawn[1]


@pytest.mark.parametrize("settings", [{}, {"solver": "sgd", "learning_rate": "invscaling"}])
def test_warm_starts(settings: dict[str, Any]) -> None:
    case = CASES["three classes"]
    theirs, ours = both(case, warm_start=True, max_iter=5, **settings)
    for _ in range(3):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            theirs.fit(X, case.y)
            ours.fit(X, case.y)
        agree(theirs, ours, bound=1e-10)
    assert len(ours.loss_curve_) == 20


@pytest.mark.parametrize("settings", [SOLVERS["adam"], SOLVERS["sgd, inverse scaling"]])
def test_partial_fits(settings: dict[str, Any]) -> None:
    case = CASES["three classes"]
    estimators = [room.MLPClassifier((6,), random_state=2, **settings) for room in (neural_network, sklon)]
    for epoch in range(6):
        part = slice(20 * epoch, 20 * epoch + 25)
        for estimator in estimators:
            estimator.partial_fit(X[part], case.y[part], classes=np.unique(case.y))
        agree(estimators[0], estimators[1], bound=1e-10)


def test_sparse_rows() -> None:
    matrix = sp.random(ROWS, 30, density=0.2, format="csr", random_state=0)
    for kind in (sp.csr_matrix, sp.csc_array):
        agree(*both(CASES["two classes"], X=kind(matrix), batch_size=50), bound=1e-10)


def test_single_precision_stays_single() -> None:
    theirs, ours = both(CASES["three classes"], X=X.astype(np.float32))
    assert {w.dtype for w in (*ours.coefs_, *ours.intercepts_)} == {np.dtype(np.float32)}
    assert distance(theirs, ours) < 1e-5
    assert ours.predict_proba(X.astype(np.float32)).dtype == np.float32


def test_lbfgs_works_in_double_precision_whatever_the_rows() -> None:
    """Theirs hands out double precision too, found by evaluations in single precision."""
    theirs, ours = both(CASES["one quantity"], X=X.astype(np.float32), solver="lbfgs", activation="tanh")
    agree(theirs, ours, bound=1e-4)
    assert {w.dtype for w in ours.coefs_} == {w.dtype for w in theirs.coefs_} == {np.dtype(np.float64)}


@pytest.mark.parametrize("task", CASES)
def test_predictions(task: str) -> None:
    theirs, ours = both(CASES[task])
    np.testing.assert_array_equal(ours.predict(X).shape, theirs.predict(X).shape)
    if CASES[task].kind == "MLPRegressor":
        np.testing.assert_allclose(ours.predict(X), theirs.predict(X), atol=1e-10)
    else:
        np.testing.assert_array_equal(ours.predict(X), theirs.predict(X))
        np.testing.assert_allclose(ours.predict_proba(X), theirs.predict_proba(X), atol=1e-10)
        np.testing.assert_allclose(ours.predict_log_proba(X), theirs.predict_log_proba(X), atol=1e-8)
    assert ours.score(X, CASES[task].y) == pytest.approx(theirs.score(X, CASES[task].y), abs=1e-10)


def test_a_probability_of_almost_nothing_is_told_as_scikit_learn_tells_it() -> None:
    """Their loss keeps a probability the distance of one rounding from 0; the gradient does not know of it."""
    far = 1e8 * np.r_[X, X]
    y = np.r_[X[:, 0] > 0, X[:, 0] < 0]  # half of the labels are wrong
    theirs, ours = both(CASES["two classes"], X=far, y=y, max_iter=3)
    assert theirs.loss_ > 5
    np.testing.assert_allclose(ours.loss_curve_, theirs.loss_curve_, rtol=1e-12)


def test_signatures_begin_with_theirs() -> None:
    for kind in ("MLPClassifier", "MLPRegressor"):
        theirs = signature(getattr(neural_network, kind)).parameters
        ours = signature(getattr(sklon, kind)).parameters
        same = {name: ours[name].default for name in theirs}
        assert same == {name: p.default for name, p in theirs.items()}
        positional = [n for n, p in theirs.items() if p.kind is p.POSITIONAL_OR_KEYWORD]
        assert [n for n, p in ours.items() if p.kind is p.POSITIONAL_OR_KEYWORD] == positional


def test_a_difference_is_seen() -> None:
    """The check of the checks: PyTorch's ε in Adam is another fit."""
    theirs, _ = both(CASES["one quantity"], epsilon=1e-3)
    rule = sklon.optim.AdamRule(lr=0.001, eps=1e-3)
    ours = sklon.MLPRegressor(hidden_layer_sizes=(7,), random_state=3, max_iter=EPOCHS, batch_size=40, solver=rule)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        ours.fit(X, CASES["one quantity"].y)
    assert distance(theirs, ours) > 1e-5


# ---- shorter ways to what scikit-learn computes
LABELS: dict[str, Any] = {
    "numbers": np.arange(ROWS) % 3 * 7,
    "two numbers": np.arange(ROWS, dtype=np.uint8) % 2 + 4,
    "negative": -(np.arange(ROWS) % 4).astype(np.int16),
    "one number": np.full(ROWS, 3),
    "truth": np.arange(ROWS) % 3 == 0,
    "floats": np.arange(ROWS) % 3 / 1.0,
    "words": np.array(["a", "b", "longer"])[np.arange(ROWS) % 3],
    "objects": np.array(["a", "b", "longer"], dtype=object)[np.arange(ROWS) % 3],
    "several labels": np.c_[np.arange(ROWS) % 2, np.arange(ROWS) % 3 > 0].astype(int),
}


@pytest.mark.parametrize("name", LABELS)
def test_a_binarizer_is_scikit_learns(name: str) -> None:
    mine, other = vars(binarizer_of(LABELS[name])), vars(LabelBinarizer().fit(LABELS[name]))
    assert mine.keys() == other.keys()
    for key in other:
        np.testing.assert_array_equal(mine[key], other[key])
    assert mine["classes_"].dtype == other["classes_"].dtype


@pytest.mark.parametrize("name", LABELS)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_labels_and_scores_are_scikit_learns(name: str) -> None:
    y = LABELS[name]
    fitted = sklon.MLPClassifier((4,), max_iter=3, random_state=0).fit(X, y)
    other = neural_network.MLPClassifier((4,), max_iter=3, random_state=0).fit(X, y)
    assert fitted.predict(X).dtype == other.predict(X).dtype
    np.testing.assert_array_equal(fitted.predict(X), other.predict(X))
    weight = np.linspace(0.5, 2, ROWS)
    for given in (y, y.tolist(), y.astype(np.int32) if y.dtype.kind in "iub" else y):
        for counted in (None, weight):
            score = fitted.score(X, given, counted)
            assert type(score) is float
            assert score == accuracy_score(given, other.predict(X), sample_weight=counted)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_what_cannot_be_scored_is_refused_as_by_scikit_learn() -> None:
    y = LABELS["numbers"]
    for library in (sklon, neural_network):
        fitted = library.MLPClassifier((4,), max_iter=3, random_state=0).fit(X, y)
        with pytest.raises(ValueError, match="inconsistent numbers of samples"):
            fitted.score(X, y[:-1])
        with pytest.raises(ValueError, match="continuous"):
            fitted.score(X, y + 0.5)
        several = library.MLPClassifier((4,), max_iter=3, random_state=0).fit(X, LABELS["several labels"])
        with pytest.raises(ValueError, match="multilabel"):
            several.score(X, y)
