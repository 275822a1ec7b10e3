"""Ways back that were gone before: the gradients of a loss are remembered by the structure of its history.

A loop records the same history at every step, so its backward pass is one ``call`` of a fragment. What is remembered
says which nodes it reads, which leaf gets which gradient, and what is given up afterwards. Histories with hooks, with
something given up, or with a value that nobody knows yet are no business of this file.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sklon._base.store import Store
from sklon.autodiff import gradients
from sklon.graph.build import Build
from sklon.graph.node import Node

from . import hooks as hooking
from . import values
from .fragments import Fragment, one_for_all
from .history import History, history, leaf_of
from .tensor import Tensor

#: kinds of ops whose values are kept for a backward pass; movements and constants are recorded again for free
WORTH_SAVING = frozenset(("point", "reduce", "contract", "gather", "copy"))
_ways: Store[Any, Way] = Store(256)


@dataclass(frozen=True, slots=True)
class Way:
    """What a backward pass does, by the places of nodes in the order of their history."""

    fragment: Fragment  # from what is read to the gradients
    read: tuple[int, ...]
    leaves: tuple[int, ...]  # one for each tensor that gets a gradient
    given_up: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Found:
    """A way over the nodes of one history."""

    way: Way
    nodes: list[Node]

    @property
    def targets(self) -> list[Tensor]:
        """The leaves that get a gradient."""
        owners = (leaf_of(self.nodes[i]) for i in self.way.leaves)
        return [owner for owner in owners if owner is not None]

    def saved(self) -> list[Node]:
        """The nodes whose values it reads."""
        return [n for i in self.way.read if (n := self.nodes[i]).op.kind in WORTH_SAVING]

    def gradients(self) -> list[Node]:
        """The gradient of each target."""
        return self.way.fragment.called([self.nodes[i] for i in self.way.read], self.nodes[-1].source)

    def give_up(self) -> None:
        """Free what keeps values, and all that rests on it."""
        for i in self.way.given_up:
            values.free(self.nodes[i])


def find(result: Tensor) -> Found | None:
    """The way back from a loss, a tensor with one element; None where there is something special about its history."""
    described = None if hooking.of_results else _described(result._node)
    if described is None:
        return None
    key, nodes = described
    way = _ways.get(key)
    if way is None:
        way = _way(history((result._node,)), nodes)
        if not way.fragment.is_pure:
            return None
        _ways.put(key, way)
    return Found(way, nodes)


def _described(root: Node) -> tuple[tuple[Any, ...], list[Node]] | None:
    """The structure of a history, and its nodes in the order of a walk: equal structures have the same way back."""
    number: dict[Node, int] = {}
    owners: dict[int, int] = {}  # numbers of leaf tensors, by their identity
    rows: list[Any] = []
    stack: list[Node | None] = [root]
    readers: list[Node] = []  # nodes whose inputs are on the stack, under a None for each
    while stack:
        node = stack.pop()
        if node is None:
            node = readers.pop()
            rows.append((node.op, *[number[i] for i in node.inputs]))
        elif node in number:
            continue
        else:
            known: values.Outside | None = node.outside
            owner = None if known is None or known.owner is None else known.owner()
            if known is not None and known.freed:
                return None
            if owner is not None and owner._requires_grad:
                if owner._hooks is not None or (node.inputs and node.op.name not in _ENDS):  # leaves may lie below
                    return None
                rows.append((owners.setdefault(id(owner), len(owners)), node.shape, node.dtype))
            elif node.op.kind == "slot":
                if known is None:
                    return None
                rows.append((node.op,))
            elif node.inputs and node.op.name not in _ENDS and node.dtype.is_floating:
                readers.append(node)
                stack.append(None)
                stack += node.inputs[::-1]
                continue
            else:
                rows.append((node.shape, node.dtype) if node.inputs else (node.op,))
        number[node] = len(number)
    return tuple(rows), list(number)


#: ops below which no history lies
_ENDS = ("stop_gradient", "part")


def _way(past: History, nodes: Sequence[Node]) -> Way:
    """The way back over this history, gone for the first time."""
    place = {node: i for i, node in enumerate(nodes)}
    root = nodes[-1]
    totals: dict[int, Node] = {}
    first: dict[int, Node] = {}
    found = gradients({root: Build().full_like(1.0, root)}, list(past.leaves))
    for (leaf, owner), gradient in zip(past.leaves.items(), found, strict=True):
        if gradient is not None:
            before = totals.get(id(owner))
            totals[id(owner)] = gradient if before is None else Build().add(before, gradient)
            first.setdefault(id(owner), leaf)
    results = list(totals.values())
    read = Fragment(results, nodes).used
    fragment = one_for_all(Fragment(results, [nodes[i] for i in read]))
    given_up = tuple(place[n] for n in past.given_up_by_a_pass())
    return Way(fragment, read, tuple(place[first[owner]] for owner in totals), given_up)
