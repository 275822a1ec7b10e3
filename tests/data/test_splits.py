"""Splits: each row on one side, the same for the same seed, each class in its proportion."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sklon._base.errors import InputError
from sklon.data import split_groups, split_latest, split_rows


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


@given(
    groups=st.lists(st.integers(0, 6), min_size=2, max_size=80), fraction=st.floats(0.1, 0.5), seed=st.integers(0, 99)
)
def test_no_group_is_on_both_sides(groups: list[int], fraction: float, seed: int) -> None:
    names = np.array(groups)
    if len(set(groups)) < 2:
        with pytest.raises(InputError, match="one group"):
            split_groups(names, fraction, seed=seed)
        return
    split = split_groups(names, fraction, seed=seed)
    assert sorted([*split.train, *split.validation]) == list(range(len(names)))
    assert not set(names[split.train]) & set(names[split.validation])
    assert len(split.train) and len(split.validation)


@given(when=st.lists(st.sampled_from([1.0, 2.0, 3.0, 5.0, float("nan")]), min_size=2, max_size=60))
def test_the_latest_rows_validate_and_no_moment_is_on_both_sides(when: list[float]) -> None:
    moments = np.array(when)
    if len(set(moments[np.isfinite(moments)])) < 2:
        with pytest.raises(InputError, match="fewer than two"):
            split_latest(moments, 0.2)
        return
    split = split_latest(moments, 0.2)
    early = moments[split.train]
    assert len(split.validation) and early[np.isfinite(early)].max() < moments[split.validation].min()
    assert len(split.train) + len(split.validation) == len(moments)
