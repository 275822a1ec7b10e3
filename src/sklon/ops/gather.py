"""Reading rows of a table by their indices. Indices are validated when data are bound."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from sklon._base.dtypes import int32
from sklon._base.errors import DtypeError, ShapeError
from sklon._base.shapes import T
from sklon.graph.build import Build
from sklon.graph.node import Node, Op, Type, primitive


@primitive("gather")
@dataclass(frozen=True)
class Gather(Op):
    """y[i, …] = table[index[i], …]. The gradient adds up what went to the same row, in the order of i."""

    kind: ClassVar[str] = "gather"

    def infer(self, *inputs: Type) -> Type:
        table, index = inputs
        if index.dtype.kind != "integer":
            raise DtypeError(f"indices must be integers, not {index.dtype!r}")
        if not table.shape or len(index.shape) != 1:
            raise ShapeError(f"a table and a list of indices are needed, not {table} and {index}")
        return Type(index.shape + table.shape[1:], table.dtype)

    def evaluate(self, rows: int, *inputs: Any) -> Any:
        table, index = inputs
        return table[index]

    def vjp(self, build: Build, node: Node, g: Node) -> Sequence[Node | None]:
        table, index = node.inputs
        if not table.dtype.is_floating or table.shape[0] == T:
            return (None, None)
        return (_scatter_add(build, table, index, g), None)


def _scatter_add(build: Build, table: Node, index: Node, g: Node) -> Node:
    """table̅[v, …] = Σᵢ [index[i] = v]·g[i, …], as a product with the indicator matrix: its order is fixed."""
    shape = (*index.shape, table.shape[0])
    wide = build.expand(build.cast(index, dtype=int32), shape=shape, dims=(0,))
    hit = build.equal(wide, build.iota(axis=1, shape=shape, dtype=int32))
    one, zero = build.full(1.0, shape, g.dtype), build.full(0.0, shape, g.dtype)
    indicator = build.where(hit, one, zero)
    rest = "abcdefgh"[: len(table.shape) - 1]
    return build.contract(indicator, g, a="nv", b=f"n{rest}", out=f"v{rest}")
