"""Weights of rows: they count as repetitions would, in training, validation and parts; samplers draw what they say."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression

from sklon import Trainer, nn, optim
from sklon._base.errors import InputError
from sklon.data.sampling import SAMPLERS, Balanced, InOrder, Shuffled, Stratified, Weighted
from sklon.tensors.modes import seeded

ROWS, INPUTS, CLASSES = 12, 3, 4
RNG = np.random.default_rng(6)
X = RNG.standard_normal((ROWS, INPUTS))
COUNTS = np.array([1, 2, 0, 3, 1, 1, 2, 1, 0, 1, 2, 1])
TARGETS: dict[str, Any] = {
    "mse": RNG.standard_normal((ROWS, CLASSES)),
    "bce_with_logits": RNG.integers(0, 2, (ROWS, CLASSES)).astype(float),
    "cross_entropy": RNG.integers(0, CLASSES, ROWS),
}
LOSSES: list[tuple[str, Any]] = [
    ("mse", nn.MSELoss()),
    ("bce_with_logits", nn.BCEWithLogitsLoss()),
    ("cross_entropy", nn.CrossEntropyLoss()),
    ("cross_entropy", nn.CrossEntropyLoss(weight=[0.5, 2.0, 1.0, 3.0], ignore_index=1)),
]


def fitted(loss: Any, data: Any, **more: Any) -> tuple[list[Any], Trainer]:
    with seeded(2):
        model = nn.Linear(INPUTS, CLASSES, dtype="float64")
    done = Trainer(model, loss=loss, optimizer=optim.SGDRule(lr=0.1, momentum=0.9))
    done.fit(data, **{"epochs": 4, "batch_size": "full", "shuffle": False, **more})
    return [p.detach().numpy() for p in model.parameters()], done


@pytest.mark.parametrize(("name", "loss"), LOSSES)
@pytest.mark.parametrize("micro", [None, 5])
def test_a_weight_counts_as_repetitions_do(name: str, loss: Any, micro: int | None) -> None:
    y, again = TARGETS[name], np.repeat(np.arange(ROWS), COUNTS)
    weighted, one = fitted(loss, (X, y, COUNTS), micro_batch_size=micro)
    repeated, other = fitted(loss, (X[again], y[again]))
    for a, b in zip(weighted, repeated, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-11, atol=1e-13)
    np.testing.assert_allclose(one.history.curve("train_loss"), other.history.curve("train_loss"), rtol=1e-11)


def test_validation_counts_weights_too() -> None:
    y, again = TARGETS["mse"], np.repeat(np.arange(ROWS), COUNTS)
    _, one = fitted(nn.MSELoss(), (X, y), validation=(X, y, COUNTS))
    _, other = fitted(nn.MSELoss(), (X, y), validation=(X[again], y[again]))
    np.testing.assert_allclose(one.history.curve("validation_loss"), other.history.curve("validation_loss"), rtol=1e-12)


def test_weighted_logistic_regression_is_scikit_learns() -> None:
    random = np.random.default_rng(0)
    x = random.standard_normal((200, 4))
    y = (x[:, 0] + random.logistic(size=200) > 0).astype(float)
    weights = random.uniform(0.2, 3.0, 200)
    model = nn.Linear(4, 1, dtype="float64")
    done = Trainer(model, loss="bce_with_logits", optimizer="sgd", lr=2.0, l2=0.05)
    done.fit((x, y[:, None], weights), epochs=3000, batch_size="full")
    peer = LogisticRegression(C=1 / (0.05 * weights.sum()), tol=1e-12, max_iter=10_000).fit(x, y, weights)
    np.testing.assert_allclose(model.weight.detach().numpy(), peer.coef_, atol=1e-6)


@pytest.mark.parametrize("wrong", [-COUNTS, COUNTS * 0, COUNTS[:5], COUNTS[:, None], COUNTS * np.nan])
def test_weights_that_make_no_sense_are_refused(wrong: Any) -> None:
    with pytest.raises(InputError):
        fitted(nn.MSELoss(), (X, TARGETS["mse"], wrong))


# ---- samplers
LABELS = np.array([0] * 60 + [1] * 30 + [2] * 10)


def test_every_sampler_is_tested_here() -> None:
    assert set(SAMPLERS) == {"in_order", "shuffled", "weighted", "balanced", "stratified"}


@given(st.integers(0, 1000), st.integers(0, 50))
def test_orders_are_permutations_that_follow_from_seed_and_epoch(seed: int, epoch: int) -> None:
    for sampler in (InOrder(), Shuffled(), Stratified(LABELS)):
        order = sampler.order(100, seed=seed, epoch=epoch)
        assert sorted(order.tolist()) == list(range(100))
        assert (order == sampler.order(100, seed=seed, epoch=epoch)).all()
    assert InOrder().order(100, seed=seed, epoch=epoch).tolist() == list(range(100))
    other = Stratified(LABELS).order(100, seed=seed, epoch=epoch + 1)
    assert (other != Stratified(LABELS).order(100, seed=seed, epoch=epoch)).any()


@pytest.mark.parametrize("batch", [10, 20, 25])
def test_stratified_batches_have_the_classes_in_their_shares(batch: int) -> None:
    for epoch in range(5):
        order = LABELS[Stratified(LABELS).order(100, seed=1, epoch=epoch)]
        for start in range(0, 100, batch):
            found = np.bincount(order[start : start + batch], minlength=3)
            assert (abs(found - batch * np.array([0.6, 0.3, 0.1])) <= 1.0 + 1e-9).all()


def test_draws_have_their_probabilities() -> None:
    drawn = LABELS[Balanced(LABELS, count=30_000).order(100, seed=2, epoch=0)]
    shares = np.bincount(drawn) / 30_000
    assert abs(shares - 1 / 3).max() < 4 * np.sqrt(2 / 9 / 30_000)
    rows = Weighted([0.0, 1.0, 2.0, 0.0], count=9_000).order(4, seed=2, epoch=0)
    assert abs(np.bincount(rows, minlength=4) / 9_000 - [0, 1 / 3, 2 / 3, 0]).max() < 4 * np.sqrt(2 / 9 / 9_000)


def test_a_sampler_decides_the_rows_of_an_epoch() -> None:
    only = np.zeros(ROWS)
    only[4] = 1.0
    y = TARGETS["mse"]
    drawn, done = fitted(nn.MSELoss(), (X, y), shuffle=Weighted(only, count=6), batch_size=2)
    alone, _ = fitted(nn.MSELoss(), (X[[4] * 6], y[[4] * 6]), batch_size=2)
    assert done.step == 4 * 3
    for a, b in zip(drawn, alone, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize(
    "wrong",
    [lambda: Weighted([-1.0, 2.0]), lambda: Weighted([0.0]), lambda: Weighted([1.0], count=0),
     lambda: Weighted([1.0, 2.0]).order(3, seed=0, epoch=0), lambda: Stratified([0, 1]).order(3, seed=0, epoch=0),
     lambda: fitted(nn.MSELoss(), (X, TARGETS["mse"]), shuffle=Weighted([1.0, 2.0]))],
)  # fmt: skip
def test_samplers_that_make_no_sense_are_refused(wrong: Any) -> None:
    with pytest.raises(InputError):
        wrong()
