"""Forward mode: reverse mode used twice, so that an op declares one derivative and not two.

u ↦ Jᵀu is linear, and its own transpose is v ↦ Jv. The way back from the results is made for a cotangent u that nobody
knows, and from it once more for the tangent v; u itself drops out. Baydin et al., *Automatic differentiation in machine
learning: a survey*, 2018, on what both modes cost.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sklon._base.errors import AutogradError
from sklon.graph.node import Node, slot, walk

from .backward import added, gradients


def tangents(results: Sequence[Node], moving: Mapping[Node, Node]) -> list[Node | None]:
    """For each result: Σ over x of ∂result/∂x·moving[x], the rate at which it moves; None where no path leads there.

    Raises AutogradError where a gradient is not linear in what it is given, as a wrong custom derivative may be.
    """
    cotangents = {y: slot("cotangent", "state", y.shape, y.dtype) for y in results if y.dtype.is_floating}
    pulled = gradients(cotangents, list(moving))
    seeds = added((g, tangent) for g, tangent in zip(pulled, moving.values(), strict=True) if g is not None)
    pushed = gradients(seeds, list(cotangents.values()))
    found = dict(zip(cotangents, pushed, strict=True))
    if not set(cotangents.values()).isdisjoint(walk(n for n in pushed if n is not None)):
        raise AutogradError("a derivative is not linear in the gradient that it takes, so forward mode cannot use it")
    return [found.get(y) for y in results]
