"""Programs over arrays: a model's values by name, the scalars of a graph, evaluation over all rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any

import numpy as np

from sklon.compiler.cache import compiled
from sklon.compiler.executable import Steps
from sklon.compiler.executor import Executor, Prepared
from sklon.graph.node import Graph, Node, Slot, slots
from sklon.nn import Loss, Module
from sklon.tensors.values import number_of

from .arrays import Samples
from .captured import captured_by
from .step import state_tensors
from .streams import Rows

Array = np.ndarray[Any, Any]
#: rows of a step of evaluation and prediction
EVALUATION_ROWS = 1024


def state_of(model: Module, loss: Loss | None = None) -> dict[str, Array]:
    """Copies of the values of a model, and of its loss, under the names of their slots."""
    return {label: tensor.numpy() for label, tensor in state_tensors(model, loss).items()}


def scalars_of(graph: Graph) -> list[Node]:
    """The scalar slots of a graph, in the order of a program's table."""
    return [n for n in slots(graph) if isinstance(n.op, Slot) and n.op.space == "scalar"]


def scalar_value(node: Node, named: Mapping[str, Any]) -> Any:
    """The value of a scalar, or its values for several steps: by its name, or as the user's code wrote it."""
    assert isinstance(node.op, Slot)
    return named[node.op.label] if node.op.label else number_of(node)


def table_of(scalars: Sequence[Node], columns: Mapping[str, Any], steps: int) -> Array:
    """A row of scalars for each step, in the order of a program's table, from their values by name."""
    table = np.zeros((steps, len(scalars)))
    for j, node in enumerate(scalars):
        table[:, j] = scalar_value(node, columns)
    return table


class Evaluation:
    """A graph to be run over all rows of some data; ``make`` gives once what runs it for at most so many rows."""

    def __init__(self, graph: Graph, data: Rows, make: Callable[[Graph, int], Executor] = compiled) -> None:
        self.batch = min(EVALUATION_ROWS, len(data))
        self.program = make(graph, self.batch)
        self.scalars, self.captured = scalars_of(graph), captured_by(graph)
        self.data = data

    def outputs(self, state: Mapping[str, Array], words: Mapping[str, Any] | None = None) -> dict[str, Array]:
        """The outputs for a state, rows in their order; ``words`` are those of a random source, if there is one."""
        found: list[dict[str, Array]] = []
        before = 0
        for piece in self.data.pieces():
            steps = self._steps(len(piece), before, words or {})
            rows = np.arange(len(piece), dtype=np.int32)
            found.append(self.program.run({**state, **self.captured, **piece.bound(), "rows": rows}, steps))
            before += len(piece)
        return (
            found[0] if len(found) == 1 else {name: np.concatenate([one[name] for one in found]) for name in found[0]}
        )

    def _steps(self, rows: int, before: int, words: Mapping[str, Any]) -> Steps:
        """The steps over some rows with others before them."""
        starts = np.arange(0, rows, self.batch)
        table = table_of(self.scalars, {"offset": before + starts, **words}, len(starts))
        return Steps(np.minimum(self.batch, rows - starts), starts, table)

    def times(self, state: Mapping[str, Array], count: int) -> tuple[AbstractContextManager[Prepared], int]:
        """So many times over rows in memory, bound to a state that may change in between, and the steps of a time."""
        assert isinstance(self.data, Samples)
        n = len(self.data)
        steps, rows = self._steps(n, 0, {}), np.tile(np.arange(n, dtype=np.int32), count)
        arrays = {**state, **self.captured, **self.data.bound(), "rows": rows}
        return self.program.prepared(arrays, steps.times(count, n)), len(steps)

    def mean_loss(self, state: Mapping[str, Array]) -> float:
        """The mean over the rows, of a graph whose output ``loss`` is a sum, and ``weight`` what the rows count for."""
        return self.mean_of(self.outputs(state))

    def mean_of(self, results: Mapping[str, Array]) -> float:
        """The same of what such a graph gave."""
        count = results["weight"].astype(np.float64).sum() if "weight" in results else len(self.data)
        return float(results["loss"].astype(np.float64).sum() / count) if count else float("nan")
