"""Reshapes that compiled code can read: those that split axes, and those that join them.

An element of a split axis is read where it lies, at an affine place. Axes are joined by a loop over the old axes
that stores at an affine place. Any other reshape joins first and splits then. Exact.
"""

from __future__ import annotations

from sklon._base.shapes import Extent, Shape, groups
from sklon.graph.node import Graph, Node
from sklon.graph.node import apply as apply_op
from sklon.ops import Reshape
from sklon.program.places import ORIGIN, Place, combined

from .rewriting import rewrite


def separate_reshapes(graph: Graph) -> Graph:
    """Write each reshape as one that joins axes, one that splits axes, or the first and then the second."""
    return rewrite(graph, (_separate,))


def is_split(node: Node) -> bool:
    """Whether no two axes of the input become one."""
    return all(len(old) <= 1 for old, _ in _groups(node))


def _groups(node: Node) -> tuple[tuple[tuple[int, ...], tuple[int, ...]], ...]:
    found = groups(node.inputs[0].shape, node.shape)
    assert found is not None
    return found


def _separate(node: Node) -> Node | None:
    if not isinstance(node.op, Reshape) or is_split(node):
        return None
    parts = _groups(node)
    if all(len(new) <= 1 for _, new in parts):
        return None
    joined = tuple(_extent(node.inputs[0].shape, old) for old, _ in parts)
    flat = apply_op(Reshape(joined), node.inputs[0], source=node.source)
    return apply_op(node.op, flat, source=node.source)


def _extent(shape: Shape, axes: tuple[int, ...]) -> Extent:
    if len(axes) == 1:
        return shape[axes[0]]
    result = 1
    for a in axes:
        extent = shape[a]
        assert isinstance(extent, int)
        result *= extent
    return result


def split_places(node: Node, places: tuple[Place, ...]) -> tuple[Place, ...]:
    """Where a split reads its input, for an element at ``places``."""
    result = [ORIGIN] * len(node.inputs[0].shape)
    for old, new in _groups(node):
        for axis in old:
            result[axis] = _row_major(node.shape, new, places)
    return tuple(result)


def joined_places(node: Node) -> tuple[Place, ...]:
    """Where a join stores the element of its input at the loop's axes."""
    result = [ORIGIN] * len(node.shape)
    for old, new in _groups(node):
        for axis in new:
            result[axis] = _row_major(node.inputs[0].shape, old, tuple(range(len(node.inputs[0].shape))))
    return tuple(result)


def _row_major(shape: Shape, axes: tuple[int, ...], places: tuple[Place, ...]) -> Place:
    """The number of an element among ``axes`` in row-major order."""
    terms: list[tuple[Place, int]] = []
    step = 1
    for a in reversed(axes):
        terms.append((places[a], step))
        extent = shape[a]
        step *= extent if isinstance(extent, int) else 1
    return combined(tuple(terms))
