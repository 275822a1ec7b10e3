"""Functions over one sample and over many: the loop is the interpreter on one sample after the other."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np

from sklon._base.dtypes import Dtype, dtype_of, float64
from sklon._base.shapes import Extent, N, Shape
from sklon.autodiff.batching import batched
from sklon.graph.interpret import evaluate
from sklon.graph.node import Graph, Node, Slot, apply, slot, walk
from sklon.ops import BUILD as b
from tests.executors import Trial
from tests.ops.rows import Row, Sizes

Array = np.ndarray[Any, Any]
Function = Callable[..., Node]

#: rows of a step are a number here: samples come before them
SIZES = Sizes(5, 7, 3)


def state(*shape: Extent, dtype: Dtype = float64) -> Node:
    return slot("x", "state", shape, dtype)


def one(node: Node, **values: Array) -> Array:
    """The value of a node over slots with these names."""
    slots = {n: values[n.op.label] for n in walk((node,)) if isinstance(n.op, Slot)}
    return np.asarray(evaluate((node,), slots, 0)[node])


def choices(count: int) -> list[tuple[bool, ...]]:
    """Which inputs are mapped: each nonempty choice, or for many inputs each alone and all."""
    if count > 3:
        alone = [tuple(i == k for i in range(count)) for k in range(count)]
        return [*alone, (True,) * count]
    return [c for c in product((False, True), repeat=count) if any(c)]


class Mapped:
    """A function over one sample's slots, and over many samples of the mapped ones."""

    def __init__(
        self, function: Function, samples: Sequence[Sequence[Array]], mapped: Sequence[bool], count: int | None = None
    ) -> None:
        """``samples`` holds the inputs of each sample, of which the first ``count`` are used.

        Inputs that are not mapped are the first sample's.
        """
        self.mapped = mapped
        self.samples = [[x if m else f for x, f, m in zip(s, samples[0], mapped, strict=True)] for s in samples]
        self.one = [slot(f"one{i}", "state", x.shape, dtype_of(x.dtype)) for i, x in enumerate(samples[0])]
        self.result = function(*self.one)
        self.count = len(samples) if count is None else count
        self.many = [_many(n, self.count) if m else n for n, m in zip(self.one, mapped, strict=True)]
        self.keys = {one: many for one, many in zip(self.one, self.many, strict=True) if one is not many}
        self.values = {
            many: np.stack([s[i] for s in self.samples])[: self.count] if m else self.samples[0][i]
            for i, (many, m) in enumerate(zip(self.many, mapped, strict=True))
        }

    def batched(self, *results: Node) -> list[Node]:
        """The results for many samples, whether they depend on what is mapped or not."""
        found = batched(results, self.keys)
        return [b.repeated(r, self.count) if f is None else f for r, f in zip(results, found, strict=True)]

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
        letters = [letters for _, letters in row.inputs]
        stands = [slot("x", "state", SIZES.shape(s), n.dtype) for s, n in zip(letters, nodes, strict=True)]
        return numbered(row.build(*stands, SIZES), dict(zip(stands, nodes, strict=True)), {N: SIZES.N})

    return function


def numbered(result: Node, known: Mapping[Node, Node], sizes: Mapping[Extent, int]) -> Node:
    """The same over other leaves, which ``known`` gives, and with numbers for symbols."""
    new = dict(known)
    for node in walk((result,), known):
        shape: Shape = getattr(node.op, "shape", ())
        concrete = tuple(sizes.get(e, e) for e in shape)
        op = node.op if concrete == shape else replace(node.op, shape=concrete)  # type: ignore[call-arg]
        inputs = [new[i] for i in node.inputs]
        new[node] = b.full(float(sizes[N]), (), node.dtype) if op.name == "size" else apply(op, *inputs)
    return new[result]


def samples_of(row: Row, count: int) -> list[list[Array]]:
    return [row.arrays(SIZES, seed=seed) for seed in range(count)]
