"""Columns with a role of their own, and rows with one: what trains, what validates, what only tests."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest

from sklon._base.errors import InputError
from sklon.data import Dropped, read
from sklon.runs import problem, train
from sklon.runs.settings import Settings

QUICK: dict[str, Any] = {"hidden": "8", "epochs": 2, "threads": 1}
ROWS = 120


@pytest.fixture(name="source")
def _source() -> dict[str, Any]:
    random = np.random.default_rng(1)
    x = random.normal(size=ROWS)
    return {
        "row": [f"r{i}" for i in range(ROWS)],
        "patient": [f"p{i % 12}" for i in range(ROWS)],
        "day": (np.datetime64("2024-01-01") + np.arange(ROWS)).astype(str),
        "x": x,
        "noise": random.normal(size=ROWS),
        "y": np.where(x > 0, "yes", "no"),
    }


def test_set_aside_columns_are_no_features_and_ids_are_copied(source: dict[str, Any]) -> None:
    run = train(source, target="y", ignore="noise,day", id=["row"], group_column="patient", **QUICK)
    used = [recipe.name for recipe in run.preparation.recipes if not isinstance(recipe, Dropped)]
    assert used == ["x"]
    new = {"x": [1.0, -1.0], "row": ["a, b", None]}
    predictions = run.predict(new)
    assert predictions.columns == ("row", "prediction", "probability_no", "probability_yes")
    file = io.StringIO()
    predictions.write_csv(file)
    lines = file.getvalue().splitlines()
    assert lines[1].startswith('"a, b",') and lines[2].startswith(",")
    assert len(run.predict({"x": [1.0]}).columns) == 3
    assert "--group-column patient" in run.record["command"] and "--ignore noise,day" in run.record["command"]


def test_groups_stay_together_and_the_latest_rows_validate(source: dict[str, Any]) -> None:
    table = read(source)
    grouped = problem.pose(table, "y", None, Settings.from_words({"group_column": "patient"}))
    assert len(grouped.truth) % 10 == 0
    late = problem.pose(table, "y", None, Settings.from_words({"time_column": "day"}))
    assert len(late.truth) == int(0.15 * ROWS)
    expected = (np.asarray(source["y"])[-len(late.truth) :] == "yes").astype(int)
    np.testing.assert_array_equal(late.truth, expected)


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "absent": ({"ignore": "nois"}, "has no column 'nois'; did you mean 'noise'"),
    "the target": ({"id": "y"}, "can have no other role"),
    "both splits": ({"group_column": "patient", "time_column": "day"}, "not both"),
    "text as time": ({"time_column": "row"}, "holds neither numbers nor dates"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_impossible_roles_are_refused(case: str, source: dict[str, Any]) -> None:
    words, clause = REFUSED[case]
    with pytest.raises(InputError, match=clause):
        train(source, target="y", **words, **QUICK)


def test_a_test_table_is_scored_and_nothing_else(source: dict[str, Any]) -> None:
    table = read(source)
    learning, held = table.take(np.arange(90)), table.take(np.arange(90, ROWS))
    plain, tested = train(learning, target="y", **QUICK), train(learning, target="y", test=held, **QUICK)
    for name, weight in plain.weights.items():
        np.testing.assert_array_equal(weight, tested.weights[name])
    scored = dict(tested.record["test"])
    compared = scored.pop("compared")
    assert scored == tested.evaluate(held) and scored["rows"] == 30
    assert compared["network"] == scored["scores"] and compared["intervals"]["network"] == scored["intervals"]
    assert set(compared["trivial"]) == set(compared["linear"]) == set(scored["scores"])
    assert "which chose nothing" in tested.report and "--test" in tested.record["command"]
    with pytest.raises(InputError, match="has no column 'y'"):
        train(learning, target="y", test={"x": [1.0], "noise": [1.0], "patient": ["a"], "day": ["b"]}, **QUICK)


def test_rows_that_cannot_be_right_are_counted(source: dict[str, Any]) -> None:
    run = train({"x": source["x"], "y": source["y"]}, target="y", **QUICK)
    scored = run.evaluate({"x": [1.0, 2.0, 3.0, 4.0], "y": ["yes", "no", "maybe", None]})
    assert (scored["rows"], scored["rows_without_target"], scored["unknown_labels"]) == (3, 1, 1)
    assert scored["scores"]["accuracy"] <= 2 / 3 and np.isfinite(scored["scores"]["log_loss"])
    with pytest.raises(InputError, match="none of the labels no, yes"):
        run.evaluate({"x": [1.0], "y": ["maybe"]})


def with_classes(**columns: Any) -> dict[str, Any]:
    return {"x": np.linspace(0, 1, ROWS), **columns}


def test_labels_that_only_validation_rows_have_are_left_out_and_counted() -> None:
    late = ["ab"[i % 2] if i < ROWS - 8 else "c" for i in range(ROWS)]
    source = with_classes(y=late, day=np.arange(ROWS))
    posed = problem.pose(read(source), "y", None, Settings.from_words({"time_column": "day"}))
    assert (
        len(posed.truth) == 10 and posed.notes[0] == "8 validation rows have labels that no training row has; left out."
    )
    known = with_classes(y=["ab"[i % 2] for i in range(ROWS)])
    other = read({"x": [1.0, 2.0, 3.0], "y": ["a", "zzz", None]})
    posed = problem.pose(read(known), "y", other, Settings.from_words({}))
    assert len(posed.truth) == 1 and posed.notes[:2] == (
        "1 row of the frame without y was left out.",
        "1 validation row has a label that no training row has; left out.",
    )


IMPOSSIBLE: dict[str, tuple[dict[str, Any], dict[str, Any], str]] = {
    "a class per group": (
        with_classes(y=["ab"[i % 2] for i in range(ROWS)], g=[f"g{i % 2}" for i in range(ROWS)]),
        {"group_column": "g"},
        "every row left to train on has the y '[ab]'; split the rows another way",
    ),
    "an answer that came late": (
        with_classes(y=["a"] * 110 + ["b"] * 10, t=np.arange(ROWS)),
        {"time_column": "t"},
        "every row left to train on has the y 'a'",
    ),
    "a class that only validates": (
        with_classes(y=["abc"[i % 3] for i in range(ROWS)], g=[f"g{i % 3}" for i in range(ROWS)]),
        {"group_column": "g"},
        "no row held out has a y that is left to train on; split the rows another way",
    ),
    "labels that hardly repeat": (
        with_classes(y=[f"l{max(i, 1)}" for i in range(ROWS)]),
        {},
        "2 of 120 rows share their class with another, which are too few",
    ),
    "too large a part": (with_classes(y=np.arange(ROWS) / 3), {"validation_fraction": 0.999}, "leaves none"),
    "a name that predictions have": (
        with_classes(probability_a=np.arange(ROWS), y=["a", "b"] * 60),
        {"id": "probability_a"},
        "rename it to use it as --id",
    ),
}


@pytest.mark.parametrize("case", IMPOSSIBLE)
def test_impossible_splits_are_refused_with_a_repair(case: str) -> None:
    source, words, clause = IMPOSSIBLE[case]
    with pytest.raises(InputError, match=clause):
        problem.pose(read(source), "y", None, Settings.from_words(words))


WRONG_ROWS: dict[str, tuple[dict[str, Any], str]] = {
    "text as a number": ({"x": [1, 2], "y": ["1.5", "much"]}, "is no finite number in 1 row, such as 'much'"),
    "infinite": ({"x": [1, 2], "y": ["1.5", "inf"]}, "is no finite number in 1 row, such as 'inf'"),
    "no answer": ({"x": [1, 2], "y": [None, None]}, "has no value in any row of the frame"),
    "no target": ({"x": [1, 2]}, "has no column 'y'"),
    "no feature": ({"z": [1, 2], "y": [1.5, 2.5]}, "lacks the column 'x'"),
    "the training rows": (with_classes(y=np.arange(ROWS) / 3), "is the training table itself"),
}


@pytest.mark.parametrize("role", ["validation", "test"])
@pytest.mark.parametrize("case", WRONG_ROWS)
def test_wrong_rows_to_score_on_are_refused(case: str, role: str) -> None:
    other, clause = WRONG_ROWS[case]
    with pytest.raises(InputError, match=clause):
        train(with_classes(y=np.arange(ROWS) / 3), target="y", **{role: other, **QUICK})


def test_a_validation_file_shares_no_group_with_the_training_rows(source: dict[str, Any]) -> None:
    table, words = read(source), Settings.from_words({"group_column": "patient"})
    mine, other = table.take(np.arange(90)), table.take(np.arange(90, ROWS))
    with pytest.raises(InputError, match="12 groups of 'patient' are in both"):
        problem.pose(mine, "y", other, words)
    apart = table.column("patient").text == "p0"
    posed = problem.pose(table.take(np.flatnonzero(~apart)), "y", table.take(np.flatnonzero(apart)), words)
    assert len(posed.truth) == 10


def test_rows_that_were_trained_on_are_counted_where_they_score(source: dict[str, Any]) -> None:
    said: list[str] = []
    part = {name: values[:7] for name, values in source.items()}
    fresh = {name: list(values[:5]) for name, values in source.items()} | {"row": [f"new{i}" for i in range(5)]}
    both = {name: [*part[name], *fresh[name]] for name in source}
    train(source, target="y", validation=both, test=part, time_column="day", say=said.append, **QUICK)
    text = " ".join(said)
    assert text.count("7 rows of the frame also stand in the training table") == 2
    assert "--time-column splits nothing here" in text
    said.clear()
    train(source, target="y", validation=fresh, say=said.append, **QUICK)
    assert "also stand" not in " ".join(said)
