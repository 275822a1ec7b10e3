"""Files of every dialect give the same table; files that are none give one sentence."""

from __future__ import annotations

import hashlib
import os
import sys
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sklon._base.errors import InputError
from sklon.data import Table, read

ROWS = [("1", "Orléans"), ("2.5", 'he said "hi", twice'), ("-3e2", "two\nlines")]
TEXT = 'size;city\n1;Orléans\n2.5;"he said ""hi"", twice"\n-3e2;"two\nlines"\n'

DIALECTS = {
    "semicolon": TEXT.encode(),
    "utf-8 with a mark": TEXT.encode("utf-8-sig"),
    "utf-16": TEXT.encode("utf-16"),
    "Latin code page": TEXT.encode("cp1252"),
    "comma": TEXT.replace(", twice", "<>").replace(";", ",").replace("<>", ", twice").encode(),
    "tab": TEXT.replace(";", "\t").encode(),
    "bar": TEXT.replace(";", "|").encode(),
    "no newline at the end": TEXT.rstrip("\n").encode(),
    "blank lines at the end": (TEXT + "\n\n").encode(),
}

REFUSED = {
    "empty": (b"", "is empty"),
    "only blanks": (b" \n\n", "is empty"),
    "header alone": (b"a,b\n", "has a header but no rows"),
    "binary": (bytes(range(256)) * 4, "is a binary file"),
    "excel": (b"PK\x03\x04" + b"\x00" * 50, "save the sheet as CSV"),
    "compressed": (b"\x1f\x8b" + b"\x00" * 50, "unpack it first"),
    "a name twice": (b"a,a\n1,2\n", "more than one column named 'a'"),
    "too few fields": (b"a,b\n1,2\n3\n4,5\n", "line 3 has 1 fields where the header has 2"),
    "too many fields": (b"a,b\n1,2,3\n4,5\n", "line 2 has 3 fields where the header has 2"),
    "a title above": (b"My report\n\nx,y\n1,2\n", "if a title stands above the header, delete it"),
    "open quotation": (b'a,b\n1,"x\n2,3\n', "line 2 opens a quotation mark that is not closed"),
}


def write(folder: Path, data: bytes, name: str = "table.csv") -> Path:
    path = folder / name
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("dialect", DIALECTS)
def test_every_dialect_gives_the_same_table(dialect: str, tmp_path: Path) -> None:
    table = read(write(tmp_path, DIALECTS[dialect]))
    assert table.names == ("size", "city")
    assert list(zip(*(column.text for column in table.columns), strict=True)) == ROWS
    numbers = table.column("size").numbers
    assert numbers is not None and numbers.tolist() == [1, 2.5, -300]


@pytest.mark.parametrize("ends", ["\r\n", "\r", "mixed"])
def test_line_ends_do_not_matter(ends: str, tmp_path: Path) -> None:
    text = "a,b\r\n1,x\n2,y\r\n" if ends == "mixed" else "a,b\n1,x\n2,y\n".replace("\n", ends)
    table = read(write(tmp_path, text.encode()))
    assert table.column("a").text.tolist() == ["1", "2"]
    assert table.column("b").text.tolist() == ["x", "y"]


def test_cyrillic_code_page_is_recognised_even_late_in_the_file(tmp_path: Path) -> None:
    text = "город,цена\n" + "x,1\n" * 30_000 + "Орёл,2\n"
    table = read(write(tmp_path, text.encode("cp1251")))
    assert table.names == ("город", "цена")
    assert table.column("город").text[-1] == "Орёл"


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_no_table_is_refused_in_one_sentence(case: str, tmp_path: Path) -> None:
    data, clause = REFUSED[case]
    with pytest.raises(InputError, match=clause) as caught:
        read(write(tmp_path, data))
    assert "\n" not in str(caught.value)
    assert str(tmp_path) not in str(caught.value)


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no file"):
        read(tmp_path / "none.csv")
    with pytest.raises(InputError, match="is a folder"):
        read(tmp_path)
    with pytest.raises(InputError, match="cannot read a table from a int"):
        read(3)


