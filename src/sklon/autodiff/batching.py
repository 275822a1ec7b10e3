"""Many samples at once: one walk from what differs between samples to the results, adding a leading axis on the way.

What is the same for all samples stays the very same nodes. The result is ordinary graph: it has gradients, can be
mapped again, and is compiled like any other.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from sklon._base.errors import ShapeError
from sklon._base.shapes import Extent, is_symbolic
from sklon.graph.build import Build
from sklon.graph.node import Node, walk
from sklon.ops.random import RandomBits

from .backward import depending


def batched(results: Sequence[Node], mapped: Mapping[Node, Node], varied: Collection[Node] = ()) -> list[Node | None]:
    """Each of ``results`` for many samples, along a new leading axis; None where it is the same for all of them.

    ``mapped`` gives for nodes of one sample's shape [...] their values [B, ...] for all B samples. ``varied`` are nodes
    of random bits, as :func:`draws` finds them, of which each sample gets its own: those that it would draw as a row
    of a batch; all others are the same for all samples. Raises ShapeError where the shapes do not fit, and for nodes
    whose leading axis is symbolic, as the samples would come before the rows of a step.
    """
    samples = _samples(mapped)
    new = dict(mapped)
    for node in walk(results, mapped):
        lifted = [new.get(i) for i in node.inputs]
        if node in varied and isinstance(node.op, RandomBits):
            new[node] = node.op.of_samples(_build(node), node, lifted, samples)
        elif any(x is not None for x in lifted):
            new[node] = node.op.batched(_build(node), node, lifted)
    return [new.get(r) for r in results]


def draws(results: Sequence[Node], words: Collection[Node]) -> set[Node]:
    """The nodes of random bits below ``results`` whose counter depends on one of ``words``."""
    return {n for n in depending(walk(results), words) if isinstance(n.op, RandomBits)}


def _samples(mapped: Mapping[Node, Node]) -> Extent:
    """The number of samples, which all values agree on."""
    for one, many in mapped.items():
        if many.dtype is not one.dtype or many.shape[1:] != one.shape or not many.shape:
            raise ShapeError(f"samples of the type {one.type} come as one array with an axis in front, not {many.type}")
    counts = {many.shape[0] for many in mapped.values()}
    if len(counts) != 1:
        told = " and ".join(sorted(map(str, counts))) or "none"
        raise ShapeError(f"all mapped values must hold the same number of samples, not {told}")
    return counts.pop()


def _build(node: Node) -> Build:
    """What makes the nodes that stand for ``node``."""
    if is_symbolic(node.shape):
        raise ShapeError(
            f"{node!r} has the rows of a training step as its leading axis, and samples cannot come before them; map "
            "over a function of one row, or outside of the step"
        )
    return Build(node.source)
