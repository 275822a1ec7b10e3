"""What a graph is made of: ops, nodes, and graphs with named results.

An op says what is computed, with all its attributes; a node is one application of an op and has an
identity of its own, so equal computations stay apart until a pass merges them after differentiation.
A graph names its outputs and the new values of its slots: reads see the state at entry, updates take
effect at exit. Nothing of a graph is ever mutated.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, fields
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Final, TypeVar

from sklon._base.dtypes import Dtype
from sklon._base.shapes import Shape

if TYPE_CHECKING:
    from .build import Build


@dataclass(frozen=True, slots=True)
class Type:
    """The shape and the element type of a value."""

    shape: Shape
    dtype: Dtype

    def __str__(self) -> str:
        return f"{self.dtype.short}[{','.join(map(str, self.shape))}]"


@dataclass(frozen=True)
class Op:
    """One primitive: what it computes, its derivative, and what a compiler needs to know.

    Subclasses are frozen dataclasses whose fields are the attributes. ``kind`` chooses the emitter.
    Primitives never broadcast and have one result. An op never lowers itself.
    """

    name: ClassVar[str]
    kind: ClassVar[str]
    #: what happens at kinks, ties and outside the domain; empty where nothing is special
    convention: ClassVar[str] = ""
    #: whether the order of the inputs says nothing
    commutative: ClassVar[bool] = False

    def infer(self, *inputs: Type) -> Type:
        """The type of the result; raises ShapeError or DtypeError for inputs that do not fit."""
        raise NotImplementedError(self.name)

    def evaluate(self, rows: int, *inputs: Any) -> Any:
        """The meaning: the result as a NumPy array, with N = ``rows``."""
        raise NotImplementedError(self.name)

    def vjp(self, build: Build, node: Node, g: Node) -> Sequence[Node | None]:
        """The gradient of each input, given the gradient ``g`` of ``node``; None where there is none."""
        return (None,) * len(node.inputs)

    def batched(self, build: Build, node: Node, lifted: Sequence[Node | None]) -> Node:
        """The node for many samples at once, one behind the other along a new leading axis.

        ``lifted[i]`` is input i with that axis, None where it is the same for all samples; one at least is not None.
        """
        raise NotImplementedError(f"{self.name} has no rule for many samples; write `batched` beside its `vjp`")


class Composite(Op):
    """An op that is a composition of others, kept as one for the sake of a short gradient."""

    kind: ClassVar[str] = "composite"

    def written_out(self, build: Build, node: Node) -> Node:
        """The same as a composition: what is compiled."""
        raise NotImplementedError(self.name)


REGISTRY: dict[str, type[Op]] = {}
OpClass = TypeVar("OpClass", bound=type[Op])


def primitive(name: str) -> Callable[[OpClass], OpClass]:
    """Register an op class under the name by which text and ``build`` know it."""

    def register(cls: OpClass) -> OpClass:
        if name in REGISTRY:
            raise ValueError(f"two ops are called {name!r}")
        cls.name = name
        REGISTRY[name] = cls
        return cls

    return register


class Node:
    """One application of an op. Equality is identity.

    ``outside`` is no part of the graph: what the tensors above know about this node, and the only thing that changes.
    A class of its own, because thousands are made a second: a frozen dataclass takes five times as long.
    """

    __slots__ = ("__weakref__", "dtype", "inputs", "op", "outside", "shape", "source")

    def __init__(self, op: Op, inputs: tuple[Node, ...], shape: Shape, dtype: Dtype, source: str = "") -> None:
        self.op: Final = op
        self.inputs: Final = inputs
        self.shape: Final = shape
        self.dtype: Final = dtype
        self.source: Final = source
        self.outside: Any = None

    @property
    def type(self) -> Type:
        """Shape and element type."""
        return Type(self.shape, self.dtype)

    def __repr__(self) -> str:
        return f"<{self.op.name} {self.type}>"


def apply(op: Op, *inputs: Node, source: str = "") -> Node:
    """The node that applies ``op`` to ``inputs``, with its type inferred."""
    result = op.infer(*(i.type for i in inputs))
    return Node(op, inputs, result.shape, result.dtype, source)


@dataclass(frozen=True)
class Slot(Op):
    """A value from outside: state, a data table, the row indices of the step, or a per-step scalar."""

    name: ClassVar[str] = "slot"
    kind: ClassVar[str] = "slot"
    label: str
    space: str  # one of SPACES
    shape: Shape
    dtype: Dtype

    def infer(self, *inputs: Type) -> Type:
        return Type(self.shape, self.dtype)


SPACES = ("state", "data", "index", "scalar")
REGISTRY["slot"] = Slot


def slot(label: str, space: str, shape: Shape, dtype: Dtype) -> Node:
    """A new slot. Two slots are never the same value, whatever they are called."""
    return apply(Slot(label, space, shape, dtype))


@dataclass(frozen=True, eq=False)
class Graph:
    """Named results of one step: ``outputs`` are handed out, ``updates`` become the slots' new values."""

    outputs: tuple[tuple[str, Node], ...]
    updates: tuple[tuple[Node, Node], ...] = ()  # (slot, new value)

    @property
    def results(self) -> tuple[Node, ...]:
        """All demanded nodes, outputs first."""
        return tuple(n for _, n in self.outputs) + tuple(n for _, n in self.updates)

    @property
    def roots(self) -> tuple[Node, ...]:
        """The demanded nodes and the slots they are assigned to."""
        return self.results + tuple(s for s, _ in self.updates)

    @cached_property
    def nodes(self) -> tuple[Node, ...]:
        """All nodes in the order of a walk: the order in which they are printed, numbered and computed."""
        return tuple(walk(self.roots))

    def replace(self, mapping: dict[Node, Node]) -> Graph:
        """The same names for other nodes."""
        return Graph(
            tuple((name, mapping[n]) for name, n in self.outputs),
            tuple((mapping[s], mapping[n]) for s, n in self.updates),
        )


