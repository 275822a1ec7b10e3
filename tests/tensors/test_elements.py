"""Methods on single elements: each is a method of PyTorch's tensor too, with the same values."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
import pytest

import sklon
from sklon.tensors.elements import Elements

torch = pytest.importorskip("torch")
TWO = "add sub subtract mul multiply div divide maximum minimum pow remainder floor_divide fmod atan2 hypot"
COMPARED = "eq ne lt le gt ge logical_and logical_or logical_xor"
#: the shapes of both operands
MATRICES = {
    "matmul": ((2, 3), (3, 4)),
    "mm": ((2, 3), (3, 4)),
    "bmm": ((2, 2, 3), (2, 3, 4)),
    "dot": ((3,), (3,)),
    "outer": ((3,), (4,)),
}
NUMBERS: dict[str, list[Any]] = {"clamp": [0.3, 0.6], "clip": [0.3, 0.6]}
METHODS = sorted(name for name, _ in inspect.getmembers(Elements, inspect.isfunction) if not name.startswith("_"))


@pytest.mark.parametrize("name", METHODS)
def test_the_same_method_as_pytorch(name: str) -> None:
    rng = np.random.default_rng(0)
    left, right = MATRICES.get(name, ((2, 3), (2, 3)))
    x, y = rng.uniform(0.1, 0.9, left), rng.uniform(0.1, 0.9, right)
    x = x + 1 if name == "acosh" else x
    operands = [y] if name in (*TWO.split(), *COMPARED.split(), *MATRICES) else NUMBERS.get(name, [])
    operands = [y, 0.3] if name == "lerp" else operands
    ours, theirs = (_called(lib, name, x, operands) for lib in (sklon, torch))
    np.testing.assert_allclose(ours.numpy(), theirs.numpy(), rtol=1e-12, atol=1e-14)
    assert ours.dtype.name == str(theirs.dtype).removeprefix("torch.")


def _called(lib: Any, name: str, x: Any, operands: list[Any]) -> Any:
    given = [lib.tensor(o) if isinstance(o, np.ndarray) else o for o in operands]
    return getattr(lib.tensor(x), name)(*given)
