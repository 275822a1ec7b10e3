"""Where fits run side by side, what they run in, and how it ends: results, errors, Ctrl-C, files."""

from __future__ import annotations

import inspect
import pickle
import signal
import subprocess
import sys
import threading
import traceback
import warnings
import weakref
from collections.abc import Callable, Iterator
from typing import Any

import joblib
import numpy as np
import pytest
import sklearn
from sklearn import model_selection as theirs
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.datasets import load_iris
from sklearn.ensemble import BaggingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

import sklon
from sklon import model_selection as ours
from sklon.estimators.searching import backend
from sklon.estimators.stochastic import Stochastic

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
Array = np.ndarray[Any, Any]

X: Array
y: Array
X, y = load_iris(return_X_y=True)
ALPHAS = {"alpha": [1e-4, 1.0]}


def small(**settings: Any) -> Any:
    common = {"hidden_layer_sizes": (6,), "random_state": 0, "max_iter": 12, "learning_rate_init": 0.05}
    return sklon.MLPClassifier(**{**common, **settings})


@pytest.fixture(autouse=True)
def crews(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[backend.Crew]]:
    """The threads that began to run fits."""
    begun: list[backend.Crew] = []
    begin = backend.Crew.begin

    def noted(self: backend.Crew) -> None:
        begun.append(self)
        begin(self)

    monkeypatch.setattr(backend.Crew, "begin", noted)
    sklon.set_num_threads(3)
    yield begun
    sklon.set_num_threads(None)
    assert "sklon-fits" not in {thread.name for thread in threading.enumerate()}


def search(estimator: Any = None, **settings: Any) -> Any:
    return ours.GridSearchCV(small() if estimator is None else estimator, ALPHAS, **{"cv": 3, **settings})


# ---- where
def in_a_worker() -> None:
    with joblib.parallel_config("threading", n_jobs=2):
        joblib.Parallel()(joblib.delayed(search().fit)(X, y) for _ in range(2))


def configured(**settings: Any) -> None:
    with joblib.parallel_config(**settings):
        search().fit(X, y)


def with_one_thread() -> None:
    sklon.set_num_threads(1)
    search().fit(X, y)


AS_SCIKIT_LEARN: dict[str, Callable[[], Any]] = {
    "one job": lambda: search(n_jobs=1).fit(X, y),
    "a function with one job": lambda: ours.cross_validate(small(), X, y, n_jobs=1),
    "threads of joblib": lambda: configured(backend="threading", n_jobs=2),
    "one job of joblib": lambda: configured(n_jobs=1),
    "in a worker of joblib": in_a_worker,
    "one thread": with_one_thread,
    "nothing of sklon": lambda: ours.GridSearchCV(LogisticRegression(), {"C": [0.1, 1.0]}).fit(X, y),
    "nothing of sklon in a function": lambda: ours.cross_val_score(make_pipeline(LogisticRegression()), X, y),
}


@pytest.mark.parametrize("name", AS_SCIKIT_LEARN)
def test_who_asks_otherwise_gets_what_scikit_learn_does(name: str, crews: list[backend.Crew]) -> None:
    AS_SCIKIT_LEARN[name]()
    assert crews == []


def test_workers_in_processes_give_the_same(crews: list[backend.Crew]) -> None:
    alone, other = search().fit(X, y), search(n_jobs=2).fit(X, y)
    assert len(crews) == 1
    np.testing.assert_array_equal(alone.cv_results_["mean_test_score"], other.cv_results_["mean_test_score"])
    np.testing.assert_array_equal(alone.predict_proba(X), other.predict_proba(X))


@pytest.mark.parametrize("n_jobs", [0, "two"])
def test_jobs_that_are_none_are_refused_as_scikit_learn_does(n_jobs: Any) -> None:
    for library in (ours, theirs):
        with pytest.raises(ValueError, match="n_jobs"):
            library.GridSearchCV(small(), ALPHAS, n_jobs=n_jobs).fit(X, y)


@pytest.mark.parametrize("estimator", [LogisticRegression, "network", None])
def test_what_is_no_estimator_is_refused_as_scikit_learn_does(estimator: Any) -> None:
    found = []
    for library in (ours, theirs):
        with pytest.raises(Exception, match="estimator") as raised:
            library.GridSearchCV(estimator, ALPHAS).fit(X, y)
        found.append((raised.type, str(raised.value)))
    assert found[0] == found[1]


