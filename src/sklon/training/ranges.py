"""Between which whole numbers a node's values lie, as far as its ops and the data tell.

Compiled code looks rows up without looking at the indices, so their range must be known when data are bound. Whole
numbers of the data are looked at; counts of truths and positions along axes have a range; sums, products and limits
carry it on.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import prod
from typing import Any, TypeAlias

import numpy as np

from sklon.graph.node import Node, Slot, walk
from sklon.ops import Constant, Gather, Iota, Reduce

Array = np.ndarray[Any, Any]
#: the smallest and the largest value
Range: TypeAlias = tuple[float, float]

#: ops that only choose and arrange: what they give is a part of what they take
PARTS = ("cast", "expand", "reshape", "slice", "flip", "stop_gradient", "copy")
#: ops that grow with each of what they take
GROWING: dict[str, Callable[..., float]] = {"add": lambda x, y: x + y, "minimum": min, "maximum": max}


def range_of(node: Node, arrays: Mapping[str, Array]) -> Range | None:
    """The range of a node's values, with these arrays as data; None where it is not known."""
    known: dict[Node, Array | Range | None] = {}
    for one in walk((node,)):
        known[one] = _known(one, [known[i] for i in one.inputs], arrays)
    return _range(known[node])


def _known(node: Node, of: Sequence[Array | Range | None], arrays: Mapping[str, Array]) -> Array | Range | None:
    """The values of what is a part of the data, the range of anything else."""
    op = node.op
    if isinstance(op, Gather) and isinstance(node.inputs[0].op, Slot):
        return _of_data(node.inputs[0].op, arrays)
    if op.name in PARTS and isinstance(of[0], np.ndarray):
        values: Array = op.evaluate(len(of[0]), of[0])
        return values
    if node.dtype.kind == "bool":
        return 0, 1
    if isinstance(op, Constant):
        return op.value, op.value
    if isinstance(op, Iota):
        extent = node.shape[op.axis]
        return (0, extent - 1) if isinstance(extent, int) else None
    found = [r for r in map(_range, of) if r is not None]
    return _computed(node, found) if len(found) == len(of) > 0 else None


def _range(of: Array | Range | None) -> Range | None:
    if not isinstance(of, np.ndarray):
        return of
    return (int(of.min()), int(of.max())) if of.size else (0, 0)


def _of_data(slot: Slot, arrays: Mapping[str, Array]) -> Array | None:
    array = arrays.get(slot.label) if slot.space == "data" else None
    return None if array is None or array.dtype.kind != "i" else array


def _computed(node: Node, of: Sequence[Range]) -> Range | None:
    op, name = node.op, node.op.name
    if name in PARTS:
        return of[0]
    if isinstance(op, Reduce):
        extents = [node.inputs[0].shape[a] for a in op.axes]
        count = prod(e for e in extents if isinstance(e, int)) if op.fn == "sum" else 1
        sizes_known = op.fn == "max" or all(isinstance(e, int) for e in extents)
        return (of[0][0] * count, of[0][1] * count) if sizes_known else None
    if name in GROWING:
        return GROWING[name](*(r[0] for r in of)), GROWING[name](*(r[1] for r in of))
    if name == "mul":
        corners = [x * y for x in of[0] for y in of[1]]
        return min(corners), max(corners)
    return None
