"""Reading rows at indices, and adding rows up at indices: each is the other's gradient.

Indices are validated when data are bound.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from sklon._base.dtypes import int64
from sklon._base.errors import DtypeError, ShapeError
from sklon._base.shapes import Extent, T, is_symbolic, size
from sklon.graph.build import Build
from sklon.graph.node import Node, Op, Type, primitive


@primitive("gather")
class Gather(Op):
    """y[i, …] = table[index[i], …], for any number of axes i. The gradient adds up, in order, what went to one row."""

    kind: ClassVar[str] = "gather"

    def infer(self, *inputs: Type) -> Type:
        table, index = inputs
        if index.dtype.kind != "integer":
            raise DtypeError(f"indices must be integers, not {index.dtype!r}")
        if not table.shape or not index.shape:
            raise ShapeError(f"a table and an array of indices are needed, not {table} and {index}")
        return Type(index.shape + table.shape[1:], table.dtype)

    def evaluate(self, rows: int, *inputs: Any) -> Any:
        table, index = inputs
        return table[index]

    def vjp(self, build: Build, node: Node, g: Node) -> Sequence[Node | None]:
        table, index = node.inputs
        if not table.dtype.is_floating or table.shape[0] == T:
            return (None, None)
        return (build.scatter_add(index, g, rows=table.shape[0]), None)

    def batched(self, build: Build, node: Node, lifted: Sequence[Node | None]) -> Node:
        table, index = lifted
        axes = len(node.inputs[1].shape)
        if table is not None and index is None:
            return _moved(build, build.gather(build.exchanged(table, 0, 1), node.inputs[1]), axes, 0)
        assert index is not None
        if table is None:
            rows = build.gather(node.inputs[0], _joined(build, index))
        else:
            rows = build.gather(_joined(build, table), _joined(build, _places(build, index, table.shape[1])))
        return build.reshape(rows, shape=index.shape + rows.shape[axes:])


@primitive("scatter_add")
@dataclass(frozen=True)
class ScatterAdd(Op):
    """y[v, …] = Σ x[i, …] over those i with index[i] = v, in row-major order of i. Other indices are left out."""

    kind: ClassVar[str] = "scatter"
    rows: int

    def infer(self, *inputs: Type) -> Type:
        index, x = inputs
        if index.dtype.kind != "integer" or x.dtype.kind == "bool":
            raise DtypeError(f"numbers are added up at integer indices, not {x} at {index}")
        if not index.shape or x.shape[: len(index.shape)] != index.shape:
            raise ShapeError(f"one index is needed for each row, not {index} for {x}")
        return Type((self.rows, *x.shape[len(index.shape) :]), x.dtype)

    def evaluate(self, rows: int, *inputs: Any) -> Any:
        index, x = inputs
        result = np.zeros((self.rows, *x.shape[index.ndim :]), x.dtype)
        own = (index >= 0) & (index < self.rows)
        np.add.at(result, index[own], x[own])
        return result

    def vjp(self, build: Build, node: Node, g: Node) -> Sequence[Node | None]:
        return (None, build.gather(g, node.inputs[0]))

    def batched(self, build: Build, node: Node, lifted: Sequence[Node | None]) -> Node:
        index, x = lifted
        axes = len(node.inputs[0].shape)
        if index is None and x is not None:
            total = build.scatter_add(node.inputs[0], _moved(build, x, 0, axes), rows=self.rows)
            return build.exchanged(total, 0, 1)
        index, x = build.together(node.inputs, lifted)
        below = build.less(index, build.full_like(0, index))
        inside = build.and_(build.not_(below), build.less(index, build.full_like(self.rows, index)))
        places = _places(build, index, self.rows)
        own = build.where(inside, places, build.full_like(-1, places))  # others stay outside, and reach no neighbour
        samples = size(index.shape[:1])
        total = build.scatter_add(_joined(build, own), _joined(build, x), rows=samples * self.rows)
        return build.reshape(total, shape=(samples, self.rows, *x.shape[1 + axes :]))


def _moved(build: Build, x: Node, source: int, target: int) -> Node:
    """``x`` with one axis in another place, the others in their order."""
    order = [a for a in range(len(x.shape)) if a != source]
    order.insert(target, source)
    dims = tuple(order.index(a) for a in range(len(order)))
    return build.expand(x, shape=tuple(x.shape[a] for a in order), dims=dims)


def _joined(build: Build, x: Node) -> Node:
    """The rows of all samples, one behind the other."""
    if is_symbolic(x.shape):
        raise ShapeError(
            f"rows are read at indices of each sample's own only for a known number of samples, not {x.type}"
        )
    return build.reshape(x, shape=(size(x.shape[:2]), *x.shape[2:]))


def _places(build: Build, index: Node, rows: Extent) -> Node:
    """Where the rows of each sample's own table of ``rows`` rows lie among those of all samples."""
    wide = build.cast(index, dtype=int64)
    sample = build.iota(axis=0, shape=wide.shape, dtype=int64)
    return build.add(wide, build.mul(sample, build.full_like(size((rows,)), wide)))
