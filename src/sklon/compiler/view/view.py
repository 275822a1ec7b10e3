"""The whole way of a graph to machine code as one value, and its text."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from textwrap import indent

from sklon._base.columns import aligned, in_bytes, in_flops
from sklon._base.errors import InputError
from sklon._base.settings import get_num_threads
from sklon.compiler import native
from sklon.compiler.cache import compiled
from sklon.compiler.executable import Executable
from sklon.compiler.measure import TURNS, Measured, measure
from sklon.compiler.module import emit_module
from sklon.compiler.pipeline import PASSES, Settings, compile_program
from sklon.compiler.sharing import THREAD, worthwhile
from sklon.compiler.target import Target
from sklon.graph.node import Graph
from sklon.program.ir import Program
from sklon.program.memory import Memory
from sklon.program.work import NONE, Work

from .graphs import changes, graph_text
from .loops import LoopView, loop_views
from .programs import count, memory_text, phases_text
from .subject import Subject
from .timetable import timetable

#: what a view's text is made of
PARTS = ("passes", "program")


@dataclass(frozen=True, slots=True, kw_only=True)
class PassView:
    """A pass over the graph: its name, what it says of itself, the graph behind it, and the seconds it took."""

    name: str
    doc: str
    before: Graph = field(repr=False)
    graph: Graph = field(repr=False)
    seconds: float

    @property
    def changes(self) -> str:
        """The lines that it took away and those that it put there; empty where it had nothing to do."""
        return changes(self.before, self.graph)

    def text(self) -> str:
        """Its line, and below it what it changed."""
        found = self.changes
        if not found:
            return f"{self.name}: {self.doc} Nothing to do.\n"
        before, after = (len(g.nodes) for g in (self.before, self.graph))
        return f"{self.name}: {self.doc} {before} → {after} nodes\n{indent(found, '  ')}"


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class ProgramView:
    """A graph, its passes, its program with kernels, and, if measured, its times.

    ``str`` is everything as text; ``graph_text``, ``passes_text``, ``program_text`` and ``times_text`` are its parts.
    ``rows`` are those of the step that counts of units, of operations and of bytes belong to.
    """

    title: str
    target: Target
    rows: int
    graph: Graph
    passes: tuple[PassView, ...]
    program: Program
    memory: Memory
    loops: tuple[LoopView, ...]
    functions: int
    measured: Measured | None = None

    @property
    def work(self) -> Work:
        """Operations and bytes of a step."""
        return sum((view.work for view in self.loops), NONE)

    @property
    def threads(self) -> int:
        """How many threads a step of these rows takes."""
        return max(1, min(get_num_threads(), self._worth_threads()))

    def _worth_threads(self) -> int:
        return worthwhile(self.program, self.rows)

    # ---- text
    def __str__(self) -> str:
        return self.text()

    def text(self, parts: Sequence[str] = PARTS) -> str:
        """Some parts of everything: "passes", with the graph as recorded, and "program", with its times."""
        written = {
            "passes": lambda: [self.graph_text(), self.passes_text()],
            "program": lambda: [self.program_text(), self.times_text()],
        }
        found = [self.head(), *(text for part in parts for text in written[part]())]
        return "\n".join(text for text in found if text)

    def __repr__(self) -> str:
        phases = count(len(self.program.phases), "phase")
        return f"<{self.title}: {count(len(self.loops), 'loop')} in {phases}>"

    def head(self) -> str:
        """What this is, and for which machine."""
        target = self.target
        fma = "fused multiply-add" if target.fma else "no fused multiply-add"
        machine = f"{target.name}, vectors of {target.vector_bytes} bytes, {target.registers} registers, {fma}"
        return f"{self.title}\nfor {machine}; at most {count(self.program.max_rows, 'row')} a step\n"

    def graph_text(self) -> str:
        """The graph as it was recorded."""
        return _headed(f"graph: {len(self.graph.nodes)} nodes as recorded", graph_text(self.graph))

    def passes_text(self) -> str:
        """What each pass says of itself, and what it changed."""
        return _headed("passes: - lines go, + lines come", "".join(one.text() for one in self.passes))

    def program_text(self) -> str:
        """Buffers with their layouts; phases, tracks, loops with their kernels."""
        work, loops = self.work, len(self.loops)
        facts = [
            ["loops", f"{loops} in {count(len(self.program.phases), 'phase')}; each ends at a barrier"],
            ["kernels", f"{self.functions}" + (f", shared by {loops} loops" if self.functions < loops else "")],
            ["work", f"{in_flops(work.flops)} and {in_bytes(work.bytes)} in a step of {count(self.rows, 'row')}"],
            ["threads", self.threads_text()],
        ]
        parts = ["\n".join(aligned(facts, "ll")) + "\n", memory_text(self.program, self.memory)]
        return _headed("program", "\n".join([*parts, phases_text(self.program, self.loops, self.rows)]))

    def threads_text(self) -> str:
        """How many threads a step takes, and why."""
        wanted, most = self._worth_threads(), get_num_threads()
        rule = f"each further one must save the time of {in_flops(THREAD)}"
        if wanted <= most:
            return f"{self.threads}: {rule}"
        return f"{self.threads}: this process may use no more; by its work ({rule}) it would take {wanted}"

    def times_text(self) -> str:
        """Where the time of a step goes; empty where nothing was measured."""
        if self.measured is None:
            return ""
        return _headed("times", timetable(self.program, self.measured))


def _headed(title: str, text: str) -> str:
    return f"{title}\n{'─' * len(title)}\n{text}"


def view_of(subject: Subject, target: Target | None = None) -> ProgramView:
    """The way of a graph to machine code, for this machine or another one; nothing is run."""
    target = target or native.host()
    settings = Settings(subject.max_rows, target, subject.limit)
    passes: list[PassView] = []
    graph = subject.graph
    for one in PASSES:
        start = time.perf_counter()
        after = one.run(graph, settings)
        took = time.perf_counter() - start
        passes.append(PassView(name=one.name, doc=one.doc, before=graph, graph=after, seconds=took))
        graph = after
    program = compile_program(subject.graph, settings)
    module = emit_module(program, target)
    return ProgramView(
        title=subject.title,
        target=target,
        rows=subject.rows,
        graph=subject.graph,
        passes=tuple(passes),
        program=program,
        memory=module.memory,
        loops=loop_views(program, target, module.kernels, subject.rows),
        functions=len(set(module.kernels)),
    )


def measured_view(subject: Subject, threads: int | None = None, turns: int = TURNS) -> ProgramView:
    """The same with times, measured on this machine."""
    if subject.steps is None:
        raise InputError(f"to measure {subject.title} it must be run; pass the data too")
    executable = compiled(subject.graph, subject.max_rows, subject.limit)
    if not isinstance(executable, Executable):
        raise InputError(f"to measure {subject.title} it must be compiled, and LLVM is missing: pip install llvmlite")
    return replace(view_of(subject), measured=measure(executable, subject.arrays, subject.steps, threads, turns))
