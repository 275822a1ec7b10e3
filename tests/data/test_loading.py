"""Data sets and loaders give what PyTorch's give; the seed decides the order."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import sklon
from sklon._base.errors import DtypeError, InputError, ShapeError
from sklon.data import DataLoader, TensorDataset

X, Y = np.arange(22, dtype=np.float32).reshape(11, 2), np.arange(11)


@pytest.mark.parametrize("drop_last", [False, True])
@pytest.mark.parametrize("batch", [1, 4, 11, 20])
def test_batches_are_pytorch_s(batch: int, drop_last: bool) -> None:
    torch = pytest.importorskip("torch")
    from torch.utils import data as reference

    mine = DataLoader(TensorDataset(X, Y), batch, drop_last=drop_last)
    theirs = reference.DataLoader(reference.TensorDataset(torch.tensor(X), torch.tensor(Y)), batch, drop_last=drop_last)
    assert len(mine) == len(theirs)
    for ours, expected in zip(mine, theirs, strict=True):
        assert isinstance(ours, list) and isinstance(ours[0], sklon.Tensor)
        for a, b in zip(ours, expected, strict=True):
            np.testing.assert_array_equal(a.numpy(), b.numpy())
            assert str(a.numpy().dtype) == str(b.numpy().dtype)


def _order(loader: DataLoader) -> list[int]:
    return [int(i) for _, y in loader for i in y.numpy()]


def test_the_seed_and_the_epoch_decide_the_order() -> None:
    data = TensorDataset(X, Y)
    first, second = (DataLoader(data, 3, shuffle=True, seed=7) for _ in range(2))
    epochs = [_order(first), _order(first)]
    assert epochs == [_order(second), _order(second)] and epochs[0] != epochs[1]
    assert all(sorted(order) == list(range(11)) for order in epochs)
    assert _order(DataLoader(data, 3, shuffle=True, seed=8)) != epochs[0]
    sklon.manual_seed(7)
    assert _order(DataLoader(data, 3, shuffle=True)) == epochs[0]
    assert _order(DataLoader(data, 3)) == list(range(11))


class _Own:
    def __init__(self, row: Callable[[int], Any]) -> None:
        self.row = row

    def __len__(self) -> int:
        return 5

    def __getitem__(self, index: int) -> Any:
        return self.row(index)


ROWS: dict[str, tuple[Callable[[int], Any], list[tuple[tuple[int, ...], str]]]] = {
    "arrays and numbers": (lambda i: (X[i], int(Y[i])), [((5, 2), "float32"), ((5,), "int64")]),
    "numbers": (lambda i: (float(i), True), [((5,), "float32"), ((5,), "bool")]),
    "tensors": (lambda i: [sklon.tensor(X[i])], [((5, 2), "float32")]),
}


@pytest.mark.parametrize("name", ROWS)
def test_rows_of_a_data_set_of_one_s_own_are_stacked(name: str) -> None:
    row, expected = ROWS[name]
    (batch,) = DataLoader(_Own(row), 5)
    assert [(part.shape, str(part.numpy().dtype)) for part in batch] == expected


def test_rows_that_are_no_tuples_give_one_tensor() -> None:
    batches = list(DataLoader(_Own(lambda i: X[i]), 2))
    assert [b.shape for b in batches] == [(2, 2), (2, 2), (1, 2)]


REFUSALS: dict[str, tuple[Callable[[], Any], type[Exception], str]] = {
    "lengths": (lambda: TensorDataset(X, Y[:3]), ShapeError, r"same number of rows, not \[11, 3\]"),
    "nothing": (lambda: TensorDataset(), InputError, "at least one"),
    "a number": (lambda: TensorDataset(np.float32(1)), ShapeError, "single number"),
    "text": (lambda: TensorDataset(np.array(["a"])), DtypeError, "encode text"),
    "size": (lambda: DataLoader(TensorDataset(X), 0), InputError, "at least 1"),
    "no data set": (lambda: DataLoader(3), InputError, r"TensorDataset\(X, y\)"),  # type: ignore[arg-type]
    "shapes": (lambda: list(DataLoader(_Own(lambda i: np.ones(i + 1)), 2)), ShapeError, "same shape"),
    "parts": (lambda: list(DataLoader(_Own(lambda i: (1,) * (i + 1)), 2)), ShapeError, "numbers of parts"),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_refusals(name: str) -> None:
    call, kind, words = REFUSALS[name]
    with pytest.raises(kind, match=words):
        call()
