"""Reductions along axes: sum and max.

With ``shard`` > 0 the sum over the leading axis N is cut into shards of that many rows, and the result gets a
leading axis of shards: a pass cuts long sums so, and a second reduction joins the parts in order.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from sklon._base.errors import DtypeError, ShapeError
from sklon._base.shapes import N, S, shards
from sklon.graph.build import Build
from sklon.graph.node import Node, Op, Type, primitive

FUNCTIONS: dict[str, Any] = {"sum": np.add, "max": np.maximum}


@primitive("reduce")
@dataclass(frozen=True)
class Reduce(Op):
    """The sum or the maximum along ``axes``. Ties of a maximum share the gradient equally."""

    kind: ClassVar[str] = "reduce"
    convention: ClassVar[str] = "max: ties share the gradient equally; NaN is the maximum"
    fn: str
    axes: tuple[int, ...]
    shard: int = 0

    def infer(self, *inputs: Type) -> Type:
        (x,) = inputs
        if self.fn not in FUNCTIONS or list(self.axes) != sorted(set(self.axes)):
            raise ShapeError(f"there is no reduction {self.fn!r} along {self.axes}")
        if not self.axes or self.axes[-1] >= len(x.shape):
            raise ShapeError(f"{x} has no axes {self.axes} to reduce")
        if self.fn == "max" and any(x.shape[a] == 0 for a in self.axes):
            raise ShapeError(f"{x} has no maximum along {self.axes}: there are no elements")
        if x.dtype.kind == "bool":
            raise DtypeError(f"{self.fn} takes numbers, not {x.dtype!r}; convert first")
        kept = tuple(e for a, e in enumerate(x.shape) if a not in self.axes)
        if self.shard and (x.shape[0] != N or 0 not in self.axes):
            raise ShapeError(f"only a reduction over N can be cut into shards, not {x}")
        return Type((S, *kept) if self.shard else kept, x.dtype)

    def evaluate(self, rows: int, *inputs: Any) -> Any:
        (x,) = inputs
        function = FUNCTIONS[self.fn]
        if not self.shard:
            return _reduce(function, x, self.axes)
        parts = [x[i * self.shard : (i + 1) * self.shard] for i in range(shards(rows))]
        return np.stack([_reduce(function, p, self.axes) for p in parts])

    def vjp(self, build: Build, node: Node, g: Node) -> Sequence[Node | None]:
        (x,) = node.inputs
        if self.fn == "sum":
            return (build.spread(g, x.shape, self.axes),)
        best = build.equal(x, build.spread(node, x.shape, self.axes))
        ones = build.where(best, build.full_like(1.0, x), build.full_like(0.0, x))
        ties = build.reduce(ones, fn="sum", axes=self.axes)
        share = build.spread(build.div(g, ties), x.shape, self.axes)
        return (build.where(best, share, build.full_like(0.0, x)),)

    def batched(self, build: Build, node: Node, lifted: Sequence[Node | None]) -> Node:
        return build.reduce(*build.together(node.inputs, lifted), fn=self.fn, axes=tuple(a + 1 for a in self.axes))


def _reduce(function: Any, x: Any, axes: tuple[int, ...]) -> Any:
    return function.reduce(x, axis=axes, dtype=x.dtype)
