"""How nodes are made from inside: ``build.add(a, b)`` applies the op of that name.

Derivatives and passes build through this object, so op families never import each other. Shapes must fit
exactly: broadcasting is the recorder's business.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from sklon._base.dtypes import Dtype
from sklon._base.shapes import Extent, Shape

from .node import REGISTRY, Node, apply


class Build:
    """Makes nodes by the names of their ops; ``source`` is the user's line that they stand for."""

    __slots__ = ("source",)

    def __init__(self, source: str = "") -> None:
        self.source = source

    def __getattr__(self, name: str) -> Callable[..., Node]:
        cls = REGISTRY.get(name)
        if cls is None:
            raise AttributeError(f"there is no primitive called {name!r}")

        def make(*inputs: Node, **attributes: Any) -> Node:
            return apply(cls(**attributes), *inputs, source=self.source)

        return make

    def full(self, value: float, shape: Shape, dtype: Dtype) -> Node:
        """A constant of any shape."""
        scalar = self.constant(value=float(value), dtype=dtype)
        return self.expand(scalar, shape=shape, dims=()) if shape else scalar

    def full_like(self, value: float, node: Node) -> Node:
        """A constant of the shape and type of ``node``."""
        return self.full(value, node.shape, node.dtype)

    def spread(self, node: Node, shape: Shape, axes: tuple[int, ...]) -> Node:
        """``node`` repeated along the new ``axes`` of ``shape``: the inverse of reducing them."""
        kept = tuple(a for a in range(len(shape)) if a not in axes)
        return node if node.shape == shape else self.expand(node, shape=shape, dims=kept)

    def exchanged(self, node: Node, one: int, other: int) -> Node:
        """``node`` with two of its axes exchanged."""
        order = list(range(len(node.shape)))
        order[one], order[other] = other, one
        return self.expand(node, shape=tuple(node.shape[a] for a in order), dims=tuple(order))

    def repeated(self, node: Node, extent: Extent) -> Node:
        """``node`` for ``extent`` samples, which all have the same: a new leading axis along which it repeats."""
        return self.spread(node, (extent, *node.shape), (0,))

    def together(self, inputs: Sequence[Node], lifted: Sequence[Node | None]) -> list[Node]:
        """All of ``inputs`` with the leading axis that some have in ``lifted``; the others are None there."""
        extent = next(x.shape[0] for x in lifted if x is not None)
        return [self.repeated(i, extent) if x is None else x for i, x in zip(inputs, lifted, strict=True)]
