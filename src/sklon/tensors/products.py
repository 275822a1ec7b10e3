"""Products of arrays: matrices of any rank, outer products, and sums over named axes."""

from __future__ import annotations

from collections.abc import Sequence
from string import ascii_letters

from sklon._base.errors import InputError, ShapeError
from sklon._base.shapes import Shape, broadcast

from .functional import broadcast_to, contract, expand_dims
from .manipulation import axis_of, moveaxis, squeeze
from .record import require_tensor
from .tensor import Tensor


def matmul(x1: Tensor, x2: Tensor) -> Tensor:
    """The product of matrices, of stacks of matrices, or of a matrix and a vector.

    Shapes: [n, k] @ [k, m] → [n, m]; [n, k] @ [k] → [n]; [k] @ [k, m] → [m]; [k] @ [k] → []; axes in front of the
    last two are stacks and broadcast.
    """
    a, b = require_tensor(x1, "matmul"), require_tensor(x2, "matmul")
    fits = a.ndim and b.ndim and a.shape[-1] == b.shape[max(0, b.ndim - 2)]
    if not fits:
        raise ShapeError(f"matmul needs […, n, k] and […, k, m], but the shapes are {a.shape} and {b.shape}")
    if a.ndim <= 2 and b.ndim <= 2:
        left, right = "nk"[2 - a.ndim :], "km"[: b.ndim]
        return contract(f"{left},{right}->{left[:-1]}{right[1:]}", a, b)
    return _stacks(a, b)


def _stacks(a: Tensor, b: Tensor) -> Tensor:
    if b.ndim <= 2 and a.ndim > 2:
        stack = ascii_letters[: a.ndim - 1]
        return contract(f"{stack}y,{'yz'[: b.ndim]}->{stack}{'z'[: b.ndim - 1]}", a, b)
    if a.ndim == 1:
        return squeeze(_stacks(expand_dims(a, 0), b), -2)
    shape = broadcast(a.shape[:-2], b.shape[:-2])
    left, right = _aligned(a, shape), _aligned(b, shape)
    stack = ascii_letters[: len(shape)]
    return contract(f"{stack}xy,{stack}yz->{stack}xz", left, right)


def _aligned(x: Tensor, stack: Shape) -> Tensor:
    return broadcast_to(x, (*stack, *x.shape[-2:]))  # type: ignore[arg-type]


def outer(x1: Tensor, x2: Tensor) -> Tensor:
    """The products of all elements of one list with all of another: [n], [m] → [n, m]."""
    if x1.ndim != 1 or x2.ndim != 1:
        raise ShapeError(f"outer takes two lists, not tensors of shape {x1.shape} and {x2.shape}")
    return contract("n,m->nm", x1, x2)


def vecdot(x1: Tensor, x2: Tensor, axis: int = -1) -> Tensor:
    """Σ x₁·x₂ along an axis; the other axes broadcast."""
    a, b = (moveaxis(x, axis_of(axis, x.ndim), -1) for x in (x1, x2))
    if a.shape[-1] != b.shape[-1]:
        raise ShapeError(f"vecdot needs axes of one size, but the shapes are {x1.shape} and {x2.shape}")
    shape = broadcast(a.shape, b.shape)
    labels = ascii_letters[: len(shape)]
    left, right = (broadcast_to(x, shape) for x in (a, b))  # type: ignore[arg-type]
    return contract(f"{labels},{labels}->{labels[:-1]}", left, right)


def tensordot(x1: Tensor, x2: Tensor, axes: int | tuple[Sequence[int], Sequence[int]] = 2) -> Tensor:
    """Σ over pairs of axes: the last ``axes`` of x₁ with the first of x₂, or the pairs given."""
    if isinstance(axes, int):
        axes = (range(x1.ndim - axes, x1.ndim), range(axes))
    pairs = [(axis_of(a, x1.ndim), axis_of(b, x2.ndim)) for a, b in zip(*axes, strict=True)]
    left = ascii_letters[: x1.ndim]
    right = list(ascii_letters[26 : 26 + x2.ndim])
    for a, b in pairs:
        if x1.shape[a] != x2.shape[b]:
            raise ShapeError(f"axis {a} of {x1.shape} and axis {b} of {x2.shape} differ in size")
        right[b] = left[a]
    gone = {left[a] for a, _ in pairs}
    out = "".join(c for c in (*left, *right) if c not in gone)
    return contract(f"{left},{''.join(right)}->{out}", x1, x2)


def einsum(equation: str, *operands: Tensor) -> Tensor:
    """A product of two tensors over labelled axes, such as ``"nk,km->nm"``: sums over labels that the result lacks."""
    spec = equation.replace(" ", "")
    inputs, arrow, _ = spec.partition("->")
    parts = inputs.split(",")
    if not arrow or len(parts) != len(operands) or len(parts) != 2 or "." in spec:
        raise InputError(f"einsum takes two operands and an equation such as 'nk,km->nm', not {equation!r}")
    for labels, x in zip(parts, operands, strict=True):
        if len(labels) != x.ndim or len(set(labels)) != len(labels):
            raise ShapeError(f"the labels {labels!r} do not fit a tensor of shape {x.shape}")
    return contract(spec, *operands)
