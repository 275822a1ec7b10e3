"""What is known about element types, with the names of the array API standard."""

from __future__ import annotations

from typing import Any

import numpy as np

from sklon._base.dtypes import Dtype, dtype_of, promote
from sklon._base.errors import DtypeError
from sklon.graph.build import Build

from .record import result_dtype
from .tensor import Tensor

#: the kinds of the standard: the kinds of our types that belong to each
KINDS: dict[str, tuple[str, ...]] = {
    "bool": ("bool",),
    "signed integer": ("integer",),
    "unsigned integer": ("unsigned",),
    "integral": ("integer", "unsigned"),
    "real floating": ("floating",),
    "complex floating": (),
    "numeric": ("integer", "unsigned", "floating"),
}


def finfo(dtype: Dtype | str | Tensor) -> Any:
    """Limits of a floating type: ``eps``, ``max``, ``min``, ``smallest_normal``, ``bits``."""
    return np.finfo(_known(dtype).numpy)


def iinfo(dtype: Dtype | str | Tensor) -> Any:
    """Limits of an integer type: ``max``, ``min``, ``bits``."""
    return np.iinfo(_known(dtype).numpy)


def isdtype(dtype: Dtype, kind: Dtype | str | tuple[Dtype | str, ...]) -> bool:
    """Whether a type is one of those named: types, or kinds such as ``"real floating"``.

    >>> import sklon
    >>> sklon.isdtype(sklon.float32, "numeric"), sklon.isdtype(sklon.bool_, ("integral", sklon.float64))
    (True, False)
    """
    kinds = kind if isinstance(kind, tuple) else (kind,)
    for one in kinds:
        if isinstance(one, str) and one not in KINDS:
            raise DtypeError(f"there is no kind {one!r} of types; there are {', '.join(KINDS)}")
    return any(dtype.kind in KINDS[one] if isinstance(one, str) else dtype is one for one in kinds)


def can_cast(source: Dtype | Tensor, target: Dtype | str) -> bool:
    """Whether promotion leads from one type to the other."""
    return promote(_known(source), dtype_of(target)) is dtype_of(target)


def result_type(*operands: Tensor | Dtype | float) -> Dtype:
    """The type of what is computed from operands together, with PyTorch's rules of promotion."""
    types = [o for o in operands if isinstance(o, Dtype)]
    others = [o for o in operands if not isinstance(o, Dtype)]
    dtype = types[0] if types else result_dtype(*others)
    for one in types[1:]:
        dtype = promote(dtype, one)
    return result_dtype(Tensor(_scalar(dtype)), *others) if types and others else dtype


def _scalar(dtype: Dtype) -> Any:
    return Build().constant(value=0.0, dtype=dtype)


def _known(what: Dtype | str | Tensor) -> Dtype:
    return what.dtype if isinstance(what, Tensor) else dtype_of(what)
