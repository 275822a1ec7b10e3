"""The benchmark's cases train in every system that is installed, and its table says what was measured."""

from __future__ import annotations

import json
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import numpy as np
import pytest

from benchmarks.training.__main__ import Measured, told
from benchmarks.training.cases import CASES, Case
from benchmarks.training.worker import SYSTEMS, Ticks

TINY = [
    Case(name="tiny", widths=(5, 8, 1), loss="binary", optimizer="adam", batch=4, rows=16, wanted=1.0),
    Case(name="tiny", widths=(5, 8, 3), loss="classes", optimizer="momentum", batch=4, rows=16, wanted=1.0),
    Case(
        name="tiny", widths=(5, 8, 8, 3), loss="classes", optimizer="adamw", batch=8, rows=16, wanted=1.0,
        normal=True, dropout=0.1,
    ),
    Case(name="tiny", widths=(5, 8, 3), loss="classes", optimizer="sgd", batch=1, rows=3, wanted=1.0),
]  # fmt: skip
MODES = [
    (system, mode)
    for system in SYSTEMS
    for mode in import_module(f"benchmarks.training.with_{system}").MODES
    if mode != "compile"  # needs a C++ compiler, and minutes
]


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::RuntimeWarning")
@pytest.mark.parametrize("case", TINY, ids=lambda case: case.optimizer)
@pytest.mark.parametrize(("system", "mode"), MODES)
def test_every_system_trains_until_it_is_told_to_end(system: str, mode: str, case: Case) -> None:
    if find_spec(system) is None:
        pytest.skip(f"{system} is not installed")
    module = import_module(f"benchmarks.training.with_{system}")
    if not getattr(module, "can", lambda case: True)(case):
        pytest.skip(f"{system} has not all of this case")
    epochs: list[int] = []

    def tick() -> bool:
        epochs.append(1)
        return len(epochs) < 3

    module.train(case, mode, 1, tick)
    assert len(epochs) == 3


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_cases_have_whole_batches_and_labels_of_every_class(case: Case) -> None:
    assert case.steps * case.batch == case.rows
    labels = case.data()[1]
    assert set(labels.tolist()) == set(range(max(2, case.widths[-1])))


def test_multiply_adds_are_those_of_forward_and_backward() -> None:
    """Two layers of 6 and 12 weights, 4 rows: forward both, gradients of both, back through the second alone."""
    case = Case(name="x", widths=(2, 3, 4), loss="classes", optimizer="sgd", batch=4, rows=4, wanted=1.0)
    assert case.multiply_adds == 4 * (6 + 12 + 6 + 12 + 12)


def test_the_table_compares_with_the_fastest_peer() -> None:
    rows = [("sklon", 10.0), ("torch", 50.0), ("jax", 25.0)]
    found = [Measured(system=s, mode="m", microseconds=t, cold=1.0, peak=2**20) for s, t in rows]
    text = told(CASES[0], 1, found)
    assert "against the fastest peer: 2.50 × (wanted 3 ×)" in text
    assert [line.split()[0] for line in text.splitlines()[2:5]] == ["sklon", "jax", "torch"]


def test_a_worker_tells_its_start_and_then_the_seconds_of_what_was_ordered(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    orders = iter(["2\n", "1\n", ""])
    monkeypatch.setattr("benchmarks.training.worker.sys.stdin", type("Orders", (), {"readline": lambda: next(orders)}))
    ticks, said = Ticks(0.0), []
    while ticks():
        said.append(1)
    told_lines: list[dict[str, Any]] = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [list(line) for line in told_lines] == [["cold"], ["seconds"], ["seconds"]]
    assert [len(line["seconds"]) for line in told_lines[1:]] == [2, 1] and len(said) == 3
    assert np.isfinite(told_lines[1]["seconds"]).all()