# ---- what in
def test_fits_run_at_once_with_a_native_thread_each() -> None:
    meeting = threading.Barrier(3, timeout=60)

    def threads(estimator: Any, X: Any, y: Any) -> float:
        meeting.wait()
        found = sklon.get_num_threads()
        meeting.wait()
        return found

    assert set(ours.cross_val_score(small(), X, y, cv=6, scoring=threads)) == {1}
    sklon.set_num_threads(6)
    assert set(ours.cross_val_score(small(), X, y, cv=3, scoring=threads)) == {2}


def test_the_callers_settings_hold_in_the_threads() -> None:
    seen = []

    def noted(estimator: Any, X: Any, y: Any) -> float:
        seen.append((sklearn.get_config()["assume_finite"], np.geterr()["over"], threading.current_thread().name))
        return 0.0

    with sklearn.config_context(assume_finite=True), np.errstate(over="raise"):
        search(scoring=noted).fit(X, y)
    assert set(seen) == {(True, "raise", "sklon-fits")}


def test_filters_of_warnings_are_left_as_they_were() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        before = list(warnings.filters)
        search().fit(X, y)
        assert warnings.filters == before


def test_a_filter_that_makes_errors_of_warnings_holds_in_the_threads() -> None:
    def warns(estimator: Any, X: Any, y: Any) -> float:
        warnings.warn("heed this", FutureWarning, stacklevel=1)
        return 0.0

    with pytest.raises(FutureWarning, match="heed this"):
        search(scoring=warns, error_score="raise").fit(X, y)


def test_networks_are_let_go_when_they_are_scored() -> None:
    known: list[weakref.ref[Any]] = []
    most = [0]

    def counted(estimator: Any, X: Any, y: Any) -> float:
        known.append(weakref.ref(estimator))
        most[0] = max(most[0], sum(one() is not None for one in known))
        return 0.0

    ours.cross_val_score(small(solver="lbfgs", max_iter=2), X, y, cv=30, scoring=counted)
    assert len(known) == 30
    assert most[0] <= 3 + 3  # those that run, and those about to be dropped


