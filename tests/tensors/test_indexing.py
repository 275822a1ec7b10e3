"""Indexing with NumPy as the judge: any key that NumPy takes gives the same elements, and gradients go back to them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import sklon
from sklon._base.errors import InputError

Array = np.ndarray[Any, Any]
SHAPES = hnp.array_shapes(min_dims=1, max_dims=4, min_side=1, max_side=6)


def numbered(shape: tuple[int, ...]) -> Array:
    return np.arange(1.0, 1 + np.prod(shape)).reshape(shape)


def check(array: Array, key: Any) -> None:
    """The value, and the gradient of Σ w·x[key] for weights w: each element gets the weights of where it went."""
    expected = array[key]
    x = sklon.tensor(array, requires_grad=True)
    found = x[key]
    assert found.shape == expected.shape
    weights = np.random.default_rng(0).standard_normal(expected.shape)
    (found * sklon.tensor(weights)).sum().backward()
    np.testing.assert_array_equal(found.numpy(), expected)
    gradient = np.zeros_like(array)
    np.add.at(gradient, key, weights)
    assert x.grad is not None
    np.testing.assert_allclose(x.grad.numpy(), gradient, rtol=1e-12, atol=1e-12)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_numbers_slices_and_new_axes(data: st.DataObject) -> None:
    shape = data.draw(SHAPES)
    check(numbered(shape), data.draw(hnp.basic_indices(shape, allow_newaxis=True, allow_ellipsis=True)))


@settings(max_examples=30, deadline=None)
@given(st.data())
def test_arrays_of_indices(data: st.DataObject) -> None:
    shape = data.draw(SHAPES)
    check(numbered(shape), data.draw(hnp.integer_array_indices(shape)))


@pytest.mark.parametrize(
    "key",
    [
        np.s_[[1, 0]],
        np.s_[:, [0, -1, 0]],
        np.s_[[0, 1], :, [3, 2]],
        np.s_[:, [[0, 1], [2, 0]], 1],
        np.s_[1, :, [0, 3]],
        np.s_[..., [1, 1]],
        np.s_[None, [0, 1], ::2, None],
        np.s_[np.array([True, False])],
        np.s_[:, np.array([True, False, True]), 1:],
        np.s_[np.arange(24).reshape(2, 3, 4) % 3 == 0],
        np.s_[np.zeros((2, 3), bool)],
        np.s_[[]],
        np.s_[::-1, ::-2, 3:0:-1],
        np.s_[5:],
    ],
    ids=str,
)
def test_keys_of_every_kind(key: Any) -> None:
    check(numbered((2, 3, 4)), key)


def test_a_tensor_is_an_index_or_a_mask() -> None:
    x = sklon.tensor(numbered((4, 3)))
    best = x.argmax(1)
    assert x[sklon.arange(4), best].tolist() == [3.0, 6.0, 9.0, 12.0]
    assert x[x > 10].tolist() == [11.0, 12.0]


@pytest.mark.parametrize(
    ("key", "message"),
    [
        (np.s_[2], "index 2 is out of range for an axis of size 2"),
        (np.s_[:, -4], "out of range"),
        (np.s_[[0, 5]], "index 5"),
        (np.s_[0, 0, 0, 0], "too many"),
        (np.s_[..., ...], "at most one"),
        (np.s_[1.5], "whole numbers"),
        (np.s_["a"], "whole numbers"),
        (np.s_[np.array([True, False, True])], "does not fit"),
        (np.s_[[0, 1], [0, 1, 2]], "do not fit together"),
    ],
    ids=str,
)
def test_what_is_no_index_is_refused(key: Any, message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        sklon.tensor(numbered((2, 3, 4)))[key]
    assert isinstance(caught.value, IndexError)


def test_slices_of_a_model_run_in_a_training_step() -> None:
    """Columns of a batch are cut, turned and joined again; the steps agree with the loop on whole tensors."""

    class Halves(sklon.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.left, self.right = sklon.nn.Linear(3, 4), sklon.nn.Linear(3, 4)

        def forward(self, x: Any) -> Any:
            a, b = self.left(x[:, :3]), self.right(x[:, 3:])
            joined = sklon.concat([a, sklon.flip(b, 1)], 1).relu()
            return joined.reshape(-1, 2, 4).sum(1)[:, :1]

    random = np.random.default_rng(0)
    X, y = random.standard_normal((130, 6)).astype(np.float32), random.standard_normal((130, 1)).astype(np.float32)
    sklon.manual_seed(0)
    model = Halves()
    by_hand = Halves()
    by_hand.load_state_dict(model.state_dict())
    sklon.Trainer(model, loss="mse", optimizer="sgd", lr=0.1).fit((X, y), epochs=3, batch_size=130)
    optimizer = sklon.optim.SGD(by_hand.parameters(), lr=0.1)
    for _ in range(3):
        optimizer.zero_grad()
        sklon.nn.MSELoss()(by_hand(sklon.tensor(X)), sklon.tensor(y)).backward()
        optimizer.step()
    for (name, a), b in zip(model.state_dict().items(), by_hand.state_dict().values(), strict=True):
        np.testing.assert_allclose(np.asarray(a), np.asarray(b), rtol=1e-4, atol=1e-5, err_msg=name)
