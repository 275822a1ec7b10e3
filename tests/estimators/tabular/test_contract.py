"""Scikit-learn's own checks of estimators: all of them, none skipped, none expected to fail."""

from __future__ import annotations

from typing import Any

import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

import sklon

SMALL: dict[str, Any] = {"hidden": (32, 32), "epochs": 40}


@parametrize_with_checks(  # type: ignore[untyped-decorator]
    [sklon.TabularClassifier(**SMALL), sklon.TabularRegressor(**SMALL)]
)
def test_scikit_learns_checks(estimator: Any, check: Any) -> None:
    try:
        check(estimator)
    except pytest.skip.Exception as skipped:
        pytest.fail(f"a check was skipped: {skipped}")
    except Exception as error:
        if type(error).__name__ == "SkipTest":
            pytest.fail(f"a check was skipped: {error}")
        raise
