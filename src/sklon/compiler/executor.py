"""Who runs a graph: machine code, or the interpreter where LLVM is missing.

Both take the same call. The choice depends on the machine alone and is made here, once for every graph: one that
LLVM is there for and that cannot be compiled is an error, and is never interpreted instead.
"""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from sklon._base.errors import InterpretedWarning
from sklon._base.locks import Lock
from sklon._base.shapes import N
from sklon.graph.interpret import interpret
from sklon.graph.node import SPACES, Graph, Node, Slot, slots

from . import native
from .executable import Steps, bound, check_rows, result_array
from .interrupts import deferred_interrupts

Array = np.ndarray[Any, Any]


class Executor(Protocol):
    """Runs steps of one graph."""

    def run(
        self,
        arrays: Mapping[str, Array],
        steps: Steps,
        threads: int | None = None,
        first: int = 0,
        last: int | None = None,
    ) -> dict[str, Array]:
        """Run steps ``first`` to ``last``; state arrays change in place, results are returned by name."""
        ...

    def prepared(
        self, arrays: Mapping[str, Array], steps: Steps, threads: int | None = None
    ) -> AbstractContextManager[Prepared]:
        """The same in several parts."""
        ...


class Prepared(Protocol):
    """A call of an executor whose arrays are bound; its steps are run in parts."""

    @property
    def results(self) -> dict[str, Array]:
        """The results by name: of those steps that have been run."""
        ...

    def run(self, first: int, last: int) -> None:
        """Run steps ``first`` to ``last``."""
        ...


def executor_of(graph: Graph, max_rows: int, make: Callable[[Graph, int], Executor]) -> Executor:
    """What runs ``graph`` on this machine, for at most ``max_rows`` rows a step: what ``make`` compiles, if it can."""
    reason = native.why_absent()
    if reason is None:
        return make(graph, max_rows)
    _say_once(reason)
    return Interpreted(graph, max_rows)


_turn = Lock()


def _say_once(reason: str) -> None:
    with _turn:  # several threads may come at once
        _say(reason)


@functools.cache
def _say(reason: str) -> None:
    sentence = (
        f"LLVM is missing ({reason}), so networks are interpreted with NumPy, many times slower than compiled; "
        "repair it by: pip install --force-reinstall llvmlite"
    )
    warnings.warn(InterpretedWarning(sentence), stacklevel=4)


@dataclass(frozen=True, slots=True, eq=False)
class Interpreted:
    """A graph that NumPy runs, step by step, in the calling thread: for the number of threads there is no use."""

    graph: Graph
    max_rows: int

    def run(
        self,
        arrays: Mapping[str, Array],
        steps: Steps,
        threads: int | None = None,
        first: int = 0,
        last: int | None = None,
    ) -> dict[str, Array]:
        """The same as of an ``Executable``."""
        with self.prepared(arrays, steps) as call:
            call.run(first, len(steps) if last is None else last)
        return call.results

    @contextmanager
    def prepared(
        self, arrays: Mapping[str, Array], steps: Steps, threads: int | None = None
    ) -> Iterator[InterpretedCall]:
        """The same as of an ``Executable``."""
        check_rows(steps, self.max_rows)
        given = {n: bound(op.label, op.shape, op.dtype, arrays) for n, op in self._slots() if op.space != "scalar"}
        results = {name: result_array(node.shape, node.dtype, steps) for name, node in self.graph.outputs}
        yield InterpretedCall(self, given, steps, results)

    def _slots(self) -> list[tuple[Node, Slot]]:
        return [(n, n.op) for n in slots(self.graph) if isinstance(n.op, Slot) and n.op.space in SPACES]

    def step(self, given: Mapping[Node, Array], steps: Steps, step: int, results: Mapping[str, Array]) -> None:
        """Run one step of a call."""
        start, rows = int(steps.starts[step]), int(steps.rows[step])
        values: dict[Node, Any] = dict(given)
        values |= {n: given[n][start : start + rows] for n, op in self._slots() if op.space == "index"}
        scalars = [n for n, op in self._slots() if op.space == "scalar"]
        values |= dict(zip(scalars, steps.scalars[step].tolist(), strict=True))
        outputs, updates = interpret(self.graph, values, rows)
        for name, node in self.graph.outputs:
            at: Any = slice(start, start + rows) if node.shape[:1] == (N,) else step
            results[name][at] = outputs[name]
        copies = {slot: np.array(new) for slot, new in updates.items()}  # a new value may be another slot's old one
        for slot, new in copies.items():
            given[slot][...] = new


@dataclass(frozen=True, slots=True, eq=False)
class InterpretedCall:
    """A call whose arrays are bound."""

    executor: Interpreted
    given: Mapping[Node, Array]
    steps: Steps
    results: dict[str, Array]

    def run(self, first: int, last: int) -> None:
        """Run steps ``first`` to ``last``."""
        with deferred_interrupts():
            for step in range(first, last):
                self.executor.step(self.given, self.steps, step, self.results)
