"""Columns that matter are found, those that do not are not, and one that gives the answer away is named."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sklon.data import Table, read
from sklon.runs import importance, train

pytest.importorskip("sklearn")


@pytest.mark.parametrize("task", ["regression", "binary"])
def test_the_column_that_decides_is_first_and_the_copy_of_the_target_is_flagged(task: str) -> None:
    random = np.random.default_rng(0)
    x, noise = random.normal(size=(2, 600))
    y = x + random.normal(size=600) / 2
    target = y if task == "regression" else np.where(y > 0, "yes", "no")
    words: dict[str, Any] = {"target": "y", "hidden": "16", "epochs": 15, "threads": 1}
    run = train({"noise": noise, "x": x, "y": target}, **words)
    first, second = run.record["importance"]
    assert first["column"] == "x" and first["mean"] > 5 * abs(second["mean"])
    assert run.record["suspects"] == [] and "suspected leakage" not in run.report
    leaking = train({"noise": noise, "copy": 3 * y, "y": target}, **words)
    assert leaking.record["suspects"] == ["copy"] and "suspected leakage" in leaking.report


def test_rows_are_drawn_from_the_whole_table() -> None:
    rows = 3 * importance.MOST_ROWS
    table = read({"x": np.arange(rows), "y": np.arange(rows)})
    seen: list[np.ndarray[Any, Any]] = []

    def score(shuffled: Table, places: np.ndarray[Any, Any]) -> float:
        assert len(shuffled) == len(places) == importance.MOST_ROWS
        seen.append(places)
        return 0.0

    importance.importances(("x",), table, score, seed=0)
    importance.importances(("x",), table, score, seed=1)
    first, last = seen[0], seen[-1]
    assert len(np.unique(first)) == len(first) and first.max() > 0.9 * rows and first.min() < 0.1 * rows
    assert not np.array_equal(first, last)


def test_a_few_rows_are_no_suspicion() -> None:
    source = {"copy": np.arange(40) % 2, "y": ["no", "yes"] * 20}
    words: dict[str, Any] = {"target": "y", "hidden": "4", "epochs": 1, "threads": 1}
    assert train(source, validation_fraction=0.1, **words).record["suspects"] == []
    assert train(source, validation_fraction=0.4, **words).record["suspects"] == ["copy"]
