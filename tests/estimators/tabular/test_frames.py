"""What users hold becomes the same table: mappings, arrays, lists, and frames of pandas, polars and Arrow."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from sklon._base.errors import InputError
from sklon.estimators.tabular.frames import table_of

COLUMNS: dict[str, Any] = {
    "size": [1.5, 2.5, float("nan")],
    "rooms": [1, 2, 3],
    "colour": ["red", None, "blue"],
    "day": np.array(["2024-01-01", "2024-02-01", "NaT"], dtype="datetime64[ns]"),
}


def _texts(table: Any) -> dict[str, list[Any]]:
    return {column.name: column.text.tolist() for column in table.columns}


EXPECTED = {
    "size": ["1.5", "2.5", None],
    "rooms": ["1", "2", "3"],
    "colour": ["red", None, "blue"],
    "day": ["2024-01-01T00:00:00", "2024-02-01T00:00:00", None],
}


def test_a_mapping_is_a_table() -> None:
    assert _texts(table_of(COLUMNS)) == EXPECTED


@pytest.mark.parametrize("library", ["pandas", "polars", "pyarrow"])
def test_frames_of_other_libraries_are_the_same_table(library: str) -> None:
    module = pytest.importorskip(library, reason=f"{library} is not installed")
    make = module.table if library == "pyarrow" else module.DataFrame
    columns = COLUMNS | {"day": COLUMNS["day"].astype("datetime64[us]")} if library == "pyarrow" else COLUMNS
    assert _texts(table_of(make(columns))) == EXPECTED


def test_arrays_and_lists_get_names_and_keep_their_numbers() -> None:
    for rows in (np.array([[1, 2], [3, 4]]), [[1, 2], [3, 4]]):
        assert _texts(table_of(rows)) == {"x0": ["1", "3"], "x1": ["2", "4"]}
    mixed = table_of(np.array([[1.5, "a"], [2.5, "b"]], dtype=object))
    assert mixed.column("x0").numbers is not None and mixed.column("x1").numbers is None


def test_a_categorical_type_and_a_wish_make_names_of_numbers() -> None:
    class Categorical(list[int]):
        dtype = "category"

        def to_numpy(self) -> Any:
            return np.array(list(self))

    table = table_of({"a": Categorical([1, 2, 1]), "b": [1, 2, 1], "c": [1, 2, 1]}, categorical=["b"])
    assert [column.numbers is None for column in table.columns] == [True, True, False]


@pytest.mark.parametrize(
    ("X", "clause"),
    [
        (np.arange(3), r"Reshape your data"),
        (np.ones((2, 2), complex), "Complex data not supported"),
        (np.ones((0, 2)), r"0 sample\(s\)"),
        (np.ones((2, 0)), r"0 feature\(s\)"),
        (SimpleNamespace(tocsr=None), r"pass X.toarray\(\)"),
        ({"a": [1, 2], "b": [1]}, "differ in length"),
    ],
)
def test_what_is_no_table_is_refused(X: Any, clause: str) -> None:
    with pytest.raises(InputError, match=clause):
        table_of(X)


def test_a_series_is_no_frame() -> None:
    pandas = pytest.importorskip("pandas", reason="pandas is not installed")
    with pytest.raises(InputError, match="Reshape your data"):
        table_of(pandas.Series([1.0, 2.0]))


@pytest.mark.parametrize("library", ["pandas", "polars", "pyarrow", "dict"])
def test_a_frame_without_rows_is_refused(library: str) -> None:
    columns: Any = {"a": [], "b": []}
    if library != "dict":
        module = pytest.importorskip(library, reason=f"{library} is not installed")
        columns = (module.table if library == "pyarrow" else module.DataFrame)(columns)
    with pytest.raises(InputError, match="X has columns but no rows"):
        table_of(columns)


@pytest.mark.parametrize("wish", [["x1"], [1], [np.int64(1)]])
def test_columns_of_an_array_are_wished_for_by_name_or_place(wish: list[object]) -> None:
    table = table_of(np.array([[1.0, 2.0], [3.0, 4.0]]), categorical=wish)
    assert [column.numbers is None for column in table.columns] == [False, True]


def test_a_number_that_is_a_name_is_no_place() -> None:
    table = table_of({"1": [1, 2], "0": [3, 4]}, categorical=[0])
    assert [column.numbers is None for column in table.columns] == [False, True]
    for strange in (2, -1, True):
        with pytest.raises(InputError, match=f"no column '{strange}'"):
            table_of(np.array([[1.0, 2.0]]), categorical=[strange])


def test_a_categorical_column_that_is_not_there_is_named() -> None:
    with pytest.raises(InputError, match="no column 'b' that could be categorical; it has a"):
        table_of({"a": [1, 2]}, categorical=["b"])


def test_whole_numbers_name_the_same_things_beside_missing_values() -> None:
    pandas = pytest.importorskip("pandas", reason="pandas is not installed")
    forms = [[1, 2], [1.0, 2.0], [1.0, 2.0, np.nan], pandas.array([1, 2, None], dtype="Int64")]
    for values in forms:
        expected = ["1", "2", None][: len(values)]
        assert _texts(table_of({"a": values}, categorical=["a"])) == {"a": expected}
        assert _texts(table_of(pandas.DataFrame({"a": values}).astype("category"))) == {"a": expected}
    texts = pandas.DataFrame({"a": pandas.array(["u", None], dtype="string")})
    assert _texts(table_of(texts, categorical=["a"])) == {"a": ["u", None]}
    assert _texts(table_of({"a": [[1, 2], [3, 4]]}, categorical=["a"])) == {"a": ["[1, 2]", "[3, 4]"]}


def test_durations_are_seconds_and_missing_moments_are_missing() -> None:
    pandas = pytest.importorskip("pandas", reason="pandas is not installed")
    waits = table_of(pandas.DataFrame({"wait": pandas.to_timedelta(["2h", None, "1min"])})).column("wait")
    np.testing.assert_array_equal(waits.as_numbers(), [7200, np.nan, 60])
    zoned = pandas.to_datetime(["2024-01-01 10:00", None], utc=True)
    assert _texts(table_of(pandas.DataFrame({"day": zoned}))) == {"day": ["2024-01-01 10:00:00+00:00", None]}