@pytest.mark.parametrize("spelling", ["", "NA", "N/A", "?", "null", "-", "nan", "  ", '""', " NA "])
def test_missing_values_in_every_spelling(spelling: str, tmp_path: Path) -> None:
    column = read(write(tmp_path, f"x,y\n1,a\n{spelling},b\n3,c\n".encode())).column("x")
    assert column.text.tolist() == ["1", None, "3"]
    assert column.numbers is not None
    np.testing.assert_array_equal(column.numbers, [1, np.nan, 3])
    assert column.missing.tolist() == [False, True, False]


def test_a_missing_value_after_many_numbers_leaves_the_column_numeric(tmp_path: Path) -> None:
    data = b"x,y\n" + b"1,2\n" * 30_000 + b"?,3\n"
    column = read(write(tmp_path, data)).column("x")
    assert column.numbers is not None and np.isnan(column.numbers[-1])


def test_labels_come_back_as_written(tmp_path: Path) -> None:
    data = b"answer,code,when\nyes,007,true\nno,08,false\n"
    table = read(write(tmp_path, data))
    assert table.column("answer").text.tolist() == ["yes", "no"]
    assert table.column("code").text.tolist() == ["007", "08"]
    assert table.column("when").text.tolist() == ["true", "false"]


@pytest.mark.parametrize("text", ["1_000", "0x10", "1,5", "one", "1 2", "--1", "٣"])
def test_what_python_or_a_database_may_take_for_a_number_is_text(text: str) -> None:
    assert read({"x": ["1", text]}).column("x").numbers is None


def test_decimal_commas_are_numbers_where_the_comma_does_not_separate(tmp_path: Path) -> None:
    text = "цена;код\n1,5;a\n-2;b\n?;c\n,25;d\n"
    column = read(write(tmp_path, text.encode("cp1251"))).column("цена")
    assert column.text.tolist() == ["1,5", "-2", None, ",25"]
    assert column.numbers is not None
    np.testing.assert_array_equal(column.numbers, [1.5, -2, np.nan, 0.25])


QUOTED: dict[str, tuple[str, list[float] | None]] = {
    "a decimal comma": ('a,b\n"1,5",x\n2,y\n"-,25",z\n?,w\n', [1.5, 2, -0.25, np.nan]),
    "three decimals beside": ('a,b\n"1,500","0,5"\n"2,250","1,5"\n', [1.5, 2.25]),
    "perhaps thousands": ('a,b\n"1,500",x\n"2,250",y\n', None),
    "many thousands": ('a,b\n"1,500,000",x\n"2,250,000",y\n', None),
    "lists": ('a,b\n"1,5",x\n"2,2,5",y\n', None),
    "text": ('a,b\n"1,5",x\n"a,b",y\n', None),
    "tabs": ("a\tb\n1,5\tx\n2\ty\n", [1.5, 2]),
    "tabs, perhaps thousands": ("a\tb\n1,500\tx\n2,250\ty\n", None),
}


@pytest.mark.parametrize("case", QUOTED)
def test_a_decimal_comma_beside_separating_commas_is_one_where_nothing_else_fits(case: str, tmp_path: Path) -> None:
    text, meant = QUOTED[case]
    numbers = read(write(tmp_path, text.encode())).column("a").numbers
    if meant is None:
        assert numbers is None
    else:
        np.testing.assert_array_equal(numbers, meant)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such names and pipes")
def test_a_pipe_and_a_name_that_is_no_text_are_read(tmp_path: Path) -> None:
    strange = tmp_path / os.fsdecode(b"caf\xe9.csv")
    strange.write_bytes(TEXT.encode())
    assert read(strange).source == "caf?.csv" and len(read(strange)) == 3
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_bytes, args=(TEXT.encode(),))
    writer.start()
    assert len(read(pipe)) == 3
    writer.join()


def test_numbers_whose_squares_overflow_are_infinite() -> None:
    numbers = read({"x": ["1", "-1e300"], "y": [1.0, 1e200]})
    assert [column.as_numbers()[1] for column in numbers.columns] == [-np.inf, np.inf]


def test_a_single_column_keeps_its_blank_rows(tmp_path: Path) -> None:
    assert read(write(tmp_path, b"x\n1\n\n3\n")).column("x").text.tolist() == ["1", None, "3"]


