"""Small tables with something to learn, and runs on them, trained once per session."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sklon.runs import Run, train

QUICK: dict[str, Any] = {"hidden": "16", "epochs": 3, "seed": 1, "threads": 1}


def table(rows: int = 240) -> dict[str, Any]:
    """Numbers, holes, categories few and many, and a target of each kind."""
    random = np.random.default_rng(5)
    size, age = random.normal(100, 20, rows), random.integers(1, 90, rows).astype(object)
    colour = random.choice(["red", "green", "blue"], rows)
    age[::11] = "NA"
    price = 3 * size + 50 * (colour == "red") + random.normal(size=rows)
    return {
        "size": size,
        "age": age,
        "colour": colour,
        "city": [f"city {i % 40:02d}" for i in range(rows)],
        "price": price,
        "dear": np.where(price > np.median(price), "yes", "no"),
        "grade": np.digitize(price, np.quantile(price, [0.3, 0.6])).astype(str),
    }


TARGETS = {"regression": "price", "binary": "dear", "multiclass": "grade"}


def without_other_targets(columns: dict[str, Any], target: str) -> dict[str, Any]:
    """The table with one of its targets."""
    return {name: values for name, values in columns.items() if name not in set(TARGETS.values()) - {target}}


@pytest.fixture(scope="session", name="columns")
def _columns() -> dict[str, Any]:
    return table()


@pytest.fixture(scope="session", name="run_of")
def _run_of(tmp_path_factory: pytest.TempPathFactory, columns: dict[str, Any]) -> Callable[[str], Run]:
    """A saved run per task, trained when first asked for."""
    folder = tmp_path_factory.mktemp("runs")
    known: dict[str, Run] = {}

    def run_of(task: str) -> Run:
        if task not in known:
            source = without_other_targets(columns, TARGETS[task])
            known[task] = train(source, target=TARGETS[task], out=folder / task, **QUICK)
        return known[task]

    return run_of


@pytest.fixture(name="csv_file")
def _csv_file(tmp_path: Path, columns: dict[str, Any]) -> Path:
    """The table with the target ``dear`` as a file in a folder of its own."""
    source = without_other_targets(columns, "dear")
    lines = [",".join(source), *(",".join(map(str, row)) for row in zip(*source.values(), strict=True))]
    path = tmp_path / "houses.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path
