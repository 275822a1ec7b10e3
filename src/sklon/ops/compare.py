"""Comparisons, choices and conversions. Comparisons have no gradient."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from sklon._base.dtypes import Dtype, bool_
from sklon._base.errors import DtypeError
from sklon.graph.build import Build
from sklon.graph.node import Node, primitive

from ._families import Array, Lane, LaneBuilder, Point


@dataclass(frozen=True)
class _Comparison(Point):
    arity: ClassVar[int] = 2
    how: ClassVar[str]
    function: ClassVar[Any]
    convention: ClassVar[str] = "false where an operand is NaN"

    def result_dtype(self, *dtypes: Dtype) -> Dtype:
        super().result_dtype(*dtypes)
        return bool_

    def meaning(self, *inputs: Array) -> Array:
        return self.function(*inputs)

    def body(self, b: LaneBuilder, *lanes: Lane) -> Lane:
        return b.compare(self.how, *lanes)


@primitive("equal")
@dataclass(frozen=True)
class Equal(_Comparison):
    """x = y."""

    commutative: ClassVar[bool] = True
    how: ClassVar[str] = "eq"
    function: ClassVar[Any] = np.equal


@primitive("less")
@dataclass(frozen=True)
class Less(_Comparison):
    """x < y."""

    how: ClassVar[str] = "lt"
    function: ClassVar[Any] = np.less


@primitive("greater")
@dataclass(frozen=True)
class Greater(_Comparison):
    """x > y."""

    how: ClassVar[str] = "gt"
    function: ClassVar[Any] = np.greater


@dataclass(frozen=True)
class _Logical(Point):
    function: ClassVar[Any]

    def result_dtype(self, *dtypes: Dtype) -> Dtype:
        if set(dtypes) != {bool_}:
            raise DtypeError(f"{self.name} takes booleans, not {', '.join(map(repr, dtypes))}")
        return bool_

    def meaning(self, *inputs: Array) -> Array:
        return self.function(*inputs)

    def body(self, b: LaneBuilder, *lanes: Lane) -> Lane:
        return b.logical(self.name.rstrip("_"), *lanes)


@primitive("and_")
@dataclass(frozen=True)
class And(_Logical):
    """Both."""

    arity: ClassVar[int] = 2
    commutative: ClassVar[bool] = True
    function: ClassVar[Any] = np.logical_and


@primitive("or_")
@dataclass(frozen=True)
class Or(_Logical):
    """Either, or both."""

    arity: ClassVar[int] = 2
    commutative: ClassVar[bool] = True
    function: ClassVar[Any] = np.logical_or


@primitive("not_")
@dataclass(frozen=True)
class Not(_Logical):
    """Not."""

    function: ClassVar[Any] = np.logical_not


@primitive("where")
@dataclass(frozen=True)
class Where(Point):
    """x where the condition holds, y elsewhere. The value that is not chosen never matters, NaN included."""

    arity: ClassVar[int] = 3

    def result_dtype(self, *dtypes: Dtype) -> Dtype:
        if dtypes[0] != bool_ or dtypes[1] != dtypes[2]:
            raise DtypeError(f"where takes a condition and two values of one type, not {dtypes}")
        return dtypes[1]

    def meaning(self, *inputs: Array) -> Array:
        return np.where(*inputs)

    def body(self, b: LaneBuilder, *lanes: Lane) -> Lane:
        return b.select(*lanes)

    def vjp(self, build: Build, node: Node, g: Node) -> Sequence[Node | None]:
        condition, _, _ = node.inputs
        zero = build.full_like(0.0, g)
        return (None, build.where(condition, g, zero), build.where(condition, zero, g))


@primitive("cast")
@dataclass(frozen=True)
class Cast(Point):
    """The same number as another type; floating to integer truncates."""

    dtype: Dtype

    def result_dtype(self, *dtypes: Dtype) -> Dtype:
        return self.dtype

    def meaning(self, *inputs: Array) -> Array:
        return np.asarray(inputs[0]).astype(self.dtype.numpy)

    def body(self, b: LaneBuilder, *lanes: Lane) -> Lane:
        return b.cast(lanes[0], self.dtype)

    def vjp(self, build: Build, node: Node, g: Node) -> Sequence[Node | None]:
        (x,) = node.inputs
        return (build.cast(g, dtype=x.dtype) if x.dtype.is_floating and self.dtype.is_floating else None,)
