"""Data as users give them, checked and bound: arrays whose leading axes are rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from sklon._base.errors import DtypeError, InputError, ShapeError
from sklon.tensors import Tensor

from .step import Columns, columns_of

Array = np.ndarray[Any, Any]


@dataclass(frozen=True, slots=True)
class Samples:
    """Inputs and, for training, targets and what each row counts, all with the same number of rows.

    ``numbers`` are those of the rows in the data that were given, where these are a part of them.
    """

    inputs: tuple[Array, ...]
    target: Array | None
    weight: Array | None = None
    numbers: Array | None = None

    def __len__(self) -> int:
        return len(self.inputs[0])

    def at(self, rows: Array) -> Samples:
        """The samples with these numbers."""
        target, weight = (None if a is None else a[rows] for a in (self.target, self.weight))
        numbers = rows if self.numbers is None else self.numbers[rows]
        return Samples(tuple(x[rows] for x in self.inputs), target, weight, numbers)

    @property
    def arrays(self) -> tuple[Array, ...]:
        """All arrays that there are."""
        return (*self.inputs, *(a for a in (self.target, self.weight) if a is not None))

    @property
    def columns(self) -> Columns:
        """The shape and type of one row."""
        return columns_of(self.inputs, self.target, self.weight is not None)

    def pieces(self) -> Iterator[Samples]:
        """All rows in their order, as much at once as lies in memory: here, everything."""
        yield self

    def bound(self) -> dict[str, Array]:
        """The arrays under the names that recorded graphs give them."""
        named = {f"x{i}": x for i, x in enumerate(self.inputs)}
        named.update({label: a for label, a in (("y", self.target), ("weight", self.weight)) if a is not None})
        return named


def joined(parts: Sequence[Samples]) -> Samples:
    """The rows of several, one after another; all have the same columns."""
    if len(parts) == 1:
        return parts[0]

    def of(arrays: Sequence[Array | None]) -> Array | None:
        present = [a for a in arrays if a is not None]
        return np.concatenate(present) if present else None

    inputs = tuple(np.concatenate(columns) for columns in zip(*(p.inputs for p in parts), strict=True))
    target, weight = of([p.target for p in parts]), of([p.weight for p in parts])
    return Samples(inputs, target, weight, of([p.numbers for p in parts]))


def samples(inputs: Any, target: Any = None, weight: Any = None) -> Samples:
    """Check arrays and bring them into the types that are computed with: float32 or float64, and int32.

    ``weight`` has a number of at least 0 for each row, not all of them 0.
    """
    found = prepared(inputs, target, weight)
    if not len(found):
        raise InputError("there is no row to train on")
    if found.weight is not None and not found.weight.sum() > 0:
        raise InputError("weights must be numbers of at least 0, one for each row, with one above 0")
    return found


def prepared(inputs: Any, target: Any = None, weight: Any = None) -> Samples:
    """What :func:`samples` does for some rows of many, which may all have the weight 0."""
    given: Sequence[Any] = inputs if isinstance(inputs, tuple | list) and _holds_arrays(inputs) else (inputs,)
    arrays = tuple(_prepared(x, f"input {i}" if len(given) > 1 else "the input") for i, x in enumerate(given))
    targets = None if target is None else _prepared(target, "the target")
    found = Samples(arrays, targets, None if weight is None else _weights(weight))
    counts = {len(a) for a in found.arrays}
    if len(counts) != 1:
        raise ShapeError(f"inputs, target and weights must have the same number of rows, not {sorted(counts)}")
    return found


def _weights(values: Any) -> Array:
    """What each row counts, as numbers of one axis."""
    weights = _prepared(values, "the weights").astype(np.float64)
    if weights.ndim != 1 or (weights < 0).any():
        raise InputError("weights must be numbers of at least 0, one for each row, with one above 0")
    return weights


def _holds_arrays(values: Sequence[Any]) -> bool:
    return bool(values) and all(isinstance(v, np.ndarray | Tensor) for v in values)


def _prepared(values: Any, what: str) -> Array:
    array = values.numpy() if isinstance(values, Tensor) else np.asarray(values)
    if array.dtype == object:
        raise DtypeError(
            f"{what} must hold numbers, not {_kind(values)}; pass arrays, with text and categories encoded"
        )
    if array.ndim == 0:
        raise ShapeError(f"{what} must have rows, but it is a single number")
    if array.dtype.kind in "iub":
        return _whole_numbers(array, what)
    if array.dtype.kind != "f":
        raise DtypeError(f"{what} must hold numbers, not {array.dtype}; encode text and categories first")
    if not np.isfinite(array).all():
        bad = int((~np.isfinite(array)).sum())
        raise InputError(f"{what} holds {bad} values that are NaN or infinite; replace or drop them first")
    return np.ascontiguousarray(array, np.float64 if array.dtype == np.float64 else np.float32)


def _kind(values: Any) -> str:
    return "objects" if isinstance(values, np.ndarray | list | tuple) else f"a {type(values).__name__}"


def _whole_numbers(array: Array, what: str) -> Array:
    if array.size and (array.max() > np.iinfo(np.int32).max or array.min() < np.iinfo(np.int32).min):
        raise DtypeError(f"{what} holds whole numbers beyond 32 bits")
    return np.ascontiguousarray(array, np.int32)
