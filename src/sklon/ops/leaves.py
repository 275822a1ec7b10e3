"""Ops without inputs: constants, the number of rows, and indices along an axis."""

from __future__ import annotations

from dataclasses import dataclass
from math import copysign, isnan
from typing import Any, ClassVar

import numpy as np

from sklon._base.dtypes import Dtype
from sklon._base.shapes import Shape, concrete
from sklon.graph.node import Op, Type, primitive


@primitive("constant")
@dataclass(frozen=True)
class Constant(Op):
    """A number that belongs to the structure of a graph, as a scalar. 0 and −0 are two numbers, and NaN is one."""

    kind: ClassVar[str] = "leaf"
    value: float
    dtype: Dtype

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Constant) and self._identity == other._identity

    def __hash__(self) -> int:
        return hash(self._identity)

    @property
    def _identity(self) -> tuple[float | None, float, Dtype]:
        return None if isnan(self.value) else self.value, copysign(1.0, self.value), self.dtype

    def infer(self, *inputs: Type) -> Type:
        return Type((), self.dtype)

    def evaluate(self, rows: int, *inputs: Any) -> Any:
        return np.asarray(self.value, self.dtype.numpy)


@primitive("size")
@dataclass(frozen=True)
class Size(Op):
    """N, the number of rows of the step, as a scalar."""

    kind: ClassVar[str] = "leaf"
    dtype: Dtype

    def infer(self, *inputs: Type) -> Type:
        return Type((), self.dtype)

    def evaluate(self, rows: int, *inputs: Any) -> Any:
        return np.asarray(rows, self.dtype.numpy)


@primitive("iota")
@dataclass(frozen=True)
class Iota(Op):
    """0, 1, 2, … along ``axis``, the same along all others."""

    kind: ClassVar[str] = "leaf"
    axis: int
    shape: Shape
    dtype: Dtype

    def infer(self, *inputs: Type) -> Type:
        return Type(self.shape, self.dtype)

    def evaluate(self, rows: int, *inputs: Any) -> Any:
        shape = concrete(self.shape, rows)
        index = np.arange(shape[self.axis], dtype=self.dtype.numpy)
        along = tuple(-1 if a == self.axis else 1 for a in range(len(shape)))
        return np.broadcast_to(index.reshape(along), shape)
