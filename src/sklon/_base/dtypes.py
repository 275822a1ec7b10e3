"""Element types and their promotion, with PyTorch's rules.

A dtype is a value: its name, its NumPy type, its width and its kind. Promotion looks at kinds first
(bool < integer < floating) and at widths within a kind, as PyTorch's table does.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from .errors import DtypeError


@dataclass(frozen=True, slots=True, eq=False)
class Dtype:
    """One element type: ``name`` as PyTorch spells it, ``short`` as the text forms spell it, ``bits`` wide.

    There is one of each, also after copying and pickling.
    """

    name: str
    short: str
    bits: int
    kind: str  # "bool", "unsigned", "integer", "floating"

    @property
    def numpy(self) -> np.dtype[Any]:
        """The NumPy type of the same name."""
        return _NUMPY[self.name]

    @property
    def itemsize(self) -> int:
        """Bytes of one element in memory (a bool takes one)."""
        return max(1, self.bits // 8)

    @property
    def is_floating(self) -> bool:
        """Whether gradients can flow through values of this type."""
        return self.kind == "floating"

    def __reduce__(self) -> tuple[Any, ...]:
        return from_short, (self.short,)

    def __repr__(self) -> str:
        return f"sklon.{self.name}"


bool_ = Dtype("bool", "i1", 1, "bool")
uint32 = Dtype("uint32", "u32", 32, "unsigned")
int32 = Dtype("int32", "i32", 32, "integer")
int64 = Dtype("int64", "i64", 64, "integer")
float32 = Dtype("float32", "f32", 32, "floating")
float64 = Dtype("float64", "f64", 64, "floating")

ALL = (bool_, uint32, int32, int64, float32, float64)
_BY_NAME = {d.name: d for d in ALL}
_NUMPY: dict[str, np.dtype[Any]] = {d.name: np.dtype(d.name) for d in ALL}
_BY_SHORT = {d.short: d for d in ALL}
_BY_NUMPY = {d.numpy: d for d in ALL}
_RANK = {"bool": 0, "unsigned": 1, "integer": 2, "floating": 3}


def dtype_of(what: Dtype | DTypeLike) -> Dtype:
    """The dtype that a dtype, a NumPy type, an array or a name stands for.

    >>> dtype_of("float32")
    sklon.float32
    """
    if isinstance(what, Dtype):
        return what
    if isinstance(what, np.dtype) and what in _BY_NUMPY:
        return _BY_NUMPY[what]
    name = np.dtype(what).name
    if name not in _BY_NAME:
        known = ", ".join(_BY_NAME)
        raise DtypeError(f"element type {name!r} is not supported; use one of {known}")
    return _BY_NAME[name]


def from_short(short: str) -> Dtype:
    """The dtype that the text forms write as ``short``."""
    return _BY_SHORT[short]


def promote(a: Dtype, b: Dtype) -> Dtype:
    """The type of a result of ``a`` and ``b``, both arrays.

    >>> promote(int64, float32)
    sklon.float32
    """
    if a is b:
        return a
    if _RANK[a.kind] != _RANK[b.kind]:
        return a if _RANK[a.kind] > _RANK[b.kind] else b
    return a if a.bits >= b.bits else b
