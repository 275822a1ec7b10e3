"""Functions that keep all values and change the shape."""

from __future__ import annotations

from math import prod

from sklon._base.errors import ShapeError
from sklon._base.shapes import Symbol
from sklon.tensors import Tensor
from sklon.tensors.record import build, wrap

__all__ = ["flatten"]


def flatten(x: Tensor, start_dim: int = 0, end_dim: int = -1) -> Tensor:
    """The axes from ``start_dim`` to ``end_dim`` as one, in row-major order. Shapes: [N, a, b] → [N, a·b] from 1."""
    rank = max(x.ndim, 1)
    if not all(-rank <= axis < rank for axis in (start_dim, end_dim)) or start_dim % rank > end_dim % rank:
        raise ShapeError(f"there are no axes {start_dim} to {end_dim} in {x.shape}; count from 0, the first before")
    start, end = start_dim % rank, end_dim % rank + 1
    inner = x.shape[start:end]
    if len(inner) == 1:
        return x
    if any(isinstance(extent, Symbol) for extent in inner):
        raise ShapeError(f"the rows of a step cannot become one axis with others, as in {x.shape}; pass start_dim=1")
    shape = (*x.shape[:start], prod(int(str(extent)) for extent in inner), *x.shape[end:])
    return wrap(build().reshape(x.node, shape=shape), x)
