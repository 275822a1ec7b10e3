"""What is checked when data are bound to a model: whole numbers that choose rows or classes are in range.

Compiled code reads tables by these indices without looking, so nothing out of range may ever reach it.
"""

from __future__ import annotations

from sklon._base.errors import InputError
from sklon.graph.node import Graph, Node, Slot, walk
from sklon.nn import Loss, Module
from sklon.ops import Gather

from .arrays import Samples
from .step import columns_of, record_prediction


def check_samples(model: Module, loss: Loss, data: Samples) -> None:
    """Raise InputError for indices or classes out of range."""
    graph = record_prediction(model, columns_of(data.inputs, None))
    check_indices(graph, data)
    ((_, output),) = graph.outputs
    if data.target is not None:
        loss.check_target(data.target, output.shape)


def check_indices(graph: Graph, data: Samples) -> None:
    """Every gather from a table of known length reads indices that lie in it."""
    arrays = data.bound()
    for node in walk(graph.roots):
        if not isinstance(node.op, Gather) or not isinstance(node.inputs[0].shape[0], int):
            continue
        rows, label = node.inputs[0].shape[0], _column(node.inputs[1])
        if label is None:
            raise InputError("a model may look up rows only by whole numbers that are an input of their own")
        low, high = int(arrays[label].min()), int(arrays[label].max())
        if low < 0 or high >= rows:
            raise InputError(
                f"input {label.removeprefix('x')} holds {low if low < 0 else high}, but the table that it indexes "
                f"has rows 0 to {rows - 1}; make the table larger or the codes smaller"
            )


def _column(index: Node) -> str | None:
    """The data slot whose rows of the step an index is, if it is one."""
    while index.op.name == "cast":
        (index,) = index.inputs
    if isinstance(index.op, Gather) and isinstance(index.inputs[0].op, Slot):
        return index.inputs[0].op.label
    return None
