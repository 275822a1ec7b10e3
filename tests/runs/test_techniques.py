"""Every technique that a setting names reaches the network: each changes the weights, and none is only a word."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sklon._base.errors import InputError
from sklon.nn.activation import ACTIVATIONS
from sklon.runs import train
from sklon.runs.losses import LOSSES
from sklon.runs.settings import ACTIVATIONS as NAMES

RNG = np.random.default_rng(4)
ROWS = 300
X = {"a": RNG.standard_normal(ROWS), "b": RNG.standard_normal(ROWS)}
NUMBER = 2 * X["a"] - X["b"] + RNG.standard_normal(ROWS)
RARE = np.where(X["a"] + 0.5 * RNG.standard_normal(ROWS) > 1.2, "yes", "no")
THREE = np.digitize(X["a"], [-0.5, 1.0]).astype(str)
QUICK: dict[str, Any] = {"epochs": 4, "hidden": (12, 12), "threads": 1, "lr": 0.01}


def weights(target: Any, **words: Any) -> np.ndarray[Any, Any]:
    run = train({**X, "y": target}, target="y", **{**QUICK, **words})
    return np.concatenate([np.asarray(w, np.float64).ravel() for _, w in sorted(run.weights.items())])


CHANGES: list[tuple[Any, dict[str, Any]]] = [
    (NUMBER, {"loss": "l1"}),
    (NUMBER, {"loss": "huber"}),
    (RARE, {"loss": "focal"}),
    (RARE, {"class_weight": "balanced"}),
    (THREE, {"class_weight": "balanced"}),
    (NUMBER, {"activation": "gelu"}),
    (NUMBER, {"schedule": "warmup(0.2) >> cosine"}),
    (NUMBER, {"l1": 0.02}),
    (NUMBER, {"l2": 0.1}),
    (NUMBER, {"weight_decay": 0.5}),
    (NUMBER, {"clip_norm": 0.05}),
    (NUMBER, {"ema": "none"}),  # at first, averages of any decay are the same
]


@pytest.mark.parametrize(("target", "words"), CHANGES, ids=lambda v: next(iter(v)) if isinstance(v, dict) else "")
def test_a_setting_changes_the_weights(target: Any, words: dict[str, Any]) -> None:
    assert (weights(target, **words) != weights(target)).any()


def test_l1_makes_weights_exactly_zero() -> None:
    assert (weights(NUMBER, l1=0.5, epochs=30) == 0).mean() > (weights(NUMBER, epochs=30) == 0).mean() + 0.1


def test_batch_norm_is_in_the_network_and_its_statistics_are_kept() -> None:
    run = train({**X, "y": NUMBER}, target="y", **QUICK, batch_norm=True, batch_size=127)
    assert run.record["architecture"]["batch_norm"] is True
    assert sum("running_mean" in name for name in run.weights) == 2
    assert np.isfinite(np.asarray(run.predict(X).prediction, np.float64)).all()


def test_micro_batches_change_nothing_but_rounding() -> None:
    np.testing.assert_allclose(weights(NUMBER, micro_batch_size=5), weights(NUMBER), rtol=2e-3, atol=2e-4)


def test_balanced_classes_find_more_of_the_rare_one() -> None:
    def recall(**words: Any) -> float:
        run = train({**X, "y": RARE}, target="y", **{**QUICK, "epochs": 30}, **words)
        return float(np.mean(np.asarray(run.predict(X).prediction)[RARE == "yes"] == "yes"))

    assert recall(class_weight="balanced") > recall() + 0.05


@pytest.mark.parametrize(
    ("target", "words", "sentence"),
    [
        (NUMBER, {"loss": "cross_entropy"}, "is for multiclass, and the task is regression"),
        (RARE, {"loss": "mse"}, "is for regression, and the task is binary"),
        (NUMBER, {"class_weight": "balanced"}, "is for classes, and y is a quantity"),
        (NUMBER, {"early_stopping": "patiense(3)"}, "did you mean patience"),
        (NUMBER, {"schedule": "cosin"}, "cosin"),
    ],
)
def test_what_does_not_fit_is_told_before_anything_runs(target: Any, words: Any, sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        weights(target, **words)


def test_every_activation_has_a_layer_and_every_loss_a_task() -> None:
    assert tuple(ACTIVATIONS) == NAMES
    assert {choice.task for choice in LOSSES.values()} == {"regression", "binary", "multiclass"}