# ---- errors
class Breaks(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """An estimator whose fits meet, and then fail in the order opposite to that in which they began."""

    meeting = threading.Barrier(3, timeout=60)
    failed = threading.Event()

    def __init__(self, network: Any = None, number: int = 0) -> None:
        self.network, self.number = network, number

    def fit(self, X: Any, y: Any) -> Breaks:
        self.classes_ = np.unique(y)
        self.meeting.wait()
        if self.number == 0:
            assert self.failed.wait(60)
        self.failed.set()
        raise ArithmeticError(f"number {self.number} breaks")


def test_the_first_error_in_order_is_raised_from_where_it_was(crews: list[backend.Crew]) -> None:
    one_split = [(np.arange(0, 150, 2), np.arange(1, 150, 2))]
    grid = {"number": [0, 1, 2, 3, 4, 5]}
    with pytest.raises(ArithmeticError, match="number 0 breaks") as raised:
        ours.GridSearchCV(Breaks(small()), grid, cv=one_split, error_score="raise").fit(X, y)
    assert len(crews) == 1
    frames = traceback.extract_tb(raised.value.__traceback__)
    assert frames[-1].name == "fit" and frames[-1].line == 'raise ArithmeticError(f"number {self.number} breaks")'
    assert search().fit(X, y).best_score_ > 0.3


def test_an_error_keeps_its_frames_and_its_cause() -> None:
    def scoring(estimator: Any, X: Any, y: Any) -> float:
        try:
            raise KeyError("the cause")
        except KeyError as error:
            raise ArithmeticError("this is no score") from error

    with pytest.raises(ArithmeticError, match="this is no score") as raised:
        ours.cross_val_score(small(), X, y, scoring=scoring, error_score="raise")
    frames = traceback.extract_tb(raised.value.__traceback__)
    assert frames[0].name == "test_an_error_keeps_its_frames_and_its_cause" and frames[-1].name == "scoring"
    assert isinstance(raised.value.__cause__, KeyError)


def test_an_error_that_comes_from_no_fit_is_scikit_learns() -> None:
    for library in (ours, theirs):
        with pytest.raises(ValueError, match="No fits were performed"):
            library.GridSearchCV(small(), ALPHAS, cv=iter(())).fit(X, y)
        with pytest.raises(ValueError, match="Found input variables with inconsistent numbers of samples"):
            library.GridSearchCV(small(), ALPHAS).fit(X, y[:-1])
        with pytest.raises(ValueError, match="Invalid parameter 'alfa' for estimator MLPClassifier"):
            library.GridSearchCV(small(), {"alfa": [1.0]}).fit(X, y)


# ---- interrupts
SCRIPT = """
import threading, warnings
import numpy as np
import sklon
from sklon.model_selection import GridSearchCV

told = []
warnings.showwarning = lambda message, *_: told.append(str(message))
sklon.set_num_threads(2)
X = np.random.default_rng(0).normal(size=(200, 4))
y = X[:, 0] > 0
scored = []

def scoring(estimator, X, y):
    scored.append(estimator.stopped_.name)
    return estimator.score(X, y)

running, turn = set(), threading.Lock()

class Tells(sklon.training.Callback):
    def on_epoch_end(self, *_):
        with turn:
            before = len(running)
            running.add(threading.get_ident())
            if before < len(running) == 2:
                print("begun", flush=True)

endless = sklon.MLPClassifier((6,), max_iter=10**8, n_iter_no_change=np.inf, random_state=0, callbacks=[Tells()])
search = GridSearchCV(endless, {"alpha": [0.1, 0.2, 0.3, 0.4]}, cv=3, scoring=scoring)
try:
    search.fit(X, y)
except KeyboardInterrupt:
    left = [thread.name for thread in threading.enumerate() if thread.name == "sklon-fits"]
    print(scored, told, left, hasattr(search, "cv_results_"))
warnings.simplefilter("ignore")
print(GridSearchCV(endless.set_params(max_iter=9), {"alpha": [0.1, 0.2]}).fit(X, y).best_estimator_.n_iter_)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="signals of this kind exist on POSIX systems only")
def test_an_interrupt_ends_the_fits_that_run_and_begins_no_other() -> None:
    with subprocess.Popen([sys.executable, "-c", SCRIPT], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "begun\n"
        process.send_signal(signal.SIGINT)
        rest, _ = process.communicate(timeout=120)
    assert rest == "[] [] [] False\n9\n"
    assert process.returncode == 0


def test_an_interrupt_ends_a_fit_with_all_its_networks(
    monkeypatch: pytest.MonkeyPatch, crews: list[backend.Crew]
) -> None:
    begun = []
    steps = Stochastic.run

    def interrupted(self: Stochastic, epochs: int) -> None:
        begun.append(threading.current_thread())
        crews[0].interrupt()
        steps(self, epochs)

    monkeypatch.setattr(Stochastic, "run", interrupted)
    with pytest.raises(KeyboardInterrupt):
        ours.cross_val_score(BaggingClassifier(small(), 5), X, y, cv=3)
    assert 0 < len(begun) == len(set(begun)) <= 3


# ---- copies, files, names
def test_a_copy_of_a_search_is_such_a_search(crews: list[backend.Crew]) -> None:
    for copy in (clone(search()), pickle.loads(pickle.dumps(search()))):
        assert type(copy) is ours.GridSearchCV and isinstance(copy, theirs.GridSearchCV)
        copy.fit(X, y)
    assert len(crews) == 2


def test_a_fitted_search_is_pickled() -> None:
    fitted = search().fit(X, y)
    copy = pickle.loads(pickle.dumps(fitted))
    np.testing.assert_array_equal(copy.predict_proba(X), fitted.predict_proba(X))
    assert list(copy.cv_results_) == list(fitted.cv_results_)


def test_names_and_signatures_are_scikit_learns() -> None:
    assert sklon.model_selection is ours
    for name in ours.__all__:
        mine, other = getattr(ours, name), getattr(theirs, name)
        assert mine is not other and mine.__name__ == name
        assert str(inspect.signature(mine)) == str(inspect.signature(other))
        assert "side by side" in mine.__doc__
    assert ours.KFold is theirs.KFold and ours.train_test_split is theirs.train_test_split
    assert set(theirs.__all__) <= set(dir(ours))
    with pytest.raises(AttributeError, match="GridSearch"):
        ours.GridSearch  # noqa: B018


def test_what_is_missing_without_scikit_learn_is_said() -> None:
    code = (
        "import sys\nsys.modules['sklearn'] = None\n"
        "try:\n    from sklon.model_selection import GridSearchCV\nexcept ImportError as error:\n    print(error)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "pip install 'sklon[table]'" in done.stdout
