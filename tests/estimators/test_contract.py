"""Scikit-learn's own checks of estimators: all of them, none skipped, none expected to fail.

Two of them look at frames of pandas, which the extra ``test`` installs; where it is missing they are skipped, but not
where tests decide what is merged.
"""

from __future__ import annotations

import os
from importlib.util import find_spec
from typing import Any
from unittest import SkipTest

import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

import sklon

WITHOUT_PANDAS = find_spec("pandas") is None and not os.environ.get("CI")


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")  # 60 epochs are few
@parametrize_with_checks(  # type: ignore[untyped-decorator]
    [sklon.MLPClassifier(max_iter=60), sklon.MLPRegressor(max_iter=60)]
)
def test_scikit_learns_checks(estimator: Any, check: Any) -> None:
    try:
        check(estimator)
    except (SkipTest, pytest.skip.Exception) as skipped:
        if WITHOUT_PANDAS and "pandas is not installed" in str(skipped):
            pytest.skip("pandas is not installed")
        pytest.fail(f"a check was skipped: {skipped}")
