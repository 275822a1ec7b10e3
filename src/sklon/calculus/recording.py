"""What led to a tensor, as a graph of its own that can be evaluated, differentiated and pointed at.

Nodes are copies of the recorded ones; leaves are the recorded ones themselves, with the values that they had when they
were read. Each copy is stamped with its number, and a backward node takes the stamp of the node that it differentiates,
so that every node leads to a forward one and, through it, to the user's line and the layer. Nodes of a rule that
somebody stated have their own lines.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from sklon._base.dtypes import Dtype, float32, float64
from sklon._base.errors import InputError
from sklon._base.source import line_and_place
from sklon.autodiff.backward import depending
from sklon.graph.node import Node, Slot, walk
from sklon.graph.nonfinite import as_compiled
from sklon.tensors import Tensor, values
from sklon.tensors.fragments import written_out
from sklon.tensors.history import history, leaf_of

Array: TypeAlias = np.ndarray[Any, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """The graph of a result, inputs before readers, with the values of its leaves."""

    result: Node
    order: tuple[Node, ...]
    leaves: Mapping[Node, Array]
    copies: Mapping[Node, Node]  # of recorded nodes
    sources: tuple[str, ...]  # by stamp: where the forward node was recorded
    detached: Mapping[Node, Node]  # leaves that ``detach`` made of a value that was known, with the node that it had

    def values(self, *roots: Node, also: Mapping[Node, Array] | None = None) -> dict[Node, Array]:
        """The value of every node below ``roots``, of the result without them, as compiled code computes it.

        ``also`` are leaves that were not recorded; numbers of a rule that somebody stated have values of their own.
        """
        below = roots or (self.result,)
        leaves = {**self.leaves, **(also or {})}
        leaves |= {n: _value(n) for n in walk(below) if isinstance(n.op, Slot) and n not in leaves}
        return as_compiled(below, leaves)

    def forward_of(self, node: Node) -> Node:
        """The forward node that a backward node differentiates; of a forward node itself."""
        return self.order[int(node.source)] if node.source.isdigit() else node

    def line_and_layer(self, node: Node) -> tuple[str, str]:
        """The user's line, and the path of the layer where it is known; empty where not."""
        source = self.sources[int(node.source)] if node.source.isdigit() else node.source
        line, place = line_and_place(source)
        return line, place or ""

    def precision(self, leaves: Iterable[Node]) -> Dtype:
        """float32 if anything that is computed from some leaves is, or they are; else float64."""
        above = depending(self.order, leaves)
        return float32 if any(n.dtype.is_floating and n.dtype is not float64 for n in above) else float64

    def leaves_of(self, tensor: Tensor) -> list[Node]:
        """The leaves that stood for a tensor while it was read: one for each of its values."""
        own = {tensor._node: None, **history(self.copies).nodes_of(tensor)}
        return [n for n in own if n in self.leaves]


def check_tensor(what: str, *given: object) -> None:
    """Raise InputError for what is no tensor; ``what`` is how the message begins."""
    for value in given:
        if not isinstance(value, Tensor):
            raise InputError(f"{what} a tensor, not {type(value).__name__}; pass one with its history")


def recording_of(result: Tensor) -> Recording:
    """The recording of a tensor. Raises InputError for one whose inputs have no values, as inside a training step."""
    recorded = walk((result.node,))
    slots = [n for n in recorded if isinstance(n.op, Slot)]
    leaves = {n: _value(n) for n in slots}
    once = written_out((result.node,), {n: n for n in slots})
    order = walk((once[result.node],))
    twice = _stamped(order)
    copies = {n: twice[once[n]] for n in recorded if n in once and once[n] in twice}
    return Recording(
        result=twice[once[result.node]],
        order=tuple(twice[n] for n in order),
        leaves=leaves,
        copies=copies,
        sources=tuple(n.source for n in order),
        detached=_detached(copies),
    )


def _detached(copies: Mapping[Node, Node]) -> dict[Node, Node]:
    """Leaves that share the array of another node: nothing else shares one."""
    found: dict[Node, Node] = {}
    first: dict[int, Node] = {}
    for node in sorted(copies, key=lambda n: leaf_of(n) is None and not n.inputs):
        array = values.array_of(node)
        if array is not None and id(array) in first and not node.inputs:
            found[copies[node]] = copies[first[id(array)]]
        elif array is not None:
            first[id(array)] = node
    return found


def _stamped(order: Iterable[Node]) -> dict[Node, Node]:
    """Copies whose source is their place in the order; leaves stay what they are."""
    new: dict[Node, Node] = {}
    for place, node in enumerate(order):
        is_leaf = isinstance(node.op, Slot)
        inputs = tuple(new[i] for i in node.inputs)
        new[node] = node if is_leaf else Node(node.op, inputs, node.shape, node.dtype, str(place))
    return new


def _value(leaf: Node) -> Array:
    array = values.array_of(leaf)
    if array is not None:
        return array
    if values.is_number(leaf):
        return np.asarray(values.number_of(leaf), leaf.dtype.numpy)
    raise InputError(
        "this result was recorded inside a training step or a jitted function, where nothing has a value yet; compute "
        "it outside, from tensors with values"
    )


def stated_name(node: Node) -> str:
    """The name of a function whose derivative somebody stated."""
    form = node.op.form  # type: ignore[attr-defined]
    while hasattr(form, "form"):
        form = form.form
    return str(form.owner.__name__)
