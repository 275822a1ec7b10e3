"""Sorting and searching by counting: the rank of an element is the number of those that come before it.

That is n² comparisons and no branch, so it runs in lanes, in one program with everything around it, for shapes that
are known when it is recorded. NaN counts as larger than any number.
"""

from __future__ import annotations

from sklon._base.dtypes import int32, int64
from sklon._base.errors import ShapeError

from .functional import add, astype, equal, expand_dims, less, multiply, permute_dims, where
from .functional import sum as _sum
from .manipulation import axis_of, index_along, known, moveaxis, narrow, reshape, same
from .record import build, wrap
from .tensor import Tensor


def argsort(x: Tensor, axis: int = -1, descending: bool = False) -> Tensor:
    """The indices that sort along ``axis``: int64. Equal elements keep their order."""
    return _permutation(x, axis, descending)[0]


def sort(x: Tensor, axis: int = -1, descending: bool = False) -> Tensor:
    """The elements in order along ``axis``; NaN comes last, or first if descending.

    >>> import sklon
    >>> sklon.sort(sklon.tensor([3.0, 1.0, 2.0])).tolist()
    [1.0, 2.0, 3.0]
    """
    return _permutation(x, axis, descending)[1]


def topk(x: Tensor, k: int, axis: int = -1, largest: bool = True) -> tuple[Tensor, Tensor]:
    """The ``k`` largest (or smallest) elements along ``axis``, in order, and their indices."""
    at = axis_of(axis, x.ndim)
    if not 0 <= k <= known(x.shape[at], "topk"):
        raise ShapeError(f"axis {axis} of a tensor of shape {x.shape} has no {k} elements")
    indices, ordered = _permutation(x, axis, largest)
    return narrow(ordered, at, 0, k), narrow(indices, at, 0, k)


def searchsorted(x1: Tensor, x2: Tensor, side: str = "left") -> Tensor:
    """Where each element of ``x2`` belongs in the ordered list ``x1``: int64; before equal ones, or behind (right)."""
    if x1.ndim != 1 or side not in ("left", "right"):
        raise ShapeError(f"searchsorted takes an ordered list and side 'left' or 'right', not {x1.shape} and {side!r}")
    wide = expand_dims(x2, x2.ndim)
    before = _before(x1, wide)
    if side == "right":
        before = where(_before(wide, x1), False, True)
    return _sum(astype(before, int64), -1)


def _before(a: Tensor, b: Tensor) -> Tensor:
    """Whether a comes before b; NaN comes after every number."""
    smaller = less(a, b)
    if not (a.dtype.is_floating or b.dtype.is_floating):
        return smaller
    return where(equal(b, b), smaller, equal(a, a))


def _permutation(x: Tensor, axis: int, descending: bool) -> tuple[Tensor, Tensor]:
    """The sorting permutation along an axis, and the elements in that order."""
    if not x.ndim:
        return wrap(build().full(0.0, (), int64)), same(x)
    at = axis_of(axis, x.ndim)
    last = moveaxis(x, at, -1)
    rows, count = 1, known(last.shape[-1], "sorting")
    for extent in last.shape[:-1]:
        rows *= known(extent, "sorting")
    table = reshape(last, (rows, count))
    place = add(multiply(index_along(table, 0), count), _ranks(table, descending))
    b = build()
    flat = b.reshape(astype(place, int64).node, shape=(rows * count,))
    index = b.reshape(b.iota(axis=1, shape=table.shape, dtype=int64), shape=(rows * count,))
    order = b.scatter_add(flat, index, rows=rows * count)  # the ranks are a permutation: each place gets one term
    start = b.reshape(
        b.mul(b.iota(axis=0, shape=table.shape, dtype=int64), b.full(float(count), table.shape, int64)),
        shape=(rows * count,),
    )
    found = b.gather(b.reshape(table.node, shape=(rows * count,)), b.add(order, start))
    indices = wrap(b.reshape(order, shape=last.shape))
    ordered = wrap(b.reshape(found, shape=last.shape), x)
    return moveaxis(indices, -1, at), moveaxis(ordered, -1, at)


def _ranks(table: Tensor, descending: bool) -> Tensor:
    """How many elements of its row come before each one; of equal ones the earlier."""
    a = expand_dims(wrap(build().stop_gradient(table.node)), 1)  # [rows, 1, j]
    b = permute_dims(a, (0, 2, 1))  # [rows, i, 1]
    ahead = _before(b, a) if descending else _before(a, b)
    same = where(_before(a, b), False, where(_before(b, a), False, True))
    earlier = less(index_along(ahead, 2), index_along(ahead, 1))
    return _sum(astype(where(same, earlier, ahead), int32), 2)


__all__ = ["argsort", "searchsorted", "sort", "topk"]
