"""Random bits of many samples: the same for all, or those that each sample draws as a row of a batch."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sklon._base.dtypes import float64, uint32
from sklon._base.shapes import Shape
from sklon.autodiff import batched
from sklon.autodiff.batching import draws
from sklon.graph.node import Node, slot, walk
from sklon.ops import BUILD as b
from tests.agreement import native_agrees

from .samples import Mapped, one, state

Array = np.ndarray[Any, Any]


def bits_of(shape: Shape, step: Node, first: int = 0) -> Node:
    """Bits for each element, as layers draw them."""
    position = b.add(b.iota(axis=0, shape=shape, dtype=uint32), b.full(first, shape, uint32))
    element = b.full(0, shape, uint32)
    stride = 1
    for axis in range(len(shape) - 1, 0, -1):
        along = b.iota(axis=axis, shape=shape, dtype=uint32)
        element = b.add(element, b.mul(along, b.full(stride, shape, uint32)))
        stride *= int(str(shape[axis]))
    words = (b.expand(step, shape=shape, dims=()), *(b.full(w, shape, uint32) for w in (7, 11, 13)))
    return b.random_bits(element, position, *words)


@pytest.mark.parametrize("shape", [(70,), (1, 70), (3, 5), (2, 3, 33)])
def test_samples_draw_what_a_batch_draws(shape: tuple[int, ...]) -> None:
    step, x, many = slot("step", "scalar", (), uint32), state(), slot("many", "state", (4,), float64)
    drawn = bits_of(shape, step)
    result = b.add(b.cast(drawn, dtype=float64), b.expand(x, shape=shape, dims=()))
    (found,) = batched([result], {x: many}, draws([result], [step]))
    whole = b.cast(bits_of((4, *shape), step), dtype=float64)
    assert found is not None
    values: dict[str, Array] = {"step": np.asarray(3, np.uint32), "many": np.zeros(4)}
    bits = one(found, **values)
    assert bits.tolist() == one(whole, **values).tolist()
    assert len(np.unique(bits)) > 0.99 * bits.size


def test_samples_within_samples_draw_what_a_batch_of_batches_draws() -> None:
    step, x, y = slot("step", "state", (), uint32), state(), state()
    ys, xs = slot("ys", "state", (4,), float64), slot("xs", "state", (3,), float64)
    result = b.add(b.cast(bits_of((5,), step), dtype=float64), b.expand(b.mul(x, y), shape=(5,), dims=()))
    (inner,) = batched([result], {y: ys}, draws([result], [step]))
    assert inner is not None
    (outer,) = batched([inner], {x: xs}, draws([inner], [step]))
    assert outer is not None
    whole = b.cast(bits_of((3, 4, 5), step), dtype=float64)
    values: dict[str, Array] = {"step": np.asarray(3, np.uint32), "xs": np.zeros(3), "ys": np.zeros(4)}
    assert one(outer, **values).tolist() == one(whole, **values).tolist()


def test_bits_are_the_same_for_all_samples_unless_told_otherwise() -> None:
    """Only those that depend on a word: others were drawn before, outside of what is mapped."""
    inside, before = (slot(name, "state", (), uint32) for name in ("inside", "before"))
    x, many = state(), slot("many", "state", (4,), float64)
    first, second = (b.cast(bits_of((5,), word), dtype=float64) for word in (inside, before))
    result = b.mul(b.expand(x, shape=(5,), dims=()), b.sub(first, second))
    (same,) = batched([result], {x: many})
    assert same is not None and {first, second} <= set(walk([same]))
    (found,) = batched([result], {x: many}, draws([result], [inside]))
    assert found is not None and second in walk([found]) and first not in walk([found])
    assert draws([result], []) == set()


@pytest.mark.parametrize("shape", [(5,), (3, 70)])
def test_compiled_code_draws_the_samples_bits(shape: tuple[int, ...]) -> None:
    def function(x: Node, step: Node) -> Node:
        return b.add(b.cast(bits_of(shape, step), dtype=float64), b.expand(x, shape=shape, dims=()))

    samples: list[list[Array]] = [[np.zeros(()), np.asarray(3, np.uint32)] for _ in range(4)]
    mapped = Mapped(function, samples, (True, False))
    (found,) = batched([mapped.result], mapped.keys, draws([mapped.result], mapped.one[1:]))
    assert found is not None
    native_agrees(mapped.trial(found))
