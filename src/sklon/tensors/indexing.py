"""NumPy-style indexing, and reading and adding at indices along an axis.

Numbers, slices, ``None`` and ``...`` are index maps. Arrays of indices are looked at when the expression is
recorded: they are checked, counted from the front, and joined into one list of places. A mask becomes such arrays.
"""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from sklon._base.dtypes import bool_
from sklon._base.errors import DtypeError, IndexRangeError, InputError, ShapeError
from sklon._base.shapes import Shape, Symbol, broadcast, check_shape

from . import realise, values
from .functional import add, astype, broadcast_to, expand_dims, multiply, permute_dims
from .functional import where as _where
from .indices import check_range, counted, is_recorded, joined, rows_at_recorded
from .manipulation import axis_of, flatten, flip, known, narrow, reshape, same, squeeze, strided
from .record import RANK, as_node, build, result_dtype, wrap
from .tensor import Tensor

Array = np.ndarray[Any, Any]


def getitem(x: Tensor, key: Any) -> Tensor:
    """``x[key]`` with NumPy's meaning; a slice may run backwards.

    >>> import sklon
    >>> x = sklon.reshape(sklon.arange(6), (2, 3))
    >>> x[1, ::-1].tolist(), x[:, [0, 2]].tolist()
    ([5, 4, 3], [[0, 2], [3, 5]])
    """
    parts = _spelled_out(x, key)
    result, axis = x, 0
    arrays: dict[int, Array | Tensor] = {}
    for part in parts:
        if part is None:
            result = expand_dims(result, axis)
        elif isinstance(part, slice):
            result = _sliced(result, axis, part)
        elif isinstance(part, np.ndarray | Tensor):
            arrays[axis] = part
        else:
            result, axis = _chosen(result, axis, part), axis - 1
        axis += 1
    if arrays:
        return _at_arrays(result, arrays, parts)
    return same(x) if result is x else result


def _spelled_out(x: Tensor, key: Any) -> list[Any]:
    """One part for each axis, masks as arrays of indices, and ``None`` where an axis is new."""
    given = key if isinstance(key, tuple) else (key,)
    parts = [part if is_recorded(part) else _part(part) for part in given]
    used = sum(_axes_taken(part) for part in parts)
    if used > x.ndim:
        raise IndexRangeError(f"{used} indices are too many for a tensor of shape {x.shape}")
    if sum(part is Ellipsis for part in parts) > 1:
        raise IndexRangeError("an index holds at most one '...'")
    at = next((i for i, part in enumerate(parts) if part is Ellipsis), len(parts))
    full = parts[:at] + [slice(None)] * (x.ndim - used) + parts[at + 1 :]
    result: list[Any] = []
    for part in full:
        axis = sum(p is not None for p in result)
        result += _without_mask(part, x.shape[axis:])
    return result


def _part(part: Any) -> Any:
    """A part of a key: numbers, slices, None and '...' as they are, everything else as an array."""
    if part is None or part is Ellipsis or isinstance(part, slice):
        return part
    if isinstance(part, int | np.integer) and not isinstance(part, bool):
        return int(part)
    return index_array(part)


def _axes_taken(part: Any) -> int:
    if part is None or part is Ellipsis:
        return 0
    return part.ndim if isinstance(part, np.ndarray) and part.dtype == bool else 1


def _without_mask(part: Any, shape: Shape) -> list[Any]:
    """A mask as one array of indices for each of its axes."""
    if not isinstance(part, np.ndarray) or part.dtype != bool:
        return [part]
    if not part.ndim or part.shape != shape[: part.ndim]:
        raise IndexRangeError(f"a mask of shape {part.shape} does not fit axes of sizes {shape[: part.ndim]}")
    return list(np.nonzero(part))


def index_array(index: Any) -> Array:
    """Indices as an array; those of a tensor are computed now."""
    if isinstance(index, Tensor):
        if any(isinstance(e, Symbol) for e in index.shape):
            raise InputError("indices that depend on the rows of a training step are not known when it is recorded")
        index = realise.value(index)
    array = np.asarray(index)
    if array.size == 0 and array.dtype.kind == "f":
        array = array.astype(np.int64)
    if array.dtype.kind not in "iub":
        raise IndexRangeError(f"indices are whole numbers, slices, '...', None or masks, not {array.dtype}")
    return array


