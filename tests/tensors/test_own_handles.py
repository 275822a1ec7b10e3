"""Functions with nothing to do return a handle of their own: writing to it does not reach the argument."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import sklon
from sklon.tensors import Tensor, functional, indexing, manipulation, reductions, sorting

M, R = manipulation, reductions
IDLE: dict[str, Callable[[Tensor], Any]] = {
    "reshape": lambda x: M.reshape(x, (2, 3)),
    "flatten": lambda x: M.flatten(x, 1, 1),
    "unflatten": lambda x: M.unflatten(x, 0, (2,)),
    "squeeze": lambda x: M.squeeze(x, ()),
    "permute_dims": lambda x: functional.permute_dims(x, (0, 1)),
    "swapaxes": lambda x: M.swapaxes(x, 0, 0),
    "broadcast_to": lambda x: functional.broadcast_to(x, (2, 3)),
    "broadcast_tensors": lambda x: M.broadcast_tensors(x)[0],
    "narrow": lambda x: M.narrow(x, 0, 0, 2),
    "pad": lambda x: M.pad(x, 0, 0, 0),
    "split": lambda x: M.split(x, 2)[0],
    "concat": lambda x: M.concat([x]),
    "flip": lambda x: M.flip(x, ()),
    "roll": lambda x: M.roll(x, 2, 0),
    "tile": lambda x: M.tile(x, (1, 1)),
    "repeat": lambda x: M.repeat(x, 1, 0),
    "getitem": lambda x: indexing.getitem(x, ...),
    "replaced": lambda x: indexing.replaced(x, slice(0, 0), 1.0),
    "astype": lambda x: functional.astype(x, x.dtype),
    "sum": lambda x: functional.sum(x, ()),
    "amax": lambda x: functional.amax(x, ()),
    "prod": lambda x: R.prod(x, (), keepdims=True),
    "diff": lambda x: R.diff(x, 0, 0),
}
ONE: dict[str, Callable[[Tensor], Any]] = {
    "cumulative_sum": lambda x: R.cumulative_sum(x, 0),
    "cumulative_prod": lambda x: R.cumulative_prod(x, 0),
    "prod": lambda x: R.prod(x, 0, keepdims=True),
    "flip": M.flip,
}


@pytest.mark.parametrize(("name", "x"), [*((n, (2, 3)) for n in IDLE), *((n, (1,)) for n in ONE), ("sort", ())])
def test_the_argument_stays(name: str, x: tuple[int, ...]) -> None:
    given = sklon.ones(*x)
    functions: dict[tuple[int, ...], dict[str, Callable[[Tensor], Any]]] = {
        (2, 3): IDLE,
        (1,): ONE,
        (): {"sort": sorting.sort},
    }
    result = functions[x][name](given)
    result.add_(1.0)
    assert result.tolist() == (given * 2).tolist()
    assert given.tolist() == sklon.ones(*x).tolist()
