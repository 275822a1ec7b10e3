"""Which column is which, as scikit-learn decides it: by name, by place with a warning, or an error."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
from sklearn.tree import DecisionTreeRegressor

from sklon import TabularRegressor
from sklon._base.errors import InputError

pandas = pytest.importorskip("pandas", reason="pandas is not installed")

Array = np.ndarray[Any, Any]
ROWS = np.random.default_rng(0).normal(size=(80, 3))
TARGET = ROWS @ [1.0, -2.0, 0.5]
NAMES = ("a", "b", "c")


def _polars(names: tuple[str, ...], rows: Array) -> Any:
    polars = pytest.importorskip("polars", reason="polars is not installed")
    return polars.DataFrame(dict(zip(names, rows.T, strict=True)))


FORMS: dict[str, Any] = {
    "array": ROWS,
    "list": ROWS.tolist(),
    "frame": pandas.DataFrame(ROWS, columns=list(NAMES)),
    "polars": _polars(NAMES, ROWS),
    "numbered frame": pandas.DataFrame(ROWS),
    "frame in another order": pandas.DataFrame(ROWS[:, ::-1], columns=list(NAMES[::-1])),
    "frame with other names": pandas.DataFrame(ROWS, columns=["a", "b", "d"]),
    "narrow array": ROWS[:, :2],
    "narrow frame": pandas.DataFrame(ROWS[:, :2], columns=["a", "b"]),
    "wide frame": pandas.DataFrame(np.c_[ROWS, ROWS[:, 0]], columns=[*NAMES, "d"]),
    "wide numbered frame": pandas.DataFrame(np.c_[ROWS, ROWS[:, 0]]),
}
FITTED = ("array", "frame", "polars", "numbered frame")


def said(model: Any, X: Any) -> tuple[list[str], str | None, Array | None]:
    """The warnings, the error and the result of a prediction, whatever the estimator's name is."""
    name = type(model).__name__
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            found, error = model.predict(X), None
        except ValueError as refused:
            found, error = None, str(refused).replace(name, "Estimator")
    return [str(one.message).replace(name, "Estimator") for one in caught], error, found


@pytest.fixture(name="pairs", scope="module")
def _pairs() -> dict[str, tuple[Any, Any]]:
    theirs, ours = DecisionTreeRegressor(), TabularRegressor(hidden=(8,), epochs=1, random_state=0)
    return {
        form: (type(theirs)().fit(FORMS[form], TARGET), type(ours)(**ours.get_params()).fit(FORMS[form], TARGET))
        for form in FITTED
    }


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("fitted", FITTED)
def test_columns_are_found_as_scikit_learn_finds_them(fitted: str, form: str, pairs: dict[str, Any]) -> None:
    theirs, ours = pairs[fitted]
    if form == "wide numbered frame" and fitted == "numbered frame":
        form = "narrow array"  # names lead to what is needed there, which the next test shows
    expected, found = said(theirs, FORMS[form]), said(ours, FORMS[form])
    assert found[:2] == expected[:2]
    assert (found[2] is None) == (expected[2] is None)
    if found[2] is not None and form != "frame in another order":
        np.testing.assert_array_equal(found[2], ours.predict(FORMS[fitted]))


def test_numbered_columns_are_found_by_their_numbers(pairs: dict[str, Any]) -> None:
    model = pairs["numbered frame"][1]
    turned = pandas.DataFrame(ROWS)[[2, 0, 1]]
    np.testing.assert_array_equal(model.predict(turned), model.predict(FORMS["numbered frame"]))
    with pytest.raises(InputError, match="lacks the column '2'"):
        model.predict(pandas.DataFrame(ROWS, columns=[0, 1, 7]))


def test_a_mapping_is_like_a_frame_with_more_columns_and_any_order(pairs: dict[str, Any]) -> None:
    mapping = dict(zip(NAMES, ROWS.T, strict=True))
    named, numbered = pairs["frame"][1], pairs["array"][1]
    expected = named.predict(FORMS["frame"])
    np.testing.assert_array_equal(named.predict({"d": ROWS[:, 0]} | dict(reversed(mapping.items()))), expected)
    with pytest.warns(UserWarning, match="X has feature names, but TabularRegressor was fitted without"):
        np.testing.assert_array_equal(numbered.predict(mapping), expected)
    with (
        pytest.warns(UserWarning, match="was fitted without feature names"),
        pytest.raises(InputError, match="X has 2 features, but TabularRegressor is expecting 3 features as input"),
    ):
        numbered.predict({"a": ROWS[:, 0], "b": ROWS[:, 1]})
    learned = TabularRegressor(hidden=(8,), epochs=1, random_state=0).fit(mapping, TARGET)
    with pytest.warns(UserWarning, match="X does not have valid feature names, but TabularRegressor was fitted with"):
        np.testing.assert_array_equal(learned.predict(ROWS), expected)


def test_rows_that_validate_are_found_in_the_same_way() -> None:
    model = TabularRegressor(hidden=(8,), epochs=1, random_state=0)
    with pytest.warns(UserWarning, match="X does not have valid feature names"):
        by_place = model.fit(FORMS["frame"], TARGET, X_val=ROWS, y_val=TARGET).residuals_
    by_name = model.fit(FORMS["frame"], TARGET, X_val=FORMS["frame"], y_val=TARGET).residuals_
    np.testing.assert_array_equal(by_place, by_name)


def test_a_wish_for_categories_holds_for_columns_without_names() -> None:
    X = pandas.DataFrame({"code": np.arange(90) % 3, "x": np.arange(90.0)})
    model = TabularRegressor(hidden=(8,), epochs=1, random_state=0, categorical=["code"]).fit(X, X["x"])
    with pytest.warns(UserWarning, match="X does not have valid feature names"):
        np.testing.assert_array_equal(model.predict(X.to_numpy()), model.predict(X))
