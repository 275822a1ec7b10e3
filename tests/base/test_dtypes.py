"""Element types promote as PyTorch's do."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sklon._base.dtypes import ALL, Dtype, dtype_of, float32, from_short, int64, promote, uint32
from sklon._base.errors import DtypeError

#: PyTorch does not promote its wide unsigned types, which here only random bits have
COMPARED = [d for d in ALL if d is not uint32]


@pytest.mark.parametrize("a", COMPARED, ids=repr)
@pytest.mark.parametrize("b", COMPARED, ids=repr)
def test_promotion_is_pytorchs(a: Dtype, b: Dtype) -> None:
    torch: Any = pytest.importorskip("torch")
    names = [getattr(torch, d.name) for d in (a, b)]
    assert f"torch.{promote(a, b).name}" == str(torch.promote_types(*names))


@pytest.mark.parametrize("a", ALL, ids=repr)
@pytest.mark.parametrize("b", ALL, ids=repr)
def test_promotion_does_not_depend_on_the_order(a: Dtype, b: Dtype) -> None:
    assert promote(a, b) is promote(b, a)
    assert promote(a, a) is a


@pytest.mark.parametrize("dtype", ALL, ids=repr)
def test_each_type_has_its_names(dtype: Dtype) -> None:
    assert dtype_of(dtype.name) is dtype_of(np.zeros(1, dtype.numpy).dtype) is from_short(dtype.short) is dtype
    assert dtype.numpy.itemsize == dtype.itemsize


def test_other_types_are_refused_with_the_ones_that_are_there() -> None:
    with pytest.raises(DtypeError, match="'complex64' is not supported; use one of bool, uint32"):
        dtype_of(np.complex64)
    assert promote(int64, float32) is float32
