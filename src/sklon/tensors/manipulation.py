"""Moving elements: shapes, parts, joins and orders, with the names of the Python array API standard.

Nothing here computes; each function is an index map that compiled code follows where the element is read. The
leading axis N of a training step stays in front and whole: its size is not known when the step is recorded.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

from sklon._base.dtypes import bool_, int32
from sklon._base.errors import DtypeError, ShapeError
from sklon._base.shapes import Extent, N, Shape, Symbol, broadcast, check_shape, groups, normalise_axes

from .functional import add, astype, broadcast_to, equal, expand_dims, greater, less, permute_dims, where
from .record import build, require_tensor, result_dtype, wrap
from .tensor import Operand, Tensor

Axes = int | Sequence[int] | None


def known(extent: Extent, what: str) -> int:
    """The size of an axis as a number; the rows of a step have none yet."""
    if isinstance(extent, Symbol):
        raise ShapeError(f"{what} cannot be done along the rows of a training step: their number is not known")
    return extent


def axis_of(axis: int, rank: int) -> int:
    """An axis counted from the front."""
    return normalise_axes(axis, rank)[0]


def same(x: Tensor) -> Tensor:
    """A handle of its own on the same values: what is written to the result in place must not reach ``x``."""
    return wrap(x.node, x)


# ---- shapes
def reshape(x: Tensor, shape: Sequence[int]) -> Tensor:
    """The same elements in row-major order under another shape; one -1 stands for what is left.

    >>> import sklon
    >>> sklon.reshape(sklon.arange(6), (2, -1)).tolist()
    [[0, 1, 2], [3, 4, 5]]
    """
    target = _completed(x.shape, tuple(shape))
    empty = 0 in x.shape and 0 in target
    if groups(x.shape, target) is None and not empty:
        raise ShapeError(f"a tensor of shape {x.shape} has not as many elements as the shape {tuple(shape)}")
    return same(x) if target == x.shape else wrap(build().reshape(x.node, shape=target), x)


def _completed(old: Shape, new: Shape) -> Shape:
    """``new`` with -1 replaced by what is left; the rows of a step stay in front."""
    if old[:1] == (N,) and new[:1] in ((-1,), (N,)):
        return check_shape((N, *_completed(old[1:], new[1:])))
    sizes = [known(e, "a reshape") for e in new]
    if any(e < -1 for e in sizes) or sizes.count(-1) > 1:
        raise ShapeError(f"{new} is no shape: at most one size may be -1, no other is negative")
    if -1 not in sizes:
        return tuple(sizes)
    total, rest = prod(known(e, "a reshape") for e in old), prod(e for e in sizes if e != -1)
    if rest == 0 or total % rest:
        raise ShapeError(f"a tensor of shape {old} cannot take the shape {new}")
    return tuple(total // rest if e == -1 else e for e in sizes)


def flatten(x: Tensor, start_dim: int = 0, end_dim: int = -1) -> Tensor:
    """The axes from ``start_dim`` to ``end_dim`` joined into one."""
    if not x.ndim:
        return expand_dims(x, 0)
    first, last = axis_of(start_dim, x.ndim), axis_of(end_dim, x.ndim)
    if first > last:
        raise ShapeError(f"flatten goes from axis {first} to axis {last}, which comes before it")
    joined = (
        prod(known(e, "flatten (pass start_dim=1)") for e in x.shape[first : last + 1])
        if last > first
        else x.shape[first]
    )
    target = check_shape((*x.shape[:first], joined, *x.shape[last + 1 :]))
    return same(x) if target == x.shape else wrap(build().reshape(x.node, shape=target), x)


def unflatten(x: Tensor, dim: int, sizes: Sequence[int]) -> Tensor:
    """An axis cut into several, whose sizes multiply to its own; one may be -1."""
    at = axis_of(dim, x.ndim)
    cut = _completed((x.shape[at],), tuple(sizes))
    return wrap(build().reshape(x.node, shape=check_shape((*x.shape[:at], *cut, *x.shape[at + 1 :]))), x)


def squeeze(x: Tensor, axis: Axes) -> Tensor:
    """Drop axes of size one."""
    axes = normalise_axes(axis, x.ndim)
    if any(x.shape[a] != 1 for a in axes):
        raise ShapeError(f"axis {axis} of a tensor of shape {x.shape} is not of size one")
    shape = tuple(e for a, e in enumerate(x.shape) if a not in axes)
    return wrap(build().reshape(x.node, shape=shape), x) if axes else same(x)


def matrix_transpose(x: Tensor) -> Tensor:
    """The last two axes exchanged."""
    return swapaxes(x, -1, -2)


def swapaxes(x: Tensor, axis0: int, axis1: int) -> Tensor:
    """Two axes exchanged."""
    order = list(range(x.ndim))
    a, b = axis_of(axis0, x.ndim), axis_of(axis1, x.ndim)
    order[a], order[b] = order[b], order[a]
    return permute_dims(x, order)


def moveaxis(x: Tensor, source: int | Sequence[int], destination: int | Sequence[int]) -> Tensor:
    """Axes moved to other positions; the others keep their order."""
    old, new = ([axis_of(a, x.ndim) for a in ([g] if isinstance(g, int) else g)] for g in (source, destination))
    if len(set(old)) != len(old) or len(set(new)) != len(new) or len(old) != len(new):
        raise ShapeError(f"axes {source} cannot move to {destination}")
    rest = iter([a for a in range(x.ndim) if a not in old])
    goes = dict(zip(new, old, strict=True))
    return permute_dims(x, [goes[a] if a in goes else next(rest) for a in range(x.ndim)])


def broadcast_tensors(*tensors: Tensor) -> list[Tensor]:
    """Tensors repeated to their common shape."""
    shape = broadcast(*(t.shape for t in tensors))
    return [broadcast_to(t, shape) for t in tensors]  # type: ignore[arg-type]


# ---- parts
def narrow(x: Tensor, dim: int, start: int | Tensor, length: int) -> Tensor:
    """``length`` elements along an axis, from ``start``."""
    at = axis_of(dim, x.ndim)
    size = known(x.shape[at], "a slice")
    if isinstance(start, Tensor) and start.dtype.kind != "integer":
        raise DtypeError(f"a slice starts at a whole number, not at {start.dtype!r}")
    start = int(start)
    start += size if start < 0 else 0
    if not 0 <= start <= start + length <= size:
        raise ShapeError(f"{length} elements from {start} do not lie on axis {dim} of a tensor of shape {x.shape}")
    starts = tuple(start if a == at else 0 for a in range(x.ndim))
    shape = check_shape(length if a == at else e for a, e in enumerate(x.shape))
    return same(x) if shape == x.shape else wrap(build().slice(x.node, starts=starts, shape=shape), x)


def strided(x: Tensor, dim: int, start: int, count: int, step: int) -> Tensor:
    """``count`` elements along an axis, ``step`` > 1 apart: the axis is cut into pieces of that length."""
    size, length = known(x.shape[dim], "a slice"), count * step
    first = max(0, min(start, size - length))
    if length > size:
        x = pad(x, dim, 0, start + length - size)
        first = start
    pieces = unflatten(narrow(x, dim, first, length), dim, (count, step))
    return squeeze(narrow(pieces, dim + 1, start - first, 1), dim + 1)


def pad(x: Tensor, dim: int, before: int, after: int) -> Tensor:
    """Zeros put before and after along an axis."""
    at = axis_of(dim, x.ndim)
    size = known(x.shape[at], "padding")
    shape = tuple(size + before + after if a == at else e for a, e in enumerate(x.shape))
    if shape == x.shape:
        return same(x)
    return wrap(build().pad(x.node, before=tuple(before if a == at else 0 for a in range(x.ndim)), shape=shape), x)


def split(x: Tensor, sizes: int | Sequence[int], dim: int = 0) -> tuple[Tensor, ...]:
    """Consecutive parts along an axis: of one size, the last may be shorter, or of the sizes given."""
    total = known(x.shape[axis_of(dim, x.ndim)], "a split")
    if isinstance(sizes, int):
        if sizes < 1:
            raise ShapeError(f"parts have at least one element, not {sizes}")
        parts = [min(sizes, total - start) for start in range(0, total, sizes)] or [0]
    else:
        parts = list(sizes)
    if sum(parts) != total or any(p < 0 for p in parts):
        raise ShapeError(f"parts of {parts} elements do not make up the {total} of axis {dim}")
    starts = [sum(parts[:i]) for i in range(len(parts))]
    return tuple(narrow(x, dim, start, part) for start, part in zip(starts, parts, strict=True))


def chunk(x: Tensor, chunks: int, dim: int = 0) -> tuple[Tensor, ...]:
    """At most ``chunks`` parts of one size along an axis; the last may be shorter."""
    if chunks < 1:
        raise ShapeError(f"a tensor is cut into at least one part, not {chunks}")
    total = known(x.shape[axis_of(dim, x.ndim)], "a split")
    return split(x, max(1, -(-total // chunks)), dim)


def unstack(x: Tensor, axis: int = 0) -> tuple[Tensor, ...]:
    """The slices along an axis, without that axis."""
    at = axis_of(axis, x.ndim)
    return tuple(squeeze(narrow(x, at, i, 1), at) for i in range(known(x.shape[at], "unstack")))


# ---- joins
def concat(tensors: Sequence[Tensor], axis: int = 0) -> Tensor:
    """Tensors one behind the other along an axis.

    >>> import sklon
    >>> sklon.concat([sklon.arange(2), sklon.arange(3)]).tolist()
    [0, 1, 0, 1, 2]
    """
    tensors = [require_tensor(t, "a join") for t in tensors]
    given = [t for t in tensors if t.shape != (0,)] or list(tensors)[:1]  # an empty list joins anything
    if not given:
        raise ShapeError("there is nothing to join")
    first, dtype = given[0], result_dtype(*tensors)
    if not first.ndim:
        raise ShapeError("tensors without axes cannot be joined; use stack")
    at = axis_of(axis, first.ndim)
    for other in given[1:]:
        if other.ndim != first.ndim or any(
            a != at and e != f for a, (e, f) in enumerate(zip(other.shape, first.shape, strict=True))
        ):
            raise ShapeError(f"tensors of shape {first.shape} and {other.shape} cannot be joined along axis {axis}")
    return _joined([astype(t, dtype) for t in given], at)


def _joined(parts: list[Tensor], at: int) -> Tensor:
    """Each part padded to the whole; where it ends, the next one is chosen."""
    sizes = [known(p.shape[at], "a join") for p in parts]
    total, end = sum(sizes), sum(sizes)
    result: Tensor | None = None
    for part, size in zip(reversed(parts), reversed(sizes), strict=True):
        end -= size
        wide = pad(part, at, end, total - end - size)
        result = wide if result is None else where(less(index_along(wide, at), end + size), wide, result)
    assert result is not None
    return result


def index_along(x: Tensor, axis: int) -> Tensor:
    """The index along an axis, for each element of ``x``: int32."""
    return wrap(build().iota(axis=axis, shape=x.shape, dtype=int32))


def stack(tensors: Sequence[Tensor], axis: int = 0) -> Tensor:
    """Tensors of one shape along a new axis."""
    given = list(tensors)
    if len({t.shape for t in given}) != 1:
        raise ShapeError(f"stack takes tensors of one shape, not {', '.join(str(t.shape) for t in given) or 'none'}")
    at = axis_of(axis, given[0].ndim + 1)
    return concat([expand_dims(t, at) for t in given], at)


# ---- orders and repetition
def flip(x: Tensor, axis: Axes = None) -> Tensor:
    """The order along axes reversed."""
    axes = tuple(a for a in normalise_axes(axis, x.ndim) if known(x.shape[a], "flip") != 1)
    return wrap(build().flip(x.node, axes=axes), x) if axes else same(x)


def roll(x: Tensor, shift: int | Sequence[int], axis: Axes = None) -> Tensor:
    """Elements moved along axes; what leaves at the end comes back at the front."""
    shifts = [shift] if isinstance(shift, int) else list(shift)
    if axis is None and shifts:
        return reshape(roll(flatten(x), sum(shifts), 0), x.shape)  # type: ignore[arg-type]
    axes = [axis] if isinstance(axis, int) else list(axis or ())
    if not shifts or len(shifts) != len(axes):
        raise ShapeError(f"roll needs one shift for each axis, not {shift} for {axis}")
    for s, a in zip(shifts, axes, strict=True):
        size = known(x.shape[axis_of(a, x.ndim)], "roll")
        if size and s % size:
            x = concat([narrow(x, a, size - s % size, s % size), narrow(x, a, 0, size - s % size)], a)
    return same(x)


def tile(x: Tensor, repetitions: Sequence[int]) -> Tensor:
    """The whole tensor repeated along its axes, and along new ones in front."""
    counts = (1,) * (x.ndim - len(repetitions)) + tuple(repetitions)
    sizes = (1,) * (len(counts) - x.ndim) + x.shape
    return _repeated(x, sizes, counts, inner=False)


def repeat(x: Tensor, repeats: int, axis: int | None = None) -> Tensor:
    """Each element repeated along an axis, one after the other; without an axis along the flattened tensor."""
    if axis is None:
        return repeat(flatten(x), repeats, 0)
    at = axis_of(axis, x.ndim)
    return _repeated(x, x.shape, tuple(repeats if a == at else 1 for a in range(x.ndim)), inner=True)


def _repeated(x: Tensor, sizes: Shape, counts: tuple[int, ...], inner: bool) -> Tensor:
    if any(c < 0 for c in counts):
        raise ShapeError(f"nothing can be repeated {min(counts)} times")
    pairs = [(e, c) if inner else (c, e) for e, c in zip(sizes, counts, strict=True)]
    apart: list[Extent] = []
    wide: list[Extent] = []
    for (first, second), e, c in zip(pairs, sizes, counts, strict=True):
        apart += [e] if c == 1 else [e, 1] if inner else [1, e]
        wide += [e] if c == 1 else [first, second]
    spread = broadcast_to(wrap(build().reshape(x.node, shape=tuple(apart)), x), tuple(wide))  # type: ignore[arg-type]
    shape = check_shape(e if c == 1 else known(e, "repetition") * c for e, c in zip(sizes, counts, strict=True))
    return wrap(build().reshape(spread.node, shape=shape), spread)


# ---- triangles
def tril(x: Tensor, k: int = 0) -> Tensor:
    """The lower triangle of matrices: zeros above the k-th diagonal."""
    return _triangle(x, k, lower=True)


def triu(x: Tensor, k: int = 0) -> Tensor:
    """The upper triangle of matrices: zeros below the k-th diagonal."""
    return _triangle(x, k, lower=False)


def _triangle(x: Tensor, k: int, lower: bool) -> Tensor:
    if x.ndim < 2:
        raise ShapeError(f"a triangle needs a matrix, not a tensor of shape {x.shape}")
    row, column = index_along(x, x.ndim - 2), index_along(x, x.ndim - 1)
    limit: Operand = add(row, k)
    outside = greater(column, limit) if lower else less(column, limit)
    return where(outside, wrap(build().full_like(0.0, x.node)), x)


def diagonal(x: Tensor, offset: int = 0, axis1: int = -2, axis2: int = -1) -> Tensor:
    """The diagonal of the matrices over two axes, ``offset`` columns to the right, as the last axis."""
    if x.ndim < 2:
        raise ShapeError(f"a diagonal needs a matrix, not a tensor of shape {x.shape}")
    x = moveaxis(x, (axis1, axis2), (-2, -1))
    rows, columns = (known(e, "a diagonal") for e in x.shape[-2:])
    first, second = max(0, -offset), max(0, offset)
    count = max(0, min(rows - first, columns - second))
    if not count:
        return reshape(narrow(narrow(x, -2, 0, 0), -1, 0, 0), (*x.shape[:-2], 0))  # type: ignore[arg-type]
    part = narrow(narrow(x, -2, first, count), -1, second, count)
    hit = equal(index_along(part, x.ndim - 2), index_along(part, x.ndim - 1))
    plain = astype(part, int32) if part.dtype is bool_ else part
    kept = where(hit, plain, wrap(build().full_like(0.0, plain.node)))
    return astype(wrap(build().reduce(kept.node, fn="sum", axes=(x.ndim - 1,)), kept), x.dtype)
