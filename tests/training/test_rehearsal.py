"""A fit that is not run binds what the fit would run, and changes nothing."""

from __future__ import annotations

import numpy as np
import pytest

from sklon import Trainer, manual_seed, nn
from sklon.compiler.cache import compiled
from sklon.training.rehearsal import rehearsed

X = np.random.default_rng(0).normal(size=(70, 3)).astype(np.float32)
y = X[:, :1] - X[:, 1:2]


def trainer() -> Trainer:
    """A network with everything that draws or keeps numbers."""
    manual_seed(0)
    model = nn.Sequential(nn.Linear(3, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Dropout(0.2), nn.Linear(8, 1))
    return Trainer(model, loss="mse", schedule="cosine")


@pytest.mark.parametrize(("batch", "micro"), [(16, None), (32, 10)])
def test_an_epoch_of_the_rehearsal_is_the_fits(batch: int, micro: int | None) -> None:
    one, other = trainer(), trainer()
    before = {name: a.copy() for name, a in one.model.state_dict().items()}
    step = rehearsed(one, (X, y), batch_size=batch, micro_batch_size=micro)
    assert step.steps is not None
    losses = compiled(step.graph, step.max_rows).run(step.arrays, step.steps)["loss"]
    assert all(np.array_equal(before[name], a) for name, a in one.model.state_dict().items())
    assert (one.epoch, one.step) == (0, 0)
    history = other.fit((X, y), epochs=1, batch_size=batch, micro_batch_size=micro)
    assert float(losses.astype(np.float64).sum() / len(X)) == history[0]["train_loss"]
    for name, parameter in other.model.named_parameters():
        assert np.array_equal(step.arrays[f"param.{name}"], parameter.numpy()), name