def test_nameless_columns_get_names(tmp_path: Path) -> None:
    assert read(write(tmp_path, b",a\n0,1\n1,2\n")).names == ("unnamed_1", "a")


def test_a_name_with_a_pattern_in_it_is_one_file(tmp_path: Path) -> None:
    write(tmp_path, b"a\n1\n", "t1.csv")
    table = read(write(tmp_path, b"a\n2\n", "t[1].csv"))
    assert table.column("a").text.tolist() == ["2"]


def test_the_digest_is_that_of_the_file_and_the_source_is_no_path(tmp_path: Path) -> None:
    table = read(write(tmp_path, TEXT.encode()))
    assert table.sha256 == hashlib.sha256(TEXT.encode()).hexdigest()
    assert table.source == "table.csv"


def test_parquet_keeps_its_types(tmp_path: Path) -> None:
    duckdb = pytest.importorskip("duckdb")
    path = tmp_path / "odd name.data"
    with duckdb.connect() as connection:
        connection.execute(
            "COPY (SELECT 1 AS i, true AS b, 'x' AS s, NULL::DOUBLE AS d "
            f"UNION ALL SELECT NULL, false, NULL, 2.5) TO '{path}' (FORMAT parquet)"
        )
    table = read(path)
    assert {column.name: column.text.tolist() for column in table.columns} == {
        "i": ["1", None],
        "b": ["True", "False"],
        "s": ["x", None],
        "d": [None, "2.5"],
    }
    assert [column.numbers is not None for column in table.columns] == [True, False, False, True]


class Frame:
    """What a pandas or polars frame looks like from here."""

    def __init__(self, **columns: Any) -> None:
        self.columns = list(columns)
        self._values = columns

    def __getitem__(self, name: str) -> Any:
        return self._values[name]


@pytest.mark.parametrize("make", [dict, Frame])
def test_frames_and_mappings_are_tables(make: Any) -> None:
    table = read(make(a=np.array([1.0, np.nan]), b=["x", None], c=np.array([True, False])))
    assert [column.text.tolist() for column in table.columns] == [
        ["1.0", None],
        ["x", None],
        ["True", "False"],
    ]
    assert read(table) is table
    assert table.sha256 != read(make(a=np.array([1.0, 2.0]), b=["x", None], c=np.array([True, False]))).sha256


def test_columns_of_unlike_length_or_shape_are_refused() -> None:
    with pytest.raises(InputError, match="differ in length: a 1, b 2"):
        read({"a": [1], "b": [1, 2]})
    with pytest.raises(InputError, match="one value per row"):
        read({"a": np.zeros((2, 2))})
    with pytest.raises(InputError, match="has no columns"):
        read({})


def test_an_unknown_column_is_answered_with_the_nearest() -> None:
    table: Table = read({"Median_Income": [1], "age": [2]})
    with pytest.raises(InputError, match="did you mean 'Median_Income'"):
        table.column("median_incom")
    with pytest.raises(InputError, match="it has Median_Income, age"):
        table.column("zzz")


def test_frames_say_by_their_types_what_is_a_name() -> None:
    pandas = pytest.importorskip("pandas", reason="pandas is not installed")
    moments = pandas.to_datetime(["2024-07-01 10:00", None]).tz_localize("Europe/Berlin")
    frame = pandas.DataFrame(
        {"floor": pandas.Categorical([2, 1]), "when": moments, "n": pandas.array([1, None], "Int64")}
    )
    floor, when, n = read(frame).columns
    assert floor.text.tolist() == ["2", "1"] and floor.numbers is None
    assert when.text.tolist() == ["2024-07-01 10:00:00+02:00", None]
    np.testing.assert_array_equal(n.as_numbers(), [1, np.nan])


def test_a_table_of_arrow_is_a_frame() -> None:
    pyarrow = pytest.importorskip("pyarrow", reason="pyarrow is not installed")
    for table in (
        pyarrow.table({"a": ["u", None], "b": [1, 2]}),
        pyarrow.record_batch({"a": ["u", None], "b": [1, 2]}),
    ):
        assert [column.text.tolist() for column in read(table).columns] == [["u", None], ["1", "2"]]
