"""Making tensors from values, shapes and random numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

from sklon._base.dtypes import Dtype, dtype_of
from sklon._base.errors import AutogradError, InputError
from sklon._base.philox import uniform

from . import autograd, values
from .modes import generator
from .tensor import Tensor

Array = np.ndarray[Any, Any]
DtypeLike = Dtype | str


def tensor(data: Any, *, dtype: DtypeLike | None = None, requires_grad: bool = False) -> Tensor:
    """A tensor with a copy of ``data``: numbers, nested lists, or an array.

    Python floats become float32, Python integers int64; arrays keep their type.

    >>> import sklon
    >>> sklon.tensor([[1, 2], [3, 4]]).shape
    (2, 2)
    """
    if isinstance(data, Tensor):
        data = data.numpy()
    array = np.array(data)
    if array.dtype == object:
        raise InputError("a tensor needs numbers in a rectangular arrangement; the nested lists differ in length")
    if dtype is None and not isinstance(data, np.ndarray | np.generic) and array.dtype == np.float64:
        dtype = "float32"
    wanted = dtype_of(dtype if dtype is not None else array.dtype)
    return from_array(np.array(array, wanted.numpy, order="C"), requires_grad)


def from_array(array: Array, requires_grad: bool = False) -> Tensor:
    """A tensor that takes over ``array``: nobody else may write to it."""
    result = Tensor(values.leaf(array))
    if requires_grad and not result.dtype.is_floating:
        raise AutogradError(f"only floating tensors can require gradients, not {result.dtype!r}")
    if requires_grad:
        result.requires_grad = True
        autograd.watch(result)
    return result


def zeros(*shape: int, dtype: DtypeLike = "float32", requires_grad: bool = False) -> Tensor:
    """Zeros."""
    return from_array(np.zeros(_shape(shape), dtype_of(dtype).numpy), requires_grad)


def ones(*shape: int, dtype: DtypeLike = "float32", requires_grad: bool = False) -> Tensor:
    """Ones."""
    return from_array(np.ones(_shape(shape), dtype_of(dtype).numpy), requires_grad)


def full(shape: tuple[int, ...], value: float, *, dtype: DtypeLike = "float32") -> Tensor:
    """One value everywhere."""
    return from_array(np.full(shape, value, dtype_of(dtype).numpy))


def arange(stop: int, *, dtype: DtypeLike = "int64") -> Tensor:
    """0, 1, …, stop − 1."""
    return from_array(np.arange(stop, dtype=dtype_of(dtype).numpy))


def rand(*shape: int, dtype: DtypeLike = "float32", requires_grad: bool = False) -> Tensor:
    """Numbers drawn uniformly from [0, 1), from the process-wide seed."""
    source = generator()
    drawn = uniform(_shape(shape), seed=source.seed, stream=1, step=source.draw())
    return from_array(drawn.astype(dtype_of(dtype).numpy), requires_grad)


def randn(*shape: int, dtype: DtypeLike = "float32", requires_grad: bool = False) -> Tensor:
    """Numbers drawn from the standard normal distribution, by Box and Muller's method."""
    source = generator()
    step, full_shape = source.draw(), _shape(shape)
    radius = np.sqrt(-2 * np.log1p(-uniform(full_shape, seed=source.seed, stream=2, step=step)))
    angle = 2 * np.pi * uniform(full_shape, seed=source.seed, stream=3, step=step)
    return from_array((radius * np.cos(angle)).astype(dtype_of(dtype).numpy), requires_grad)


def _shape(shape: tuple[Any, ...]) -> tuple[int, ...]:
    return tuple(shape[0]) if len(shape) == 1 and isinstance(shape[0], tuple | list) else shape
