"""Dates in their common spellings become the same calendar parts."""

from __future__ import annotations

import json

import numpy as np
import pytest

from sklon.data import Calendar, Dropped, Preparation, column_from_text, fit_preparation, fit_recipe, moments, read
from sklon.data.dates import FORMATS, ISO, PARTS, calendar, date_of, format_of

DATES = ["2023-12-31 23:30:00", "2024-02-29 06:00:00", "2024-07-01 00:00:00"]


@pytest.mark.parametrize("form", FORMATS)
def test_every_format_is_found_and_read(form: str) -> None:
    dates = [date for text in DATES if (date := date_of(text, ISO))]
    column = column_from_text("when", [date.isoformat() if form == ISO else date.strftime(form) for date in dates])
    assert format_of(column) == form
    parts = calendar(column, form)
    assert parts["year"].tolist() == [2023, 2024, 2024] and parts["day"].tolist() == [31, 29, 1]
    assert parts["month"].tolist() == [12, 2, 7] and parts["weekday"].tolist() == [6, 3, 0]
    assert "H" not in form or parts["hour"].tolist() == [23.5, 6, 0]


@pytest.mark.parametrize("text", ["1.5", "12", "2024-13-01", "31.02.2024", "soon", "1-2-3", "2024-W01-1"])
def test_what_is_no_date_is_none(text: str) -> None:
    assert format_of(column_from_text("when", [text])) is None


def test_a_date_gives_the_parts_that_differ_and_survives_json() -> None:
    days = np.datetime64("2024-01-01") + np.arange(60)
    table = read({"when": [*map(str, days[:-1]), None], "y": np.arange(60.0)})
    preparation = fit_preparation(table, "y", "regression")
    recipe = preparation.recipes[0]
    assert isinstance(recipe, Calendar) and recipe.describe() == "a date, as month, day, weekday"
    again = Preparation.from_json(json.loads(json.dumps(preparation.to_json())))
    assert again == preparation
    X = again.inputs(read({"when": ["2024-01-05", "junk", None]}))[0]
    assert np.isfinite(X).all() and (X[1] == X[2]).all() and X.shape == (3, again.features)


def test_dates_of_frames_are_dates_and_moments_sort_them() -> None:
    when = np.array(["2024-03-01", "NaT", "2023-01-01"], dtype="datetime64[ns]")
    column = read({"when": when}).column("when")
    assert column.text.tolist() == ["2024-03-01T00:00:00", None, "2023-01-01T00:00:00"]
    order = moments(column)
    assert order is not None and order[2] < order[0] and np.isnan(order[1])
    assert moments(column_from_text("x", ["a", "b"])) is None


def test_dates_that_differ_only_in_seconds_are_dropped() -> None:
    recipe = fit_recipe(column_from_text("when", ["2024-01-01T00:00:01", "2024-01-01T00:00:02"]))
    assert isinstance(recipe, Dropped) and set(PARTS) == {"year", "month", "day", "weekday", "hour"}
