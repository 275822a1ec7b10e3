"""Every op, over every choice of mapped inputs, is a loop over the samples; so are its gradients, and native code."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from sklon._base.dtypes import float64
from sklon._base.shapes import concrete
from sklon.autodiff import batched, gradients
from sklon.autodiff.check import check_gradients
from sklon.graph.build import Build
from sklon.graph.node import REGISTRY, Node, Op, slot
from sklon.ops import BUILD as b
from tests.agreement import native_agrees
from tests.ops.rows import ROWS, Row

from .samples import SIZES, Function, Mapped, choices, of_row, samples_of

Array = np.ndarray[Any, Any]

#: relative to 1 + the largest element, where a sum's order may differ
CLOSE = 1e-13


def close(found: Array, expected: Array) -> None:
    assert found.shape == expected.shape and found.dtype == expected.dtype
    wide = np.asarray(expected, np.float64)
    assert np.abs(np.asarray(found, np.float64) - wide).max(initial=0) <= CLOSE * (1 + np.abs(wide).max(initial=0))


def same_bits(found: Array, expected: Array) -> None:
    assert found.shape == expected.shape and found.dtype == expected.dtype
    assert np.ascontiguousarray(found).tobytes() == np.ascontiguousarray(expected).tobytes()


#: ops whose sums NumPy adds up in an order of its own
SUMS = ("contract", "reduce", "standardize")
WITH_INPUTS = [row for row in ROWS if row.inputs]


@pytest.mark.parametrize("row", WITH_INPUTS, ids=str)
def test_every_op_is_a_loop_over_samples(row: Row) -> None:
    for choice in choices(len(row.inputs)):
        for count in (1, 3):
            mapped = Mapped(of_row(row), samples_of(row, count), choice)
            (many,) = mapped.batched(mapped.result)
            compare = close if row.op in SUMS else same_bits
            compare(mapped.at_once(many), mapped.one_by_one(mapped.result))


@pytest.mark.parametrize("row", [r for r in WITH_INPUTS if r.orders], ids=str)
def test_gradients_are_those_of_the_loop(row: Row) -> None:
    """The gradient for many samples is that of the function for many samples."""
    function, count = of_row(row), 3
    for choice in choices(len(row.inputs)):
        forward = Mapped(function, samples_of(row, count), choice)
        seeds = np.random.default_rng(0).standard_normal((count, *concrete(forward.result.shape, 0)))
        seeded = [[*s, c] for s, c in zip(samples_of(row, count), seeds, strict=True)]
        for i, node in enumerate(forward.one):
            if node.dtype is float64:
                _compare_gradients(function, seeded, (*choice, True), i)


def _compare_gradients(function: Function, seeded: list[list[Array]], choice: tuple[bool, ...], i: int) -> None:
    def gradient(*nodes: Node) -> Node:
        found = gradients({function(*nodes[:-1]): nodes[-1]}, [nodes[i]])[0]
        return b.full_like(0.0, nodes[i]) if found is None else found

    of_loop = Mapped(gradient, seeded, choice)
    expected = of_loop.one_by_one(of_loop.result)
    close(of_loop.at_once(*of_loop.batched(of_loop.result)), expected)
    (many,) = of_loop.batched(function(*of_loop.one[:-1]))
    (found,) = gradients({many: of_loop.many[-1]}, [of_loop.many[i]])
    value = b.full_like(0.0, of_loop.many[i]) if found is None else found
    close(of_loop.at_once(value), expected if choice[i] else expected.sum(0))


def test_leaves_are_the_same_for_all_samples() -> None:
    x, many = slot("x", "state", (2,), float64), slot("many", "state", (3, 2), float64)
    rows = [row for row in ROWS if not row.inputs]
    assert {row.op for row in rows} == {"constant", "size", "iota"}
    for row in rows:
        assert batched([row.build(SIZES)], {x: many}) == [None]


@pytest.mark.parametrize("row", [r for r in WITH_INPUTS if r.orders], ids=str)
def test_derivatives_of_many_samples_are_right_to_second_order(row: Row) -> None:
    mapped = Mapped(of_row(row), samples_of(row, 2), (True,) * len(row.inputs))

    def function(*nodes: Node) -> Node:
        (found,) = batched([mapped.result], dict(zip(mapped.one, nodes, strict=True)))
        assert found is not None
        return found

    check_gradients(function, [mapped.values[n] for n in mapped.many], orders=row.orders)


@pytest.mark.parametrize("row", WITH_INPUTS, ids=str)
def test_compiled_is_interpreted(row: Row) -> None:
    every = choices(len(row.inputs))
    for choice, count in [*((choice, 3) for choice in every), (every[-1], 0), (every[-1], 1)]:
        mapped = Mapped(of_row(row), samples_of(row, count or 1), choice, count)
        native_agrees(mapped.trial(*_with_gradients(mapped)))


def _with_gradients(mapped: Mapped) -> list[Node]:
    (many,) = mapped.batched(mapped.result)
    if not many.dtype.is_floating:
        return [many]
    wrt = [n for n in mapped.many if n.dtype is many.dtype]
    found = gradients({many: b.full_like(1.0, many)}, wrt)
    return [many, *(g for g in found if g is not None)]


# ---- the checker
WITH_RULES = sorted({row.op for row in WITH_INPUTS} - {"slot"})


@pytest.mark.parametrize("name", WITH_RULES)
def test_a_wrong_rule_of_each_is_caught(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A rule that gives each sample what belongs to another one."""
    op = REGISTRY[name]
    right = op.batched

    def wrong(self: Op, build: Build, node: Node, lifted: Sequence[Node | None]) -> Node:
        found = right(self, build, node, lifted)
        return build.flip(found, axes=(0,)) if node.op.name == name else found

    monkeypatch.setattr(op, "batched", wrong)
    with pytest.raises(AssertionError):
        for row in WITH_INPUTS:
            if row.op == name:
                test_every_op_is_a_loop_over_samples(row)
