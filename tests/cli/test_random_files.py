"""Random CSV files: training and predicting never end in a traceback, and predictions stay with their rows."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sklon._base.errors import InputError
from sklon.data import fit_preparation, read
from sklon.runs import problem, train
from sklon.runs.settings import Settings

QUICK: dict[str, Any] = {"hidden": "4", "epochs": 1, "threads": 1}

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
def usable_tables(draw: st.DrawFn) -> dict[str, list[str]]:
    """Random columns, beside a feature and a target that can be learned from."""
    rows = draw(st.integers(16, 30))
    names = [draw(st.sampled_from(list(CELLS))) for _ in range(draw(st.integers(0, 3)))]
    columns = {f"c{i}": [draw(CELLS[name]) for _ in range(rows)] for i, name in enumerate(names)}
    answers = ["yes", "no"] if draw(st.booleans()) else [f"{k}.5" for k in range(rows)]
    target = [answers[k % len(answers)] for k in range(rows)]
    return {**columns, "x": [str(k * k) for k in range(rows)], "y": target}


@settings(max_examples=6)
@given(table=usable_tables(), seed=st.integers(0, 99))
def test_predictions_line_up_with_their_rows(table: dict[str, list[str]], seed: int) -> None:
    source = read(table)
    run = train(source, target="y", **QUICK)
    order = np.random.default_rng(seed).permutation(len(source))
    straight, moved = run.predict(source), run.predict(source.take(order))
    if straight.probabilities is None or moved.probabilities is None:
        np.testing.assert_allclose(moved.prediction, straight.prediction[order], rtol=1e-4, atol=1e-5)
    else:
        np.testing.assert_allclose(moved.probabilities, straight.probabilities[order], rtol=1e-4, atol=1e-6)


def test_the_preparation_of_a_huge_spread_is_finite() -> None:
    table = read({"x": ["1e-320", "5e-324", "1e99", "-1e99"], "y": ["0", "1e-200", "1e-320", "1"]})
    prepared = fit_preparation(table, "y", "regression")
    assert np.isfinite(prepared.inputs(table)[0]).all() and np.isfinite(prepared.target.encode(table.column("y"))).all()
