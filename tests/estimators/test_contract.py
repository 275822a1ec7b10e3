"""Scikit-learn's own checks of estimators: all of them, none skipped, none expected to fail."""

from __future__ import annotations

from typing import Any

import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

import sklon
from tests.estimators.checks import run_check


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")  # 60 epochs are few
@parametrize_with_checks(  # type: ignore[untyped-decorator]
    [sklon.MLPClassifier(max_iter=60), sklon.MLPRegressor(max_iter=60)]
)
def test_scikit_learns_checks(estimator: Any, check: Any) -> None:
    run_check(estimator, check)
