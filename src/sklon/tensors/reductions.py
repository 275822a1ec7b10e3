"""Reductions beyond sum, mean and maximum, each made of them, with the names of the array API standard."""

from __future__ import annotations

from math import prod as product_of

from sklon._base.dtypes import bool_, float32, int32, int64
from sklon._base.errors import DtypeError, ShapeError
from sklon._base.shapes import normalise_axes

from .functional import (
    Axes,
    add,
    amax,
    astype,
    divide,
    equal,
    exp,
    less,
    log,
    maximum,
    mean,
    multiply,
    negative,
    sqrt,
    subtract,
    sum,
    where,
)
from .manipulation import axis_of, flatten, index_along, known, narrow, pad, reshape, same, squeeze
from .record import build, wrap
from .tensor import Tensor


def max(x: Tensor, axis: Axes = None, keepdims: bool = False) -> Tensor:
    """The maximum along ``axis``; NaN if there is one. Ties share the gradient equally."""
    return astype(amax(astype(x, int32), axis, keepdims), bool_) if x.dtype is bool_ else amax(x, axis, keepdims)


def amin(x: Tensor, axis: Axes = None, keepdims: bool = False) -> Tensor:
    """The minimum along ``axis``; NaN if there is one. Ties share the gradient equally."""
    return min(x, axis, keepdims)


def min(x: Tensor, axis: Axes = None, keepdims: bool = False) -> Tensor:
    """The minimum along ``axis``; NaN if there is one. Ties share the gradient equally."""
    if x.dtype is bool_:
        return all(x, axis, keepdims)
    if x.dtype.is_floating:
        return negative(amax(negative(x), axis, keepdims))
    return _inverted(amax(_inverted(x), axis, keepdims))


def _inverted(x: Tensor) -> Tensor:
    """−1 − x turns the order of integers around and leaves none out."""
    return subtract(-1, x)


def all(x: Tensor, axis: Axes = None, keepdims: bool = False) -> Tensor:
    """Whether every element along ``axis`` is not zero; NaN is not zero."""
    return equal(sum(astype(equal(x, 0), int64), axis, keepdims), 0)


def any(x: Tensor, axis: Axes = None, keepdims: bool = False) -> Tensor:
    """Whether an element along ``axis`` is not zero; NaN is not zero."""
    return less(0, count_nonzero(x, axis, keepdims))


def count_nonzero(x: Tensor, axis: Axes = None, keepdims: bool = False) -> Tensor:
    """How many elements along ``axis`` are not zero: int64."""
    return sum(subtract(1, astype(equal(x, 0), int64)), axis, keepdims)


def argmax(x: Tensor, axis: int | None = None, keepdims: bool = False) -> Tensor:
    """The index of the first maximum along ``axis``, or in the flattened tensor: int64. NaN is the maximum.

    >>> import sklon
    >>> sklon.argmax(sklon.tensor([1.0, 3.0, 3.0])).item()
    1
    """
    if axis is None:
        flat = argmax(flatten(x), 0)
        return reshape(flat, (1,) * x.ndim) if keepdims else flat
    at = axis_of(axis, x.ndim)
    count = known(x.shape[at], "argmax")
    if count == 0:
        raise ShapeError(f"axis {axis} of a tensor of shape {x.shape} has no maximum: it is empty")
    plain = astype(x, int32) if x.dtype is bool_ else x
    best = equal(plain, amax(plain, at, keepdims=True))
    if x.dtype.is_floating:
        best = where(equal(x, x), best, True)
    # the first of several is the one with the most elements behind it
    behind = where(best, subtract(count - 1, index_along(x, at)), -1)
    return astype(subtract(count - 1, amax(behind, at, keepdims)), int64)


def argmin(x: Tensor, axis: int | None = None, keepdims: bool = False) -> Tensor:
    """The index of the first minimum along ``axis``, or in the flattened tensor: int64. NaN is the minimum."""
    turned = negative(x) if x.dtype.is_floating else _inverted(astype(x, int32) if x.dtype is bool_ else x)
    return argmax(turned, axis, keepdims)


def var(x: Tensor, axis: Axes = None, correction: float = 0.0, keepdims: bool = False) -> Tensor:
    """Σ (x − mean)² / (n − correction) along ``axis``. The array API's default is 0; PyTorch's method takes 1."""
    axes = normalise_axes(axis, x.ndim)
    centred = subtract(x, mean(x, axis, keepdims=True))
    if not correction:
        return mean(multiply(centred, centred), axis, keepdims)
    count = product_of(known(x.shape[a], "a corrected variance") for a in axes)
    total = sum(multiply(centred, centred), axis, keepdims)
    left = count - correction
    return divide(total, left if left > 0 else 0.0)


def std(x: Tensor, axis: Axes = None, correction: float = 0.0, keepdims: bool = False) -> Tensor:
    """√var along ``axis``."""
    return sqrt(var(x, axis, correction, keepdims))


