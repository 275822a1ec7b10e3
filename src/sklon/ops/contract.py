"""The product of two arrays along labelled axes, as einsum writes it.

Its gradient is two contracts with the labels exchanged, so there is no transposition anywhere. Which labels
are rows, lanes or sum is computed and checked here, for whoever compiles the product.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from string import ascii_letters
from typing import Any, ClassVar

import numpy as np

from sklon._base.errors import DtypeError, ShapeError
from sklon._base.shapes import Extent, N, S, shards, size
from sklon.graph.build import Build
from sklon.graph.node import Node, Op, Type, primitive


@dataclass(frozen=True, slots=True)
class ContractPlan:
    """Products of two matrices: out[row, lane] = Σ over sum of left · right, where right carries the lanes.

    One for each index of the ``stack`` labels, which either input or both may carry.
    """

    left: int  # which input carries the row label; the other one carries the lane label
    row: str
    lane: str
    sum: str  # one label or several, outermost first
    stack: str = ""


@primitive("contract")
@dataclass(frozen=True)
class Contract(Op):
    """out = Σ a·b over the labels that are missing from ``out``.

    ``shard`` > 0 cuts the sum over N into shards of that many rows; the result gets a leading axis of shards.
    """

    kind: ClassVar[str] = "contract"
    a: str
    b: str
    out: str
    shard: int = 0

    def extents(self, *inputs: Type) -> dict[str, Extent]:
        """The size of each label."""
        sizes: dict[str, Extent] = {}
        for labels, x in zip((self.a, self.b), inputs, strict=True):
            if len(labels) != len(x.shape) or len(set(labels)) != len(labels):
                raise ShapeError(f"the labels {labels!r} do not fit {x}")
            for label, extent in zip(labels, x.shape, strict=True):
                if sizes.setdefault(label, extent) != extent:
                    raise ShapeError(f"the label {label!r} has the sizes {sizes[label]} and {extent}")
        return sizes

    def infer(self, *inputs: Type) -> Type:
        sizes = self.extents(*inputs)
        if inputs[0].dtype != inputs[1].dtype or not inputs[0].dtype.is_floating:
            raise DtypeError(f"a product takes two floating arrays of one type, not {inputs[0]} and {inputs[1]}")
        if len(set(self.out)) != len(self.out) or any(label not in sizes for label in self.out):
            raise ShapeError(f"the labels {self.out!r} do not fit {self.a!r} and {self.b!r}")
        kept = tuple(sizes[label] for label in self.out)
        if self.shard and N not in {sizes[label] for label in sizes if label not in self.out}:
            raise ShapeError("only a sum over N can be cut into shards")
        return Type((S, *kept) if self.shard else kept, inputs[0].dtype)

    def evaluate(self, rows: int, *inputs: Any) -> Any:
        a, b = inputs
        spec = f"{self.a},{self.b}->{self.out}"
        if not self.shard:
            return np.einsum(spec, a, b, optimize=True)
        cuts = [slice(i * self.shard, (i + 1) * self.shard) for i in range(shards(rows))]
        return np.stack([np.einsum(spec, a[c], b[c], optimize=True) for c in cuts])

    def vjp(self, build: Build, node: Node, g: Node) -> Sequence[Node | None]:
        a, b = node.inputs
        for_a = self._gradient(build, g, b, self.b, self.a, a)
        for_b = self._gradient(build, g, a, self.a, self.b, b)
        return (for_a, for_b)

    def _gradient(self, build: Build, g: Node, other: Node, other_labels: str, labels: str, x: Node) -> Node:
        """Σ g·other, repeated along the labels that only ``x`` has."""
        present = "".join(label for label in labels if label in self.out or label in other_labels)
        part = build.contract(g, other, a=self.out, b=other_labels, out=present)
        if present == labels:
            return part
        return build.expand(part, shape=x.shape, dims=tuple(labels.index(label) for label in present))

    def batched(self, build: Build, node: Node, lifted: Sequence[Node | None]) -> Node:
        """A label for the samples where they differ, and nowhere else; a product of two matrices stays one."""
        plan = self.plan()
        single = plan is not None and not plan.stack and len(plan.sum) == 1
        if single and None in lifted and all(isinstance(x.shape[0], int) for x in lifted if x is not None):
            return self._stacked(build, node, lifted)
        sample = next(c for c in ascii_letters if c not in self.a + self.b)
        inputs = [i if x is None else x for x, i in zip(lifted, node.inputs, strict=True)]
        a, b = (own if x is None else sample + own for x, own in zip(lifted, (self.a, self.b), strict=True))
        return build.contract(*inputs, a=a, b=b, out=sample + self.out)

    def _stacked(self, build: Build, node: Node, lifted: Sequence[Node | None]) -> Node:
        """The matrices of all samples on top of one another, times the matrix that is the same for all."""
        side, x = next((i, x) for i, x in enumerate(lifted) if x is not None)
        labels, operands = [self.a, self.b], list(node.inputs)
        row, total = sorted(labels[side], key=lambda label: label in labels[1 - side])
        lane = self.out.replace(row, "")
        upright = x if labels[side] == row + total else build.exchanged(x, 1, 2)
        operands[side] = build.reshape(upright, shape=(size(upright.shape[:2]), upright.shape[2]))
        labels[side] = row + total
        tall = build.contract(*operands, a=labels[0], b=labels[1], out=row + lane)
        product = build.reshape(tall, shape=(*upright.shape[:2], tall.shape[1]))
        return product if self.out == row + lane else build.exchanged(product, 1, 2)

    def plan(self) -> ContractPlan | None:
        """How to see it as products of two matrices; None if it is none (a pass writes it differently)."""
        sums = "".join(x for x in self.a if x in self.b and x not in self.out)
        if not sums or len(sums) + len(self.out) != len(set(self.a) | set(self.b)):
            return None
        lane = self.out[-1:]
        if not lane or (lane in self.a and lane in self.b):
            return None
        left = 0 if lane in self.b else 1
        own, other = (self.a, self.b) if left == 0 else (self.b, self.a)
        row = next((x for x in self.out if x in own and x not in other), "")
        if not row:
            return None
        stack = "".join(x for x in self.out if x not in (row, lane))
        return ContractPlan(left, row, lane, "".join(x for x in own if x in sums), stack)
