"""Reading rows at indices, and adding rows up at indices: each is the other's gradient.

Indices are validated when data are bound.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from sklon._base.errors import DtypeError, ShapeError
from sklon._base.shapes import T
from sklon.graph.build import Build
from sklon.graph.node import Node, Op, Type, primitive


@primitive("gather")
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
        return (build.scatter_add(index, g, rows=table.shape[0]), None)


@primitive("scatter_add")
@dataclass(frozen=True)
class ScatterAdd(Op):
    """y[v, …] = Σ x[i, …] over those i with index[i] = v, added in the order of i. Other indices are left out."""

    kind: ClassVar[str] = "scatter"
    rows: int

    def infer(self, *inputs: Type) -> Type:
        index, x = inputs
        if index.dtype.kind != "integer" or x.dtype.kind == "bool":
            raise DtypeError(f"numbers are added up at integer indices, not {x} at {index}")
        if len(index.shape) != 1 or x.shape[:1] != index.shape:
            raise ShapeError(f"one index is needed for each row, not {index} for {x}")
        return Type((self.rows, *x.shape[1:]), x.dtype)

    def evaluate(self, rows: int, *inputs: Any) -> Any:
        index, x = inputs
        result = np.zeros((self.rows, *x.shape[1:]), x.dtype)
        own = (index >= 0) & (index < self.rows)
        np.add.at(result, index[own], x[own])
        return result

    def vjp(self, build: Build, node: Node, g: Node) -> Sequence[Node | None]:
        return (None, build.gather(g, node.inputs[0]))
