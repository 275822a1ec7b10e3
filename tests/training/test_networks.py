"""Ten networks as people write them: eager loop and Trainer take the steps that PyTorch takes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import sklon
from sklon.graph.verify import verify
from sklon.training.step import columns_of, record_training

from .networks import networks

torch = pytest.importorskip("torch")
OURS = networks(sklon)
ROWS, STEPS, LR = 130, 3, 0.05  # more than two shards of rows


def data() -> tuple[Any, Any]:
    rng = np.random.default_rng(0)
    return rng.standard_normal((ROWS, 5, 3)), rng.standard_normal((ROWS, 1))


@pytest.mark.parametrize("name", OURS)
def test_the_steps_of_pytorch(name: str) -> None:
    X, y = data()
    rng = np.random.default_rng(1)
    reference = networks(torch)[name]().double()
    with torch.no_grad():
        for p in reference.parameters():
            p.copy_(torch.tensor(0.3 * rng.standard_normal(p.shape)))
    eager, trained = (OURS[name]().double() for _ in range(2))
    for model in (eager, trained):
        model.load_state_dict(reference.state_dict())
    _loop(torch, reference, X, y)
    _loop(sklon, eager, X, y)
    sklon.Trainer(trained, loss="mse", optimizer="sgd", lr=LR).fit((X, y), epochs=STEPS, batch_size=ROWS)
    for key, expected in reference.state_dict().items():
        for how, model in (("eager", eager), ("by the Trainer", trained)):
            found = np.asarray(model.state_dict()[key])
            np.testing.assert_allclose(found, expected.numpy(), rtol=1e-9, atol=1e-11, err_msg=f"{key}, {how}")


def _loop(lib: Any, model: Any, X: Any, y: Any) -> None:
    inputs, targets = lib.tensor(X), lib.tensor(y)
    optimizer = lib.optim.SGD(model.parameters(), lr=LR)
    for _ in range(STEPS):
        optimizer.zero_grad()
        ((model(inputs) - targets) ** 2).mean().backward()
        optimizer.step()


@pytest.mark.parametrize("name", OURS)
def test_a_short_last_batch_runs_the_same_program(name: str) -> None:
    X, y = data()
    trainer = sklon.Trainer(OURS[name](), loss="mse", optimizer="adam", lr=0.01)
    trainer.fit((X.astype(np.float32), y.astype(np.float32)), epochs=2, batch_size=48)
    assert np.isfinite(trainer.predict(X[:7].astype(np.float32))).all()


class Counting(sklon.nn.Module):
    """Keeps a sum of what it saw, as users' own layers do."""

    seen: sklon.Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("seen", sklon.zeros(3))

    def forward(self, x: Any) -> Any:
        self.seen = self.seen + x.detach().sum((0, 1))
        return x.reshape((-1, 15))


@pytest.mark.parametrize("targets", [np.float32, np.float64])
def test_float64_rows_train_a_float32_model_whose_state_keeps_its_type(targets: type[Any]) -> None:
    """NumPy's numbers are float64: batch norm's estimates, and buffers of one's own, stay what they are."""
    X, y = np.random.default_rng(0).standard_normal((20, 5, 3)), np.ones((20, 1), targets)
    found = []
    for dtype in (np.float64, np.float32):
        with sklon.tensors.modes.seeded(0):
            nn = sklon.nn
            model = nn.Sequential(Counting(), nn.Linear(15, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, 1))
        trainer = sklon.Trainer(model, loss="mse", optimizer="sgd", lr=0.01, seed=0)
        columns = columns_of([X.astype(dtype)], y)
        verify(record_training(model, trainer.loss, trainer.rules, columns))
        trainer.fit((X.astype(dtype), y), epochs=3, batch_size=8)
        model[2](sklon.tensor(np.ones((4, 8), dtype)))  # in eager steps too
        state = {name: np.asarray(value) for name, value in model.state_dict().items()}
        assert {value.dtype for value in state.values()} == {np.dtype(np.float32), np.dtype(np.int64)}
        found.append(state)
    assert all(np.allclose(found[0][name], found[1][name], rtol=1e-4, atol=1e-5) for name in found[0])
