"""The report: one file that needs no other, says three sentences first, and survives hostile names."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from sklon._base import canvas
from sklon.runs import Run, pictures, train
from sklon.runs.sentences import held_out, summary
from tests.markup import read


@pytest.mark.parametrize("task", ["regression", "binary", "multiclass"])
def test_a_report_is_one_whole_file(task: str, run_of: Callable[[str], Run]) -> None:
    report = run_of(task).report
    assert {"svg", "table", "style", "h1"} <= read(report).seen


@pytest.mark.parametrize("task", ["regression", "binary", "multiclass"])
def test_a_report_opens_with_the_three_sentences(task: str, run_of: Callable[[str], Run]) -> None:
    run = run_of(task)
    report = run.report.replace("&nbsp;", " ")
    places = [report.index(f"<p>{sentence}</p>") for sentence in summary(run.record)]
    assert places == sorted(places) and places[-1] < report.index("<svg")


def test_names_from_the_file_are_text_in_the_report() -> None:
    random = np.random.default_rng(0)
    evil, target = "<script>alert(1)</script> $x_1$", "a<u>&'\"$"
    source = {evil: random.normal(size=60), target: random.choice(["<i>", "&amp;", "$\\frac{$"], 60)}
    report = train(source, target=target, hidden="4", epochs=1, threads=1).report
    assert "<script" not in report and "<i>" not in report and "<u>" not in report
    assert "&lt;script&gt;" in report
    read(report)


def test_every_score_stands_above_its_interval_with_what_the_rows_were_used_for() -> None:
    random = np.random.default_rng(0)
    x = random.normal(size=90)
    source = {"x": x, "when": np.arange(90), "y": 3 * x + random.normal(size=90)}
    test = {"x": [1.0, 2.0], "when": [1, 2], "y": [3.5, 6.5]}
    report = train(source, target="y", test=test, time_column="when", hidden="4", epochs=1, threads=1).report
    validated = report.index("Scores on 13 rows of the frame, the latest by when")
    tested = report.index("Scores on 2 rows of the frame")
    assert validated < report.index("They chose the epoch") < tested < report.index("looked at once")
    assert report.count("<b>") == report.count("<small>") == 2 * 3 * 3


HELD_OUT = {
    "of new.csv": {"validation": "new.csv"},
    "of t.csv, whole groups of g held out at random": {"group_column": "g"},
    "of t.csv, the latest by d": {"time_column": "d"},
    "of t.csv, held out at random, every label in its share": {},
}


@pytest.mark.parametrize("words", HELD_OUT)
def test_the_rows_that_were_held_out_are_named(words: str) -> None:
    settings = {"group_column": None, "time_column": None} | HELD_OUT[words]
    record = {
        "data": {"source": "t.csv", "validation": settings.pop("validation", None)},
        "settings": settings,
        "task": {"kind": "binary"},
    }
    assert held_out(record) == words


@pytest.mark.parametrize("rows", [1, 2, 25, 1000])
def test_pictures_take_any_number_of_rows(rows: int) -> None:
    random = np.random.default_rng(rows)
    truth, predicted = random.normal(size=(2, rows))
    drawn = (
        pictures.residuals(predicted - truth, "y"),
        pictures.predicted_against_true(truth, predicted, "y"),
        pictures.calibration(random.random(rows), random.random(rows) < 0.5),
    )
    for svg in drawn:
        assert svg.startswith("<svg") and "nan" not in svg


def test_a_report_without_pictures_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(canvas, "find_spec", lambda name: None)
    x = np.random.default_rng(0).normal(size=60)
    report = train({"x": x, "y": 2 * x}, target="y", hidden="4", epochs=1, threads=1).report
    assert report.count(pictures.ABSENT) == 4 and "<svg" not in report