def _from_front(array: Array, size: int) -> Array:
    """Indices counted from the front, after a check."""
    check_range(array, size)
    return np.where(array < 0, array + size, array).astype(np.int64)


def _chosen(x: Tensor, axis: int, index: int) -> Tensor:
    size = known(x.shape[axis], "choosing a row")
    (place,) = _from_front(np.asarray([index]), size)
    return squeeze(narrow(x, axis, int(place), 1), axis)


def _sliced(x: Tensor, axis: int, part: slice) -> Tensor:
    if part == slice(None):
        return x
    start, stop, step = part.indices(known(x.shape[axis], "a slice"))
    count = len(range(start, stop, step))
    if step < 0:
        x, start, step = flip(x, axis), known(x.shape[axis], "a slice") - 1 - start, -step
    if step == 1 or count <= 1:
        return narrow(x, axis, start if count else 0, count)
    return strided(x, axis, start, count, step)


def _at_arrays(x: Tensor, arrays: dict[int, Array | Tensor], parts: list[Any]) -> Tensor:
    """Elements at arrays of indices; their axes stand where the indexed ones stood, or first if those were apart."""
    axes = list(arrays)
    sizes = [known(x.shape[a], "a choice") for a in axes]
    front = [
        a if isinstance(a, Tensor) else _from_front(a, size) for a, size in zip(arrays.values(), sizes, strict=True)
    ]
    table = permute_dims(x, axes + [a for a in range(x.ndim) if a not in axes])
    if any(isinstance(a, Tensor) for a in front):
        recorded = joined(front, sizes)
        found, rank = rows_at_recorded(table, len(axes), recorded), recorded.ndim
    else:
        places = _joined(front, sizes)
        found, rank = rows_at(table, len(axes), places), places.ndim
    if not _adjacent(parts):
        return found
    first = axes[0]
    order = [*range(rank, rank + first), *range(rank), *range(rank + first, found.ndim)]
    return permute_dims(found, order)


def _joined(front: list[Any], sizes: list[int]) -> Array:
    try:
        index = np.broadcast_arrays(*front)
    except ValueError as error:
        raise IndexRangeError(f"indices of shapes {[a.shape for a in front]} do not fit together") from error
    return np.asarray(np.ravel_multi_index(tuple(index), tuple(sizes)) if 0 not in sizes else index[0])


def _adjacent(parts: list[Any]) -> bool:
    """Whether the arrays of a key stand side by side; numbers among them count as arrays, as in NumPy."""
    at = [i for i, part in enumerate(parts) if isinstance(part, np.ndarray | int | Tensor)]
    return at == list(range(at[0], at[-1] + 1))


def rows_at(x: Tensor, leading: int, places: Array) -> Tensor:
    """The elements of the joined ``leading`` axes at ``places``, whose axes come first."""
    table = flatten(x, 0, leading - 1) if leading > 1 else x
    node = build().gather(table.node, values.leaf(np.ascontiguousarray(places.reshape(-1), np.int64)))
    found = wrap(node, x)
    return reshape(found, (*places.shape, *table.shape[1:])) if places.ndim != 1 else found  # type: ignore[arg-type]


def replaced(x: Tensor, key: Any, value: Any) -> Tensor:
    """``x`` with ``value``, which broadcasts, at ``key``: what ``x[key] = value`` writes. The last of several stays.

    Each element knows from which element of the value it takes its own, or that it stays.
    """
    sizes = tuple(known(e, "writing at indices") for e in x.shape)
    parts = tuple(_part(part) for part in (key if isinstance(key, tuple) else (key,)))
    try:
        places = np.arange(prod(sizes)).reshape(sizes)[parts]
    except IndexError as error:
        raise IndexRangeError(f"the index does not fit a tensor of shape {x.shape}: {error}") from error
    given = value if isinstance(value, Tensor) else Tensor(as_node(value, x.dtype))
    if not places.size:
        return same(x)
    wide = broadcast_to(given, places.shape)
    source = np.full(prod(sizes), -1)
    source[places.reshape(-1)] = np.arange(places.size)
    chosen = rows_at(reshape(wide, (-1,)), 1, np.maximum(source, 0).reshape(sizes))
    return _where(Tensor(values.leaf(source.reshape(sizes) >= 0)), astype(chosen, x.dtype), x)


