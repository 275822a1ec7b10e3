"""The three executors on the same trial: the graph's interpreter, the program's, and native code.

A trial is a graph with everything that it is bound to; a trace is what came out, step by step, and the state at
the end. ``agree`` compares traces.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from sklon._base.shapes import N, concrete
from sklon.compiler.executable import Executable, Steps, aligned_zeros
from sklon.graph.interpret import interpret
from sklon.graph.node import SPACES, Graph, Node, Slot, slots
from sklon.graph.text import print_graph
from sklon.program.interpret import interpret_step
from sklon.program.ir import Program

Array = np.ndarray[Any, Any]
Arrays = dict[str, Array]
PAGE = 4096  # bytes; scratch and local memory are at least as large, the barrier's words are not
StepRunner = Callable[[Arrays, Array, Sequence[float], int], tuple[Arrays, Arrays]]


@dataclass(frozen=True, slots=True, repr=False)
class Trial:
    """A graph, the declared maximum of N, the rows of each step, and the arrays of all slots by name."""

    graph: Graph
    max_rows: int
    rows: tuple[int, ...]
    arrays: Mapping[str, Array]  # states and tables
    indices: Array  # of all steps, one after the other
    scalars: Array  # [steps, scalars], in the order of the graph's slots

    def __repr__(self) -> str:
        return f"rows {self.rows} of at most {self.max_rows}\n{print_graph(self.graph)}"

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text(repr(self))  # what hypothesis shows

    @property
    def starts(self) -> list[int]:
        """The position of each step's first row."""
        return [int(sum(self.rows[:k])) for k in range(len(self.rows))]


@dataclass(frozen=True, slots=True)
class Trace:
    """The outputs of each step, and the state after the last one."""

    outputs: list[Arrays]
    state: Arrays

    def arrays(self) -> dict[str, Array]:
        """Everything by name."""
        steps = {f"{name} of step {k}": a for k, step in enumerate(self.outputs) for name, a in step.items()}
        return {**steps, **{f"state {name}": a for name, a in self.state.items()}}


def named_slots(graph: Graph, *spaces: str) -> dict[str, Node]:
    """The slots of a graph that lie in one of ``spaces``, by name, in the order of a program's arguments."""
    return {n.op.label: n for n in slots(graph) if isinstance(n.op, Slot) and n.op.space in spaces}


def interpreted(trial: Trial, graph: Graph | None = None) -> Trace:
    """By the meaning: the graph in NumPy, or another graph over the same slots."""
    graph = graph or trial.graph
    nodes = named_slots(trial.graph, *SPACES)
    positions = {node: i for i, node in enumerate(named_slots(trial.graph, "scalar").values())}
    by_node = {node: name for name, node in nodes.items()}

    def step(arrays: Arrays, index: Array, scalars: Sequence[float], rows: int) -> tuple[Arrays, Arrays]:
        values: dict[Node, Any] = {nodes[name]: a for name, a in arrays.items()}
        values |= {node: scalars[i] for node, i in positions.items()}
        values |= dict.fromkeys(named_slots(trial.graph, "index").values(), index)
        outputs, updates = interpret(graph, values, rows)
        return outputs, {by_node[s]: v for s, v in updates.items()}

    return _steps(trial, step)


def programmed(trial: Trial, program: Program, seed: int = 0) -> Trace:
    """By the program in NumPy, the units of each phase in random order."""
    rng = np.random.default_rng(seed)
    index_name = next((b.name for b in program.buffers if b.space == "index"), "")
    states = named_slots(trial.graph, "state")

    def step(arrays: Arrays, index: Array, scalars: Sequence[float], rows: int) -> tuple[Arrays, Arrays]:
        bound = {name: a.copy() for name, a in arrays.items()} | {index_name: index}
        outputs = interpret_step(program, bound, scalars, rows, order=lambda n: rng.permutation(n).tolist())
        return outputs, {name: bound[name] for name in states}

    return _steps(trial, step)


def _steps(trial: Trial, step: StepRunner) -> Trace:
    arrays, outputs = dict(trial.arrays), []
    for rows, start, scalars in zip(trial.rows, trial.starts, trial.scalars, strict=True):
        result, updates = step(arrays, trial.indices[start : start + rows], scalars.tolist(), rows)
        outputs.append(result)
        arrays |= updates
    return Trace(outputs, {name: arrays[name] for name in named_slots(trial.graph, "state")})


