"""Tensors from outside that a model or a loss reads have their values, in training, evaluation and prediction."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import sklon
from sklon import Trainer, nn, optim

RNG = np.random.default_rng(0)
X = RNG.standard_normal((64, 3))
Y = RNG.standard_normal((64, 2))
SCALE = sklon.tensor([1.0, 2.0], dtype="float64")
SHIFT = sklon.tensor([[0.5, -1.0, 2.0]], dtype="float64")


def scaled(output: Any, target: Any) -> Any:
    return SCALE * (output - target) ** 2


class Shifted(nn.Module):
    """Reads a tensor that is no parameter, no buffer, and a computed one."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(3, 2, bias=False, dtype="float64")

    def forward(self, x: Any) -> Any:
        return self.linear((x + SHIFT) * sklon.exp(SHIFT))


def by_hand(w: Any) -> Any:
    return (X + SHIFT.numpy()) * np.exp(SHIFT.numpy()) @ w.T


@pytest.mark.parametrize("micro", [None, 5])
def test_a_loss_and_a_model_that_read_tensors_from_outside(micro: int | None) -> None:
    model = Shifted()
    w = model.linear.weight.detach().numpy().copy()
    trainer = Trainer(model, loss=scaled, optimizer=optim.SGDRule(lr=1e-3), average=optim.EMA(0.0))
    before = trainer.evaluate(X, Y)
    expected = (SCALE.numpy() * (by_hand(w) - Y) ** 2).mean()
    assert before == pytest.approx(expected, rel=1e-12)
    history = trainer.fit((X, Y), epochs=1, batch_size="full", micro_batch_size=micro, shuffle=False)
    assert history[-1]["train_loss"] == pytest.approx(before, rel=1e-12)
    x = (X + SHIFT.numpy()) * np.exp(SHIFT.numpy())
    gradient = (2 * SCALE.numpy() * (x @ w.T - Y)).T @ x / (64 * 2)
    np.testing.assert_allclose(model.linear.weight.detach().numpy(), w - 1e-3 * gradient, rtol=1e-10)
    np.testing.assert_allclose(trainer.predict(X), by_hand(model.linear.weight.detach().numpy()), rtol=1e-12)


def test_two_tensors_of_one_structure_keep_their_own_values() -> None:
    def loss_with(factor: float) -> float:
        weight = sklon.tensor([factor, factor], dtype="float64")
        with sklon.tensors.modes.seeded(1):
            model = nn.Linear(3, 2, dtype="float64")
        return Trainer(model, loss=lambda o, t: weight * (o - t) ** 2).evaluate(X, Y)

    assert loss_with(3.0) == pytest.approx(3 * loss_with(1.0), rel=1e-12)
