"""Tensors from outside that a model or a loss reads: constants of the step, under names of their own.

A layer or a loss of one's own may read any tensor. It is no parameter and no buffer, so the step takes its value as it
was when the step was recorded.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from sklon.graph.node import Graph, Node, Slot, slot, slots
from sklon.tensors import values

Array = np.ndarray[Any, Any]
CAPTURED = "captured."


def named(graph: Graph) -> Graph:
    """The graph with a name for each tensor from outside; the same graph where there is none."""
    order = graph.nodes
    outside = [n for n in order if _is_outside(n)]
    if not outside:
        return graph
    new: dict[Node, Node] = {}
    for node in outside:
        new[node] = slot(f"{CAPTURED}{len(new)}", "state", node.shape, node.dtype)
        array = values.array_of(node)
        assert array is not None
        values.bind(new[node], array)
    for node in order:
        if node not in new:
            inputs = tuple(new[i] for i in node.inputs)
            same = inputs == node.inputs
            new[node] = node if same else Node(node.op, inputs, node.shape, node.dtype, node.source)
    return graph.replace(new)


def captured_by(graph: Graph) -> dict[str, Array]:
    """The arrays of the tensors from outside, by their names."""
    found: dict[str, Array] = {}
    for node in slots(graph):
        if isinstance(node.op, Slot) and node.op.label.startswith(CAPTURED):
            array = values.array_of(node)
            assert array is not None
            found[node.op.label] = np.ascontiguousarray(array)
    return found


def _is_outside(node: Node) -> bool:
    return isinstance(node.op, Slot) and node.op.space == "state" and not node.op.label and values.is_known(node)
