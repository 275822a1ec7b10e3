"""Scikit-learn's own checks of estimators on searches over networks: all of them, none skipped."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

import sklon
from sklon.model_selection import GridSearchCV, RandomizedSearchCV
from tests.estimators.checks import run_check

NETWORK: dict[str, Any] = {"hidden_layer_sizes": (20,), "learning_rate_init": 0.05, "max_iter": 60, "random_state": 0}
SEARCHES = [
    search
    for network in (sklon.MLPClassifier(**NETWORK), sklon.MLPRegressor(**NETWORK))
    for search in (
        GridSearchCV(network, {"alpha": [0.01, 0.1]}, cv=2, error_score="raise"),
        RandomizedSearchCV(network, {"alpha": [0.01, 0.1]}, n_iter=2, cv=2, error_score="raise", random_state=0),
    )
]


@pytest.fixture(autouse=True)
def _two_threads() -> Iterator[None]:
    sklon.set_num_threads(2)
    yield
    sklon.set_num_threads(None)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")  # 60 epochs are few
@pytest.mark.filterwarnings("ignore:invalid value encountered in cast")  # by scikit-learn, of infinite labels
@parametrize_with_checks(SEARCHES)  # type: ignore[untyped-decorator]
def test_scikit_learns_checks(estimator: Any, check: Any) -> None:
    run_check(estimator, check)
