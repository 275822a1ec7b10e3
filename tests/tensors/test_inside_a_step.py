"""While a training step is recorded: what has no value yet, and writing in place in ``forward``."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

import sklon
from sklon import nn
from sklon._base.errors import InputError
from sklon.tensors import Tensor
from sklon.training import Trainer


class _Net(nn.Module):
    def __init__(self, body: Callable[[_Net, Tensor], Tensor]) -> None:
        super().__init__()
        sklon.manual_seed(0)
        self.linear, self.body = nn.Linear(3, 1), body

    def forward(self, x: Tensor) -> Tensor:
        return self.body(self, x)


def _trained(body: Callable[[_Net, Tensor], Tensor]) -> np.ndarray:
    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((12, 3)).astype(np.float32), rng.standard_normal((12, 1)).astype(np.float32)
    net = _Net(body)
    Trainer(net, loss=nn.MSELoss(), optimizer="sgd", lr=0.1).fit((X, y), epochs=2, batch_size=5)
    return net.linear.weight.numpy()


def _plain(net: _Net, x: Tensor) -> Tensor:
    h: Tensor = (net.linear(x) + 1) * 2 + 0.5
    return h


def _in_place(net: _Net, x: Tensor) -> Tensor:
    h: Tensor = net.linear(x)
    h += 1
    h.mul_(2)
    return h + 0.5


def _asks_for_another_value(net: _Net, x: Tensor) -> Tensor:
    weights = net.linear.weight * 2  # waits, and has no value inside the step
    half = sklon.tensor([0.25]) * 2
    h: Tensor = (net.linear(x) + 1) * 2 + half.item()
    assert weights.shape == (1, 3)
    return h


def _asks_for_a_weight(net: _Net, x: Tensor) -> Tensor:
    h: Tensor = net.linear(x) * (net.linear.weight * 2).sum().item()
    return h


def test_writing_in_place_in_forward_trains_the_same() -> None:
    np.testing.assert_array_equal(_trained(_in_place), _trained(_plain))


def test_a_value_that_does_not_depend_on_the_step_can_be_read() -> None:
    np.testing.assert_allclose(_trained(_asks_for_another_value), _trained(_plain), rtol=1e-6)


def test_a_value_of_the_step_cannot_and_the_error_says_so() -> None:
    with pytest.raises(InputError, match="only inside a training step"):
        _trained(_asks_for_a_weight)
