"""Ops that move values without computing.

``expand`` says for each input axis on which output axis it lands; the other output axes repeat. That is
broadcasting and transposition in one, and its gradient is a sum.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from sklon._base.errors import ShapeError
from sklon._base.shapes import Shape, check_shape, concrete
from sklon.graph.build import Build
from sklon.graph.node import Node, Op, Type, primitive


@primitive("expand")
@dataclass(frozen=True)
class Expand(Op):
    """y[i₀, i₁, …] = x[i at dims[0], i at dims[1], …]."""

    kind: ClassVar[str] = "movement"
    shape: Shape
    dims: tuple[int, ...]

    def infer(self, *inputs: Type) -> Type:
        (x,) = inputs
        fits = len(self.dims) == len(x.shape) == len(set(self.dims))
        if not fits or any(self.shape[d] != e for d, e in zip(self.dims, x.shape, strict=True)):
            raise ShapeError(f"{x} does not expand to {self.shape} along the axes {self.dims}")
        return Type(check_shape(self.shape), x.dtype)

    def evaluate(self, rows: int, *inputs: Any) -> Any:
        (x,) = inputs
        shape = concrete(self.shape, rows)
        ordered = np.transpose(x, np.argsort(self.dims))
        along = tuple(shape[a] if a in self.dims else 1 for a in range(len(shape)))
        return np.broadcast_to(ordered.reshape(along), shape)

    def vjp(self, build: Build, node: Node, g: Node) -> Sequence[Node | None]:
        repeated = tuple(a for a in range(len(self.shape)) if a not in self.dims)
        total = build.reduce(g, fn="sum", axes=repeated) if repeated else g
        ranks = tuple(sorted(self.dims).index(d) for d in self.dims)
        if ranks == tuple(range(len(ranks))):
            return (total,)
        back = tuple(ranks.index(a) for a in range(len(ranks)))
        return (build.expand(total, shape=node.inputs[0].shape, dims=back),)

    def batched(self, build: Build, node: Node, lifted: Sequence[Node | None]) -> Node:
        (x,) = build.together(node.inputs, lifted)
        return build.expand(x, shape=(x.shape[0], *self.shape), dims=(0, *(d + 1 for d in self.dims)))


@primitive("copy")
@dataclass(frozen=True)
class Copy(Op):
    """The same values in memory of their own; passes use it to choose a layout.

    ``panel`` > 0 stores the columns of a matrix in panels of that width, one behind the other.
    """

    kind: ClassVar[str] = "copy"
    panel: int = 0

    def infer(self, *inputs: Type) -> Type:
        return inputs[0]

    def evaluate(self, rows: int, *inputs: Any) -> Any:
        return inputs[0]

    def vjp(self, build: Build, node: Node, g: Node) -> Sequence[Node | None]:
        return (g,)

    def batched(self, build: Build, node: Node, lifted: Sequence[Node | None]) -> Node:
        return build.copy(*build.together(node.inputs, lifted))
