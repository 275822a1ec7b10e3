"""From a table to a run and back: every task, the same from the same seed, predictions in the rows' order."""

from __future__ import annotations

import io
import json
import os
import re
import shlex
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sklon._base.errors import InputError
from sklon.data import read
from sklon.runs import Predictions, Run, load, train

TASKS = ["regression", "binary", "multiclass"]
QUICK: dict[str, Any] = {"hidden": "16", "epochs": 3, "seed": 1, "threads": 1}


@pytest.mark.parametrize("task", TASKS)
def test_every_task_is_learned_recorded_and_loaded(task: str, run_of: Callable[[str], Run]) -> None:
    run = run_of(task)
    assert run.record["task"]["kind"] == task and run.record["status"] == "finished"
    assert len(run.history) == run.record["stopped"]["epoch"] == 3
    losses = [row["train_loss"] for row in run.history]
    assert losses[-1] < losses[0]
    again = load(run.path or "")
    assert again.record == run.record and again.history == run.history and again.report == run.report
    assert set(again.weights) == set(run.weights)
    for name, weight in run.weights.items():
        np.testing.assert_array_equal(again.weights[name], weight)


@pytest.mark.parametrize("task", TASKS)
def test_predictions_line_up_with_their_rows(task: str, run_of: Callable[[str], Run], columns: dict[str, Any]) -> None:
    run, whole = load(run_of(task).path or ""), read(columns)
    predictions = run.predict(whole)
    assert len(predictions) == len(whole)
    order = np.random.default_rng(0).permutation(len(whole))[:50]
    moved = run.predict(whole.take(order))
    if task == "regression":
        np.testing.assert_allclose(moved.prediction, predictions.prediction[order], rtol=1e-5)
        return
    assert predictions.probabilities is not None and moved.probabilities is not None
    np.testing.assert_allclose(moved.probabilities, predictions.probabilities[order], rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(predictions.probabilities.sum(axis=1), 1)
    best = np.argmax(predictions.probabilities, axis=1)
    assert predictions.prediction.tolist() == [predictions.labels[i] for i in best]


def test_predictions_are_csv_in_the_words_of_the_file() -> None:
    labels = np.array(["yes", 'with "quotes", and comma'], dtype=object)
    probabilities = np.array([[0.25, 0.75], [1 / 3, 2 / 3]])
    file = io.StringIO()
    Predictions(labels, ("no", "yes"), probabilities).write_csv(file)
    assert file.getvalue().splitlines() == [
        "prediction,probability_no,probability_yes",
        "yes,0.25,0.75",
        '"with ""quotes"", and comma",0.3333333,0.6666667',
    ]
    assert np.asarray(Predictions(np.array([1.5, 2.0]), (), None)).tolist() == [1.5, 2.0]


def test_the_same_seed_gives_the_same_run_and_another_another(csv_file: Path) -> None:
    first, again = (train(csv_file, target="dear", **QUICK) for _ in range(2))
    other = train(csv_file, target="dear", **QUICK | {"seed": 2})
    for name, weight in first.weights.items():
        np.testing.assert_array_equal(weight, again.weights[name])
    assert any(not np.array_equal(first.weights[name], other.weights[name]) for name in first.weights)
    timeless = [{**run.record, "seconds": 0} for run in (first, again)]
    assert timeless[0] == timeless[1]


def test_the_recorded_python_repeats_the_run(csv_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = train(csv_file, target="dear", **QUICK)
    words = first.record["python"]
    assert "sklon.train('houses.csv', target='dear', seed=1, hidden=(16,), epochs=3, threads=1)" in words
    command = shlex.split(first.record["command"])
    assert command[:5] == ["sklon", "train", "houses.csv", "--target", "dear"]
    assert command[-2:] == ["--threads", "1"]


def test_rows_without_a_target_are_left_out_and_counted(columns: dict[str, Any]) -> None:
    source = {"size": columns["size"], "price": columns["price"].copy()}
    source["price"][:7] = np.nan
    said: list[str] = []
    run = train(source, target="price", say=said.append, **QUICK)
    assert "7 rows without price were left out." in said
    assert sum(run.record["data"]["rows"].values()) == len(columns["size"]) - 7
    assert len(run.predict(source)) == len(columns["size"])


def test_what_a_table_makes_doubtful_is_said_and_counted(columns: dict[str, Any]) -> None:
    size = columns["size"].copy()
    size[::40] = np.inf
    source = {"size": size, "same": 1, "none": None, "name": [f"no {i}" for i in range(240)]}
    source = {name: values if np.ndim(values) else [values] * 240 for name, values in source.items()}
    source["answer"] = ["rare", "odd", *("yes" if x > 100 else "no" for x in columns["size"][2:])]
    said: list[str] = []
    train(source, target="answer", say=said.append, **QUICK)
    text = " ".join(said)
    assert "2 of the 4 classes have a single row, which only trains: odd, rare." in text
    assert "3 columns are not used: same (it is 1 in every row), none (every value is missing), name (" in text
    assert "infinite values; they count as missing" in text


def test_a_validation_table_is_used_instead_of_a_split(columns: dict[str, Any]) -> None:
    source = read({name: columns[name] for name in ("size", "colour", "dear")})
    run = train(source.take(np.arange(200)), target="dear", validation=source.take(np.arange(200, 240)), **QUICK)
    assert run.record["data"]["rows"] == {"training": 200, "validation": 40}
    assert "--validation" in run.record["command"]


def test_bad_input_is_refused_before_anything_is_written(csv_file: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    for words, clause in (
        ({"target": "none"}, "has no column 'none'"),
        ({"target": "dear", "lr": -1}, "is not possible"),
        ({"target": "colour", "task": "regression"}, "are not numbers"),
        ({"target": "dear", "validation": tmp_path / "none.csv"}, "there is no file"),
    ):
        with pytest.raises(InputError, match=clause):
            train(csv_file, out=out, **words)
    assert [path.name for path in tmp_path.iterdir()] == ["houses.csv"]


def test_no_path_host_user_or_row_enters_a_run_folder(csv_file: Path, tmp_path: Path) -> None:
    out = tmp_path / "secret-place" / "run"
    train(csv_file, target="dear", out=out, **QUICK)
    table = read(csv_file)
    sizes = table.column("size").text
    for path in filter(Path.is_file, out.rglob("*")):
        text = path.read_bytes().decode("utf-8", errors="replace")
        assert str(tmp_path) not in text and "secret-place" not in text and str(Path.home()) + "/" not in text
        for name in (socket.gethostname(), os.environ.get("USER", "nobody")):
            assert name == "root" or not re.search(rf"\b{re.escape(name)}\b", text)
        assert sum(size in text for size in sizes) <= 30, "more than the edges of bins"
        assert ",".join(column.text[0] or "" for column in table.columns) not in text


def test_the_record_is_plain_json_with_what_the_design_promises(run_of: Callable[[str], Run]) -> None:
    record = json.loads(((run_of("binary").path or Path()) / "run.json").read_text(encoding="utf-8"))
    for name in (
        "schema",
        "status",
        "task",
        "architecture",
        "preparation",
        "settings",
        "versions",
        "stopped",
    ):
        assert record[name]
    assert len(record["data"]["sha256"]) == 64
    assert record["settings"]["seed"] == 1
    assert record["scores"]["network"].keys() == record["scores"]["trivial"].keys()


@pytest.mark.parametrize("task", TASKS)
def test_a_simple_relation_is_learned_far_better_than_without_looking(task: str) -> None:
    random = np.random.default_rng(0)
    x, kind = random.normal(size=600), random.choice(["a", "b"], 600)
    y = 3 * x + 2 * (kind == "a")
    target = {"regression": y, "binary": y > 1, "multiclass": np.digitize(y, [-1, 2])}[task]
    run = train({"x": x, "kind": kind, "y": target}, target="y", hidden="32", epochs=60, lr=3e-3, threads=1)
    scores = run.record["scores"]
    if task == "regression":
        assert scores["network"]["r2"] > 0.97
    else:
        assert scores["network"]["accuracy"] > 0.93 > 0.7 > scores["trivial"]["accuracy"]


def test_training_that_grows_beyond_numbers_is_refused_with_the_repair(csv_file: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="smaller lr"):
        train(csv_file, target="dear", optimizer="sgd", lr=1e30, hidden="8", out=tmp_path / "run", threads=1)
    assert not (tmp_path / "run").exists()
