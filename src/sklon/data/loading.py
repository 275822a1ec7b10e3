"""Data sets and loaders as PyTorch has them: rows by index, batches in an order that follows from the seed.

A data set is anything with ``len`` and rows by number; ``TensorDataset`` holds arrays and is read fastest. A loader
gives batches to a loop of one's own; ``Trainer.fit`` takes one too, and then shuffles and batches natively.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Protocol

import numpy as np

from sklon._base.checks import check_whole
from sklon._base.errors import DtypeError, InputError, ShapeError
from sklon._base.philox import permutation
from sklon.tensors import Tensor
from sklon.tensors.creation import from_array
from sklon.tensors.modes import generator

Array = np.ndarray[Any, Any]


class Dataset(Protocol):
    """What a loader reads: rows by number from 0; a row is a tensor, an array, a number, or a tuple of them."""

    def __len__(self) -> int:
        """How many rows there are."""
        ...

    def __getitem__(self, index: int) -> Any:
        """One row."""
        ...


class TensorDataset:
    """Tensors, or arrays, whose first axes are the same rows: row i is the tuple of their rows i.

    Shapes: each [N, …]. Raises ShapeError where the numbers of rows differ.

    >>> import numpy as np
    >>> from sklon.data import TensorDataset
    >>> data = TensorDataset(np.ones((5, 2), np.float32), np.arange(5))
    >>> len(data), [part.shape for part in data[0]]
    (5, [(2,), ()])
    """

    def __init__(self, *tensors: Any) -> None:
        if not tensors:
            raise InputError("a TensorDataset needs at least one tensor; pass inputs and targets")
        self.tensors = tensors
        self.arrays = tuple(_array(tensor) for tensor in tensors)
        if any(array.ndim == 0 for array in self.arrays):
            raise ShapeError("the tensors of a TensorDataset must have rows, but one is a single number")
        counts = [len(array) for array in self.arrays]
        if len(set(counts)) != 1:
            raise ShapeError(f"the tensors of a TensorDataset must have the same number of rows, not {counts}")

    def __len__(self) -> int:
        return len(self.arrays[0])

    def __getitem__(self, index: Any) -> tuple[Tensor, ...]:
        return tuple(from_array(np.array(array[index])) for array in self.arrays)


class DataLoader:
    """Batches of a data set, one epoch for each iteration.

    ``batch_size`` counts rows; ``shuffle`` takes another order in each epoch, which follows from ``seed`` (that of
    ``sklon.manual_seed`` unless given) and the number of the epoch; ``drop_last`` leaves out a last batch that is
    short. A batch is a list of tensors with rows in front, or one tensor where rows are no tuples.

    >>> import numpy as np
    >>> from sklon.data import DataLoader, TensorDataset
    >>> data = TensorDataset(np.ones((5, 2), np.float32), np.arange(5))
    >>> loader = DataLoader(data, batch_size=2, shuffle=True, seed=0)
    >>> [tuple(x.shape) for x, y in loader], len(loader)
    ([(2, 2), (2, 2), (1, 2)], 3)
    """

    def __init__(
        self,
        dataset: Dataset,
        batch_size: int = 1,
        shuffle: bool = False,
        drop_last: bool = False,
        *,
        seed: int | None = None,
    ) -> None:
        check_whole(1, batch_size=batch_size)
        if not hasattr(dataset, "__len__") or not hasattr(dataset, "__getitem__"):
            raise InputError(
                f"a data set has a length and rows by number, unlike {type(dataset).__name__}; "
                "pass data.TensorDataset(X, y)"
            )
        self.dataset, self.batch_size, self.shuffle, self.drop_last = dataset, batch_size, shuffle, drop_last
        self.seed = seed
        self.epoch = 0  # iterations begun so far

    def __len__(self) -> int:
        """Batches in an epoch."""
        rows = len(self.dataset)
        return rows // self.batch_size if self.drop_last else -(-rows // self.batch_size)

    def __iter__(self) -> Iterator[Any]:
        order = self._order()
        self.epoch += 1
        return (self._batch(order[i * self.batch_size : (i + 1) * self.batch_size]) for i in range(len(self)))

    def _order(self) -> Array:
        if not self.shuffle:
            return np.arange(len(self.dataset))
        seed = generator().seed if self.seed is None else self.seed
        return permutation(len(self.dataset), seed=seed, epoch=self.epoch)

    def _batch(self, rows: Array) -> Any:
        if isinstance(self.dataset, TensorDataset):
            return list(self.dataset[rows])
        parts = stacked(self.dataset, rows.tolist())
        return [from_array(part) for part in parts] if isinstance(parts, list) else from_array(parts)


def stacked(dataset: Dataset, rows: Sequence[int]) -> Array | list[Array]:
    """Rows of a data set as arrays with the rows in front: one array, or one for each part of a row."""
    found = [dataset[i] for i in rows]
    if not isinstance(found[0], tuple | list):
        return _stack(found)
    if len({len(row) for row in found}) != 1:
        raise ShapeError("the rows of the data set have different numbers of parts; give each the same")
    return [_stack(parts) for parts in zip(*found, strict=True)]


def _stack(parts: Sequence[Any]) -> Array:
    arrays = [_array(part) for part in parts]
    shapes = {array.shape for array in arrays}
    if len(shapes) != 1:
        raise ShapeError(f"rows of different shapes make no batch: {sorted(shapes)[:2]}; give them the same shape")
    array = np.stack(arrays)
    return array.astype(np.float32) if isinstance(parts[0], float) else array


def _array(values: Any) -> Array:
    """An array of numbers, from a tensor of ours or of PyTorch, an array or a number."""
    detach = getattr(values, "detach", None)
    array = np.asarray(detach().numpy() if detach is not None else values)
    if array.dtype.kind not in "fiub":
        raise DtypeError(f"a data set holds numbers, not {array.dtype}; encode text and categories first")
    return array
