"""What lies between results and the leaves below them that require gradients.

A leaf is watched: its node is known to belong to a tensor. A tensor that starts to require gradients takes a new
node first, so that what was recorded from it before does not lead to it. Below ``stop_gradient`` and below numbers
that are not floating nothing is a history.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING
from weakref import ref

from sklon.graph.node import Node

from . import values

if TYPE_CHECKING:
    from .tensor import Tensor

#: ops whose derivative reads neither inputs nor output: giving them up costs nothing, as in PyTorch
_KEEP_NOTHING = frozenset(("add", "sub", "neg", "expand", "cast", "copy"))


def watch(tensor: Tensor) -> None:
    """Remember that this leaf's node belongs to ``tensor``."""
    values.note(tensor._node).owner = ref(tensor)


def leaf_of(node: Node) -> Tensor | None:
    """The tensor whose watched leaf a node is."""
    known: values.Outside | None = node.outside
    return None if known is None or known.owner is None else known.owner()


def was_watched(node: Node) -> bool:
    """Whether a node belonged to a watched leaf that nobody holds any more."""
    known: values.Outside | None = node.outside
    return known is not None and known.owner is not None and known.owner() is None


@dataclass(frozen=True, slots=True)
class History:
    """Nodes below results, inputs before readers; the leaves among them; and what a backward pass passes."""

    nodes: list[Node]
    leaves: dict[Node, Tensor]
    passed: dict[Node, None]

    def tensors(self) -> list[Tensor]:
        """The leaves, each once, whatever values it had."""
        return list({id(t): t for t in self.leaves.values()}.values())

    def nodes_of(self, tensor: Tensor) -> dict[Node, None]:
        """The nodes that stood for a leaf while it was read: one for each of its values."""
        return {n: None for n, t in self.leaves.items() if t is tensor}

    def given_up(self) -> bool:
        """Whether a backward pass gave up a part of what would be passed."""
        return any(values.is_freed(n) for n in self.passed)

    def give_up(self) -> None:
        """Free what a backward pass gives up."""
        for node in self.given_up_by_a_pass():
            values.free(node)

    def given_up_by_a_pass(self) -> dict[Node, None]:
        """What keeps values, and all that rests on it."""
        found: dict[Node, None] = {}
        for node in self.passed:
            if node.inputs and node not in self.leaves:
                rests = any(i in found or values.is_freed(i) for i in node.inputs if i in self.passed)
                if rests or not _keeps_nothing(node):
                    found[node] = None
        return found


def history(roots: Iterable[Node], ends: Iterable[Node] | None = None) -> History:
    """What lies below ``roots``; a backward pass passes what leads to leaves, or to ``ends`` alone."""
    nodes = _below(tuple(roots))
    leaves = {n: t for n in nodes if (t := leaf_of(n)) is not None and t.requires_grad}
    passed: dict[Node, None] = {}
    wanted = set(ends) if ends is not None else set(leaves)
    if ends is not None:
        owners = {id(t) for n in wanted if (t := leaf_of(n)) is not None}
        wanted |= {n for n, t in leaves.items() if id(t) in owners}
    for node in nodes:
        spent = ends is None and not node.inputs and values.is_freed(node)
        if node in wanted or spent or (_leads_on(node) and any(i in passed for i in node.inputs)):
            passed[node] = None
    return History(nodes, leaves, passed)


def is_spent(node: Node) -> bool:
    """Whether no backward pass can start at ``node``, because one gave up a part of its history."""
    return values.is_freed(node) or history((node,)).given_up()


def _leads_on(node: Node) -> bool:
    """Whether gradients flow from a node to its inputs."""
    return node.dtype.is_floating and node.op.name != "stop_gradient"


def _below(roots: tuple[Node, ...]) -> list[Node]:
    """The nodes that gradients of ``roots`` reach, inputs before readers; iterative, so any depth works."""
    seen: set[Node] = set()
    order: list[Node] = []
    stack: list[tuple[Node, bool]] = [(r, False) for r in reversed(roots)]
    while stack:
        node, done = stack.pop()
        if done:
            order.append(node)
        elif node not in seen:
            seen.add(node)
            stack.append((node, True))
            if _leads_on(node):
                stack.extend((i, False) for i in reversed(node.inputs) if i not in seen)
    return order


def _keeps_nothing(node: Node) -> bool:
    """Whether PyTorch saves nothing of this operation for its derivative."""
    if node.op.name in _KEEP_NOTHING or _is_sum(node):
        return True
    mean = node.op.name == "div" and _is_sum(node.inputs[0])
    return mean and node.inputs[1].op.name in ("size", "constant", "slot")


def _is_sum(node: Node) -> bool:
    return node.op.name == "reduce" and getattr(node.op, "fn", "") == "sum"
