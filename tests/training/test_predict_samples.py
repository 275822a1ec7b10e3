"""Monte-Carlo dropout: draws with dropout alone switched on, which follow from the seed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sklon import Trainer, nn
from sklon._base.errors import InputError
from sklon.tensors.modes import seeded

X = np.random.default_rng(0).standard_normal((1500, 4))
P = 0.3


def trainer(seed: int = 0, **more: Any) -> Trainer:
    with seeded(1):
        layers = [nn.Linear(4, 6, dtype="float64"), nn.BatchNorm1d(6, dtype="float64"), nn.Dropout(P)]
        return Trainer(nn.Sequential(*layers, nn.Linear(6, 1, dtype="float64")), loss="mse", seed=seed)


def test_draws_of_a_linear_head_have_the_mean_and_the_variance_of_dropout() -> None:
    done = trainer()
    draws = done.predict_samples(X[:40], 400)[:, :, 0]
    layers = list(done.model.children())
    hidden = Trainer(nn.Sequential(*layers[:2]), loss="mse").predict(X[:40])
    head = layers[3].weight.detach().numpy()[0]
    variance = P / (1 - P) * (hidden**2) @ (head**2)
    z = (draws.mean(axis=0) - done.predict(X[:40])[:, 0]) / np.sqrt(variance / 400)
    assert abs(z).max() < 4.5
    assert 0.9 < (draws.var(axis=0) / variance).mean() < 1.1


def test_draws_follow_from_the_seed_and_change_nothing() -> None:
    done = trainer()
    before = {k: np.asarray(v).copy() for k, v in done.model.state_dict().items()}
    modes = [m.training for m in done.model.modules()]
    first, again, other = (t.predict_samples(X[:10], 3) for t in (done, trainer(), trainer(seed=1)))
    assert (first == again).all() and (first != other).any()
    assert (first[0] != first[1]).any()
    assert all((np.asarray(v) == before[k]).all() for k, v in done.model.state_dict().items())
    assert modes == [m.training for m in done.model.modules()]


def test_rows_beyond_the_first_evaluation_batch_have_masks_of_their_own() -> None:
    draws = trainer().predict_samples(np.repeat(X[:1], 1500, axis=0), 2)[0, :, 0]
    assert (draws[:400] != draws[1024:1424]).any()


def test_a_model_without_dropout_is_refused() -> None:
    with pytest.raises(InputError, match="no dropout layer"):
        Trainer(nn.Linear(2, 1), loss="mse").predict_samples(X[:, :2])
