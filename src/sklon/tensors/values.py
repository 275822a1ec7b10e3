"""What is known about nodes outside the graph: the arrays that they stand for.

Graphs are pure, so the binding of a node to its array lives here, weakly: when the last handle and the last
graph forget a node, its array goes with it.
"""

from __future__ import annotations

from typing import Any
from weakref import WeakKeyDictionary, WeakSet

import numpy as np

from sklon._base.dtypes import Dtype, dtype_of
from sklon.graph.node import Node, slot

Array = np.ndarray[Any, Any]

_arrays: WeakKeyDictionary[Node, Array] = WeakKeyDictionary()
_numbers: WeakKeyDictionary[Node, float] = WeakKeyDictionary()
_freed: WeakSet[Node] = WeakSet()


def leaf(array: Array) -> Node:
    """A new node that stands for ``array``."""
    node = slot("", "state", array.shape, dtype_of(array.dtype))
    _arrays[node] = array
    return node


def number(value: float, dtype: Dtype) -> Node:
    """A new scalar input with a value: a number that is no part of the structure."""
    node = slot("", "scalar", (), dtype)
    _numbers[node] = float(value)
    return node


def array_of(node: Node) -> Array | None:
    """The array of a node, if it has been computed."""
    return _arrays.get(node)


def number_of(node: Node) -> float:
    """The value of a scalar input."""
    return _numbers[node]


def is_number(node: Node) -> bool:
    """Whether a node is a scalar input with a value."""
    return node in _numbers


def bind(node: Node, array: Array) -> None:
    """Note that ``node`` has been computed."""
    _arrays[node] = array


def is_known(node: Node) -> bool:
    """Whether a node has an array."""
    return node in _arrays


def free(node: Node) -> None:
    """Note that the history of ``node`` has been given up by a backward pass."""
    _freed.add(node)


def is_freed(node: Node) -> bool:
    """Whether a backward pass has given up the history of ``node``."""
    return node in _freed
