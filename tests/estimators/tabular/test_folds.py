"""Folds side by side are what each fold is alone, and share the time that there is."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sklon import TabularClassifier
from sklon._base.settings import num_threads
from sklon.data import BINARY, column_from_array
from sklon.estimators.tabular import predictor
from sklon.estimators.tabular.frames import table_of
from sklon.estimators.tabular.predictor import (
    LEAST_SECONDS,
    Predictor,
    Problem,
    fold_sides,
    learned,
    learned_each,
    seconds_left,
    with_target,
)
from sklon.estimators.tabular.regimen import Regimen

Array = np.ndarray[Any, Any]
RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(300, 3))
Y = X[:, 0] + 0.5 * RANDOM.normal(size=300) > 0
PAIRS = fold_sides(300, 3, 0, Y)


def _problem(**regimen: Any) -> Problem:
    return Problem(
        table=with_target(table_of(X), column_from_array("target", Y.astype(int))),
        target="target",
        task=BINARY,
        weight=None,
        regimen=Regimen(hidden=(16,), **regimen),
        members=1,
        seed=3,
        progress=False,
    )


@pytest.fixture(name="alone", scope="module")
def _alone() -> list[Predictor]:
    return [learned(_problem(epochs=60, patience=0.1), pair) for pair in PAIRS]


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_each_fold_is_to_the_bit_what_it_is_alone(alone: list[Predictor], threads: int) -> None:
    with num_threads(threads):
        together = learned_each(_problem(epochs=60, patience=0.1), PAIRS)
    assert len({one.fitted.best_epoch for one in together}) > 1, "each has a best epoch of its own"
    assert len({len(one.fitted.history) for one in together}) > 1, "and an end of its own"
    for one, other in zip(together, alone, strict=True):
        assert one.preparation == other.preparation and one.fitted.best_epoch == other.fitted.best_epoch
        assert [row | {"seconds": 0} for row in one.fitted.history] == [
            row | {"seconds": 0} for row in other.fitted.history
        ]
        for name, weights in one.fitted.weights.items():
            np.testing.assert_array_equal(weights, other.fitted.weights[name])


@pytest.mark.parametrize(
    ("threads", "used", "limits"),
    [
        (1, 1.0, [3.0, 3.0, 3.0]),
        (1, 0.5, [3.0, 3.75, 5.625]),
        (3, 1.0, [9.0, 9.0, 9.0]),
        (1, 4.0, [3.0, LEAST_SECONDS / 2, LEAST_SECONDS]),
    ],
)
def test_what_is_left_of_the_time_is_shared_by_the_turns_to_come(
    monkeypatch: pytest.MonkeyPatch, threads: int, used: float, limits: list[float]
) -> None:
    clock, given = [100.0], []

    def fit(problem: Problem, pair: Any, ends: float, turns: int) -> None:
        limit = seconds_left(ends, turns)
        assert limit is not None
        given.append(limit)
        clock[0] += used * limit if threads == 1 else 0.0

    monkeypatch.setattr(predictor, "perf_counter", lambda: clock[0])
    monkeypatch.setattr(predictor, "learned", fit)
    with num_threads(threads):
        learned_each(_problem(), PAIRS, ends=109.0)
    assert given == pytest.approx(limits)


def test_a_limit_of_time_ends_every_fold() -> None:
    model = TabularClassifier(hidden=(16,), epochs=100_000, folds=3, time_limit=0.3, random_state=0).fit(X, Y)
    assert [one.fitted.reason for one in model.predictors_] == ["time_limit"] * 3


def test_an_error_in_one_fold_is_raised() -> None:
    with pytest.raises(ValueError, match="came to nothing"):
        TabularClassifier(hidden=(16,), folds=2, lr=1e6, random_state=0).fit(X, Y)