@contextmanager
def poisoned_memory() -> Iterator[None]:
    """Working memory begins as NaN: code that reads what nobody wrote shows it."""

    def poisoned(shape: Sequence[int], dtype: Any) -> Array:
        array = aligned_zeros(shape, dtype)
        if array.dtype == np.uint8 and array.size >= PAGE:
            array.fill(0xFF)
        return array

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sklon.compiler.executable.aligned_zeros", poisoned)
        yield


def compiled(trial: Trial, executable: Executable, threads: int = 1, cuts: Sequence[int] = ()) -> Trace:
    """By native code, all steps in one call, or in several that end at ``cuts``; memory begins as NaN."""
    arrays = {name: a.copy() for name, a in trial.arrays.items()}
    arrays |= dict.fromkeys(named_slots(trial.graph, "index"), np.ascontiguousarray(trial.indices))
    with poisoned_memory():
        return run_steps(trial, executable, arrays, threads, cuts)


def run_steps(trial: Trial, executable: Executable, arrays: Arrays, threads: int, cuts: Sequence[int] = ()) -> Trace:
    """The steps of a trial on ``arrays``, whose states change in place."""
    steps = Steps(np.array(trial.rows), np.array(trial.starts), trial.scalars)
    outputs: list[Arrays] = []
    for first, last in pairwise([0, *cuts, len(trial.rows)]):
        results = executable.run(arrays, steps, threads, first, last)
        outputs += [_of_step(executable, results, trial, k) for k in range(first, last)]
    return Trace(outputs, {name: arrays[name] for name in named_slots(trial.graph, "state")})


def _of_step(executable: Executable, results: Mapping[str, Array], trial: Trial, k: int) -> Arrays:
    start, rows = trial.starts[k], trial.rows[k]
    by_rows = {b.name: b.shape[:1] == (N,) for b in executable.outputs}
    return {name: a[start : start + rows] if by_rows[name] else a[k] for name, a in results.items()}


# ---- comparing
def distance(found: Trace, expected: Trace) -> tuple[float, str]:
    """The largest difference relative to 1 + the largest element of the same array, and where it is."""
    a, b = found.arrays(), expected.arrays()
    assert a.keys() == b.keys()
    return max((_difference(a[name], b[name]), name) for name in a)


def _difference(a: Array, b: Array) -> float:
    assert a.shape == b.shape and a.dtype == b.dtype
    x, y = a.astype(np.float64), b.astype(np.float64)
    if not np.array_equal(np.isfinite(x), np.isfinite(y)):
        return float("inf")
    finite = np.isfinite(y)
    return float(np.abs(x[finite] - y[finite]).max(initial=0) / (1 + np.abs(y[finite]).max(initial=0)))


def agree(found: Trace, expected: Trace, tolerance: float, what: str) -> None:
    """Fail with the array that differs most."""
    worst, name = distance(found, expected)
    assert worst <= tolerance, f"{what}: {name} differs by {worst:.2e}"


def same_bits(a: Trace, b: Trace, what: str) -> None:
    """Fail unless every bit is the same."""
    left, right = a.arrays(), b.arrays()
    assert left.keys() == right.keys()
    for name, x in left.items():
        assert x.tobytes() == right[name].tobytes(), f"{what}: {name} differs"


def random_arrays(graph: Graph, table_rows: int, seed: int, classes: int) -> dict[str, Array]:
    """Values of order one for the states and tables of a graph; integers are below ``classes``."""
    rng = np.random.default_rng(seed)
    states = named_slots(graph, "state")
    return {
        name: _random(n, table_rows, classes, name in states, rng)
        for name, n in named_slots(graph, "state", "data").items()
    }


def _random(node: Node, table_rows: int, classes: int, is_state: bool, rng: np.random.Generator) -> Array:
    shape, dtype = concrete(node.shape, table_rows), node.dtype
    if not dtype.is_floating:
        return np.asarray(rng.integers(0, classes, shape), dtype.numpy)
    inputs = shape[-1] if shape and is_state else 1
    return np.asarray(rng.standard_normal(shape) / np.sqrt(max(1, inputs)), dtype.numpy)
