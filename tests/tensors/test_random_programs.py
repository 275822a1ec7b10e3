"""Random little programs, the same under PyTorch and here: shapes, values, gradients, wherever values are asked for."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import sklon

torch = pytest.importorskip("torch")
SHAPES = [(3, 4), (4,), (3, 1), (1, 4), (1, 1), ()]

Operation = Callable[[Any, Any, Any, random.Random], Any]
#: library, two values, choices → value
OPERATIONS: list[Operation] = [
    lambda m, x, y, r: x + y,
    lambda m, x, y, r: x * y,
    lambda m, x, y, r: x - y * 0.7,
    lambda m, x, y, r: x / (y * y + 1),
    lambda m, x, y, r: x.tanh(),
    lambda m, x, y, r: x.relu(),
    lambda m, x, y, r: x.sum(r.randrange(x.ndim), r.random() < 0.5) if x.ndim else x.mean(),
    lambda m, x, y, r: x.mean(),
    lambda m, x, y, r: x.T if x.ndim == 2 else -x,
    lambda m, x, y, r: x.amax(-1, True) if x.ndim else x,
    lambda m, x, y, r: m.where(x < y, x, y * 2),
    lambda m, x, y, r: x @ y if x.ndim == y.ndim == 2 and x.shape[1] == y.shape[0] else x * 3,
]


def _fits(x: Any, y: Any) -> bool:
    try:
        np.broadcast_shapes(tuple(x.shape), tuple(y.shape))
    except ValueError:
        return False
    return True


@pytest.mark.parametrize("seed", range(60))
def test_the_same_program_gives_the_same(seed: int) -> None:
    choose, rng = random.Random(seed), np.random.default_rng(seed)
    arrays = [rng.standard_normal(choose.choice(SHAPES)) for _ in range(3)]
    leaves = [sklon.tensor(a, requires_grad=True, dtype="float64") for a in arrays]
    references = [torch.tensor(a, requires_grad=True, dtype=torch.float64) for a in arrays]
    pairs: list[tuple[Any, Any]] = list(zip(leaves, references, strict=True))
    for _ in range(choose.randint(3, 10)):
        operation, (x, u), (y, v) = choose.choice(OPERATIONS), choose.choice(pairs), choose.choice(pairs)
        if not _fits(u, v):
            continue
        fork = choose.random()
        mine = operation(sklon, x, y, random.Random(fork))
        theirs = operation(torch, u, v, random.Random(fork))
        assert tuple(mine.shape) == tuple(theirs.shape)
        assert mine.requires_grad == theirs.requires_grad
        if choose.random() < 0.2:
            mine.numpy()
        pairs.append((mine, theirs))
    loss, reference = (p[-1].sum() + p[-2].sum() for p in zip(*pairs, strict=True))
    for _ in range(choose.randint(1, 2)):
        if choose.random() < 0.5:
            assert loss.item() == pytest.approx(reference.item(), rel=1e-10, abs=1e-12)
        loss.backward(retain_graph=True)
        reference.backward(retain_graph=True)
    for a, b in zip(leaves, references, strict=True):
        assert (a.grad is None) == (b.grad is None)
        if a.grad is not None:
            np.testing.assert_allclose(a.grad.numpy(), b.grad.numpy(), rtol=1e-9, atol=1e-11)


def test_a_number_has_no_axes() -> None:
    assert sklon.tensor(2.5).shape == sklon.tensor(np.float64(2.5)).shape == ()
