"""The way from a graph to a program, as a tuple of passes over graphs followed by three steps.

Every pass is a value: its name, what it does, and whether the result is exact. Each intermediate graph is an
ordinary graph, so it can be printed, verified and interpreted.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sklon.graph.node import Graph, Node, Slot, slots
from sklon.graph.node import apply as apply_op
from sklon.ops import Copy
from sklon.program.ir import Program

from .limit import Limit, within
from .native import POLISHED
from .passes.assemble import assemble
from .passes.composites import write_out
from .passes.empties import fill_empties
from .passes.fuse import fuse
from .passes.products import cut_sums, make_matrices, pack_operands
from .passes.recompute import EARLY, Timing
from .passes.reshapes import separate_reshapes
from .passes.rewriting import rewrite
from .passes.schedule import schedule
from .passes.simplify import simplify
from .target import Target


@dataclass(frozen=True, slots=True)
class Settings:
    """What a compilation depends on besides the graph."""

    max_rows: int
    target: Target
    limit: Limit | None = None
    level: int = POLISHED  # of code generation


@dataclass(frozen=True, slots=True)
class Pass:
    """A step of the pipeline. ``ensures`` names the property of its result that ``needs`` of others ask for."""

    name: str
    run: Callable[[Graph, Settings], Graph]
    ensures: str
    needs: tuple[str, ...] = ()

    @property
    def doc(self) -> str:
        """What it does, in its own words."""
        return (self.run.__doc__ or "").strip()


def _merge(graph: Graph, settings: Settings) -> Graph:
    """Merge equal nodes. Exact."""
    return rewrite(graph)


def _composites(graph: Graph, settings: Settings) -> Graph:
    """Write compositions that are one op as what they are made of. Exact."""
    return write_out(graph)


def _simplify(graph: Graph, settings: Settings) -> Graph:
    """Algebra. Exact."""
    return simplify(graph)


def _empties(graph: Graph, settings: Settings) -> Graph:
    """Write values without elements, and sums over none, as zeros. Exact."""
    return fill_empties(graph)


def _reshapes(graph: Graph, settings: Settings) -> Graph:
    """Write reshapes as joins and splits of axes. Exact."""
    return separate_reshapes(graph)


def _matrices(graph: Graph, settings: Settings) -> Graph:
    """Write contracts that are no product of matrices as sums. Exact up to the order of summation."""
    return make_matrices(graph)


def _cut(graph: Graph, settings: Settings) -> Graph:
    """Cut sums over N into shards. Exact up to the order of summation, which the shape fixes."""
    return cut_sums(graph, settings.max_rows)


def _pack(graph: Graph, settings: Settings) -> Graph:
    """Copy the right operands of products where their lanes are not contiguous. Exact."""
    return pack_operands(graph, settings.max_rows, settings.target)


def _separate(graph: Graph, settings: Settings) -> Graph:
    """Give each result a node of its own that is no slot. Exact."""
    taken: set[Node] = set()

    def own(node: Node) -> Node:
        if isinstance(node.op, Slot) or node in taken:
            node = apply_op(Copy(), node)
        taken.add(node)
        return node

    updates = tuple((s, own(n)) for s, n in graph.updates)
    return Graph(tuple((name, own(n)) for name, n in graph.outputs), updates)


PASSES: tuple[Pass, ...] = (
    Pass("merge", _merge, "merged"),
    Pass("composites", _composites, "primitive"),
    Pass("empties", _empties, "filled", ("merged", "primitive")),
    Pass("simplify", _simplify, "simple", ("merged", "filled")),
    Pass("reshapes", _reshapes, "reshapes", ("simple",)),
    Pass("matrices", _matrices, "matrices", ("simple",)),
    Pass("cut", _cut, "cut", ("matrices",)),
    Pass("pack", _pack, "packed", ("cut",)),
    Pass("separate", _separate, "separate"),
)


def graph_passes(graph: Graph, settings: Settings) -> list[tuple[str, Graph]]:
    """The graph after each pass."""
    done: list[tuple[str, Graph]] = []
    for step in PASSES:
        graph = step.run(graph, settings)
        done.append((step.name, graph))
    return done


def compile_program(graph: Graph, settings: Settings) -> Program:
    """The program of a graph."""
    arguments = slots(graph)
    scalars = {n: i for i, n in enumerate(n for n in arguments if _is_scalar(n))}
    final = graph_passes(graph, settings)[-1][1]

    def build(graph: Graph, timing: Timing) -> Program:
        plan = schedule(graph, fuse(graph), arguments, scalars, timing)
        return assemble(plan, settings.max_rows, len(scalars))

    if settings.limit is None:
        return build(final, EARLY)
    return within(final, fuse(final), settings.limit, build)


def _is_scalar(node: Node) -> bool:
    return isinstance(node.op, Slot) and node.op.space == "scalar"
