"""Partial dependence: scikit-learn's values, closed forms, every kind of column, and what the report makes of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import numpy as np
import pytest

from sklon.data import Preparation, Table, fit_preparation, read
from sklon.runs import Run, dependence, dependence_pictures, importance, train
from sklon.runs.dependence import Dependence, dependences

inspection = pytest.importorskip("sklearn.inspection")

Array = np.ndarray[Any, Any]
ROWS = 200  # fewer than are drawn, so that all count


def numbers(rows: int = ROWS) -> Table:
    random = np.random.default_rng(0)
    x, z = random.normal(size=(2, rows))
    return read({"x": x, "z": z, "few": random.integers(0, 4, rows), "y": x + z})


def follow(table: Table, names: tuple[str, ...], predict: Callable[[Table], Array]) -> tuple[Dependence, ...]:
    return dependences(fit_preparation(table, "y", "regression"), names, table, predict, seed=0)


def of(table: Table, name: str) -> Array:
    return table.column(name).as_numbers()


def points(found: Dependence) -> Array:
    return np.array(found.points, float)


def test_values_are_scikit_learns_for_the_same_predictor() -> None:
    from sklearn.base import BaseEstimator, RegressorMixin

    class Predictor(RegressorMixin, BaseEstimator):  # type: ignore[misc]
        def fit(self, X: Any, y: Any) -> Predictor:
            return self

        def __sklearn_is_fitted__(self) -> bool:
            return True

        def predict(self, X: Array) -> Any:
            return np.sin(X[:, 0]) * X[:, 1] + X[:, 0] ** 2

    table = numbers()
    (found,) = follow(table, ("x",), lambda t: np.sin(of(t, "x")) * of(t, "z") + of(t, "x") ** 2)
    X = np.stack([of(table, "x"), of(table, "z")], axis=1)
    known = inspection.partial_dependence(Predictor(), X, [0], custom_values={0: found.points})
    np.testing.assert_allclose(found.lines[0].average, known["average"][0], rtol=1e-12)
    grid = inspection.partial_dependence(Predictor(), X, [0], grid_resolution=dependence.MOST_POINTS)["grid_values"][0]
    np.testing.assert_allclose(points(found), grid, rtol=0.05, atol=0.05)  # quantiles by another interpolation


def test_an_additive_function_is_followed_exactly_and_what_does_not_matter_is_flat() -> None:
    table = numbers()
    x, few, z = follow(table, ("x", "few", "z"), lambda t: 3 * of(t, "x") + np.exp(of(t, "few")))
    lifted = np.mean(np.exp(of(table, "few")))
    np.testing.assert_allclose(x.lines[0].average, 3 * points(x) + lifted, rtol=1e-12)
    assert few.points == [0.0, 1.0, 2.0, 3.0] and few.rows == np.bincount(of(table, "few").astype(int)).tolist()
    np.testing.assert_allclose(few.lines[0].average, np.exp(points(few)) + 3 * np.mean(of(table, "x")), rtol=1e-12)
    assert np.ptp(z.lines[0].average) < 1e-12
    assert [line.label for line in x.lines] == ["y"] and (x.column, x.kind) == ("x", "number")


def test_points_lie_at_equal_distances_through_the_middle_of_the_values() -> None:
    table = numbers()
    (found,) = follow(table, ("x",), lambda t: of(t, "x"))
    at = points(found)
    assert len(at) == dependence.MOST_POINTS
    np.testing.assert_allclose(np.diff(at), np.ptp(at) / (len(at) - 1))
    np.testing.assert_allclose(at[[0, -1]], np.quantile(of(table, "x"), [0.05, 0.95]))
    ends = dependence.bounds(at)
    assert found.rows == np.histogram(of(table, "x"), ends)[0].tolist() and 0.85 * ROWS < sum(found.rows) < ROWS


def test_a_value_that_fills_the_middle_leaves_room_for_the_others() -> None:
    rare = np.where(np.arange(4000) % 80 == 0, np.arange(4000.0), 0)
    table = read({"rare": rare, "y": rare})
    (found,) = follow(table, ("rare",), lambda t: of(t, "rare"))
    assert (found.points[0], found.points[-1]) == (0, 3920) and len(found.points) == dependence.MOST_POINTS


def test_rows_without_a_number_are_left_out_for_that_column_alone() -> None:
    table = numbers()
    x = np.where(np.arange(ROWS) % 4 == 0, np.nan, of(table, "x"))
    table = read({"x": x, "z": of(table, "z"), "y": of(table, "y")})
    by_x, by_z = follow(table, ("x", "z"), lambda t: np.nan_to_num(of(t, "x"), nan=100) + of(t, "z"))
    present = np.isfinite(x)
    np.testing.assert_allclose(by_x.lines[0].average, points(by_x) + np.mean(of(table, "z")[present]), rtol=1e-12)
    np.testing.assert_allclose(by_z.lines[0].average, points(by_z) + np.mean(np.where(present, x, 100)), rtol=1e-12)


def test_categories_come_by_their_frequency_and_missing_is_one() -> None:
    texts = ["red"] * 50 + ["blue"] * 30 + ["NA"] * 20 + ["grey"] * 4
    table = read({"colour": texts, "x": np.arange(104.0), "y": np.arange(104.0)})
    height: dict[str | None, float] = {"red": 1.0, "blue": 5.0, None: -2.0, "grey": 0.5}
    (found,) = follow(table, ("colour",), lambda t: np.array([height[text] for text in t.column("colour").text]))
    assert (found.kind, found.points, found.rows) == ("category", ["red", "blue", None, "grey"], [50, 30, 20, 4])
    assert found.lines[0].average == [1.0, 5.0, -2.0, 0.5]


def test_of_many_categories_the_most_frequent_are_turned() -> None:
    texts = [f"city {i:02d}" for i in range(20) for _ in range(5 + i)]
    table = read({"city": texts, "y": np.arange(float(len(texts)))})
    (found,) = follow(table, ("city",), lambda t: np.array([float(str(text)[-2:]) for text in t.column("city").text]))
    assert found.points == [f"city {i:02d}" for i in range(19, 19 - dependence.MOST_CATEGORIES, -1)]
    assert found.lines[0].average == [float(i) for i in range(19, 19 - dependence.MOST_CATEGORIES, -1)]


def test_dates_are_turned_in_the_spelling_of_iso() -> None:
    days = [datetime(2024, 1, 1 + i % 28).strftime("%d.%m.%Y") for i in range(ROWS)]
    days[3] = "NA"
    table = read({"day": days, "y": np.arange(float(ROWS))})
    (found,) = follow(table, ("day",), lambda t: np.array([int(str(text)[8:10]) for text in t.column("day").text]) / 7)
    assert found.kind == "date" and found.points == [f"2024-01-{day:02d}T00:00:00" for day in range(1, 29)]
    np.testing.assert_allclose(found.lines[0].average, np.arange(1, 29) / 7)
    assert sum(found.rows) == ROWS - 1


def test_a_run_folder_holds_no_value_of_a_single_row() -> None:
    moments = [datetime.fromtimestamp(1_700_000_000 + 400_009 * i).isoformat() for i in range(ROWS)]
    table = read({"moment": moments, "x": np.linspace(0.0, 1.0, ROWS) ** 2, "y": np.arange(float(ROWS))})
    x = of(table, "x")
    for few in (30, ROWS):
        some = table.take(np.arange(few))
        dates, quantities = follow(some, ("moment", "x"), lambda t: of(t, "x"))
        assert not set(dates.points) & set(moments) and len(dates.points) == min(few, 32)
        assert not set(quantities.points) & set(x.tolist()) and len(quantities.points) == min(few, 32)
        assert sum(dates.rows) <= few


def test_a_column_with_one_value_has_nothing_to_follow() -> None:
    table = numbers()
    preparation = fit_preparation(table, "y", "regression")
    same = read({"x": np.ones(9), "z": np.arange(9.0), "few": np.ones(9), "y": np.arange(9.0)})
    found = dependences(preparation, ("x", "z", "few"), same, lambda t: of(t, "z"), seed=0)
    assert [one.column for one in found] == ["z"]


def classes(labels: int) -> tuple[Preparation, Table]:
    random = np.random.default_rng(0)
    letters = np.array([chr(97 + i) for i in range(labels)])
    table = read({"x": random.normal(size=ROWS), "y": letters[np.arange(ROWS) % labels]})
    return fit_preparation(table, "y", "binary" if labels == 2 else "multiclass"), table


def test_of_two_labels_the_second_is_followed() -> None:
    preparation, table = classes(2)

    def chance(x: Array) -> Array:
        return np.asarray(1 / (1 + np.exp(-x)))

    def predict(table: Table) -> Array:
        return np.stack([chance(-of(table, "x")), chance(of(table, "x"))], axis=1)

    (found,) = dependences(preparation, ("x",), table, predict, seed=0)
    assert [line.label for line in found.lines] == ["b"]
    np.testing.assert_allclose(found.lines[0].average, chance(points(found)))


def test_of_many_labels_those_are_kept_that_move_most() -> None:
    preparation, table = classes(8)
    slopes = np.array([0.1, 7, 0.2, 6, 5, 0, 4, -3])
    (found,) = dependences(preparation, ("x",), table, lambda t: of(t, "x")[:, None] * slopes, seed=0)
    assert [line.label for line in found.lines] == ["b", "d", "e", "g", "h"]
    np.testing.assert_allclose(found.lines[-1].average, -3 * points(found))


def test_rows_are_drawn_from_the_whole_table() -> None:
    table = numbers(10 * dependence.MOST_ROWS)
    seen: list[Array] = []

    def predict(turned: Table) -> Array:
        seen.append(of(turned, "z"))
        return of(turned, "x")

    follow(table, ("x",), predict)
    places = np.flatnonzero(np.isin(of(table, "z"), seen[0]))
    assert len(seen) == dependence.MOST_POINTS and len(seen[0]) == len(places) == dependence.MOST_ROWS
    assert places.max() > 0.9 * len(table) and places.min() < 0.1 * len(table)


@pytest.mark.parametrize("task", ["regression", "binary", "multiclass"])
def test_the_record_and_the_report_follow_the_most_important_columns(task: str, run_of: Callable[[str], Run]) -> None:
    run = run_of(task)
    first = [one["column"] for one in run.record["importance"] if one["mean"] > 0][: dependence.MOST_COLUMNS]
    assert first and [one["column"] for one in run.record["dependence"]] == first
    for one in run.record["dependence"]:
        assert all(len(line["average"]) == len(one["points"]) == len(one["rows"]) for line in one["lines"])
    assert run.report.count("(partial dependence)") == 1 and "trust a curve less" in run.report
    pictures = 3  # of the losses, the answers and how far they are off
    assert run.report.count("<svg") == pictures + len(first)


def test_it_is_the_mean_of_what_the_run_predicts() -> None:
    random = np.random.default_rng(0)
    x, colour = random.integers(-2, 3, 400), random.choice(["red", "green", "blue"], 400)
    source = {"x": x, "colour": colour, "y": 3 * x + 2 * (colour == "red") + random.normal(size=400)}
    learning, watching = ({name: part[rows] for name, part in source.items()} for rows in (slice(300), slice(300, 400)))
    run = train(learning, target="y", validation=watching, hidden="8", epochs=5, threads=1)
    assert {one["column"] for one in run.record["dependence"]} == {"x", "colour"}
    for one in run.record["dependence"]:
        turned = [watching | {one["column"]: np.full(100, point)} for point in one["points"]]
        means = [np.mean(run.predict(rows).prediction) for rows in turned]
        np.testing.assert_allclose(one["lines"][0]["average"], means, rtol=1e-5, atol=1e-5)


def test_without_scikit_learn_it_is_left_out_with_the_importances(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (dependence, importance):
        monkeypatch.setattr(module, "scikit", lambda: None)
    x = np.random.default_rng(0).normal(size=60)
    run = train({"x": x, "y": 2 * x}, target="y", hidden="4", epochs=1, threads=1)
    assert run.record["importance"] == run.record["dependence"] == []
    assert "What it leans on" not in run.report and "partial dependence" not in run.report


KINDS: dict[str, list[Any]] = {
    "number": [-1.0, 0.5, 2.0],
    "date": ["2024-01-01T00:00:00", "2024-01-02T12:00:00", "2024-03-01T00:00:00"],
    "category": ["<b>", None, "$\\frac{$"],
}


@pytest.mark.parametrize("lines", [1, 5])
@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_drawn_also_under_hostile_names_and_where_nothing_moves(kind: str, lines: int) -> None:
    pytest.importorskip("matplotlib")
    evil = "<script>$x_1$"
    flat = [{"label": f"{evil}{i}", "average": [0.25] * 3} for i in range(lines)]
    one = {"column": evil, "kind": kind, "points": KINDS[kind], "rows": [4, 0, 9], "lines": flat}
    (svg,) = dependence_pictures.dependences([one], evil)
    assert svg.startswith("<svg") and "nan" not in svg and "<script" not in svg and "&lt;script&gt;$x_1$" in svg
