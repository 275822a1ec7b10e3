"""Programs of recorded values: what must be computed, as a structure, and the program that computes it.

The structure says what is done to which types, not to which values: arrays and numbers are its leaves. A loop that
records the same step again, and a jitted function of the same structure, find its program.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sklon._base.locks import Lock
from sklon._base.store import Store
from sklon.compiler.cache import load_or_compile
from sklon.compiler.executor import executor_of
from sklon.compiler.single import Argument, Single, single_step
from sklon.graph.node import Graph, Node, Slot, slot, slots

from . import values
from .fragments import written_out


@dataclass(slots=True)
class Counters:
    """What was done so far: programs compiled (or found on disk) and run, and nodes computed."""

    compiled: int = 0
    runs: int = 0
    nodes: int = 0


counters = Counters()
#: held by the thread that computes: the others wait
turn = Lock()


@dataclass(frozen=True, slots=True)
class Structure:
    """A key, equal for what one program computes, and the leaves in their order: arrays and numbers."""

    key: tuple[Any, ...]
    arrays: list[Node]
    numbers: list[Node]


@dataclass(frozen=True, slots=True)
class Program:
    """The program of a structure. ``numbers`` orders its scalars, ``results`` says which result each root is."""

    step: Single
    numbers: list[int]
    results: list[int]
    nodes: int  # that it computes

    def run(self, addresses: Sequence[int], numbers: Sequence[float]) -> list[tuple[values.Array, int]]:
        """A new array for each root, with its address."""
        counters.runs += 1
        counters.nodes += self.nodes
        found = self.step.run(addresses, [numbers[i] for i in self.numbers])
        return [found[i] for i in self.results]


programs: Store[tuple[Any, ...], Program] = Store(256)


def program_of(roots: Sequence[Node], structure: Structure, together: Sequence[int]) -> Program:
    """The program that computes ``roots``, compiled if it is the first of its structure.

    The roots at the places ``together`` are replaced together, as parameters are, so their arrays may share memory.
    """
    key = (*structure.key, together)
    program = programs.get(key)
    if program is None:
        program = _compile(roots, structure, together)
        counters.compiled += 1
        programs.put(key, program)
    return program


def structure_of(roots: Sequence[Node]) -> Structure:
    """Walk down to leaves: to what is known, and to slots; number everything in the order of the walk."""
    number: dict[Node, int] = {}
    rows: list[Any] = []
    arrays: list[Node] = []
    numbers: list[Node] = []
    stack: list[Node | None] = [*reversed(roots)]
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
            if known is not None and known.array is not None:
                arrays.append(node)
                rows.append((node.shape, node.dtype))
            elif isinstance(node.op, Slot):
                if node.op.space == "scalar":
                    numbers.append(node)
                    rows.append(node.dtype)
                else:
                    arrays.append(node)
                    rows.append((node.shape, node.dtype))
            elif node.inputs:
                readers.append(node)
                stack.append(None)
                stack += node.inputs[::-1]
                continue
            else:
                rows.append((node.op,))
        number[node] = len(number)
    return Structure((*rows, *[number[r] for r in roots]), arrays, numbers)


def as_graph(roots: Sequence[Node], structure: Structure) -> Graph:
    """The same structure over slots a0, a1, … for arrays, and n0, n1, … for numbers, with outputs o0, o1, …."""
    inputs = {n: slot(f"a{i}", "state", n.shape, n.dtype) for i, n in enumerate(structure.arrays)}
    inputs |= {n: slot(f"n{i}", "scalar", (), n.dtype) for i, n in enumerate(structure.numbers)}
    new = written_out(roots, inputs)
    return Graph(tuple((f"o{i}", new[r]) for i, r in enumerate(roots)))


def scalars_of(graph: Graph) -> list[int]:
    """Which numbers of its structure the scalars of a graph are, in the order in which its program takes them."""
    return [int(n.op.label[1:]) for n in slots(graph) if isinstance(n.op, Slot) and n.op.space == "scalar"]


def _compile(roots: Sequence[Node], structure: Structure, together: Sequence[int]) -> Program:
    graph = as_graph(roots, structure)
    arguments = [Argument(f"a{i}", n.shape, n.dtype) for i, n in enumerate(structure.arrays)]
    names = [f"o{i}" for i in range(len(roots))]
    step = single_step(executor_of(graph, 1, load_or_compile), arguments, names, {names[i] for i in together})
    return Program(
        step,
        scalars_of(graph),
        [step.names.index(name) for name in names],
        sum(n.op.kind not in ("leaf", "slot") for n in graph.nodes),
    )
