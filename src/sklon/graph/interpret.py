"""The NumPy interpreter: what a graph means. Compiled code must agree with it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from sklon._base.errors import VerificationError

from .node import Graph, Node, Slot, walk

Arrays = dict[str, np.ndarray[Any, Any]]


def interpret(graph: Graph, values: Mapping[Node, Any], rows: int = 0) -> tuple[Arrays, dict[Node, Any]]:
    """Outputs by name, and the new values of the updated slots.

    ``values`` gives each slot its array; ``rows`` is N.
    """
    with np.errstate(all="ignore"):
        known = evaluate(graph.roots, values, rows)
    return {name: known[n] for name, n in graph.outputs}, {s: known[n] for s, n in graph.updates}


def evaluate(roots: tuple[Node, ...], values: Mapping[Node, Any], rows: int) -> dict[Node, Any]:
    """The value of every node below ``roots``."""
    known: dict[Node, Any] = {}
    for node in walk(roots):
        if isinstance(node.op, Slot):
            known[node] = np.asarray(values[node], node.dtype.numpy)
            continue
        result = np.asarray(node.op.evaluate(rows, *(known[i] for i in node.inputs)))
        if result.dtype != node.dtype.numpy:
            raise VerificationError(f"{node!r} evaluates to {result.dtype}")
        known[node] = result
    return known
