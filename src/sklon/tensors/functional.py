"""Array functions on tensors, with the names of the Python array API standard where it has one."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np

from sklon._base.dtypes import Dtype, bool_, dtype_of
from sklon._base.errors import DtypeError, InputError, ShapeError
from sklon._base.shapes import Extent, N, Shape, Symbol, broadcast, check_shape, normalise_axes

from . import realise, tracing
from .record import (
    as_node,
    build,
    cast,
    check_rank,
    floating,
    point,
    result_dtype,
    spread,
    wrap,
)
from .remembered import remembered
from .tensor import Operand, Tensor

Array = np.ndarray[Any, Any]
Axes = int | Sequence[int] | None


def add(x1: Operand, x2: Operand) -> Tensor:
    """x₁ + x₂."""
    return point("add", x1, x2)


def subtract(x1: Operand, x2: Operand) -> Tensor:
    """x₁ − x₂."""
    return point("sub", x1, x2)


def multiply(x1: Operand, x2: Operand) -> Tensor:
    """x₁·x₂."""
    return point("mul", x1, x2)


def divide(x1: Operand, x2: Operand) -> Tensor:
    """x₁ / x₂; integers become float32 first."""
    dtype = result_dtype(x1, x2)
    return point("div", x1, x2, dtype=dtype if dtype.is_floating else dtype_of("float32"))


def negative(x: Operand) -> Tensor:
    """−x."""
    return point("neg", x)


def abs(x: Operand) -> Tensor:
    """|x|; its derivative at 0 is 0."""
    return point("abs", x)


def maximum(x1: Operand, x2: Operand) -> Tensor:
    """The larger of x₁ and x₂; at ties each gets half the gradient."""
    return point("maximum", x1, x2)


def exp(x: Operand) -> Tensor:
    """eˣ."""
    return point("exp", x, dtype=floating(x))


def log(x: Operand) -> Tensor:
    """ln x; −∞ at 0 and NaN below."""
    return point("log", x, dtype=floating(x))


def sqrt(x: Operand) -> Tensor:
    """√x; NaN below 0."""
    return point("sqrt", x, dtype=floating(x))


def relu(x: Operand) -> Tensor:
    """max(x, 0); its derivative at 0 is 0."""
    return point("relu", x, dtype=floating(x))


def sigmoid(x: Operand) -> Tensor:
    """1 / (1 + e⁻ˣ)."""
    return point("sigmoid", x, dtype=floating(x))


def tanh(x: Operand) -> Tensor:
    """tanh x."""
    return point("tanh", x, dtype=floating(x))


def softplus(x: Operand) -> Tensor:
    """ln(1 + eˣ)."""
    return point("softplus", x, dtype=floating(x))


def less(x1: Operand, x2: Operand) -> Tensor:
    """x₁ < x₂."""
    return point("less", x1, x2)


def greater(x1: Operand, x2: Operand) -> Tensor:
    """x₁ > x₂."""
    return point("greater", x1, x2)


def equal(x1: Operand, x2: Operand) -> Tensor:
    """x₁ = x₂, element by element."""
    return point("equal", x1, x2)


def where(condition: Tensor, x1: Operand, x2: Operand) -> Tensor:
    """x₁ where the condition holds, x₂ elsewhere; the value that is not chosen never matters."""
    b = build()
    dtype = result_dtype(x1, x2)
    nodes = [cast(b, condition.node, bool_), *(cast(b, as_node(x, dtype), dtype) for x in (x1, x2))]
    shape = broadcast(*(n.shape for n in nodes))
    node = b.where(*(spread(b, n, shape) for n in nodes))
    return wrap(node, *(x for x in (x1, x2) if isinstance(x, Tensor)))


def astype(x: Tensor, dtype: Dtype | str) -> Tensor:
    """The same numbers as another element type."""
    return wrap(cast(build(), x.node, dtype_of(dtype)), x)


def detach(x: Tensor) -> Tensor:
    """The same values, through which no gradient flows."""
    return Tensor(build().stop_gradient(x.node))


# ---- sums
def _reduce(x: Tensor, fn: str, axis: Axes, keepdims: bool) -> Tensor:
    axes = normalise_axes(axis, x.ndim)
    if not axes:
        return wrap(x.node, x)
    b = build()
    node = b.reduce(x.node, fn=fn, axes=axes)
    if keepdims:
        shape = tuple(1 if a in axes else e for a, e in enumerate(x.shape))
        node = b.expand(node, shape=shape, dims=tuple(a for a in range(x.ndim) if a not in axes))
    return wrap(node, x)


@remembered
def sum(x: Tensor, axis: Axes = None, keepdims: bool = False) -> Tensor:
    """Σ x along ``axis``; integers are added up in int64, booleans are counted."""
    x = x if x.dtype.is_floating else astype(x, "int64")
    return _reduce(x, "sum", axis, keepdims)


@remembered
def mean(x: Tensor, axis: Axes = None, keepdims: bool = False) -> Tensor:
    """Σ x / n along ``axis``."""
    total = sum(astype(x, floating(x)), axis, keepdims)
    axes = normalise_axes(axis, x.ndim)
    return divide(total, _count(x, axes))


def _count(x: Tensor, axes: tuple[int, ...]) -> Operand:
    """The number of elements that a reduction joins; a tensor where it contains N."""
    known = int(np.prod([e for a in axes if isinstance(e := x.shape[a], int)], dtype=np.int64))
    if all(x.shape[a] != N for a in axes):
        return known
    rows = wrap(build().size(dtype=dtype_of(floating(x))))
    return multiply(rows, known) if known != 1 else rows


def amax(x: Tensor, axis: Axes = None, keepdims: bool = False) -> Tensor:
    """The maximum along ``axis``; NaN if there is one. Ties share the gradient equally."""
    return _reduce(x, "max", axis, keepdims)


# ---- moving
def permute_dims(x: Tensor, axes: Sequence[int]) -> Tensor:
    """Axis i of the result is axis ``axes[i]`` of x."""
    order = tuple(normalise_axes(a, x.ndim)[0] for a in axes)
    if sorted(order) != list(range(x.ndim)):
        raise ShapeError(f"{tuple(axes)} is no order of the axes of a tensor of shape {x.shape}")
    shape = check_shape(x.shape[a] for a in order)
    return wrap(build().expand(x.node, shape=shape, dims=tuple(order.index(a) for a in range(x.ndim))), x)


def transpose(x: Tensor) -> Tensor:
    """The matrix with its axes exchanged."""
    check_rank(x, 2, "transpose")
    return permute_dims(x, (1, 0))


def broadcast_to(x: Tensor, shape: Sequence[int]) -> Tensor:
    """Axes of size one repeated, and new leading axes."""
    target: Shape = tuple(shape)
    fits = len(target) >= x.ndim and all(e in (1, t) for e, t in zip(x.shape[::-1], target[::-1], strict=False))
    if not fits:
        raise ShapeError(f"a tensor of shape {x.shape} does not broadcast to {target}")
    return wrap(spread(build(), x.node, target), x)


def expand_dims(x: Tensor, axis: int) -> Tensor:
    """A new axis of size one."""
    (at,) = normalise_axes(axis, x.ndim + 1)
    shape = check_shape((*x.shape[:at], 1, *x.shape[at:]))
    return wrap(build().expand(x.node, shape=shape, dims=tuple(a + (a >= at) for a in range(x.ndim))), x)


def take(x: Tensor, indices: Tensor) -> Tensor:
    """The rows of ``x`` at ``indices``, a list of whole numbers."""
    if not x.ndim:
        raise ShapeError("a tensor without axes has no rows to take")
    check_rank(indices, 1, "a list of indices")
    indices = checked_indices(indices, x.shape[0], "rows")
    return wrap(build().gather(x.node, indices.node), x)


# ---- products
@remembered
def contract(spec: str, a: Tensor, b: Tensor) -> Tensor:
    """A product over labelled axes, as ``"ni,oi->no"``: sums over the labels that the result lacks."""
    inputs, out = spec.split("->")
    left, right = inputs.split(",")
    recorder = build()
    dtype = result_dtype(a, b)
    nodes = (cast(recorder, x.node, dtype) for x in (a, b))
    return wrap(recorder.contract(*nodes, a=left, b=right, out=out), a, b)


def checked_indices(index: Tensor, extent: Extent, what: str) -> Tensor:
    """The indices; those out of range are refused. Inside a training step they are checked when data are bound.

    Inside a jitted function they are checked at each call; those that are computed there are cut to the range first,
    so that nothing beyond is read before the check.
    """
    if index.dtype.kind != "integer":
        raise DtypeError(f"indices must be whole numbers, not {index.dtype!r}")
    if any(isinstance(e, Symbol) for e in (*index.shape, extent)):
        return index
    test, trace = partial(_refuse_outside, extent=extent, what=what), tracing.current()
    checked = realise.of_all(index)
    if trace is None:
        test(realise.value(checked))
    elif not trace.check(checked.node, test):
        trace.check_result(checked.node, test)
        last, least = int(str(extent)) - 1, maximum(index, 0)
        return where(less(least, last), least, last)
    return index


def _refuse_outside(array: Array, extent: Extent, what: str) -> None:
    if array.size and (array.min() < 0 or array.max() >= extent):
        worst = array.min() if array.min() < 0 else array.max()
        raise InputError(f"an index is {worst}, but there are {extent} {what}")
