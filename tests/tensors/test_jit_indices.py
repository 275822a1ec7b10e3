"""Indices that are arguments of a jitted function, or computed inside."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import sklon
from sklon import Tensor
from sklon._base.errors import IndexRangeError

TABLE = np.arange(60.0, dtype=np.float32).reshape(3, 4, 5)
CHOICES: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "rows": lambda x, i: x[i],
    "in the middle": lambda x, i: x[:, i],
    "at the end, of a part": lambda x, i: x[1:, ..., i],
    "of one row": lambda x, i: x[1, i],
    "pairs": lambda x, i: x[i, i],
    "pairs with an array": lambda x, i: x[i, :, np.array([[0], [4]])],
    "computed": lambda x, i: x[(i + 1) - 1],
    "slices": lambda x, i: x.index_select(1, i),
    "along an axis": lambda x, i: sklon.take_along_axis(x, i.reshape(1, 3, 1), axis=1),
}


@pytest.mark.parametrize("name", CHOICES)
def test_indices_may_be_arguments(name: str) -> None:
    x = sklon.tensor(TABLE, requires_grad=True)

    def chosen(i: Any) -> tuple[Tensor, Any]:
        found = CHOICES[name](x, i)
        return found.detach(), sklon.autograd.grad((found * found).sum(), x)[0]

    function = sklon.jit(chosen)
    for index in ([0, 2, 1], [-1, 1, -3], [2, 2, 2]):
        ours, theirs = function(sklon.tensor(index)), chosen(sklon.tensor(index))
        assert all(np.array_equal(a.numpy(), b.numpy()) for a, b in zip(ours, theirs, strict=True))
    for wrong in (7, -8):
        with pytest.raises(IndexRangeError, match=f"the index {wrong} is out of range"):
            function(sklon.tensor([0, wrong, 1]))
    assert function.recordings == 1


def test_a_tensor_of_one_element_is_formatted_as_its_number() -> None:
    assert f"{sklon.tensor(1.25):.1f} {sklon.tensor([3]):03d} {sklon.tensor([1.0, 2.0])}" == "1.2 003 tensor([1., 2.])"
