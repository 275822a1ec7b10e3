"""What point ops share: their type rule, their place in the compiler's cost model, and the lanes they speak.

``body(b, *lanes)`` writes the op for a vector of lanes through a builder ``b``; the compiler provides one that
emits machine instructions. Costs are in vector instructions, roughly; they decide what is worth storing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

import numpy as np

from sklon._base.dtypes import Dtype
from sklon._base.errors import DtypeError, ShapeError
from sklon.graph.build import Build
from sklon.graph.node import Node, Op, Type, apply

BUILD = Build()
Lane = Any  # a vector of lanes, as the builder knows it
Array = Any


class LaneBuilder(Protocol):
    """The vector instructions in which bodies are written. All results have the type of their operands."""

    def const(self, value: float, like: Lane) -> Lane: ...
    def add(self, x: Lane, y: Lane) -> Lane: ...
    def sub(self, x: Lane, y: Lane) -> Lane: ...
    def mul(self, x: Lane, y: Lane) -> Lane: ...
    def div(self, x: Lane, y: Lane) -> Lane: ...
    def quotient(self, x: Lane, y: Lane) -> Lane: ...
    def neg(self, x: Lane) -> Lane: ...
    def fma(self, x: Lane, y: Lane, z: Lane) -> Lane: ...
    def sqrt(self, x: Lane) -> Lane: ...
    def abs(self, x: Lane) -> Lane: ...
    def compare(self, how: str, x: Lane, y: Lane) -> Lane: ...
    def select(self, mask: Lane, x: Lane, y: Lane) -> Lane: ...
    def cast(self, x: Lane, dtype: Dtype) -> Lane: ...
    def exp(self, x: Lane) -> Lane: ...
    def log(self, x: Lane) -> Lane: ...
    def log1p_of_unit(self, x: Lane) -> Lane: ...
    def tanh(self, x: Lane) -> Lane: ...
    def library(self, symbol: str, *arguments: Lane) -> Lane: ...
    def logical(self, how: str, *arguments: Lane) -> Lane: ...
    def round(self, how: str, x: Lane) -> Lane: ...
    def shift(self, how: str, x: Lane, y: Lane) -> Lane: ...
    def sign_bit(self, x: Lane) -> Lane: ...
    def shift_right(self, x: Lane, bits: int) -> Lane: ...
    def philox(self, counter: tuple[Lane, ...], key: tuple[Lane, ...]) -> tuple[Lane, ...]: ...


@dataclass(frozen=True)
class Point(Op):
    """An op on each element alone; all inputs have one shape."""

    kind: ClassVar[str] = "point"
    cost: ClassVar[int] = 1
    arity: ClassVar[int] = 1

    def infer(self, *inputs: Type) -> Type:
        if len(inputs) != self.arity:
            raise ShapeError(f"{self.name} takes {self.arity} inputs, not {len(inputs)}")
        if len({t.shape for t in inputs}) != 1:
            raise ShapeError(f"{self.name} takes inputs of one shape, not {', '.join(map(str, inputs))}")
        return Type(inputs[0].shape, self.result_dtype(*(t.dtype for t in inputs)))

    def result_dtype(self, *dtypes: Dtype) -> Dtype:
        """One type in, the same type out; families override this."""
        if len(set(dtypes)) != 1:
            raise DtypeError(f"{self.name} takes inputs of one type, not {', '.join(map(repr, dtypes))}")
        return dtypes[0]

    def evaluate(self, rows: int, *inputs: Array) -> Array:
        return self.meaning(*inputs)

    def batched(self, build: Build, node: Node, lifted: Sequence[Node | None]) -> Node:
        return apply(self, *build.together(node.inputs, lifted), source=build.source)

    def meaning(self, *inputs: Array) -> Array:
        """The op in NumPy, on arrays of one shape."""
        raise NotImplementedError(self.name)

    def body(self, b: LaneBuilder, *lanes: Lane) -> Lane:
        """The op on lanes."""
        raise NotImplementedError(self.name)


@dataclass(frozen=True)
class Floating(Point):
    """A point op on floating values only."""

    def result_dtype(self, *dtypes: Dtype) -> Dtype:
        dtype = super().result_dtype(*dtypes)
        if not dtype.is_floating:
            raise DtypeError(f"{self.name} takes floating values, not {dtype!r}; convert with .float() first")
        return dtype


@dataclass(frozen=True)
class Numeric(Point):
    """A point op on numbers: booleans are refused."""

    def result_dtype(self, *dtypes: Dtype) -> Dtype:
        dtype = super().result_dtype(*dtypes)
        if dtype.kind == "bool":
            raise DtypeError(f"{self.name} takes numbers, not booleans; use logic, or convert with .to(sklon.int64)")
        return dtype


@dataclass(frozen=True)
class Whole(Point):
    """A point op on signed integers only."""

    def result_dtype(self, *dtypes: Dtype) -> Dtype:
        dtype = super().result_dtype(*dtypes)
        if dtype.kind != "integer":
            raise DtypeError(f"{self.name} takes whole numbers, not {dtype!r}; convert with .to(sklon.int64) first")
        return dtype


@dataclass(frozen=True)
class Library(Floating):
    """A function that the C library computes, lane by lane: right everywhere, slower than a vector function."""

    cost: ClassVar[int] = 200
    symbol: ClassVar[str]
    function: ClassVar[Any]  # the same in NumPy

    def meaning(self, *inputs: Array) -> Array:
        return np.asarray(self.function(*inputs), np.asarray(inputs[0]).dtype)

    def body(self, b: LaneBuilder, *lanes: Lane) -> Lane:
        return b.library(self.symbol, *lanes)
