"""The benchmark on tables: its scores, its report, and that it goes on where it was."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.tables import page, report, systems
from benchmarks.tables.sets import BY_NAME, DATA, SETS, error_of, score


def _result(name: str, system: str, reached: float, seconds: float, seed: int = 0) -> dict[str, Any]:
    measured = {"score": reached, "fit_seconds": seconds, "fit_cpu_seconds": seconds}
    return {"set": name, "system": system, "seed": seed, **measured}


RESULTS = [
    _result("kin8nm", "sklon", 0.06, 4.0),
    _result("kin8nm", "sklon", 0.08, 4.0, seed=1),
    _result("kin8nm", "LightGBM", 0.14, 1.0),
    _result("letter", "sklon", 0.96, 9.0),
    _result("letter", "LightGBM", 0.98, 1.0),
]


def test_scores_are_the_metrics_of_the_sets() -> None:
    truth = np.array([0.0, 2.0, 4.0])
    off = score(BY_NAME["pol"], truth, truth + 1)
    assert off == pytest.approx(1)
    assert score(BY_NAME["diamonds"], truth, truth + 1) == pytest.approx(1 / np.std(truth))
    labels, said = np.array(["a", "b", "b"]), np.array([[0.9, 0.1], [0.8, 0.2], [0.3, 0.7]])
    assert score(BY_NAME["adult_train"], labels, said, ["a", "b"]) == pytest.approx(2 / 3)
    assert score(BY_NAME["phoneme"], labels, said, ["a", "b"]) == pytest.approx(1)
    assert error_of(BY_NAME["letter"], 0.98) == pytest.approx(0.02)


def test_the_report_compares_means_and_counts_wins() -> None:
    found = report.relative(RESULTS, "sklon")
    assert found is not None
    np.testing.assert_allclose(found, (1.0, 6.0, 2))  # 0.07/0.14 · 0.04/0.02; √(4·9)
    assert report.wins(RESULTS, "sklon") == (1, 2)
    assert report.relative(RESULTS, "RealMLP") is None
    text = report.told(RESULTS)
    assert "reaches 0.075" in text and "misses 0.975" in text and "2 seeds" in text


def test_a_picture_has_a_point_for_each_system_that_was_measured(tmp_path: Path) -> None:
    report.plot(RESULTS, tmp_path / "out.svg")
    assert (tmp_path / "out.svg").read_text().count("<svg") == 1


def test_tables_of_markdown_mark_the_best_and_count_seeds() -> None:
    rows = [line.split(" | ") for line in page.scores(RESULTS).splitlines()]
    assert rows[0] == ["| set", "metric", "sklon", "LightGBM |"]
    assert rows[2] == ["| kin8nm", "rmse ↓", "**0.0700** ± 0.0141", "0.1400 |"]
    assert rows[3] == ["| letter", "accuracy ↑", "0.9600", "**0.9800** |"]
    assert page.seconds(RESULTS).splitlines()[2] == "| kin8nm | rmse ↓ | 4 | 1 |"
    assert page.summary(RESULTS).splitlines()[2:] == [
        "| sklon | 1.000 | 1.250 | 6 | 1 of 2 | 1 to 2 |",
        "| LightGBM | 1.000 | 1.000 | 1 |  | 1 |",
    ]


def test_the_results_that_the_page_shows_are_whole() -> None:
    kept = page.kept()
    assert len({(r["set"], r["system"], r["seed"]) for r in kept}) == len(kept)
    assert {r["set"] for r in kept} == set(BY_NAME) and {r["system"] for r in kept} == set(systems.BY_NAME)
    assert {r["threads"] for r in kept} == {1}


def test_systems_and_sets_have_names_of_their_own() -> None:
    assert len({one.name for one in SETS}) == len(SETS) and len(systems.BY_NAME) == len(systems.SYSTEMS)


@pytest.mark.skipif(not DATA.is_dir(), reason="the data sets are not beside this checkout, in ../shared")
def test_what_a_file_holds_is_not_measured_again(tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    path.write_text(json.dumps({"results": [_result("kin8nm", "LightGBM", 0.125, 1.0)]}))
    command = [sys.executable, "-m", "benchmarks.tables", "--sets", "kin8nm", "--systems", "LightGBM"]
    done = subprocess.run(
        [*command, "--seeds", "1", "--json", str(path)],
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[2],
        check=True,
    )
    if systems.BY_NAME["LightGBM"].absent:
        assert "LightGBM is left out: the package lightgbm is not installed" in done.stderr
    assert "0.1250" in done.stdout
    assert json.loads(path.read_text())["results"][0]["score"] == 0.125
