"""Indices inside a jitted function that are known at each call only: counted from the front and joined by the program.

They are checked at each call. Those that are computed inside are cut to the range first, so that nothing beyond is
read before the check.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from math import prod
from typing import Any, TypeGuard

import numpy as np

from sklon._base.dtypes import bool_
from sklon._base.errors import DtypeError, IndexRangeError, InputError

from . import realise, tracing, values
from .functional import add, astype, less, maximum, multiply, where
from .manipulation import flatten, reshape
from .record import build, wrap
from .tensor import Tensor

Array = np.ndarray[Any, Any]


def is_recorded(index: Any) -> TypeGuard[Tensor]:
    """Whether an index is a tensor whose values are known at each call only. Raises InputError for masks."""
    trace = tracing.current()
    if trace is None or not isinstance(index, Tensor):
        return False
    trace.touch(index)
    if realise.is_knowable(index):
        return False
    if index.dtype is bool_:
        raise InputError(
            f"how many elements a mask of shape {index.shape} chooses is not known while {trace.name!r} is recorded by "
            "sklon.jit; use sklon.where or a product with the mask, or choose outside"
        )
    if index.dtype.kind != "integer":
        raise DtypeError(f"indices must be whole numbers, not {index.dtype!r}")
    return True


def counted(index: Tensor, size: int) -> Tensor:
    """Indices of an axis, from the front, of type int64; each call checks them."""
    trace = tracing.current()
    assert trace is not None
    test = partial(check_range, size=size)
    computed = not trace.check(index.node, test)
    if computed:
        trace.check_result(index.node, test)
    wide = astype(index, "int64")
    front = where(less(wide, 0), add(wide, size), wide)
    if not computed:
        return front
    least = maximum(front, 0)
    return where(less(least, size - 1), least, size - 1)


def check_range(array: Array, size: int) -> None:
    """Refuse indices beyond an axis, from either end."""
    if array.size and (array.min() < -size or array.max() >= size):
        worst = array.min() if array.min() < -size else array.max()
        raise IndexRangeError(f"the index {worst} is out of range for an axis of size {size}")


def joined(indices: Sequence[Tensor | Array], sizes: Sequence[int]) -> Tensor:
    """Row-major places within axes of these sizes; arrays are from the front already."""
    found: Tensor | None = None
    for index, size in zip(indices, sizes, strict=True):
        part = counted(index, size) if isinstance(index, Tensor) else Tensor(values.leaf(np.ascontiguousarray(index)))
        found = part if found is None else add(multiply(found, size), part)
    assert found is not None
    return found


def rows_at_recorded(x: Tensor, leading: int, places: Tensor) -> Tensor:
    """The elements of the joined ``leading`` axes at ``places``, whose axes come first."""
    table = flatten(x, 0, leading - 1) if leading > 1 else x
    flat = reshape(places, (prod(int(str(e)) for e in places.shape),))
    found = wrap(build().gather(table.node, flat.node), x)
    return reshape(found, (*places.shape, *table.shape[1:]))  # type: ignore[arg-type]
