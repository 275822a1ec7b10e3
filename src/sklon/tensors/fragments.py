"""Fragments: pieces of a graph that are recorded once and repeated.

What is recorded follows from the function and from the types of its arguments, so a second call with arguments of the
same types repeats the nodes of the first, without asking anew how shapes broadcast. Repeating means the same graph,
node for node. Large pieces, the way back and an optimizer's update, are repeated as one ``call`` node with a ``part``
for each result, and are written out when a program is made: nodes that nobody looks at are not made at all.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from sklon._base.dtypes import Dtype, bool_
from sklon._base.shapes import Shape
from sklon._base.store import Store
from sklon.autodiff import batched
from sklon.graph.build import Build
from sklon.graph.node import Node, Op, Type, slot, walk


@dataclass(frozen=True, slots=True)
class _Step:
    """One node to make: its op, the places of its inputs, its type."""

    op: Op
    inputs: tuple[int, ...]
    shape: Shape
    dtype: Dtype


class Fragment:
    """Nodes between inputs and results. Places count the inputs, then the captured leaves, then the steps."""

    __slots__ = ("call", "captured", "is_pure", "results", "steps", "used")

    def __init__(self, results: Sequence[Node], inputs: Sequence[Node]) -> None:
        """What leads from ``inputs``, which are all different, to ``results``."""
        order = walk(results, inputs)
        leaves = [n for n in order if not n.inputs]
        inner = [n for n in order if n.inputs]
        place = {node: i for i, node in enumerate((*inputs, *leaves, *inner))}
        #: leaves that no input is: all repetitions share them
        self.captured = tuple(leaves)
        self.steps = tuple(_Step(n.op, tuple(place[i] for i in n.inputs), n.shape, n.dtype) for n in inner)
        self.results = tuple(place[n] for n in results)
        read = {p for step in self.steps for p in step.inputs}.union(self.results)
        #: the inputs that matter
        self.used = tuple(i for i in range(len(inputs)) if i in read)
        #: whether no value from outside was captured: then every recording gives the same fragment
        self.is_pure = not any(n.op.kind == "slot" for n in leaves)
        parts = tuple(Part(i, n.shape, n.dtype) for i, n in enumerate(results))
        self.call = Call(self, parts)

    def repeat(self, inputs: Sequence[Node], source: str) -> list[Node]:
        """The results for other inputs of the same types."""
        nodes = [*inputs, *self.captured]
        for step in self.steps:
            made = Node(step.op, tuple([nodes[i] for i in step.inputs]), step.shape, step.dtype, source)
            nodes.append(made)
        return [nodes[i] for i in self.results]

    def called(self, inputs: Sequence[Node], source: str) -> list[Node]:
        """The results for other inputs of the same types, as parts of one node."""
        call = Node(self.call, tuple(inputs), (), bool_, source)
        parts = self.call.parts
        return [Node(part, (call,), part.shape, part.dtype, source) for part in parts]


def one_for_all(fragment: Fragment) -> Fragment:
    """The first of all fragments that hold the same nodes: what calls it is then the same program."""
    if not fragment.is_pure:
        return fragment
    key = (tuple(n.op for n in fragment.captured), fragment.steps, fragment.results)
    first = _alike.get(key)
    if first is None:
        _alike.put(key, fragment)
    return first or fragment


_alike: Store[Any, Fragment] = Store(1024)


@dataclass(frozen=True)
class Part(Op):
    """One result of a call. No gradient flows through it."""

    name: ClassVar[str] = "part"
    kind: ClassVar[str] = "part"
    index: int
    shape: Shape
    dtype: Dtype

    def infer(self, *inputs: Type) -> Type:
        return Type(self.shape, self.dtype)

    def batched(self, build: Build, node: Node, lifted: Sequence[Node | None]) -> Node:
        (call,) = lifted
        assert call is not None and isinstance(call.op, Call)
        part = call.op.parts[self.index]
        return Node(part, (call,), part.shape, part.dtype, build.source)


@dataclass(frozen=True, eq=False)
class Call(Op):
    """A fragment as one node. It equals itself only, lives in recordings, and never reaches a compiler."""

    name: ClassVar[str] = "call"
    kind: ClassVar[str] = "call"
    fragment: Fragment
    parts: tuple[Part, ...]

    __eq__ = object.__eq__
    __hash__ = object.__hash__

    def infer(self, *inputs: Type) -> Type:
        return Type((), bool_)

    def batched(self, build: Build, node: Node, lifted: Sequence[Node | None]) -> Node:
        """A call of the fragment for many samples, all of whose results have the leading axis."""
        one = [_stand_in(i) for i in node.inputs]
        many = [s if x is None else _stand_in(x) for s, x in zip(one, lifted, strict=True)]
        results = self.fragment.repeat(one, build.source)
        found = batched(results, {s: m for s, m in zip(one, many, strict=True) if m is not s})
        fragment = Fragment(build.together(results, found), many)
        inputs = tuple(i if x is None else x for i, x in zip(node.inputs, lifted, strict=True))
        return Node(fragment.call, inputs, (), bool_, build.source)


def _stand_in(node: Node) -> Node:
    """A slot of the type of ``node``."""
    return slot("input", "state", node.shape, node.dtype)


def written_out(roots: Iterable[Node], known: dict[Node, Node]) -> dict[Node, Node]:
    """Each node below ``roots`` over other inputs, which ``known`` gives, and without calls."""
    new = dict(known)
    results: dict[Node, list[Node]] = {}
    for node in walk(roots, known):
        op = node.op
        if isinstance(op, Call):
            results[node] = op.fragment.repeat([new[i] for i in node.inputs], node.source)
        elif isinstance(op, Part):
            new[node] = results[node.inputs[0]][op.index]
        else:
            new[node] = Node(op, tuple([new[i] for i in node.inputs]), node.shape, node.dtype, node.source)
    return new