# ---- along an axis
def index_select(x: Tensor, dim: int, index: Any) -> Tensor:
    """The slices along an axis at a list of indices."""
    at = axis_of(dim, x.ndim)
    array = index if is_recorded(index) else index_array(index)
    if array.ndim != 1:
        raise ShapeError(f"index_select takes a list of indices, not an array of shape {array.shape}")
    return getitem(x, (*[slice(None)] * at, array))


def take_along_axis(x: Tensor, indices: Tensor, axis: int | None = -1) -> Tensor:
    """y[…, i, …] = x[…, indices[…, i, …], …]: for each position an index of its own along the axis.

    The other axes broadcast; without an axis both are flattened.
    """
    if axis is None:
        return gather(flatten(x), 0, flatten(indices))
    at = axis_of(axis, x.ndim)
    if indices.ndim != x.ndim:
        raise ShapeError(f"indices of shape {indices.shape} need as many axes as the tensor of shape {x.shape}")
    wide = broadcast(*((*t.shape[:at], *t.shape[at + 1 :]) for t in (x, indices)))
    whole = (broadcast_to(t, (*wide[:at], t.shape[at], *wide[at:])) for t in (x, indices))  # type: ignore[arg-type]
    source, index = whole
    return gather(source, at, index)


def gather(x: Tensor, dim: int, indices: Tensor) -> Tensor:
    """The same as PyTorch has it: nothing broadcasts, and the indices may be fewer along the other axes."""
    at = axis_of(dim, x.ndim)
    if indices.ndim != x.ndim:
        raise ShapeError(f"indices of shape {indices.shape} need as many axes as the tensor of shape {x.shape}")
    if indices.dtype.kind != "integer":
        raise DtypeError(f"indices must be whole numbers, not {indices.dtype!r}")
    if any(isinstance(e, Symbol) for e in (*x.shape, *indices.shape)):
        return _by_comparison(x, indices, at)
    if is_recorded(indices):
        sizes = tuple(known(e, "a choice") for e in x.shape)
        first = _places_along(x, np.zeros(tuple(known(e, "a choice") for e in indices.shape), np.int64), at)
        further = multiply(counted(indices, sizes[at]), prod(sizes[at + 1 :]))
        return rows_at_recorded(x, x.ndim, add(further, Tensor(values.leaf(np.ascontiguousarray(first)))))
    places = _places_along(x, index_array(indices), at)
    return rows_at(x, x.ndim, places)


def _places_along(x: Tensor, index: Array, at: int) -> Array:
    """Row-major places of the elements at ``index`` along an axis."""
    sizes = tuple(known(e, "a choice") for e in x.shape)
    if any(n > e for a, (n, e) in enumerate(zip(index.shape, sizes, strict=True)) if a != at and n):
        raise ShapeError(f"indices of shape {index.shape} reach beyond a tensor of shape {x.shape}")
    if not index.size:
        return index.astype(np.int64)
    grid: list[Array] = list(np.indices(index.shape, sparse=True))
    grid[at] = _from_front(index, sizes[at])
    return np.asarray(np.ravel_multi_index(tuple(np.broadcast_arrays(*grid)), sizes))


def _by_comparison(x: Tensor, indices: Tensor, at: int) -> Tensor:
    """The same inside a step: each element is compared with each index, and the one that fits is kept."""
    b = build()
    count = indices.shape[at]
    shape = check_shape((*x.shape[: at + 1], count, *x.shape[at + 1 :]))
    if any(e != f for a, (e, f) in enumerate(zip(x.shape, indices.shape, strict=True)) if a != at) or at == 0:
        raise ShapeError(f"inside a step, indices of shape {indices.shape} do not fit a tensor of shape {x.shape}")
    wide = b.expand(x.node, shape=shape, dims=tuple(a + (a > at) for a in range(x.ndim)))
    index = b.expand(indices.node, shape=shape, dims=tuple(a + (a >= at) for a in range(x.ndim)))
    hit = b.equal(index, b.iota(axis=at, shape=shape, dtype=indices.dtype))
    kept = b.where(hit, wide, b.full_like(0.0, wide))
    return wrap(b.reduce(kept, fn="sum", axes=(at,)), x)


