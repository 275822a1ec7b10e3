"""Standardization by statistics of the values themselves: one op, so that its gradient is the short one.

Written out, (x − μ)·σ⁻¹ would send gradients through μ and through σ², which sum the same values again. The op is a
composition all the same: a pass writes it out before anything is compiled.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from sklon._base.errors import DtypeError, ShapeError
from sklon._base.shapes import N
from sklon.graph.build import Build
from sklon.graph.node import Composite, Node, Type, primitive


@primitive("standardize")
@dataclass(frozen=True)
class Standardize(Composite):
    """y = h·w with h = (x − μ)/√v, where μ is the mean of x along ``axes`` and v its variance, perhaps with ε added.

    Inputs x, μ, v and, if y is scaled, w; all but x lack the axes. The gradient of x goes through μ and v, so these get
    none: with n values along the axes, ∂x = w·(g − Σg/n − h·Σ(g·h)/n)/√v and ∂w = Σ(g·h), which shares its sum. Ioffe
    and Szegedy, *Batch normalization*, 2015.
    """

    axes: tuple[int, ...]

    def infer(self, *inputs: Type) -> Type:
        x, *others = inputs
        if list(self.axes) != sorted(set(self.axes)) or not self.axes or self.axes[-1] >= len(x.shape):
            raise ShapeError(f"{x} has no axes {self.axes} to standardize along")
        kept = tuple(e for a, e in enumerate(x.shape) if a not in self.axes)
        told = ", ".join(map(str, others))
        if len(others) not in (2, 3) or any(t.shape != kept for t in others):
            raise ShapeError(f"mean, variance and scale of {x} along {self.axes} have the shape {kept}, not {told}")
        if not x.dtype.is_floating or {t.dtype for t in others} != {x.dtype}:
            raise DtypeError(f"values and statistics must be floating and of one type, not {x}, {told}")
        return x

    def evaluate(self, rows: int, *inputs: Any) -> Any:
        x, mean, variance, *scale = inputs
        standard = (x - np.expand_dims(mean, self.axes)) * np.expand_dims(
            x.dtype.type(1) / np.sqrt(variance), self.axes
        )
        return standard * np.expand_dims(scale[0], self.axes) if scale else standard

    def written_out(self, build: Build, node: Node) -> Node:
        return self._scaled(build, node, self._standard(build, node))

    def vjp(self, build: Build, node: Node, g: Node) -> Sequence[Node | None]:
        standard = self._standard(build, node)
        total, product = (build.reduce(v, fn="sum", axes=self.axes) for v in (g, build.mul(g, standard)))
        centred = build.sub(g, self._mean(build, node, total))
        rest = build.sub(centred, build.mul(standard, self._mean(build, node, product)))
        to_x = self._scaled(build, node, build.mul(rest, self._inverse(build, node)))
        return (to_x, None, None, product)[: len(node.inputs)]

    def batched(self, build: Build, node: Node, lifted: Sequence[Node | None]) -> Node:
        return build.standardize(*build.together(node.inputs, lifted), axes=tuple(a + 1 for a in self.axes))

    # ---- parts, each of the shape of x
    def _standard(self, build: Build, node: Node) -> Node:
        """h."""
        x, mean, *_ = node.inputs
        return build.mul(build.sub(x, self._wide(build, node, mean)), self._inverse(build, node))

    def _inverse(self, build: Build, node: Node) -> Node:
        """1/√v."""
        variance = node.inputs[2]
        return self._wide(build, node, build.div(build.full_like(1.0, variance), build.sqrt(variance)))

    def _scaled(self, build: Build, node: Node, value: Node) -> Node:
        """value·w, if there is a w."""
        return build.mul(value, self._wide(build, node, node.inputs[3])) if len(node.inputs) > 3 else value

    def _mean(self, build: Build, node: Node, total: Node) -> Node:
        """A sum along the axes, divided by the number of values."""
        extents = [node.shape[a] for a in self.axes]
        count = build.constant(value=float(np.prod([e for e in extents if isinstance(e, int)])), dtype=node.dtype)
        if N in extents:
            count = build.mul(build.size(dtype=node.dtype), count)
        share = build.div(build.full(1.0, (), node.dtype), count)
        return self._wide(build, node, build.mul(total, build.expand(share, shape=total.shape, dims=())))

    def _wide(self, build: Build, node: Node, value: Node) -> Node:
        """A value for each place beside the axes, repeated along them."""
        return build.spread(value, node.shape, self.axes)
