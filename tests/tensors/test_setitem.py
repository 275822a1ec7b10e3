"""x[key] = value has NumPy's meaning, changes no other tensor, and gradients flow to what was and what is written."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import sklon
from sklon._base.errors import AutogradError, SklonError

KEYS: tuple[Any, ...] = (
    0,
    -1,
    slice(None),
    slice(None, None, -2),
    (1, 2),
    (..., 1),
    (slice(1, 3), slice(0, 0)),
    [2, 0],
    ([0, 1, 0], [1, 1, 1]),
    (None, 1),
    np.arange(20).reshape(4, 5) % 3 == 0,
)


@pytest.mark.parametrize("key", KEYS, ids=repr)
@pytest.mark.parametrize("several", (False, True))
def test_writing_is_numpy_s(key: Any, several: bool) -> None:
    array = np.arange(20.0).reshape(4, 5)
    value = -np.arange(1.0, array[key].size + 1).reshape(array[key].shape) if several else -1.0
    x = sklon.tensor(array)
    before = x * 1
    x[key] = sklon.tensor(value) if several else -1.0
    array[key] = value
    assert x.tolist() == array.tolist()
    assert before.tolist() == np.arange(20.0).reshape(4, 5).tolist()


def test_indices_may_be_tensors_and_values_are_converted() -> None:
    x = sklon.zeros(3, dtype="int64")
    x[sklon.tensor([0, 2])] = True
    x[sklon.tensor([False, True, False])] = 5
    assert x.tolist() == [1, 5, 1]


def test_gradients_go_to_what_was_written_and_what_stayed() -> None:
    x, v = (sklon.tensor(data, requires_grad=True) for data in ([1.0, 2.0, 3.0], [4.0, 5.0]))
    y = x * 2
    y[[0, 2]] = v
    (y * sklon.tensor([1.0, 10.0, 100.0])).sum().backward()
    assert x.grad is not None and v.grad is not None
    assert (x.grad.tolist(), v.grad.tolist()) == ([0.0, 20.0, 0.0], [1.0, 100.0])


def test_a_leaf_that_requires_gradients_is_written_under_no_grad() -> None:
    x = sklon.ones(2, requires_grad=True)
    with pytest.raises(AutogradError, match="no_grad"):
        x[0] = 3.0
    with sklon.no_grad():
        x[0] = 3.0
    assert x.tolist() == [3.0, 1.0] and x.requires_grad and x.is_leaf


@pytest.mark.parametrize(("key", "value"), [(5, 1.0), ((0, 0, 0), 1.0), (0, [1.0, 2.0]), ("a", 1.0), (0, 1j)])
def test_what_does_not_fit_is_refused(key: Any, value: Any) -> None:
    x = sklon.zeros(2, 3)
    with pytest.raises((SklonError, TypeError)):
        x[key] = sklon.tensor(value) if isinstance(value, list) else value
    assert x.tolist() == [[0.0] * 3] * 2


def test_a_view_is_not_written() -> None:
    x = sklon.zeros(2, 3)
    with pytest.raises(SklonError, match="writing to the result of"):
        x[0][1] = 1.0
