"""Splits: each row on one side, the same for the same seed, each class in its proportion."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sklon._base.errors import InputError
from sklon.data import split_rows


@given(
    labels=st.lists(st.integers(0, 4), min_size=10, max_size=200),
    fraction=st.floats(0.1, 0.5),
    seed=st.integers(0, 2**63),
)
def test_each_row_is_on_one_side_and_each_class_gives_its_share(labels: list[int], fraction: float, seed: int) -> None:
    classes = np.array(labels)
    split = split_rows(len(classes), fraction, seed=seed)
    stratified = split_rows(len(classes), fraction, seed=seed, classes=np.zeros(len(classes)))
    np.testing.assert_array_equal(split.validation, stratified.validation)
    try:
        split = split_rows(len(classes), fraction, seed=seed, classes=classes)
    except InputError:
        return
    assert sorted([*split.train, *split.validation]) == list(range(len(classes)))
    for label in np.unique(classes):
        rows = np.count_nonzero(classes == label)
        chosen = np.count_nonzero(classes[split.validation] == label)
        assert abs(chosen - rows * fraction) < 1 + 1e-9 if rows > 1 else chosen == 0


def test_a_split_depends_on_the_seed_alone() -> None:
    np.random.seed(1)
    first = split_rows(100, 0.2, seed=3)
    np.random.seed(2)
    again, other = split_rows(100, 0.2, seed=3), split_rows(100, 0.2, seed=4)
    np.testing.assert_array_equal(first.validation, again.validation)
    assert len(other.validation) == 20 and set(first.validation) != set(other.validation)


def test_the_split_does_not_follow_the_order_of_rows() -> None:
    halves = np.repeat([0, 1], 500)
    chosen = split_rows(1000, 0.2, seed=0, classes=halves).validation
    gaps = np.diff(chosen)
    assert gaps.min() == 1 and gaps.max() > 10


@pytest.mark.parametrize("fraction", [0.0, 1.0, -1.0, 2.0])
def test_an_impossible_fraction_is_refused(fraction: float) -> None:
    with pytest.raises(InputError, match="between 0 and 1"):
        split_rows(10, fraction, seed=0)


def test_too_few_rows_are_refused() -> None:
    with pytest.raises(InputError, match="too few"):
        split_rows(2, 0.1, seed=0)