def walk(roots: Iterable[Node], above: Iterable[Node] = ()) -> list[Node]:
    """All nodes below ``roots``, inputs before their readers; iterative, so any depth works.

    The walk takes only nodes above those of ``above``, at which it stops.
    """
    seen: set[Node] = set(above)
    order: list[Node] = []
    stack: list[Node | None] = [*reversed(tuple(roots))]
    readers: list[Node] = []  # nodes whose inputs are on the stack, under a None for each
    while stack:
        node = stack.pop()
        if node is None:
            order.append(readers.pop())
        elif node not in seen:
            seen.add(node)
            readers.append(node)
            stack.append(None)
            stack += node.inputs[::-1]
    return order


def slots(graph: Graph) -> list[Node]:
    """The slots of a graph in the order in which a walk meets them: the order of a program's arguments."""
    return [n for n in graph.nodes if isinstance(n.op, Slot)]


def attributes(op: Op) -> list[tuple[str, Any]]:
    """The attributes of an op, by name."""
    kind: Any = type(op)
    return [(name, getattr(op, name)) for name in _names(kind)]


@cache
def _names(kind: Any) -> tuple[str, ...]:
    return tuple(f.name for f in fields(kind))


def structure(graph: Graph) -> tuple[Any, ...]:
    """A key: equal for graphs that differ only in the names of their slots and outputs."""
    number = {n: i for i, n in enumerate(graph.nodes)}
    rows: list[Any] = []
    for n in graph.nodes:
        op = n.op
        what: Any = (op.space, op.shape, op.dtype) if isinstance(op, Slot) else op
        rows.append((what, *[number[i] for i in n.inputs]))
    results = tuple(number[n] for n in graph.results)
    return (tuple(rows), results, tuple(number[s] for s, _ in graph.updates))
