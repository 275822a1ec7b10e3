"""Running one of scikit-learn's checks of estimators, so that none is skipped.

Two of them look at frames of pandas, which the extra ``test`` installs; where it is missing they are skipped, but not
where tests decide what is merged.
"""

from __future__ import annotations

import os
from importlib.util import find_spec
from typing import Any
from unittest import SkipTest

import pytest

WITHOUT_PANDAS = find_spec("pandas") is None and not os.environ.get("CI")


def run_check(estimator: Any, check: Any) -> None:
    """Run a check; one that is skipped fails."""
    try:
        check(estimator)
    except (SkipTest, pytest.skip.Exception) as skipped:
        if WITHOUT_PANDAS and "pandas is not installed" in str(skipped):
            pytest.skip("pandas is not installed")
        pytest.fail(f"a check was skipped: {skipped}")
