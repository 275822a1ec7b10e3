"""What is known about nodes outside the graph: the arrays and numbers that they stand for, and whose leaves they are.

Graphs are pure, so all this lives in one :class:`Outside` beside a node, which goes when the node goes. Nothing else
of a node ever changes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from weakref import ref

import numpy as np

from sklon._base.dtypes import Dtype, dtype_of
from sklon._base.shapes import Shape
from sklon._base.store import Store
from sklon.compiler.executable import address
from sklon.graph.node import Node, Slot

if TYPE_CHECKING:
    from .tensor import Tensor

Array = np.ndarray[Any, Any]


class Outside:
    """What is known about one node; everything may be unknown."""

    __slots__ = ("address", "array", "freed", "number", "owner")

    def __init__(self, array: Array | None = None, number: float | None = None, address: int = 0) -> None:
        self.array = array
        self.number = number
        #: where the array begins; 0 before somebody asked
        self.address = address
        #: whether a backward pass gave up the history of the node
        self.freed = False
        #: the tensor whose watched leaf the node is
        self.owner: ref[Tensor] | None = None


def note(node: Node) -> Outside:
    """What is known about ``node``, to add to it."""
    known: Outside | None = node.outside
    if known is None:
        known = node.outside = Outside()
    return known


#: slots of the same kind share the op that says so
_slots: Store[tuple[str, Shape, Dtype], Slot] = Store(4096)


def _slot(space: str, shape: Shape, dtype: Dtype) -> Node:
    """A new nameless slot."""
    op = _slots.get((space, shape, dtype))
    if op is None:
        op = Slot("", space, shape, dtype)
        _slots.put((space, shape, dtype), op)
    return Node(op, (), shape, dtype)


def leaf(array: Array, address: int = 0) -> Node:
    """A new node that stands for ``array``."""
    node = _slot("state", array.shape, dtype_of(array.dtype))
    node.outside = Outside(array, address=address)
    return node


def leaf_like(node: Node) -> Node:
    """A new node that stands for the array of a node, and leads nowhere."""
    known: Outside = node.outside
    new = _slot("state", node.shape, node.dtype)
    new.outside = Outside(known.array, address=known.address)
    return new


def stand_in(shape: Shape, dtype: Dtype) -> Node:
    """A new node that stands for a value that nobody knows yet."""
    return _slot("state", shape, dtype)


def number(value: float, dtype: Dtype) -> Node:
    """A new scalar input with a value: a number that is no part of the structure."""
    node = _slot("scalar", (), dtype)
    node.outside = Outside(number=float(value))
    return node


def unknown_number(dtype: Dtype) -> Node:
    """A new scalar input whose value nobody knows yet."""
    return _slot("scalar", (), dtype)


def array_of(node: Node) -> Array | None:
    """The array of a node, if it has been computed."""
    known: Outside | None = node.outside
    return None if known is None else known.array


def address_of(node: Node) -> int:
    """Where the array of a node begins in memory; the array is dense."""
    known: Outside = node.outside
    if not known.address:
        assert known.array is not None
        known.address = address(known.array)
    return known.address


def number_of(node: Node) -> float:
    """The value of a scalar input."""
    found = node.outside.number
    assert isinstance(found, float)
    return found


def is_number(node: Node) -> bool:
    """Whether a node is a scalar input with a value."""
    known: Outside | None = node.outside
    return known is not None and known.number is not None


def bind(node: Node, array: Array, address: int = 0) -> None:
    """Note that ``node`` has been computed."""
    known = note(node)
    known.array, known.address = array, address


def is_known(node: Node) -> bool:
    """Whether a node has an array."""
    known: Outside | None = node.outside
    return known is not None and known.array is not None


def free(node: Node) -> None:
    """Note that the history of ``node`` has been given up by a backward pass."""
    note(node).freed = True


def is_freed(node: Node) -> bool:
    """Whether a backward pass has given up the history of ``node``."""
    known: Outside | None = node.outside
    return known is not None and known.freed
