"""Following what is not finite through a graph whose values are known: what leads it on, and which node is at fault.

Infinite constants are meant (a mask of −∞), and so is what only moves them; what makes NaN of them is not.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from .node import Node, Slot, walk

Array = np.ndarray[Any, Any]


def as_compiled(roots: Iterable[Node], leaves: Mapping[Node, Any], rows: int = 0) -> dict[Node, Array]:
    """The value of every node, with subnormal numbers flushed to zero as in compiled code: there, log gives −∞."""
    known: dict[Node, Array] = {}
    with np.errstate(all="ignore"):
        for node in walk(roots):
            is_leaf = isinstance(node.op, Slot)
            value = leaves[node] if is_leaf else node.op.evaluate(rows, *(known[i] for i in node.inputs))
            known[node] = _flushed(np.asarray(value, node.dtype.numpy))
    return known


def reached(roots: Mapping[Node, str], values: Mapping[Node, Array]) -> dict[Node, str]:
    """All that is not finite and leads to a root by nodes that are not: each with the name of the nearest root."""
    name = {root: label for root, label in roots.items() if not is_finite(values[root])}
    front = list(name)
    for node in front:  # grows while it is walked: breadth first
        for source in node.inputs:
            if source not in name and not is_finite(values[source]):
                name[source] = name[node]
                front.append(source)
    return name


def at_fault(among: Iterable[Node], values: Mapping[Node, Array], order: Iterable[Node]) -> Node | None:
    """The node at fault: by the first of these questions that has an answer, the first in the order of computation."""

    def made_of_finite(node: Node) -> bool:
        return bool(node.inputs) and all(is_finite(values[i]) for i in node.inputs)

    def nan_of_none(node: Node) -> bool:
        return bool(node.inputs) and has_nan(values[node]) and not any(has_nan(values[i]) for i in node.inputs)

    def given(node: Node) -> bool:
        return not node.inputs

    blamed = set(among)
    found = [node for node in order if node in blamed]
    answers = (node for guilty in (made_of_finite, nan_of_none, given) for node in found if guilty(node))
    return next(answers, None)


def is_finite(value: Array) -> bool:
    """Whether all elements are finite numbers."""
    return bool(np.isfinite(value).all())


def has_nan(value: Array) -> bool:
    """Whether an element is no number."""
    return bool(np.isnan(value).any())


def _flushed(value: Array) -> Array:
    if value.dtype.kind != "f":
        return value
    small = np.abs(value) < np.finfo(value.dtype).tiny
    return np.where(small, np.zeros_like(value), value) if small.any() else value
