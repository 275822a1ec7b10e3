"""A column that comes in one type at the fit and in another later: the same inputs, or a sentence about what is not.

What a network says is a function of its inputs, so it is these that are compared, in every library.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from sklon import TabularRegressor
from sklon._base.errors import InputError
from sklon.data import Preparation, Table, fit_preparation, read
from sklon.estimators.tabular.frames import table_of
from sklon.estimators.tabular.predictor import with_target

REPEATS = 10
LIBRARIES = ("numpy", "pandas", "polars", "pyarrow")


@dataclass(frozen=True)
class Values:
    """Values of a type that every library has, under its own name."""

    kind: str
    values: tuple[Any, ...]

    def repeated(self) -> Values:
        return Values(self.kind, self.values * REPEATS)


def values(kind: str, *given: Any) -> Values:
    return Values(kind, given)


def _numpy(column: Values) -> Any:
    kinds: dict[str, Any] = {"bool": bool, "int": np.int64, "float": np.float64, "moment": "datetime64[us]"}
    absent = any(value is None for value in column.values)
    return {"z": np.array(column.values, dtype=object if absent else kinds.get(column.kind, object))}


def _pandas(column: Values) -> Any:
    pandas = pytest.importorskip("pandas", reason="pandas is not installed")
    kinds = {"bool": "boolean", "int": "Int64", "float": "float64", "text": "string", "category": "category"}
    kind = kinds.get(column.kind, "datetime64[ns]" if column.kind == "moment" else "object")
    return pandas.DataFrame({"z": pandas.Series(list(column.values), dtype=kind)})


def _polars(column: Values) -> Any:
    polars = pytest.importorskip("polars", reason="polars is not installed")
    kinds = {"bool": polars.Boolean, "int": polars.Int64, "float": polars.Float64, "text": polars.String}
    if column.kind == "category":
        texts = [None if value is None else str(value) for value in column.values]
        return polars.DataFrame({"z": polars.Series(texts, dtype=polars.Categorical)})
    return polars.DataFrame({"z": polars.Series(list(column.values), dtype=kinds.get(column.kind))})


def _pyarrow(column: Values) -> Any:
    pyarrow = pytest.importorskip("pyarrow", reason="pyarrow is not installed")
    array = pyarrow.array(list(column.values))
    return pyarrow.table({"z": array.dictionary_encode() if column.kind == "category" else array})


MAKERS: dict[str, Callable[[Values], Any]] = {
    "numpy": _numpy, "pandas": _pandas, "polars": _polars, "pyarrow": _pyarrow,
}  # fmt: skip


def table(column: Values, library: str, fitted: Values) -> Table:
    """The column as an estimator sees it that was fitted on that one; NumPy has no type for categories, but a wish."""
    wish = ["z"] if library == "numpy" and fitted.kind == "category" else []
    return table_of(MAKERS[library](column), wish)


def prepared(column: Values, library: str) -> Preparation:
    """What is learned of a column, beside a target that does not matter."""
    rows = table(column.repeated(), library, column)
    target = read({"y": np.arange(float(len(rows)))}).column("y")
    return fit_preparation(with_target(rows, target), "y", "regression")


TRUE_FALSE = values("bool", True, False)
SIZES = values("category", 1, 2, 3)
DAYS = tuple(dt.date(2024, month, 3 * month) for month in range(1, 9))
MOMENTS = tuple(dt.datetime(day.year, day.month, day.day) for day in DAYS)
ISO = tuple(day.isoformat() for day in DAYS)
DOTTED = tuple(day.strftime("%d.%m.%Y") for day in DAYS)

#: the column of the fit, as it comes later, and what that is in the type of the fit (as there, if nothing else is said)
SAME: dict[str, tuple[Values, ...]] = {
    "truths as whole numbers": (TRUE_FALSE, values("int", 1, 0)),
    "truths as numbers beside a hole": (TRUE_FALSE, values("float", 1.0, None), values("bool", True, None)),
    "truths as they are printed": (TRUE_FALSE, values("text", "True", "False")),
    "truths as JSON has them": (TRUE_FALSE, values("text", "true", "false")),
    "truths as digits": (TRUE_FALSE, values("text", "1", "0")),
    "truths as a category": (TRUE_FALSE, values("category", "True", "False")),
    "whole numbers as truths": (values("int", 1, 0), TRUE_FALSE),
    "whole numbers as written truths": (values("int", 1, 0), values("text", "true", "FALSE")),
    "digits as truths": (values("text", "1", "0"), TRUE_FALSE),
    "written truths as truths": (values("text", "true", "false"), TRUE_FALSE),
    "written truths as whole numbers": (values("text", "TRUE", "FALSE"), values("int", 1, 0)),
    "a category of 0 and 1 as truths": (values("category", 1, 0), TRUE_FALSE),
    "truths with holes": (values("bool", True, False, None), values("int", 1, 0, None)),
    "a category of numbers as numbers": (SIZES, values("int", 1, 2, 3)),
    "a category of numbers beside a hole": (SIZES, values("float", 1.0, 3.0, None), values("category", 1, 3, None)),
    "a category of numbers as text": (SIZES, values("text", "1", "2", "3")),
    "a category of numbers as text of decimals": (SIZES, values("text", "1.0", "2.0", "3.00")),
    "a category as text": (values("category", "a", "b"), values("text", "a", "b")),
    "text as a category": (values("text", "a", "b"), values("category", "a", "b")),
    "whole numbers as decimals": (values("int", 1, 2, 3), values("float", 1.0, None, 3.0), values("int", 1, None, 3)),
    "decimals as whole numbers": (values("float", 1.0, 2.0, 3.5), values("int", 1, 2), values("float", 1.0, 2.0)),
    "numbers as text": (values("float", 1.0, 2.5, -3.0), values("text", "1", " 2.50", "-3e0")),
    "text as numbers": (values("text", "1", "2.5", "-3"), values("float", 1.0, 2.5, -3.0)),
    "numbers as a category": (values("int", 1, 2, 3), SIZES),
    "numbers as decimal numbers": (values("float", 1.0, 2.5), values("decimal", Decimal("1.0"), Decimal("2.5"))),
    "moments as text": (values("moment", *MOMENTS), values("text", *ISO)),
    "moments as dates": (values("moment", *MOMENTS), values("date", *DAYS)),
    "dates as moments": (values("date", *DAYS), values("moment", *MOMENTS)),
    "text as moments": (values("text", *ISO), values("moment", *MOMENTS)),
    "text with dots as moments": (values("text", *DOTTED), values("moment", *MOMENTS)),
    "text with dots as dates": (values("text", *DOTTED), values("date", *DAYS)),
    "text with dots as other text": (values("text", *DOTTED), values("text", *ISO)),
}

UNKNOWN, NO_NUMBERS, NO_DATES = "count as unknown", "are not numbers; they count as missing", "are not dates"
WARNED: dict[str, tuple[Values, Values, str]] = {
    "truths as other words": (TRUE_FALSE, values("text", "yes", "no"), UNKNOWN),
    "other words as truths": (values("text", "yes", "no"), TRUE_FALSE, UNKNOWN),
    "other texts": (values("text", "a", "b"), values("text", "A", "B"), UNKNOWN),
    "other numbers of things": (SIZES, values("int", 7, 8, 9), UNKNOWN),
    "names as dates": (values("text", "a", "b"), values("date", *DAYS), UNKNOWN),
    "numbers as truths": (values("int", 1, 2, 3), TRUE_FALSE, NO_NUMBERS),
    "numbers as names": (values("int", 1, 2, 3), values("text", "one", "two"), NO_NUMBERS),
    "numbers as dates": (values("int", 1, 2, 3), values("moment", *MOMENTS), NO_NUMBERS),
    "moments as text with dots": (values("moment", *MOMENTS), values("text", *DOTTED), NO_DATES),
    "dates as numbers": (values("date", *DAYS), values("int", 1, 2), NO_DATES),
}


@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.parametrize("pair", SAME)
def test_the_same_thing_in_another_type_is_the_same_input(pair: str, library: str) -> None:
    fitted, later, *meant = SAME[pair]
    preparation = prepared(fitted, library)
    found, told = table(later, library, fitted), table((meant or [fitted])[0], library, fitted)
    assert preparation.notes(found) == ()
    for one, other in zip(preparation.inputs(found), preparation.inputs(told), strict=True):
        np.testing.assert_array_equal(one, other)
    assert len({row.tobytes() for row in preparation.inputs(told)[0]}) > 1, "rows that do not differ show nothing"


@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.parametrize("pair", WARNED)
def test_another_thing_is_told_of_once_with_its_column(pair: str, library: str) -> None:
    fitted, later, clause = WARNED[pair]
    (note,) = prepared(fitted, library).notes(table(later, library, fitted))
    assert note.startswith(f"z has {len(later.values)} values") and clause in note


@pytest.mark.parametrize("pair", SAME)
def test_the_library_does_not_matter(pair: str) -> None:
    """Fitted in one, used in another: all libraries that are there give the same inputs."""
    pytest.importorskip("polars", reason="polars is not installed")
    fitted, later, *_ = SAME[pair]
    found = prepared(fitted, "numpy")
    inputs = [found.inputs(table(later, library, fitted))[0] for library in ("numpy", "pandas", "polars")]
    np.testing.assert_array_equal(inputs[0], inputs[1])
    np.testing.assert_array_equal(inputs[0], inputs[2])


def test_moments_are_what_the_clock_on_the_wall_shows() -> None:
    polars = pytest.importorskip("polars", reason="polars is not installed")
    pandas = pytest.importorskip("pandas", reason="pandas is not installed")
    start = dt.datetime(2024, 3, 30, 22)
    zoned = polars.datetime_range(start, interval="3h", end=start + dt.timedelta(days=1), eager=True)
    there = zoned.dt.replace_time_zone("Europe/Berlin")
    expected = [moment.hour for moment in there.to_list()]
    frames = [{"z": there}, polars.DataFrame({"z": there}), pandas.DataFrame({"z": there.to_list()})]
    for one in frames:
        texts = table_of(one).column("z").text.tolist()
        assert [dt.datetime.fromisoformat(text).hour for text in texts] == expected


def _objects(values: list[Any]) -> Any:
    array = np.empty(len(values), object)
    array[:] = values
    return array


PARTS: dict[str, list[Any]] = {
    "lists": [[1, 2], [3]],
    "mappings": [{"a": 1, "b": 2}, {"a": 2, "b": 3}],
    "arrays": [np.arange(2), np.arange(3)],
}


@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.parametrize("case", PARTS)
def test_values_with_parts_are_refused_with_their_column(case: str, library: str) -> None:
    X: Any = {"z": _objects(PARTS[case])}
    if library != "numpy":
        module = pytest.importorskip(library, reason=f"{library} is not installed")
        X = (module.table if library == "pyarrow" else module.DataFrame)({"z": PARTS[case]})
    with pytest.raises(InputError, match=r"'z' .*give each part a column"):
        table_of(X)


@pytest.mark.parametrize(
    ("X", "clause"),
    [
        ({"z": np.array([1j, 2j])}, "'z' holds complex numbers; give real and imaginary part each a column"),
        ({"z": 1}, "'z' is '1', .*; give a list of them"),
        ({1: [1.0], "1": [2.0]}, "more than one column named '1'; rename all but one"),
        (np.array([(1, 2.0)], dtype=[("a", int), ("b", float)]), r"pass \{name: X\[name\] for name in X.dtype.names\}"),
    ],
)
def test_other_things_that_are_no_columns_are_refused(X: Any, clause: str) -> None:
    with pytest.raises(InputError, match=clause):
        table_of(X)


def test_what_is_missing_is_so_in_every_library() -> None:
    pandas = pytest.importorskip("pandas", reason="pandas is not installed")
    holes = [None, float("nan"), np.datetime64("NaT"), pandas.NaT, pandas.NA, "NA", " "]
    assert table_of({"z": _objects([*holes, False, 0, "x"])}).column("z").text.tolist() == [None] * 7 + [
        "False",
        "0",
        "x",
    ]
    masked = np.ma.array([[1.0, 2.0], [3.0, 4.0]], mask=[[True, False], [False, False]])
    assert table_of(masked).column("x0").text.tolist() == [None, "3.0"]


def test_moments_that_are_names_are_written_as_moments() -> None:
    days = np.array(["2024-01-01", "2024-01-02", "NaT"], "datetime64[ns]")
    texts = table_of({"z": days}, ["z"]).column("z").text.tolist()
    assert texts == ["2024-01-01T00:00:00", "2024-01-02T00:00:00", None]


def test_bytes_are_text_and_durations_are_seconds() -> None:
    texts = table_of({"a": np.array([b"red", b"blue"]), "b": _objects([b"red", "blue"])})
    assert [column.text.tolist() for column in texts.columns] == [["red", "blue"]] * 2
    waits = table_of({"z": _objects([dt.timedelta(hours=1), None])}).column("z").as_numbers()
    np.testing.assert_array_equal(waits, [3600, np.nan])


def test_a_query_that_has_not_run_is_refused() -> None:
    polars = pytest.importorskip("polars", reason="polars is not installed")
    with pytest.raises(InputError, match=r"X is a query that has not run yet; pass what its method collect\(\) gives"):
        table_of(polars.DataFrame({"z": [1, 2]}).lazy())


def test_an_estimator_warns_once_and_names_the_column() -> None:
    random = np.random.default_rng(0)
    X: dict[str, Any] = {"x": random.normal(size=60), "flag": random.random(60) > 0.5}
    model = TabularRegressor(hidden=(8,), epochs=1, random_state=0).fit(X, X["x"] + X["flag"])
    as_numbers, as_words = (X | {"flag": given} for given in (X["flag"] * 1.0, np.where(X["flag"], "yes", "no")))
    np.testing.assert_array_equal(model.predict(as_numbers), model.predict(X))
    with pytest.warns(UserWarning) as said:
        model.predict(as_words)
    assert [str(one.message).split(", such as")[0] for one in said] == [
        "flag has 60 values of 60 that no training row has"
    ]
    assert said[0].filename == __file__
