"""Points of functions are what theory says: kind, one-sided derivatives, subdifferential, and autodiff's value."""

from __future__ import annotations

from math import nan

import numpy as np
import pytest

from sklon.calculus.examine import examine

from .rows import ROUGHS, ROWS, Row


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_a_point_is_what_theory_says(row: Row) -> None:
    found = examine(row.function, row.at)
    assert (found.kind, row.variety in found.variety) == (row.kind, True), str(found)
    np.testing.assert_allclose(found.derivatives, row.slopes, rtol=1e-6, atol=1e-6)
    if row.limits is not None:
        np.testing.assert_allclose(found.limits, row.limits, rtol=1e-9, atol=1e-9)
    value = found.autodiff.value
    np.testing.assert_allclose(
        nan if value is None else value, nan if row.autodiff is None else row.autodiff, rtol=1e-2
    )
    assert (value is None) == (row.autodiff is None)
    clarke = None if found.subdifferential is None else found.subdifferential.clarke
    if row.clarke is None:
        assert clarke is None
    else:
        np.testing.assert_allclose(clarke, row.clarke, atol=0.05 if row in ROUGHS else 1e-6, rtol=1e-6)
