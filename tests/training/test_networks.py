"""Ten networks as people write them: eager loop and Trainer take the steps that PyTorch takes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import sklon

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
