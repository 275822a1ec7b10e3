"""The error bounds of elementary functions, as docs/numerics.md states them, over all exponents.

``python -m benchmarks.vector_functions`` measures the same over all of float32.
"""

from __future__ import annotations

from typing import Any
from unittest.mock import MagicMock

import numpy as np
import pytest

from benchmarks.vector_functions import (
    COUNT,
    DTYPES,
    FUNCTIONS,
    SLACK,
    bounds,
    every,
    exact,
    native,
    samples,
    special_values,
    units,
    worst,
)
from sklon._base.dtypes import Dtype, float32
from sklon.graph.node import REGISTRY
from sklon.ops._families import Floating

from .targets import NARROWER, narrower

#: blocks of samples for each function
BLOCKS = 8


@pytest.mark.parametrize("target", [None, *NARROWER])
@pytest.mark.parametrize("dtype", DTYPES, ids=lambda d: d.name)
@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_error_is_within_its_bound(name: str, dtype: Dtype, target: str | None) -> None:
    blocks = [special_values(dtype), *(samples(dtype, COUNT, seed) for seed in range(BLOCKS))]
    found = worst(name, dtype, blocks, narrower(target) if target else None)
    assert found.holds, str(found)


def test_every_function_of_ours_has_a_bound() -> None:
    """Ops whose lanes call a function of ``vector_math`` are measured, and the page lists them."""
    ours = {"exp", "log", "log1p_of_unit", "tanh"}
    measured = {name for name, op in REGISTRY.items() if issubclass(op, Floating) and _called(op) & ours}
    assert measured == set(FUNCTIONS) == {name for name, _ in bounds()}


def _called(op: type[Floating]) -> set[str]:
    builder: Any = MagicMock()
    try:
        op().body(builder, *(MagicMock(dtype=float32) for _ in range(op.arity)))
    except TypeError:
        return set()  # an op with attributes of its own is no function of one number
    return {call[0] for call in builder.method_calls}


def test_all_patterns_are_all_patterns() -> None:
    stride = 1 << 13
    words = np.concatenate([block.view(np.uint32) for block in every(stride)])
    assert len(np.unique(words)) == len(words) == (1 << 32) // stride


@pytest.mark.parametrize(
    ("found", "expected", "errors"),
    [
        ([1.0, np.nan, np.inf, 0.0], [1.0, np.nan, 1e300, 1e-42], [0, 0, 0, 0]),
        ([np.nan, 1.0, -np.inf, 1e-30], [1.0, np.nan, 1e300, 1e-42], [np.inf] * 4),
        ([1.0 + 2**-23, 3e38], [1.0, np.inf], [1, np.inf]),
    ],
)
def test_units_tell_right_from_wrong(found: list[float], expected: list[float], errors: list[float]) -> None:
    with np.errstate(all="ignore"):
        assert units(np.array(found, np.float32), np.array(expected)).tolist() == errors


def test_a_wrong_result_is_seen() -> None:
    x = np.linspace(-3, 3, 999, dtype=np.float32)
    right = exact("tanh", x)
    wrong = right.astype(np.float32)
    wrong[7] = np.nextafter(np.nextafter(wrong[7], np.float32(2)), np.float32(2))
    bound = bounds()["tanh", float32] + SLACK[float32]
    assert units(wrong, right).max() > bound > 1 > units(right.astype(np.float32), right).max()


def test_the_function_that_is_measured_is_the_compiled_one() -> None:
    x = special_values(float32)
    with np.errstate(all="ignore"):
        found = native("log", float32)(x)
    assert np.isneginf(found[x == 0]).all() and np.isnan(found[x < -1]).all()
