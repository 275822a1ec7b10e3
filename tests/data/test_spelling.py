"""The same thing is the same value, however it is written, wherever that is not ambiguous."""

from __future__ import annotations

import numpy as np
import pytest

from sklon.data import Classes, column_from_array, column_from_text, fit_preparation, fit_recipe, read
from sklon.data.spelling import places_of

CASES = {
    "as it is written": (["a", "B"], ["B", "b", "a"], [1, -1, 0]),
    "missing": (["a"], [None], [-1]),
    "whole numbers": (["7", "x"], ["7", "7.0", "07", "+7", "7e0", "70", "-7", "x"], [0, 0, 0, 0, 0, -1, -1, 1]),
    "decimals": (["2.50"], ["2.5", "2.500", "2.51"], [0, 0, -1]),
    "two spellings of a number": (["1", "1.0"], ["1", "1.0", "01"], [0, 1, -1]),
    "leading zeros that are known": (["007", "7"], ["007", "7", "7.0"], [0, 1, -1]),
    "neighbours in floating point": (
        ["9007199254740992", "9007199254740993"],
        ["9007199254740993", "9007199254740993.0", "9007199254740992.0"],
        [1, 1, 0],
    ),
    "exponents beyond all": (["1"], ["1e999999999999999999999", "inf"], [-1, -1]),
    "truths": (["False", "True"], ["true", "TRUE", "1", "1.0", "0", "2", "yes"], [1, 1, 1, 1, 0, -1, -1]),
    "numbers of truths": (["0", "1"], ["True", "false", "1.0"], [1, 0, 1]),
    "truths among others": (["True", "maybe"], ["true", "1"], [0, -1]),
    "one among others": (["1", "2"], ["True"], [-1]),
    "two spellings of a truth": (["True", "true"], ["TRUE", "1", "true"], [-1, -1, 1]),
}


@pytest.mark.parametrize("case", CASES)
def test_a_text_finds_the_one_value_that_it_means(case: str) -> None:
    known, texts, expected = CASES[case]
    assert places_of(np.array(texts, object), known).tolist() == expected


def test_labels_are_found_in_other_spellings() -> None:
    truths = Classes(name="y", labels=("False", "True"), binary=True)
    assert truths.indices(column_from_array("y", np.array([1, 0, 2]))).tolist() == [1, 0, -1]
    numbers = Classes(name="y", labels=("0", "1"), binary=True)
    assert numbers.indices(column_from_array("y", np.array([True, False]))).tolist() == [1, 0]
    mixed = Classes(name="y", labels=("1", "2", "many"), binary=False)
    assert mixed.indices(column_from_array("y", np.array([2.0, 1.0, 3.0]))).tolist() == [1, 0, -1]


def test_truths_are_numbers_only_where_numbers_lay_within_0_and_1() -> None:
    truths = column_from_text("x", ["True", "false", None, "1"])
    share = fit_recipe(column_from_array("x", np.linspace(0, 1, 30)))
    age = fit_recipe(column_from_array("x", np.linspace(0, 90, 30)))
    np.testing.assert_array_equal(share.read(truths), [1, 0, np.nan, 1])  # type: ignore[union-attr]
    np.testing.assert_array_equal(age.read(truths), [np.nan, np.nan, np.nan, 1])  # type: ignore[union-attr]


# ---- when unknown categories are told of
@pytest.mark.parametrize(
    ("texts", "said"),
    [
        (["teal"], "x has 1 values of 1 that no training row has, such as 'teal' and not 'blue', 'red'; they count as"),
        (["teal", None], "x has 1 values of 1 that no"),
        (["red"] * 3 + ["teal"], "x has 1 values of 4 that no"),
        (["red"] * 4 + ["teal"], None),
        ([None, None], None),
    ],
)
def test_unknown_categories_are_told_of_where_they_are_many(texts: list[str | None], said: str | None) -> None:
    table = read({"x": ["red", "blue"] * 10, "y": np.arange(20.0)})
    notes = fit_preparation(table, "y", "regression").notes(read({"x": texts}))
    assert [said is not None and note.startswith(said) for note in notes] == [True] * (said is not None)


def test_a_few_rare_categories_are_nothing_to_tell_of_but_many_are() -> None:
    texts = ["red"] * 70 + [f"rare {i // 2}" for i in range(30)]
    prepared = fit_preparation(read({"x": texts, "y": np.arange(100.0)}), "y", "regression")
    assert prepared.recipes[0].pooled == pytest.approx(0.3)  # type: ignore[union-attr]
    for said in (["rare 1"], ["rare 1", "rare 2"], ["teal"], texts):
        assert prepared.notes(read({"x": said})) == ()
    (note,) = prepared.notes(read({"x": ["teal"] * 10}))
    assert note.startswith("x has 10 values of 10 that fewer than 3 training rows have, such as 'teal' and not 'red'")
