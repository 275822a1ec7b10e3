"""Columns that matter are found, those that do not are not, and one that gives the answer away is named."""

from __future__ import annotations

import numpy as np
import pytest

from sklon.runs import train

pytest.importorskip("sklearn")


@pytest.mark.parametrize("task", ["regression", "binary"])
def test_the_column_that_decides_is_first_and_the_copy_of_the_target_is_flagged(task: str) -> None:
    random = np.random.default_rng(0)
    x, noise = random.normal(size=(2, 600))
    y = x + random.normal(size=600) / 2
    target = y if task == "regression" else np.where(y > 0, "yes", "no")
    words = {"target": "y", "hidden": "16", "epochs": 15, "threads": 1}
    run = train({"noise": noise, "x": x, "y": target}, **words)
    first, second = run.record["importance"]
    assert first["column"] == "x" and first["mean"] > 5 * abs(second["mean"])
    assert run.record["suspects"] == [] and "suspected leakage" not in run.report
    leaking = train({"noise": noise, "copy": 3 * y, "y": target}, **words)
    assert leaking.record["suspects"] == ["copy"] and "suspected leakage" in leaking.report
