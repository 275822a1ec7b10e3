"""One training step of a small network, printed after every stage: the printed sections of the pages.

The target is fixed, so that the page is the same wherever it is printed; only ``run`` uses this machine, and shows
as many digits as every machine agrees on.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

from sklon import manual_seed, nn
from sklon._base.dtypes import float32
from sklon.compiler import pipeline
from sklon.compiler.executable import Steps, compile_graph
from sklon.compiler.module import emit_module
from sklon.compiler.passes.fuse import base, fuse
from sklon.compiler.target import Target
from sklon.compiler.view.graphs import changes, graph_text
from sklon.compiler.view.programs import memory_text
from sklon.compiler.view.subject import Subject
from sklon.compiler.view.view import ProgramView, view_of
from sklon.graph.interpret import interpret
from sklon.graph.node import Graph, Node, Slot, slots
from sklon.optim import SGDRule
from sklon.program.ir import Program
from sklon.program.memory import place
from sklon.program.text import print_program
from sklon.training.step import Columns, record_training

Arrays = dict[str, np.ndarray[Any, Any]]
MAX_ROWS = 256
#: a CPU with 128-bit vectors, 32 registers and fused multiply-add: Arm's NEON
TARGET = Target("generic", "+neon", "aarch64-unknown-linux-gnu", 16, 32, True)
STEPS = 3


def model() -> nn.Module:
    """The network of the page, 3-4-1, always with the same first weights."""
    manual_seed(0)
    return nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 1, bias=False))


@cache
def step() -> Graph:
    """Its training step by plain gradient descent on the squared error."""
    network = model()
    rules = {name: ("group0", SGDRule(lr=0.1)) for name, _ in network.named_parameters()}
    return record_training(network, nn.MSELoss(), rules, Columns((((3,), float32),), ((1,), float32)))


@cache
def passed() -> dict[str, Graph]:
    """The graph after each pass."""
    return dict(pipeline.graph_passes(step(), pipeline.Settings(MAX_ROWS, TARGET)))


@cache
def program() -> Program:
    """The step as a program."""
    return pipeline.compile_program(step(), pipeline.Settings(MAX_ROWS, TARGET))


# ---- graphs
def recorded() -> str:
    """The nodes that the loss is computed from, and the loss."""
    return graph_text(Graph(step().outputs))


def differentiated() -> str:
    """The nodes that differentiation and the update added."""
    before = set(recorded().splitlines())
    return "".join(f"{line}\n" for line in graph_text(step()).splitlines() if line not in before)


def pass_section(name: str) -> Callable[[], str]:
    """The section of a pass: what it changed."""

    def section() -> str:
        graphs = {"": step(), **passed()}
        names = list(graphs)
        return changes(graphs[names[names.index(name) - 1]], graphs[name]) or "(nothing to do in this step)\n"

    return section


def final() -> str:
    """The graph that becomes loops."""
    return graph_text(list(passed().values())[-1])


# ---- loops
def fused() -> str:
    """The loops that fusion forms: the sum or product in the middle of each, and what it stores."""
    graph = list(passed().values())[-1]
    lines = []
    for group in fuse(graph).groups:
        stored = ", ".join(f"{root.op.name} {root.type}" for root in group.roots)
        if group.anchor is None:
            lines.append(f"map       stores {stored}")
        else:
            inputs = " and ".join(_named(x) for x in group.anchor.inputs)
            lines.append(f"{group.anchor.op.name:9} of {inputs}; stores {stored}")
    return "".join(f"{line}\n" for line in lines)


def _named(node: Node) -> str:
    below = base(node)
    return below.op.label if isinstance(below.op, Slot) else f"{below.op.name} {below.type}"


def first_phases() -> str:
    """The phases of the program but for the last one."""
    phases = print_program(program()).split("phase\n")[1:-1]
    return "".join(f"phase\n{phase}" for phase in phases)


def rest_of_program() -> str:
    """Its head, its buffers and its last phase."""
    head, *_, last = print_program(program()).split("phase\n")
    return f"{head}…\nphase\n{last}"


def plan_of_memory() -> str:
    """Where the program's working memory lies: of the view's text, the last two spaces."""
    text = memory_text(program(), place(program()))
    return text[text.index("scratch: ") :]


def kernel() -> str:
    """The tile of one row of the first product: the loop over the sum, and the epilogue behind it."""
    functions = emit_module(program(), TARGET).text.split("\n}\n")
    tiles = [f for f in functions if "@llvm.fma" in f and "fcmp olt" in f and "define" in f]
    tile = min(tiles, key=len)
    return tile[tile.index("\nL:\n") + 1 :].removesuffix("\n") + "\n"


# ---- what people look at
def view() -> ProgramView:
    """The step as show_program shows it, on the machine of the page."""
    return view_of(Subject(title="training step of Sequential", graph=step(), max_rows=MAX_ROWS), TARGET)


def shown() -> str:
    """The second phase of the program, as show_program prints it."""
    return "phase 1" + view().program_text().split("\nphase 1")[1].split("\nphase 2")[0] + "\n"


# ---- running
def run() -> str:
    """The losses of a few steps: interpreted, and by machine code."""
    random = np.random.default_rng(0)
    x = random.normal(size=(100, 3)).astype(np.float32)
    data = {"x0": x, "y": x[:, :1] * 2 - x[:, 1:2], "rows": np.arange(100, dtype=np.int32)}
    state = {f"param.{name}": p.numpy() for name, p in model().named_parameters()}
    slow, fast = _interpreted(data, dict(state)), _native(data, state)
    pairs = enumerate(zip(slow, fast, strict=True), 1)
    return "step   interpreted   native\n" + "".join(f"{i:<6} {a:<13.4f} {b:.4f}\n" for i, (a, b) in pairs)


def _interpreted(data: Arrays, state: Arrays) -> list[float]:
    losses = []
    for _ in range(STEPS):
        known = {**data, **state, "group0.lr": np.float32(0.1)}
        values = {n: known[n.op.label] for n in slots(step()) if isinstance(n.op, Slot)}
        outputs, updates = interpret(step(), values, rows=100)
        state |= {s.op.label: new for s, new in updates.items() if isinstance(s.op, Slot)}
        losses.append(float(outputs["loss"]) / 100)
    return losses


def _native(data: Arrays, state: Arrays) -> list[float]:
    rows = np.full(STEPS, 100, np.int64)
    steps = Steps(rows, np.zeros(STEPS, np.int64), np.full((STEPS, 1), 0.1))
    losses = compile_graph(step(), MAX_ROWS).run({**data, **state}, steps, threads=1)["loss"]
    return [float(loss) / 100 for loss in losses]


SECTIONS: dict[str, Callable[[], str]] = {
    "recorded": recorded,
    "differentiated": differentiated,
    **{p.name: pass_section(p.name) for p in pipeline.PASSES},
    "final": final,
    "fused": fused,
    "phases": first_phases,
    "rest": rest_of_program,
    "memory": plan_of_memory,
    "kernel": kernel,
    "run": run,
    "shown": shown,
}
