"""Scikit-learn's own checks of estimators: all of them, none skipped, one expected to fail.

Scikit-learn expects that failure of its own networks too: where steps see batches, a row of weight 2 is one row in a
batch of others. ``test_weights`` holds steps that see all rows to the same equation.
"""

from __future__ import annotations

from typing import Any

from sklearn.utils.estimator_checks import parametrize_with_checks

import sklon
from tests.estimators.checks import run_check

SMALL: dict[str, Any] = {"hidden": (32, 32), "epochs": 40}

EXPECTED = {"check_sample_weight_equivalence_on_dense_data": "batches, bins and dropout see a repeated row as two rows"}


@parametrize_with_checks(  # type: ignore[untyped-decorator]
    [sklon.TabularClassifier(**SMALL), sklon.TabularRegressor(**SMALL)],
    expected_failed_checks=lambda estimator: EXPECTED,
    xfail_strict=True,
)
def test_scikit_learns_checks(estimator: Any, check: Any) -> None:
    run_check(estimator, check)
