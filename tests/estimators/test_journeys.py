"""What people do with estimators of scikit-learn: pipelines, searches, files, frames, sparse rows, routing."""

from __future__ import annotations

import io
import pickle
import subprocess
import sys
from typing import Any

import joblib
import numpy as np
import pytest
import scipy.sparse as sp
import sklearn
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.datasets import load_iris
from sklearn.exceptions import ConvergenceWarning
from sklearn.inspection import permutation_importance
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import sklon
from sklon import nn
from sklon.estimators import programs
from sklon.estimators import rows as rows_of_fits
from sklon.estimators.course import Course, Ran

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
Array = np.ndarray[Any, Any]

X: Array
y: Array
X, y = load_iris(return_X_y=True)
NAMES = ["sepal length", "sepal width", "petal length", "petal width"]


def small(**settings: Any) -> Any:
    common = {"hidden_layer_sizes": (8,), "random_state": 0, "max_iter": 30, "learning_rate_init": 0.02}
    return sklon.MLPClassifier(**{**common, **settings})


def test_a_pipeline_in_a_search_with_workers() -> None:
    pipeline = make_pipeline(StandardScaler(), small())
    grid = {"mlpclassifier__alpha": [1e-4, 1.0], "mlpclassifier__dropout": [0.0, 0.2]}
    search = GridSearchCV(pipeline, grid, cv=2, n_jobs=2).fit(X, y)
    alone = GridSearchCV(pipeline, grid, cv=2).fit(X, y)
    np.testing.assert_array_equal(search.cv_results_["mean_test_score"], alone.cv_results_["mean_test_score"])
    assert search.score(X, y) > 0.8


def test_workers_share_the_cores() -> None:
    """Joblib bounds the threads of its workers by the environment, which sklon reads."""
    with joblib.parallel_config("loky", n_jobs=2, inner_max_num_threads=1):
        assert joblib.Parallel()(joblib.delayed(sklon.get_num_threads)() for _ in range(2)) == [1, 1]


def test_threads_of_one_process_fit_at_once() -> None:
    alone = small().fit(X, y).predict_proba(X)
    with joblib.parallel_config("threading", n_jobs=4):
        found = joblib.Parallel()(joblib.delayed(lambda: small().fit(X, y).predict_proba(X))() for _ in range(8))
    for one in found:
        np.testing.assert_array_equal(one, alone)


@pytest.mark.parametrize("settings", [{}, {"batch_norm": True, "average": 0.9}, {"activation": nn.LeakyReLU(0.1)}])
def test_pickle_and_joblib(settings: dict[str, Any]) -> None:
    fitted = small(**settings).fit(X, y)
    file = io.BytesIO()
    joblib.dump(fitted, file)
    file.seek(0)
    for copy in (pickle.loads(pickle.dumps(fitted)), joblib.load(file)):
        np.testing.assert_array_equal(copy.predict_proba(X), fitted.predict_proba(X))
        copy.partial_fit(X, y)
    fitted.partial_fit(X, y)
    np.testing.assert_array_equal(copy.coefs_[0], fitted.coefs_[0])


