"""A recorded function, evaluated node by node: as it is, or with every inexact result moved by a few ulps.

A difference of neighbouring values does not show it: (1 − cos h)/h² lies on stairs that are wider than any step that
one would take. Moving each intermediate result by a random relative error of the size that its own rounding has (Vignes
1993, *A stochastic arithmetic for reliable scientific computation*) does.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sklon.calculus.subject import Array
from sklon.graph.node import Node, Slot, walk
from sklon.tensors import values

ROUNDINGS = 2.0
"""The largest error of an elementary result, in machine epsilons; docs/numerics.md lists those of the functions."""
EXACT = frozenset(
    (
        *("slice", "pad", "flip", "reshape", "expand", "copy", "gather", "stop_gradient", "where", "cast"),
        *("neg", "abs", "maximum", "minimum", "relu", "floor", "ceil", "trunc", "round", "fmod", "constant", "iota"),
    )
)
"""Ops whose results are not rounded; a cast is, where it narrows."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """A graph of a function at a point: its results (value and gradient), and the leaf that stands for the point."""

    results: tuple[Node, ...]
    leaf: Node

    def known(self) -> dict[Node, Array] | None:
        """The arrays of everything that does not depend on the point; None if something has no value."""
        found: dict[Node, Array] = {}
        for node in walk(self.results, above=(self.leaf,)):
            array = values.array_of(node)
            if isinstance(node.op, Slot):
                if array is None and not values.is_number(node):
                    return None
                number = array if array is not None else values.number_of(node)
                found[node] = np.asarray(number, node.dtype.numpy)
        return found


def evaluate(recorded: Recorded, point: Array, random: np.random.Generator | None = None) -> dict[Node, Array] | None:
    """The value of every node with the leaf at ``point``, moved within its rounding by ``random``, if given."""
    known = recorded.known()
    if known is None:
        return None
    known[recorded.leaf] = point
    with np.errstate(all="ignore"):
        for node in walk(recorded.results, above=known):
            result = np.asarray(node.op.evaluate(0, *(known[i] for i in node.inputs)))
            known[node] = result if random is None else _moved(result, node, random)
    return known


def is_rounded(node: Node) -> bool:
    """Whether the result of a node is a floating number that is rounded."""
    narrows = node.op.name == "cast" and node.inputs[0].dtype.bits > node.dtype.bits
    return bool(node.inputs) and node.dtype.is_floating and (node.op.name not in EXACT or narrows)


def _moved(result: Array, node: Node, random: np.random.Generator) -> Array:
    if not is_rounded(node):
        return result
    signs = np.where(random.random(result.shape) < 0.5, -1.0, 1.0)
    errors = ROUNDINGS * np.finfo(node.dtype.numpy).eps * signs * random.uniform(0.5, 1, result.shape)
    return np.asarray(result * (1 + errors), result.dtype)
