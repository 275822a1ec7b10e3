"""Standardization by statistics of the values themselves: one op, so that its gradient is the short one.

Written out, (x − μ)·σ⁻¹ would send gradients through μ and through σ², which sum the same values again. The op
is a composition all the same: a pass writes it out before anything is compiled.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from sklon._base.errors import DtypeError, ShapeError
from sklon._base.shapes import N
from sklon.graph.build import Build
from sklon.graph.node import Node, Op, Type, primitive


@primitive("standardize")
@dataclass(frozen=True)
class Standardize(Op):
    """y = (x − μ)/√v, where μ is the mean of x along ``axes`` and v its variance there, perhaps with a constant added.

    Inputs x, μ and v; μ and v lack the axes. The gradient of x goes through all three, so μ and v themselves get none:
    with n values along the axes, ∂x = (g − Σg/n − y·Σ(g·y)/n)/√v. Ioffe and Szegedy, *Batch normalization*, 2015.
    """

    kind: ClassVar[str] = "composite"
    axes: tuple[int, ...]

    def infer(self, *inputs: Type) -> Type:
        x, mean, variance = inputs
        if list(self.axes) != sorted(set(self.axes)) or not self.axes or self.axes[-1] >= len(x.shape):
            raise ShapeError(f"{x} has no axes {self.axes} to standardize along")
        kept = tuple(e for a, e in enumerate(x.shape) if a not in self.axes)
        if mean.shape != kept or variance.shape != kept:
            raise ShapeError(f"statistics of {x} along {self.axes} have the shape {kept}, not {mean} and {variance}")
        if not x.dtype.is_floating or {mean.dtype, variance.dtype} != {x.dtype}:
            raise DtypeError(f"values and statistics must be floating and of one type, not {x}, {mean} and {variance}")
        return x

    def evaluate(self, rows: int, *inputs: Any) -> Any:
        x, mean, variance = inputs
        one = x.dtype.type(1)
        return (x - np.expand_dims(mean, self.axes)) * np.expand_dims(one / np.sqrt(variance), self.axes)

    def written_out(self, build: Build, node: Node) -> Node:
        """The same as a composition."""
        x, mean, _ = node.inputs
        return build.mul(build.sub(x, build.spread(mean, x.shape, self.axes)), self._scale(build, node))

    def _scale(self, build: Build, node: Node) -> Node:
        """1/√v, as often as there are values."""
        x, _, variance = node.inputs
        inverse = build.div(build.full_like(1.0, variance), build.sqrt(variance))
        return build.spread(inverse, x.shape, self.axes)

    def vjp(self, build: Build, node: Node, g: Node) -> Sequence[Node | None]:
        through_mean = build.sub(g, self._mean(build, g))
        through_variance = build.mul(node, self._mean(build, build.mul(g, node)))
        return build.mul(build.sub(through_mean, through_variance), self._scale(build, node)), None, None

    def _mean(self, build: Build, x: Node) -> Node:
        """The mean along the axes, as often as there are values."""
        total = build.reduce(x, fn="sum", axes=self.axes)
        extents = [x.shape[a] for a in self.axes]
        count = build.constant(value=float(np.prod([e for e in extents if isinstance(e, int)])), dtype=x.dtype)
        if N in extents:
            count = build.mul(build.size(dtype=x.dtype), count)
        share = build.div(build.full(1.0, (), x.dtype), count)
        mean = build.mul(total, build.expand(share, shape=total.shape, dims=()))
        return build.spread(mean, x.shape, self.axes)
