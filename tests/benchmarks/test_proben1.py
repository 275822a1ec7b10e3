"""PROBEN1: the files as the report describes them, its measures by hand, and a network that reaches least squares."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import sklon
from benchmarks.proben1 import Comparison, PlainRprop, Run, train
from benchmarks.proben1_problems import (
    DATA,
    Array,
    Published,
    classification_error,
    read_problem,
    read_published,
    squared_error,
)

needs_data = pytest.mark.skipif(not DATA.is_dir(), reason="PROBEN1 is not beside this checkout, in ../shared")
FILE = """bool_in=1
real_in=1
bool_out=0
real_out=1
training_examples=2
validation_examples=1
test_examples=1
1 0.5 0.25
0 0.75 1
1 0 0.5
0 1 0
"""


# ---- reading
def test_inputs_come_first_and_the_sets_follow_each_other(tmp_path: Path) -> None:
    (tmp_path / "tiny.dt").write_text(FILE)
    problem = read_problem(tmp_path / "tiny.dt")
    assert problem.name == "tiny"
    np.testing.assert_array_equal(problem.training.X, [[1, 0.5], [0, 0.75]])
    np.testing.assert_array_equal(problem.training.t, [[0.25], [1]])
    np.testing.assert_array_equal(problem.validation.X, [[1, 0]])
    np.testing.assert_array_equal(problem.test.t, [[0]])


def test_a_file_that_announces_more_than_it_has_is_refused(tmp_path: Path) -> None:
    (tmp_path / "short.dt").write_text(FILE.replace("test_examples=1", "test_examples=2"))
    with pytest.raises(ValueError, match="announces 5 × 3 numbers and has \\(4, 3\\)"):
        read_problem(tmp_path / "short.dt")


@needs_data
def test_the_published_table_names_43_files() -> None:
    published = read_published(DATA)
    assert len(published) == 43
    assert all((DATA / f"{name}.dt").is_file() for name in published)
    assert published["cancer2"]["training"] == Published(3.95, 0.52, 0.01)
    assert published["mushroom1"]["test"] == Published(0.011, 0.0, 0.001, single=True)
    assert "classification" not in published["building1"]


@needs_data
def test_a_real_file_has_the_sizes_of_the_report() -> None:
    problem = read_problem(DATA / "cancer1.dt")
    sizes = [part.X.shape for part in (problem.training, problem.validation, problem.test)]
    assert sizes == [(350, 9), (175, 9), (174, 9)]
    assert (problem.test.t.sum(1) == 1).all()


# ---- measures
def test_squared_error_is_a_percentage_over_examples_and_outputs() -> None:
    o, t = np.array([[0.5, 0.5], [1.0, 0.0]]), np.array([[1.0, 0.0], [1.0, 0.0]])
    assert squared_error(o, t) == pytest.approx(100 / (2 * 2) * (0.25 + 0.25))


def test_the_largest_output_wins() -> None:
    o, t = np.array([[0.2, 0.3], [9.0, -1.0], [0.1, 0.0], [0.0, 0.1]]), np.eye(2)[[1, 0, 1, 1]]
    assert classification_error(o, t) == 25


@pytest.mark.parametrize(
    ("ours", "distance", "strictly"),
    [(4.0, 0.0, True), (4.004, 0.0, True), (4.024, 19 / 15, True), (4.03, 5 / 3, False), (3.96, -7 / 3, False)],
)
def test_distance_leaves_both_numbers_their_rounding(ours: float, distance: float, strictly: bool) -> None:
    published = Published(4.0, 0.01, 0.01)
    assert published.distance(ours) == pytest.approx(distance)
    assert published.holds_strictly(ours) is strictly


def test_a_problem_outside_is_explained_by_the_runs_that_gl5_ended() -> None:
    usual, early = _run(4.0, "training_progress"), _run(5.0, "gl")
    published = dict.fromkeys(("training", "validation", "test"), Published(4.0, 0.0, 0.01))
    assert not Comparison("all usual", (usual, usual), published).outside
    outside = Comparison("one early", (usual, early), published)
    assert outside.outside == ["training", "validation", "test"]
    assert "GL5 ended 1 of 2 runs, after 10 epochs; the others are inside" in outside.explanation()


def _run(error: float, reason: str) -> Run:
    errors = dict.fromkeys(("training", "validation", "test", "classification"), error)
    return Run(**errors, epochs=10, relevant=10, reason=reason)


# ---- training
def test_plain_rprop_steps_by_every_sign() -> None:
    """p²/2 from 1: by 0.5 down, by 0.6 over zero, by 0.3 back over it, by 0.15 down."""
    p = sklon.tensor([1.0], dtype="float64", requires_grad=True)
    optimizer = PlainRprop([p], lr=0.5)
    path = []
    for _ in range(4):
        optimizer.zero_grad()
        (0.5 * p * p).sum().backward()
        optimizer.step()
        path.append(p.item())
    np.testing.assert_allclose(path, [0.5, -0.1, 0.2, 0.05], atol=1e-12)


@needs_data
def test_a_run_reaches_the_error_of_least_squares_and_no_less() -> None:
    problem = read_problem(DATA / "cancer1.dt")
    run = train(problem, PlainRprop, np.random.default_rng(0))
    least = _least_squares(problem.training.X, problem.training.t)
    assert least <= run.training < least + 0.02
    assert run.reason == "training_progress"
    assert run.relevant <= run.epochs
    assert run.epochs % 5 == 0


def _least_squares(X: Array, t: Array) -> float:
    with_one = np.column_stack([X, np.ones(len(X))])
    weights = np.linalg.lstsq(with_one, t, rcond=None)[0]
    return squared_error(with_one @ weights, t)
