"""Shapes, parts and indices as methods of the Tensor: each forwards to the function of that name.

Where PyTorch gives a view, the result here has values of its own, and remembers which method made it: writing to it
is an error that says so, because it would not reach the tensor behind it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from sklon import tensors
from sklon._base.errors import ShapeError

from .views import view as _view  # the class has a method of that name

if TYPE_CHECKING:
    from .tensor import Tensor


def _sizes(given: tuple[Any, ...]) -> tuple[int, ...]:
    """Sizes as separate arguments or as one sequence."""
    return tuple(given[0]) if len(given) == 1 and isinstance(given[0], tuple | list) else given


class Arrangement:
    """What moves a Tensor's elements."""

    __slots__ = ()

    # ---- shapes
    @property
    @_view
    def T(self: Any) -> Tensor:
        """The matrix with its axes exchanged."""
        return tensors.functional.transpose(self)

    @property
    @_view
    def mT(self: Any) -> Tensor:  # noqa: N802  PyTorch's name
        """The last two axes exchanged."""
        return tensors.manipulation.matrix_transpose(self)

    @_view
    def reshape(self: Any, *shape: Any) -> Tensor:
        """The same elements under another shape; one -1 stands for what is left."""
        return tensors.manipulation.reshape(self, _sizes(shape))

    @_view
    def view(self: Any, *shape: Any) -> Tensor:
        """The same as ``reshape``."""
        return tensors.manipulation.reshape(self, _sizes(shape))

    @_view
    def flatten(self: Any, start_dim: int = 0, end_dim: int = -1) -> Tensor:
        """The axes from ``start_dim`` to ``end_dim`` joined into one."""
        return tensors.manipulation.flatten(self, start_dim, end_dim)

    @_view
    def unflatten(self: Any, dim: int, sizes: Sequence[int]) -> Tensor:
        """An axis cut into several."""
        return tensors.manipulation.unflatten(self, dim, sizes)

    @_view
    def squeeze(self: Any, dim: int | tuple[int, ...] | None = None) -> Tensor:
        """Axes of size one dropped: all of them, or those of ``dim`` that are; others stay."""
        if dim is None:
            axes: tuple[int, ...] = tuple(range(self.ndim))
        else:
            axes = tuple(tensors.manipulation.axis_of(d, self.ndim) for d in ((dim,) if isinstance(dim, int) else dim))
        return tensors.manipulation.squeeze(self, [a for a in axes if self.shape[a] == 1])

    @_view
    def unsqueeze(self: Any, dim: int) -> Tensor:
        """A new axis of size one at ``dim``."""
        return tensors.functional.expand_dims(self, dim)

    @_view
    def permute(self: Any, *dims: Any) -> Tensor:
        """The axes in another order."""
        return tensors.functional.permute_dims(self, _sizes(dims))

    @_view
    def transpose(self: Any, dim0: int, dim1: int) -> Tensor:
        """Two axes exchanged."""
        return tensors.manipulation.swapaxes(self, dim0, dim1)

    @_view
    def movedim(self: Any, source: int | Sequence[int], destination: int | Sequence[int]) -> Tensor:
        """Axes moved to other positions."""
        return tensors.manipulation.moveaxis(self, source, destination)

    @_view
    def expand(self: Any, *shape: Any) -> Tensor:
        """Axes of size one repeated; -1 keeps an axis as it is."""
        sizes = _sizes(shape)
        new = max(0, len(sizes) - self.ndim)
        if -1 in sizes[:new]:
            raise ShapeError(f"-1 keeps an axis, but {sizes} has new ones in front of those of {self.shape}")
        kept = [own if size == -1 else size for size, own in zip(sizes[new:], self.shape, strict=False)]
        return tensors.functional.broadcast_to(self, (*sizes[:new], *kept))

    # ---- parts
    @_view
    def __getitem__(self: Any, key: Any) -> Tensor:
        return tensors.indexing.getitem(self, key)

    def __iter__(self: Any) -> Iterator[Tensor]:
        if not self.shape:
            raise TypeError("a tensor without axes cannot be gone through")
        return iter(tensors.manipulation.unstack(self))

    @_view
    def narrow(self: Any, dim: int, start: int, length: int) -> Tensor:
        """``length`` elements along an axis, from ``start``."""
        return tensors.manipulation.narrow(self, dim, start, length)

    @_view
    def select(self: Any, dim: int, index: int) -> Tensor:
        """The slice at one index, without its axis."""
        return tensors.indexing.select(self, dim, index)

    @_view
    def split(self: Any, split_size: int | Sequence[int], dim: int = 0) -> tuple[Tensor, ...]:
        """Consecutive parts along an axis."""
        return tensors.manipulation.split(self, split_size, dim)

    @_view
    def chunk(self: Any, chunks: int, dim: int = 0) -> tuple[Tensor, ...]:
        """At most ``chunks`` parts of one size along an axis."""
        return tensors.manipulation.chunk(self, chunks, dim)

    @_view
    def unbind(self: Any, dim: int = 0) -> tuple[Tensor, ...]:
        """The slices along an axis, without that axis."""
        return tensors.manipulation.unstack(self, dim)

    @_view
    def diagonal(self: Any, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Tensor:
        """The diagonal of the matrices over two axes, as the last axis."""
        return tensors.manipulation.diagonal(self, offset, dim1, dim2)

    # ---- orders, at indices
    def flip(self: Any, *dims: Any) -> Tensor:
        """The order along axes reversed."""
        return tensors.manipulation.flip(self, _sizes(dims))

    def roll(self: Any, shifts: Any, dims: Any = None) -> Tensor:
        """Elements moved along axes, around the end."""
        return tensors.manipulation.roll(self, shifts, dims)

    def repeat(self: Any, *repeats: Any) -> Tensor:
        """The whole tensor repeated along its axes, and along new ones in front."""
        return tensors.manipulation.tile(self, _sizes(repeats))

    def tril(self: Any, diagonal: int = 0) -> Tensor:
        """The lower triangle."""
        return tensors.manipulation.tril(self, diagonal)

    def triu(self: Any, diagonal: int = 0) -> Tensor:
        """The upper triangle."""
        return tensors.manipulation.triu(self, diagonal)

    def gather(self: Any, dim: int, index: Tensor) -> Tensor:
        """y[i, j] = x[index[i, j], j] for ``dim`` = 0, and so on."""
        return tensors.indexing.gather(self, dim, index)

    def index_select(self: Any, dim: int, index: Any) -> Tensor:
        """The slices along an axis at a list of indices."""
        return tensors.indexing.index_select(self, dim, index)

    def scatter_add(self: Any, dim: int, index: Any, src: Tensor) -> Tensor:
        """``src`` added at indices along an axis."""
        return tensors.indexing.scatter_add(self, dim, index, src)

    def index_add(self: Any, dim: int, index: Any, source: Tensor, *, alpha: float = 1) -> Tensor:
        """Slices added at a list of indices along an axis."""
        return tensors.indexing.index_add(self, dim, index, source, alpha)

    def masked_fill(self: Any, mask: Tensor, value: float) -> Tensor:
        """``value`` where the mask holds."""
        return tensors.indexing.masked_fill(self, mask, value)
