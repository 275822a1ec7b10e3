"""Random CSV files: training and predicting never end in a traceback, and predictions stay with their rows."""

from __future__ import annotations

import csv
import io
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sklon._base.errors import InputError
from sklon.cli import main
from sklon.data import fit_preparation, read
from sklon.runs import problem
from sklon.runs.settings import Settings

CELLS = {
    "numbers": st.floats(allow_nan=True).map(repr),
    "small numbers": st.integers(-3, 3).map(str),
    "decimal commas": st.decimals(-9, 9, places=2).map(lambda x: str(x).replace(".", ",")),
    "missing": st.sampled_from(["", "NA", "N/A", "?", "null", "-", "nan"]),
    "words": st.sampled_from(["yes", "no", "жук", 'a "b"', "a,b;c", "two\nlines", " blank ", "é"]),
    "dates": st.dates().map(str),
    "anything": st.text(max_size=6),
}


@st.composite
def tables(draw: st.DrawFn) -> list[list[str]]:
    """A header and rows, each column of one kind or mixed with others."""
    columns, rows = draw(st.integers(2, 4)), draw(st.integers(1, 30))
    kinds = [draw(st.lists(st.sampled_from(list(CELLS)), min_size=1, max_size=2)) for _ in range(columns)]
    mixed = [st.one_of([CELLS[name] for name in names]) for names in kinds]
    return [[f"c{i}" for i in range(columns)], *([draw(cell) for cell in mixed] for _ in range(rows))]


def encoded(table: list[list[str]], delimiter: str, encoding: str) -> bytes:
    file = io.StringIO()
    csv.writer(file, delimiter=delimiter, lineterminator="\n").writerows(table)
    return file.getvalue().encode(encoding, errors="replace")


DIALECTS = st.tuples(st.sampled_from(",;\t|"), st.sampled_from(["utf-8", "utf-8-sig", "cp1251", "utf-16"]))


@settings(max_examples=150)
@given(table=tables(), dialect=DIALECTS)
def test_any_file_is_prepared_or_refused_in_one_sentence(
    table: list[list[str]], dialect: tuple[str, str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("random") / "t.csv"
    path.write_bytes(encoded(table, *dialect))
    try:
        posed = problem.pose(read(path), "c0", None, Settings.from_words({}))
    except InputError as error:
        assert "\n" not in str(error)
        return
    for inputs, answers in (posed.training, posed.validation):
        assert all(np.isfinite(part).all() for part in (*inputs, answers))
        assert {len(part) for part in (*inputs, answers)} == {len(answers)}


@settings(max_examples=100)
@given(junk=st.binary(max_size=300))
def test_any_bytes_are_a_table_or_refused_in_one_sentence(
    junk: bytes, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path: Path = tmp_path_factory.mktemp("junk") / "t.csv"
    path.write_bytes(junk)
    try:
        assert len(read(path))
    except InputError as error:
        assert "\n" not in str(error)


@st.composite
def usable_tables(draw: st.DrawFn) -> list[list[str]]:
    """Names of rows and random columns, beside a feature and a target that can be learned from, with a header."""
    rows = draw(st.integers(16, 30))
    names = [draw(st.sampled_from(list(CELLS))) for _ in range(draw(st.integers(0, 3)))]
    answers = draw(
        st.sampled_from([["yes", "no"], ["да", "нет", 'a, "b"'], ["1", "0"], [f"{k}.5" for k in range(rows)]])
    )
    columns = {
        "row": [f"row {k}, \"{k * k}\"; '{k}'" for k in range(rows)],
        **{f"c{i}": [draw(CELLS[name]) for _ in range(rows)] for i, name in enumerate(names)},
        "x": [str(k * k) for k in range(rows)],
        "y": [answers[k % len(answers)] for k in range(rows)],
    }
    return [list(columns), *(list(row) for row in zip(*columns.values(), strict=True))]


def ended(*words: str) -> int:
    """The exit code of a command; what it says ends in no traceback and, if it refuses, in one sentence."""
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err), pytest.raises(SystemExit) as end:
        main(list(words))
    code = end.value.code or 0
    assert code in (0, 2) and "Traceback" not in err.getvalue(), err.getvalue()
    assert code == 0 or sum(line.startswith("error: ") for line in err.getvalue().splitlines()) == 1
    return int(code)


def predicted(run: Path, table: Path) -> dict[str, list[str]]:
    """What the command writes about each row, by the row's name."""
    out = table.with_suffix(".out")
    assert ended("predict", str(run), str(table), "-o", str(out)) == 0
    with out.open(newline="", encoding="utf-8") as file:
        _, *rows = csv.reader(file)
    return {name: values for name, *values in rows}


@settings(max_examples=20)
@given(table=usable_tables(), dialect=DIALECTS, seed=st.integers(0, 99))
def test_the_whole_command_takes_any_file_and_predictions_line_up_with_their_rows(
    table: list[list[str]], dialect: tuple[str, str], seed: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    place = tmp_path_factory.mktemp("whole")
    path, moved, run = place / "t.csv", place / "moved.csv", place / "run"
    header, *rows = table
    shuffled = np.random.default_rng(seed).permutation(len(rows))
    path.write_bytes(encoded(table, *dialect))
    moved.write_bytes(encoded([header[::-1], *(rows[i][::-1] for i in shuffled)], *dialect))
    words = ["--epochs", "1", "--hidden", "4", "--threads", "1", "--id", "row", "--out", str(run)]
    if ended("train", str(path), "--target", "y", *words) == 2:
        assert sorted(place.iterdir()) == [moved, path]
        return
    straight, other = predicted(run, path), predicted(run, moved)
    assert list(straight) == [row[0] for row in rows] and list(other) == [rows[i][0] for i in shuffled]
    for name, values in straight.items():
        for value, again in zip(values, other[name], strict=True):
            assert value == again or float(value) == pytest.approx(float(again), rel=1e-3, abs=1e-4)
    assert ended("evaluate", str(run), str(moved)) == ended("show", str(run)) == 0


def test_the_preparation_of_a_huge_spread_is_finite() -> None:
    table = read({"x": ["1e-320", "5e-324", "1e99", "-1e99"], "y": ["0", "1e-200", "1e-320", "1"]})
    prepared = fit_preparation(table, "y", "regression")
    assert np.isfinite(prepared.inputs(table)[0]).all() and np.isfinite(prepared.target.encode(table.column("y"))).all()
