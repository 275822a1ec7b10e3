"""Making tensors from values, shapes and random numbers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from sklon._base.dtypes import Dtype, dtype_of
from sklon._base.errors import AutogradError, InputError
from sklon._base.philox import uniform
from sklon.graph.node import Node

from . import autograd, tracing, values
from .functional import broadcast_to
from .manipulation import reshape
from .modes import at_each_call, generator
from .samples import drawn_for_each
from .tensor import Tensor

Array = np.ndarray[Any, Any]
DtypeLike = Dtype | str
#: draws random numbers of a shape
Draw = Callable[[tuple[int, ...]], Array]


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


def empty(*shape: int, dtype: DtypeLike = "float32") -> Tensor:
    """Values that nobody should read before writing; here they are zeros."""
    return zeros(*shape, dtype=dtype)


def zeros_like(x: Tensor, *, dtype: DtypeLike | None = None, requires_grad: bool = False) -> Tensor:
    """Zeros of the shape and type of ``x``."""
    return zeros(_numbers(x), dtype=dtype or x.dtype, requires_grad=requires_grad)  # type: ignore[arg-type]


def ones_like(x: Tensor, *, dtype: DtypeLike | None = None, requires_grad: bool = False) -> Tensor:
    """Ones of the shape and type of ``x``."""
    return ones(_numbers(x), dtype=dtype or x.dtype, requires_grad=requires_grad)  # type: ignore[arg-type]


def full_like(x: Tensor, value: float, *, dtype: DtypeLike | None = None) -> Tensor:
    """One value everywhere, of the shape and type of ``x``."""
    return full(_numbers(x), value, dtype=dtype or x.dtype)


def empty_like(x: Tensor, *, dtype: DtypeLike | None = None) -> Tensor:
    """Values of the shape and type of ``x`` that nobody should read before writing; here they are zeros."""
    return zeros_like(x, dtype=dtype)


def _numbers(x: Tensor) -> tuple[int, ...]:
    """The shape of a tensor whose size is known."""
    sizes = tuple(e for e in x.shape if isinstance(e, int))
    if len(sizes) != x.ndim:
        raise InputError(f"how many rows a step has is not known when it is recorded: {x.shape}; use x * 0 + value")
    return sizes


def eye(n: int, m: int | None = None, *, k: int = 0, dtype: DtypeLike = "float32") -> Tensor:
    """Ones on the k-th diagonal, zeros elsewhere: [n, m]."""
    return from_array(np.eye(n, m, k, dtype_of(dtype).numpy))


def arange(start: float, stop: float | None = None, step: float = 1, *, dtype: DtypeLike | None = None) -> Tensor:
    """start, start + step, … below ``stop``; with one number 0, 1, … below it. Whole numbers are int64, others float32.

    >>> import sklon
    >>> sklon.arange(1, 10, 3).tolist()
    [1, 4, 7]
    """
    if step == 0:
        raise InputError("the step of arange is 0: it would never end")
    first, last = (0, start) if stop is None else (start, stop)
    whole = all(isinstance(x, int | np.integer) for x in (first, last, step))
    wanted = dtype_of(dtype or ("int64" if whole else "float32"))
    return from_array(np.arange(first, last, step).astype(wanted.numpy))


def linspace(start: float, stop: float, num: int, *, dtype: DtypeLike = "float32", endpoint: bool = True) -> Tensor:
    """``num`` numbers at equal distances from ``start`` to ``stop``."""
    if num < 0:
        raise InputError(f"linspace makes at least 0 numbers, not {num}")
    if any(np.ndim(x) for x in (start, stop)):
        raise InputError("linspace goes from one number to another; each of them has no axes")
    return from_array(np.linspace(start, stop, num, endpoint).astype(dtype_of(dtype).numpy))


def meshgrid(*arrays: Tensor, indexing: str = "xy") -> list[Tensor]:
    """Lists repeated to a grid, one tensor for each: rows are y (``"xy"``), or the first list (``"ij"``)."""
    if indexing not in ("xy", "ij") or any(x.ndim != 1 for x in arrays):
        shapes = ", ".join(str(x.shape) for x in arrays)
        raise InputError(f"meshgrid takes lists and the indexing 'xy' or 'ij', not {indexing!r} and shapes {shapes}")
    count = len(arrays)
    order = list(range(count))
    if indexing == "xy" and count > 1:
        order[:2] = [1, 0]
    sizes = [0] * count
    for at, x in zip(order, arrays, strict=True):
        sizes[at] = len(x)
    return [
        broadcast_to(reshape(x, [-1 if a == at else 1 for a in range(count)]), sizes)
        for at, x in zip(order, arrays, strict=True)
    ]


def randint(low: int, high: int | None = None, size: tuple[int, ...] = (), *, dtype: DtypeLike = "int64") -> Tensor:
    """Whole numbers drawn uniformly from low … high − 1; with one number from 0 … low − 1."""
    low, high = (0, low) if high is None else (low, high)
    if low >= high:
        raise InputError(f"there is no whole number from {low} up to, not including, {high}")
    first, count = low, high - low

    def draw(shape: tuple[int, ...]) -> Array:
        source = generator()
        drawn = uniform(shape, seed=source.seed, stream=4, step=source.draw())
        return first + np.floor(drawn.astype(np.float64) * count)

    return _drawn(draw, tuple(size), dtype)


def randperm(n: int) -> Tensor:
    """The numbers 0 … n − 1 in a random order: int64."""

    def draw(shape: tuple[int, ...]) -> Array:
        source = generator()
        drawn = uniform(shape, seed=source.seed, stream=5, step=source.draw())
        return np.argsort(drawn, axis=-1, kind="stable")

    return _drawn(draw, (n,), "int64")


def rand(*shape: int, dtype: DtypeLike = "float32", requires_grad: bool = False) -> Tensor:
    """Numbers drawn uniformly from [0, 1), from the process-wide seed."""

    def draw(shape: tuple[int, ...]) -> Array:
        source = generator()
        return uniform(shape, seed=source.seed, stream=1, step=source.draw())

    return _drawn(draw, _shape(shape), dtype, requires_grad)


def randn(*shape: int, dtype: DtypeLike = "float32", requires_grad: bool = False) -> Tensor:
    """Numbers drawn from the standard normal distribution, by Box and Muller's method."""

    def draw(shape: tuple[int, ...]) -> Array:
        source = generator()
        step = source.draw()
        radius = np.sqrt(-2 * np.log1p(-uniform(shape, seed=source.seed, stream=2, step=step)))
        angle = 2 * np.pi * uniform(shape, seed=source.seed, stream=3, step=step)
        found: Array = radius * np.cos(angle)
        return found

    return _drawn(draw, _shape(shape), dtype, requires_grad)


def _drawn(draw: Draw, shape: tuple[int, ...], dtype: DtypeLike, requires_grad: bool = False) -> Tensor:
    """A tensor of random numbers; inside a jitted function they are drawn at each call."""
    wanted, trace = dtype_of(dtype), tracing.current()

    def leaf(shape: tuple[int, ...]) -> Node:
        if trace is None:
            return values.leaf(draw(shape).astype(wanted.numpy))
        return trace.array(shape, wanted, at_each_call(trace, lambda: draw(shape).astype(wanted.numpy)))

    result = Tensor(drawn_for_each(leaf, shape, wanted))
    return result.requires_grad_() if requires_grad else result


def _shape(shape: tuple[Any, ...]) -> tuple[int, ...]:
    return tuple(shape[0]) if len(shape) == 1 and isinstance(shape[0], tuple | list) else shape
