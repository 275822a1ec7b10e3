"""Targets of every kind: those that can be learned from are the same labels and numbers, others are one sentence."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from sklon import TabularClassifier, TabularRegressor
from sklon._base.errors import InputError
from sklon.estimators.tabular.targets import labels_of, quantities_of

LABELS = ["a b", " c", "a b"]
NUMBERS = [1.0, -2.5, 3.0]


def _series(library: str, values: list[Any], kind: Any = None) -> Any:
    module = pytest.importorskip(library, reason=f"{library} is not installed")
    if library == "pyarrow":
        return module.array(values)
    return module.Series(values, dtype=kind)


def _kinds(values: list[Any]) -> list[Any]:
    return [values, np.array(values), np.array(values, object), np.array(values)[:, None]]


@pytest.mark.filterwarnings("ignore:A column-vector y was passed")
def test_labels_and_numbers_of_every_library_are_the_same() -> None:
    for labels in [*_kinds(LABELS), _series("pandas", LABELS), _series("pandas", LABELS, "category")]:
        assert labels_of(labels, TabularClassifier()).tolist() == LABELS
    for numbers in [*_kinds(NUMBERS), _series("pandas", NUMBERS, "Float64"), _series("pandas", NUMBERS, "object")]:
        found = quantities_of(numbers, TabularRegressor())
        assert found.dtype == np.float64 and found.tolist() == NUMBERS
    for other in ([Decimal(str(number)) for number in NUMBERS], [str(number) for number in NUMBERS]):
        assert quantities_of(other, TabularRegressor()).tolist() == NUMBERS


@pytest.mark.parametrize("library", ["polars", "pyarrow"])
def test_columns_of_other_libraries_are_targets_too(library: str) -> None:
    assert labels_of(_series(library, LABELS), TabularClassifier()).tolist() == LABELS
    assert quantities_of(_series(library, NUMBERS), TabularRegressor()).tolist() == NUMBERS
    with pytest.raises(InputError, match="1 of its rows have no value, row 1 first; leave such rows out of X and y"):
        labels_of(_series(library, ["a", None, "b"]), TabularClassifier())


def test_labels_keep_their_blanks_and_a_class_of_one_row_is_a_class() -> None:
    X = {"x": np.arange(60.0)}
    labels = np.array(["only one", *np.where(np.arange(59) % 2, "a b", " c")])
    model = TabularClassifier(hidden=(8,), epochs=1, random_state=0).fit(X, labels)
    assert model.classes_.tolist() == [" c", "a b", "only one"]
    assert model.predict_proba(X).shape == (60, 3) and set(model.predict(X)) <= set(labels)


def _missing() -> list[Any]:
    pandas = pytest.importorskip("pandas", reason="pandas is not installed")
    return [
        ["a", None, "b"],
        np.array(["a", None, "b"], object),
        np.array([1.0, np.nan, 2.0]),
        pandas.Series(["a", None, "b"]),
        pandas.array([1, None, 2], dtype="Int64"),
        pandas.array([True, None, False], dtype="boolean"),
        pandas.to_datetime(["2024-01-01", None, "2024-01-02"]),
    ]


@pytest.mark.parametrize("case", range(7))
def test_rows_without_a_target_are_counted_and_named(case: int) -> None:
    for read in (labels_of, quantities_of):
        with pytest.raises(InputError, match="Input y contains NaN: 1 of its rows have no value, row 1 first; leave"):
            read(_missing()[case], TabularClassifier())


@pytest.mark.parametrize(
    ("read", "y", "clause"),
    [
        (quantities_of, [1.0, np.inf], "Input y contains infinity .* first in row 1; leave such rows out, or correct"),
        (quantities_of, LABELS, "y holds 'a b', which is no number, and .*; sklon.TabularClassifier predicts classes"),
        (quantities_of, [dt.datetime(2024, 1, 1)] * 2, "y holds .*2024.*, which is no number"),
        (quantities_of, np.array(["2024-01-01"] * 2, "datetime64[s]"), "y holds dates or durations, .*; give days or"),
        (quantities_of, np.ones((3, 2)), "y should be a 1d array"),
        (
            labels_of,
            np.array([1, "a", 2], object),
            r"y mixes texts such as 'a' with others such as 1; pass y.astype\(str\)",
        ),
        (labels_of, [0.5, 1.25, 2.5], "Unknown label type: continuous"),
    ],
)
def test_what_is_no_target_is_said(read: Any, y: Any, clause: str) -> None:
    kind = TabularRegressor if read is quantities_of else TabularClassifier
    with pytest.raises(ValueError, match=clause):
        read(y, kind())


@pytest.mark.parametrize("rows", [2, 3])
def test_two_and_three_rows_are_learned_from(rows: int) -> None:
    x, y = np.arange(float(rows))[:, None], np.arange(float(rows))
    for epochs in (1, "auto"):
        model = TabularRegressor(hidden=(8,), random_state=0, epochs=epochs).fit(x, y)
        assert np.isfinite(model.predict(x)).all()


@pytest.mark.parametrize("unit", [1e-300, 1e-160, 1e90])
def test_a_target_of_any_size_is_learned_alike(unit: float) -> None:
    x = np.linspace(-1, 1, 200)
    predicted = [
        TabularRegressor(hidden=(16,), epochs=4, random_state=0).fit({"x": x}, y).predict({"x": x})
        for y in (x**2, x**2 * unit)
    ]
    np.testing.assert_allclose(predicted[1] / unit, predicted[0], rtol=1e-4, atol=1e-4)


def test_a_target_whose_squares_overflow_is_told_of() -> None:
    with pytest.raises(InputError, match=r"a value too large .* first in row 1; leave such rows out"):
        quantities_of([1.0, -1e150, 1e120], TabularRegressor())


@pytest.mark.filterwarnings("ignore:The number of unique classes")
def test_classes_of_one_row_each_all_train() -> None:
    X = {"x": np.arange(120.0)}
    labels = np.arange(120) // np.where(np.arange(120) < 30, 2, 1)  # 30 rows share a class with another
    model = TabularClassifier(hidden=(8,), epochs=1, random_state=0).fit(X, [f"of row {label}" for label in labels])
    assert "validation_loss" not in model.history_[0][0] and model.temperature_ == 1.0