def scatter_add(x: Tensor, dim: int, index: Any, src: Tensor) -> Tensor:
    """x with src[…, i, …] added at index[…, i, …] along an axis; terms of one place are added in order."""
    at, array = axis_of(dim, x.ndim), index_array(index)
    if array.ndim != x.ndim or src.ndim != x.ndim or any(n > e for n, e in zip(array.shape, src.shape, strict=True)):
        raise ShapeError(f"indices of shape {array.shape} do not fit {src.shape} into {x.shape}")
    part = src
    for axis, length in enumerate(array.shape):
        part = narrow(part, axis, 0, length)
    places = _places_along(x, array, at)
    return _added(x, x.ndim, places, part)


def index_add(x: Tensor, dim: int, index: Any, source: Tensor, alpha: float = 1) -> Tensor:
    """x with the slices of ``alpha``·source added at a list of indices along an axis."""
    at, array = axis_of(dim, x.ndim), index_array(index)
    expected = tuple(len(array) if a == at else e for a, e in enumerate(x.shape)) if array.ndim == 1 else None
    if source.shape != expected:
        raise ShapeError(f"{array.shape} indices along axis {dim} of {x.shape} do not fit a source of {source.shape}")
    order = [at, *(a for a in range(x.ndim) if a != at)]
    places = _from_front(array, known(x.shape[at], "index_add"))
    scaled = source if alpha == 1 else multiply(source, alpha)
    added = _added(permute_dims(x, order), 1, places, permute_dims(scaled, order))
    return permute_dims(added, [order.index(a) for a in range(x.ndim)])


def _added(x: Tensor, leading: int, places: Array, src: Tensor) -> Tensor:
    """``src`` added to the joined ``leading`` axes of ``x`` at ``places``."""
    rows = prod(known(e, "adding up") for e in x.shape[:leading])
    rest = x.shape[leading:]
    flat = reshape(astype(src, x.dtype), (places.size, *rest))  # type: ignore[arg-type]
    index = values.leaf(np.ascontiguousarray(places.reshape(-1), np.int64))
    total = wrap(build().scatter_add(index, flat.node, rows=rows), flat)
    return add(x, reshape(total, x.shape))  # type: ignore[arg-type]


def masked_fill(x: Tensor, mask: Tensor, value: float | Tensor) -> Tensor:
    """x with ``value``, a number or a tensor without axes, where the mask holds; the type stays."""
    if isinstance(value, Tensor) and value.ndim:
        raise ShapeError(f"masked_fill takes one value, not a tensor of shape {value.shape}; use sklon.where")
    if x.dtype is not bool_ and RANK[result_dtype(x, value).kind] > RANK[x.dtype.kind]:
        raise DtypeError(f"{value} does not fit a tensor of type {x.dtype!r}; convert the tensor with .to() first")
    if mask.dtype is not bool_:
        raise DtypeError(f"a mask is boolean, not {mask.dtype!r}; compare first, for instance x > 0")
    given = astype(value, x.dtype) if isinstance(value, Tensor) else Tensor(as_node(value, x.dtype))
    return _where(mask, given, x)


def nonzero(x: Tensor) -> tuple[Tensor, ...]:
    """The indices of the elements that are not zero, one array for each axis; the values are computed now."""
    if any(isinstance(e, Symbol) for e in x.shape):
        raise InputError("how many elements are not zero is not known when a training step is recorded")
    if not x.ndim:
        raise ShapeError("a tensor without axes has no indices; reshape it to (1,) first")
    return tuple(Tensor(values.leaf(np.ascontiguousarray(a, np.int64))) for a in np.nonzero(realise.value(x)))


def select(x: Tensor, dim: int, index: int) -> Tensor:
    """The slice at one index along an axis, without that axis."""
    return _chosen(x, axis_of(dim, x.ndim), index)