def prod(x: Tensor, axis: Axes = None, keepdims: bool = False) -> Tensor:
    """Π x along ``axis``: pairs are multiplied as a tree, so the gradient is right where factors are zero."""
    x = astype(x, int64) if not x.dtype.is_floating else x
    axes = normalise_axes(axis, x.ndim)
    for at in axes:
        x = _product(x, at)
    return same(x) if keepdims else squeeze(x, axes)


def _product(x: Tensor, at: int) -> Tensor:
    count = known(x.shape[at], "a product")
    if count == 0:
        shape = tuple(1 if a == at else e for a, e in enumerate(x.shape))
        return wrap(build().full(1.0, shape, x.dtype))
    while count > 1:
        half = count // 2
        pairs = multiply(narrow(x, at, 0, half), narrow(x, at, half, half))
        if count % 2:
            last = narrow(x, at, count - 1, 1)
            first = multiply(narrow(pairs, at, 0, 1), last)
            pairs = _with_first(pairs, first, at)
        x, count = pairs, half
    return x


def _with_first(x: Tensor, first: Tensor, at: int) -> Tensor:
    size = known(x.shape[at], "a product")
    return where(equal(index_along(x, at), 0), pad(first, at, 0, size - 1), x)


def logsumexp(x: Tensor, axis: Axes = None, keepdims: bool = False) -> Tensor:
    """ln Σ eˣ along ``axis``, for any x: the maximum is taken out first."""
    x = x if x.dtype.is_floating else astype(x, float32)
    axes = normalise_axes(axis, x.ndim)
    if not axes:
        return log(exp(x))
    top = wrap(build().stop_gradient(amax(x, axis, keepdims=True).node))
    finite = where(equal(subtract(top, top), 0), top, 0.0)
    result = add(log(sum(exp(subtract(x, finite)), axis, keepdims=True)), finite)
    return result if keepdims else squeeze(result, axes)


def vector_norm(x: Tensor, axis: Axes = None, keepdims: bool = False, ord: float = 2) -> Tensor:
    """(Σ |x|ᵖ)^(1/p) along ``axis`` for p = ``ord``: 1, 2 or ∞. At 0 the gradient of the 2-norm is 0."""
    x = x if x.dtype.is_floating else astype(x, float32)
    size = maximum(x, negative(x))
    if ord == 1:
        return sum(size, axis, keepdims)
    if ord == float("inf"):
        return amax(size, axis, keepdims)
    if ord != 2:
        raise DtypeError(f"the norm of order {ord} is not here; there are 1, 2 and ∞")
    squares = sum(multiply(x, x), axis, keepdims)
    zero = equal(squares, 0)
    return where(zero, 0.0, sqrt(where(zero, 1.0, squares)))


# ---- running sums
def cumulative_sum(x: Tensor, axis: int | None = None) -> Tensor:
    """y[i] = x[0] + … + x[i] along ``axis``: spans of 1, 2, 4, … are joined, so rounding grows with log n."""
    if axis is None:
        if x.ndim != 1:
            raise ShapeError(f"a tensor of shape {x.shape} needs an axis along which to add")
        axis = 0
    return _running(astype(x, int64) if not x.dtype.is_floating else x, axis_of(axis, x.ndim), times=False)


def cumulative_prod(x: Tensor, axis: int) -> Tensor:
    """y[i] = x[0]·…·x[i] along ``axis``; the gradient is right where factors are zero."""
    return _running(astype(x, int64) if not x.dtype.is_floating else x, axis_of(axis, x.ndim), times=True)


def _running(x: Tensor, at: int, times: bool) -> Tensor:
    count, span = known(x.shape[at], "a running sum"), 1
    while span < count:
        earlier = pad(narrow(x, at, 0, count - span), at, span, 0)
        alone = less(index_along(x, at), span)
        x = where(alone, x, multiply(x, earlier)) if times else add(x, earlier)
        span *= 2
    return same(x)


def diff(x: Tensor, axis: int = -1, n: int = 1) -> Tensor:
    """x[i + 1] − x[i] along ``axis``, ``n`` times."""
    if n < 0:
        raise ShapeError(f"differences are taken 0 times or more, not {n} times")
    at = axis_of(axis, x.ndim)
    for _ in range(n):
        count = known(x.shape[at], "a difference")
        x = subtract(narrow(x, at, 1, count - 1), narrow(x, at, 0, count - 1)) if count else x
    return same(x)


__all__ = [
    "all",
    "amin",
    "any",
    "argmax",
    "argmin",
    "count_nonzero",
    "cumulative_prod",
    "cumulative_sum",
    "diff",
    "logsumexp",
    "max",
    "min",
    "prod",
    "std",
    "var",
    "vector_norm",
]
