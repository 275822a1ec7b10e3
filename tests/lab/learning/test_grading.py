"""Shares and ratings, as tables."""

from __future__ import annotations

from math import inf, isclose, nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sklon._base.errors import InputError
from sklon.lab.learning import Grade, NumberPrediction, all_items, grade_choice, grade_number, grade_recall
from sklon.lab.learning.grading import RATING_NAMES, Rating, Scale
from sklon.lab.learning.scales import SCALES
from tests.lab.results import result_of

FINITE = st.floats(-1e12, 1e12)


@pytest.mark.parametrize(
    ("said", "points", "share", "rating"),
    [
        (0, 4, 0.0, "again"),
        (1, 4, 0.25, "again"),
        (2, 4, 0.5, "hard"),
        (3, 4, 0.75, "hard"),
        (4, 5, 0.8, "good"),
        (4, 4, 1.0, "good"),
    ],
)
def test_recall_is_graded_by_the_points_that_were_said(said: int, points: int, share: float, rating: Rating) -> None:
    grade = grade_recall(said, points)
    assert (grade.share, grade.rating) == (share, rating)


@pytest.mark.parametrize(("said", "points"), [(-1, 3), (4, 3), (0, 0)])
def test_points_that_do_not_exist_cannot_be_said(said: int, points: int) -> None:
    with pytest.raises(InputError, match="cannot be said"):
        grade_recall(said, points)


def test_a_choice_is_right_or_wrong() -> None:
    assert grade_choice(2, 2).rating == "good" and grade_choice(1, 2).rating == "again"


@pytest.mark.parametrize(
    ("scale", "given", "truth", "share", "rating"),
    [
        ("magnitude", 1.467, 1.467, 1.0, "easy"),
        ("magnitude", 1.5, 1.467, 0.9903, "easy"),
        ("magnitude", 2.0, 1.467, 0.8654, "good"),
        ("magnitude", 2.5, 1.467, 0.7685, "hard"),
        ("magnitude", 10.0, 1.467, 0.1664, "again"),
        ("magnitude", 1000.0, 11014.0, 0.0, "again"),
        ("magnitude", -1.467, 1.467, 0.0, "again"),
        ("magnitude", 0.0, 1.467, 0.0, "again"),
        ("magnitude", -2.0, -2.0, 1.0, "easy"),
        ("magnitude", 0.0, 0.0, 1.0, "easy"),
        ("magnitude", 0.4, 0.0, 0.6, "hard"),
        ("relative", 3.0, 3.0, 1.0, "easy"),
        ("relative", 2.0, 2.6667, 0.75, "hard"),
        ("relative", 6.0, 3.0, 0.0, "again"),
        ("relative", -3.0, 3.0, 0.0, "again"),
        ("relative", 0.1, 0.0, 0.9, "good"),
        ("absolute", -1.0, -0.9999, 0.9999, "easy"),
        ("absolute", 1.0, -1.0, 0.0, "again"),
        ("absolute", 1.5, 2.0, 0.5, "hard"),
        ("absolute", 0.0, 0.0, 1.0, "easy"),
        ("exact", 8, 8.0, 1.0, "easy"),
        ("exact", 7.8125, 8.0, 0.0, "again"),
        ("exact", 201, 200.0, 0.0, "again"),
        ("exact", 1.0, 0.95, 0.0, "again"),
        ("exact", 0.95, 0.9500000000000001, 1.0, "easy"),
        ("exact", 0.909, 0.8967, 1.0, "easy"),
        ("exact", 2.0, 1.9999999999999998, 1.0, "easy"),
        ("exact", 0.0, 0.0, 1.0, "easy"),
        ("exact", 1.0, 0.0, 0.0, "again"),
    ],
)
def test_numbers_on_every_scale(scale: Scale, given: float, truth: float, share: float, rating: Rating) -> None:
    grade = grade_number(given, truth, scale)
    assert isclose(grade.share, share, abs_tol=1e-4)
    assert grade.rating == rating


@pytest.mark.parametrize(("given", "truth"), [(nan, 1.0), (inf, 1.0), (1.0, nan), (1.0, -inf)])
def test_what_is_not_finite_is_not_graded(given: float, truth: float) -> None:
    with pytest.raises(InputError, match="only finite numbers"):
        grade_number(given, truth)


@given(FINITE, FINITE, st.sampled_from(["magnitude", "relative", "absolute", "exact"]))
def test_a_share_is_a_share_and_the_truth_is_easy(given_: float, truth: float, scale: Scale) -> None:
    assert 0 <= grade_number(given_, truth, scale).share <= 1
    assert grade_number(truth, truth, scale).rating == "easy"


@given(st.floats(0, 1), st.floats(0, 1))
def test_a_larger_share_is_no_worse(a: float, b: float) -> None:
    low, high = sorted((a, b))
    assert RATING_NAMES.index(Grade(low).rating) <= RATING_NAMES.index(Grade(high).rating)
    assert Grade(high).rating != "easy", "only a close number is"


def test_every_prediction_has_a_scale() -> None:
    predictions = {(i.experiment, i.check) for i in all_items() if isinstance(i, NumberPrediction)}
    assert SCALES.keys() == predictions


#: what learners say who have the misconception that the question is about
TRAPS = [
    ("E1/central-order", 1.0),
    ("E2b/diagonal", 0.0),
    ("E4/kink-both-ways", 0.0),
    ("E5/escape", 1.0),
    ("E5b/identity-at-0", 1.0),
    ("E7/momentum-power", 1.0),
    ("E8/updates", 7.0),
    ("E9/replaced-slope", 1.0),
    ("E10/halving", 1.0),
    ("E11/absolute-error", 1.65),
    ("E13/price", 2.0),
    ("E14/kept-graph", 1.0),
    ("E14/zero-decays", 1.0),
    ("E16/adam-first-step-longest", 1000.0),
    ("E17/quiet-feature", 1.0),
    ("E18/gradient-order", 0.0),
    ("E21/factor-adam", 8.0),
    ("E23/patience-2", 6.0),
]


@pytest.mark.parametrize(("key", "trap"), TRAPS)
def test_a_misconception_is_not_counted_as_right(key: str, trap: float) -> None:
    experiment, check = key.split("/")
    truth = next(c.measured for c in result_of(experiment).checks if c.name == check)
    assert not grade_number(trap, truth, SCALES[experiment, check]).right
