"""Many samples at once: every op over every choice of mapped inputs is a loop over the samples, so are its gradients.

A trial of a function is its nodes over one sample's slots; the loop is the interpreter on one sample after the other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np
import pytest

from sklon._base.dtypes import dtype_of, float64
from sklon._base.shapes import N, Shape, concrete
from sklon.autodiff import gradients
from sklon.autodiff.batching import batched
from sklon.graph.interpret import evaluate
from sklon.graph.node import Graph, Node, apply, slot, walk
from sklon.ops import BUILD as b
from tests.executors import Trial
from tests.ops.rows import ROWS, Row, Sizes

Array = np.ndarray[Any, Any]
Function = Callable[..., Node]

#: rows of a step are a number here: samples come before them
SIZES = Sizes(5, 7, 3)
#: relative to 1 + the largest element, where a sum's order may differ
CLOSE = 1e-13


def choices(count: int) -> list[tuple[bool, ...]]:
    """Which inputs are mapped: each nonempty choice, or for many inputs each alone and all."""
    if count > 3:
        alone = [tuple(i == k for i in range(count)) for k in range(count)]
        return [*alone, (True,) * count]
    return [c for c in product((False, True), repeat=count) if any(c)]


class Mapped:
    """A function over one sample's slots, and over many samples of the mapped ones."""

    def __init__(self, function: Function, samples: Sequence[Sequence[Array]], mapped: Sequence[bool]) -> None:
        """``samples`` holds the inputs of each sample; those that are not mapped are the first sample's."""
        self.mapped = mapped
        self.samples = [[x if m else f for x, f, m in zip(s, samples[0], mapped, strict=True)] for s in samples]
        self.one = [slot(f"one{i}", "state", x.shape, dtype_of(x.dtype)) for i, x in enumerate(samples[0])]
        self.result = function(*self.one)
        self.many = [_many(n, len(samples)) if m else n for n, m in zip(self.one, mapped, strict=True)]
        self.keys = {one: many for one, many in zip(self.one, self.many, strict=True) if one is not many}
        self.values = {
            many: np.stack([s[i] for s in self.samples]) if m else self.samples[0][i]
            for i, (many, m) in enumerate(zip(self.many, mapped, strict=True))
        }

    def batched(self, *results: Node) -> list[Node]:
        """The results for many samples, whether they depend on what is mapped or not."""
        found = batched(results, self.keys)
        return [b.repeated(r, len(self.samples)) if f is None else f for r, f in zip(results, found, strict=True)]

    def at_once(self, node: Node) -> Array:
        return np.asarray(evaluate((node,), self.values, 0)[node])

    def one_by_one(self, node: Node) -> Array:
        """The loop over the samples."""
        slots = self.one
        return np.stack([evaluate((node,), dict(zip(slots, s, strict=True)), 0)[node] for s in self.samples])

    def trial(self, *nodes: Node) -> Trial:
        """What native code is compared on."""
        graph = Graph(tuple((f"y{i}", n) for i, n in enumerate(nodes)))
        reached = set(walk(graph.roots))
        arrays = {n.op.label: np.array(a) for n, a in self.values.items() if n in reached}  # type: ignore[attr-defined]
        return Trial(graph, 1, (1,), arrays, np.zeros(1, np.int32), np.zeros((1, 0)))


def _many(node: Node, samples: int) -> Node:
    return slot(f"many.{node.op.label}", "state", (samples, *node.shape), node.dtype)  # type: ignore[attr-defined]


def of_row(row: Row) -> Function:
    """What a row builds, with numbers for N."""

    def function(*nodes: Node) -> Node:
        stands = [slot("x", "state", SIZES.shape(letters), n.dtype) for (_, letters), n in _pairs(row, nodes)]
        new = dict(zip(stands, nodes, strict=True))
        result = row.build(*stands, SIZES)
        for node in walk((result,), stands):
            new[node] = _numbered(node, [new[i] for i in node.inputs])
        return new[result]

    return function


def _pairs(row: Row, nodes: Sequence[Node]) -> Iterator[tuple[tuple[Any, str], Node]]:
    return zip(row.inputs, nodes, strict=True)


def _numbered(node: Node, inputs: Sequence[Node]) -> Node:
    if node.op.name == "size":
        return b.constant(value=float(SIZES.N), dtype=node.dtype)
    shape: Shape = getattr(node.op, "shape", ())
    known = tuple(SIZES.N if e == N else e for e in shape)
    op = node.op if known == shape else replace(node.op, shape=known)  # type: ignore[call-arg]
    return apply(op, *inputs)


def samples_of(row: Row, count: int) -> list[list[Array]]:
    return [row.arrays(SIZES, seed=seed) for seed in range(count)]


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
    if found is not None:
        close(of_loop.at_once(found), expected if choice[i] else expected.sum(0))


def test_leaves_are_the_same_for_all_samples() -> None:
    x, many = slot("x", "state", (2,), float64), slot("many", "state", (3, 2), float64)
    rows = [row for row in ROWS if not row.inputs]
    assert {row.op for row in rows} == {"constant", "size", "iota"}
    for row in rows:
        assert batched([row.build(SIZES)], {x: many}) == [None]
