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

from ._families import Array, Lane, LaneBuilder, Numeric, Point


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
class Equal(_Comparison):
    """x = y."""

    commutative: ClassVar[bool] = True
    how: ClassVar[str] = "eq"
    function: ClassVar[Any] = np.equal


@primitive("less")
class Less(_Comparison):
    """x < y."""

    how: ClassVar[str] = "lt"
    function: ClassVar[Any] = np.less


@primitive("greater")
class Greater(_Comparison):
    """x > y."""

    how: ClassVar[str] = "gt"
    function: ClassVar[Any] = np.greater


@dataclass(frozen=True)
class _Bitwise(Point):
    """Logic of booleans, and of each bit of integers."""

    function: ClassVar[Any]

    def result_dtype(self, *dtypes: Dtype) -> Dtype:
        dtype = super().result_dtype(*dtypes)
        if dtype.is_floating:
            raise DtypeError(f"{self.name} takes booleans or whole numbers, not {dtype!r}; compare first: x != 0")
        return dtype

    def meaning(self, *inputs: Array) -> Array:
        return self.function(*inputs)

    def body(self, b: LaneBuilder, *lanes: Lane) -> Lane:
        return b.logical(self.name.rstrip("_"), *lanes)


@primitive("and_")
class And(_Bitwise):
    """Both."""

    arity: ClassVar[int] = 2
    commutative: ClassVar[bool] = True
    function: ClassVar[Any] = np.bitwise_and


@primitive("or_")
class Or(_Bitwise):
    """Either, or both."""

    arity: ClassVar[int] = 2
    commutative: ClassVar[bool] = True
    function: ClassVar[Any] = np.bitwise_or


@primitive("xor_")
class Xor(_Bitwise):
    """Either, but not both."""

    arity: ClassVar[int] = 2
    commutative: ClassVar[bool] = True
    function: ClassVar[Any] = np.bitwise_xor


@primitive("not_")
class Not(_Bitwise):
    """Not; −1 − x of an integer."""

    function: ClassVar[Any] = np.bitwise_not


@primitive("signbit")
class Signbit(Numeric):
    """Whether the sign is −, that of −0 and of NaN included."""

    def result_dtype(self, *dtypes: Dtype) -> Dtype:
        super().result_dtype(*dtypes)
        return bool_

    def meaning(self, *inputs: Array) -> Array:
        (x,) = inputs
        return np.signbit(x) if np.issubdtype(x.dtype, np.floating) else x < 0

    def body(self, b: LaneBuilder, *lanes: Lane) -> Lane:
        return b.sign_bit(lanes[0])


@primitive("where")
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
    """The same number as another type; floating to integer truncates.

    A number beyond the range of an integer becomes the nearest one in it, and NaN becomes 0.
    """

    dtype: Dtype

    def result_dtype(self, *dtypes: Dtype) -> Dtype:
        return self.dtype

    def meaning(self, *inputs: Array) -> Array:
        x = np.asarray(inputs[0])
        if self.dtype.kind not in ("integer", "unsigned") or not np.issubdtype(x.dtype, np.floating):
            return x.astype(self.dtype.numpy)
        whole = np.iinfo(self.dtype.numpy)
        above, below = x >= float(whole.max), x <= float(whole.min)
        result = np.where(above | below | np.isnan(x), 0, x).astype(self.dtype.numpy)
        return np.where(above, whole.max, np.where(below, whole.min, result)).astype(self.dtype.numpy)

    def body(self, b: LaneBuilder, *lanes: Lane) -> Lane:
        return b.cast(lanes[0], self.dtype)

    def vjp(self, build: Build, node: Node, g: Node) -> Sequence[Node | None]:
        (x,) = node.inputs
        return (build.cast(g, dtype=x.dtype) if x.dtype.is_floating and self.dtype.is_floating else None,)