def test_another_process_reads_a_pickle_and_predicts_the_same(tmp_path: Any) -> None:
    fitted = small().fit(X, y)
    (tmp_path / "model.pkl").write_bytes(pickle.dumps(fitted))
    code = (
        f"import pickle\nmodel = pickle.load(open({str(tmp_path / 'model.pkl')!r}, 'rb'))\n"
        "print(model.predict_proba([[5.0, 3.0, 4.0, 1.0]]).tolist())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert eval(done.stdout) == fitted.predict_proba([[5.0, 3.0, 4.0, 1.0]]).tolist()


def test_weights_that_a_user_puts_in_are_those_that_predict_and_train_on() -> None:
    fitted, start = small().fit(X, y), small(max_iter=1).fit(X, y)
    fitted.coefs_ = [coef.copy() for coef in start.coefs_]
    fitted.intercepts_ = [intercept.copy() for intercept in start.intercepts_]
    np.testing.assert_array_equal(fitted.predict_proba(X), start.predict_proba(X))
    again = [one.set_params(warm_start=True, max_iter=3).fit(X, y) for one in (fitted, start)]
    np.testing.assert_array_equal(again[0].coefs_[0], again[1].coefs_[0])


# ---- frames
def test_names_of_pandas() -> None:
    pandas = pytest.importorskip("pandas")
    frame, labels = pandas.DataFrame(X, columns=NAMES), pandas.Series(y, name="kind").map({0: "a", 1: "b", 2: "c"})
    fitted = small().fit(frame, labels)
    assert list(fitted.feature_names_in_) == NAMES
    assert set(fitted.predict(frame)) <= {"a", "b", "c"}
    with pytest.raises(ValueError, match="feature names"):
        fitted.predict(frame[NAMES[::-1]])
    with pytest.warns(UserWarning, match="feature names"):
        np.testing.assert_array_equal(fitted.predict(X), fitted.predict(frame))


def test_names_of_polars() -> None:
    polars = pytest.importorskip("polars")
    fitted = small().fit(polars.DataFrame(X, schema=NAMES), polars.Series(y))
    assert list(fitted.feature_names_in_) == NAMES
    np.testing.assert_array_equal(fitted.predict(polars.DataFrame(X, schema=NAMES)), small().fit(X, y).predict(X))


# ---- rows
@pytest.mark.parametrize("weighted", [False, True])
def test_sparse_rows_are_written_out_a_window_at_a_time(monkeypatch: pytest.MonkeyPatch, weighted: bool) -> None:
    matrix = sp.random(300, 40, density=0.1, format="csr", random_state=0)
    labels = np.asarray(matrix.sum(axis=1)).ravel() > 2
    weight = np.random.default_rng(0).uniform(size=300) if weighted else None
    dense = small(batch_size=50, early_stopping=True).fit(matrix.toarray(), labels, weight)
    monkeypatch.setattr(rows_of_fits, "WINDOW_BYTES", 40 * 8 * 120)
    sparse = small(batch_size=50, early_stopping=True).fit(matrix, labels, weight)
    np.testing.assert_array_equal(sparse.coefs_[0], dense.coefs_[0])
    np.testing.assert_array_equal(sparse.predict_proba(matrix), dense.predict_proba(matrix.toarray()))


def test_the_number_of_threads_changes_no_bit() -> None:
    random = np.random.default_rng(0)
    many, target = random.normal(size=(900, 30)), random.normal(size=900)
    found = []
    for threads in (1, 2):
        sklon.set_num_threads(threads)
        found.append(
            sklon.MLPRegressor(hidden_layer_sizes=(300,), max_iter=3, random_state=0, batch_size=500).fit(many, target)
        )
    sklon.set_num_threads(None)
    np.testing.assert_array_equal(found[0].coefs_[0], found[1].coefs_[0])


# ---- other parts of scikit-learn
def test_cross_validation_and_importance() -> None:
    assert cross_val_score(make_pipeline(StandardScaler(), small(max_iter=100)), X, y, cv=3).mean() > 0.9
    found = permutation_importance(small(max_iter=100).fit(X, y), X, y, n_repeats=2, random_state=0)
    assert found.importances_mean[2:].sum() > found.importances_mean[:2].sum()


def test_calibration() -> None:
    calibrated = CalibratedClassifierCV(small(), cv=2).fit(X, y)
    np.testing.assert_allclose(calibrated.predict_proba(X).sum(axis=1), 1)


def test_metadata_is_routed() -> None:
    weight = np.random.default_rng(0).uniform(size=len(y))
    with sklearn.config_context(enable_metadata_routing=True):
        inner = small().set_fit_request(sample_weight=True, X_val=True, y_val=True)
        assert inner.get_metadata_routing().fit.requests == {"sample_weight": True, "X_val": True, "y_val": True}
        pipeline = make_pipeline(inner).fit(X, y, sample_weight=weight, X_val=X[::2], y_val=y[::2])
    alone = small().fit(X, y, sample_weight=weight)
    np.testing.assert_array_equal(pipeline[0].coefs_[0], alone.coefs_[0])
    assert len(pipeline[0].validation_scores_) == 30


def test_a_clone_is_the_same_fit() -> None:
    for settings in ({}, {"activation": nn.ELU(0.5)}, {"solver": sklon.optim.NAdamRule(lr=0.01)}):
        fitted = small(**settings).fit(X, y)
        np.testing.assert_array_equal(clone(fitted).fit(X, y).coefs_[0], fitted.coefs_[0])


def test_html_and_text() -> None:
    assert repr(small()).startswith("MLPClassifier(hidden_layer_sizes=(8,)")
    page = small(dropout=0.125)._repr_html_()
    assert "MLPClassifier" in page
    assert "0.125" in page


def test_verbose_tells_each_epoch(capsys: pytest.CaptureFixture[str]) -> None:
    fitted = small(verbose=True, tol=1.0, n_iter_no_change=2, max_iter=50).fit(X, y)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"Iteration 1, loss = {fitted.loss_curve_[0]:.8f}"
    assert lines[-1].startswith("Training loss did not improve more than tol=1.000000 for 2 consecutive epochs.")
    assert len(lines) == fitted.n_iter_ + 1


@pytest.mark.filterwarnings("default::sklearn.exceptions.ConvergenceWarning")
def test_an_end_before_convergence_is_a_warning() -> None:
    for solver in ("adam", "lbfgs"):
        with pytest.warns(ConvergenceWarning):
            small(solver=solver, max_iter=2).fit(X, y)
    with pytest.warns(UserWarning, match="clipped"):
        small(batch_size=1000, tol=1.0, n_iter_no_change=1).fit(X, y)


def test_an_interrupt_leaves_a_usable_estimator(monkeypatch: pytest.MonkeyPatch) -> None:
    run = Course.run

    def interrupted(self: Course, *given: Any) -> Ran:
        found = run(self, *given)
        if self.moving.steps >= 20:
            raise KeyboardInterrupt
        return found

    monkeypatch.setattr(Course, "run", interrupted)
    with pytest.warns(UserWarning, match="interrupted"):
        fitted = small(max_iter=100, tol=0.0).fit(X, y)
    assert fitted.stopped_.name == "interrupted"
    assert fitted.predict(X).shape == y.shape


def test_a_second_fit_of_the_same_structure_compiles_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    small().fit(X, y).predict(X)

    def refused(*_: object, **__: object) -> None:
        raise AssertionError("a program was compiled again")

    monkeypatch.setattr(programs, "compiled", refused)
    other = small(alpha=1.0, learning_rate_init=0.1, beta_1=0.5, max_iter=7, random_state=3).fit(X[:119], y[:119])
    assert other.predict(X[:3]).shape == (3,)


def test_what_is_missing_without_scikit_learn_is_said() -> None:
    code = (
        "import sys\nsys.modules['sklearn'] = None\nimport sklon\n"
        "try:\n    sklon.MLPClassifier\nexcept ImportError as error:\n    print(error)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "pip install 'sklon[table]'" in done.stdout
