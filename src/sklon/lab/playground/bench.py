"""What views of one training measure with: a network of their own, and programs that are compiled when first needed.

A bench belongs to one start of a session: one network on one data set. It holds no state of the training, so views of
any moment, from any thread, use it at the same time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import numpy as np

from sklon import nn
from sklon._base.locks import Lock
from sklon.compiler.cache import compiled, in_memory
from sklon.compiler.executor import Executor, Interpreted
from sklon.compiler.native import QUICK
from sklon.graph.node import Graph
from sklon.training.arrays import Samples, samples
from sklon.training.evaluation import EVALUATION_ROWS, Evaluation
from sklon.training.losses import loss_for, loss_of
from sklon.training.step import record_evaluation, record_prediction

from ..controls import Settings
from .datasets import Data
from .network import network_of, set_dropout
from .stretch import feed_for

Array = np.ndarray[Any, Any]
#: hidden units up to which NumPy shows a boundary before a compiler is ready: 0.6 ms each, against 25 ms and more
MOST_UNITS = 40
Make: TypeAlias = Callable[[Graph, int], Executor]


class Bench:
    """The programs of the views of one network on its data."""

    def __init__(self, settings: Settings, data: Data) -> None:
        self.settings, self.data = settings, data
        self.model: nn.Sequential = network_of(settings, data)
        set_dropout(self.model, 0.0)
        self.training, self.testing = samples(*data.training), samples(*data.testing)
        self.loss = loss_for(loss_of(data.loss, None), self.training)
        self.turn = Lock()  # of whoever records, or looks at values in the bench's own network
        self._made: dict[str, Any] = {}

    def once(self, name: str, make: Callable[[], Any]) -> Any:
        """What ``make`` gave when it was first asked for under this name."""
        with self.turn:
            if name not in self._made:
                self._made[name] = make()
            return self._made[name]

    def outputs(self, name: str, inputs: Array, state: Mapping[str, Array]) -> Array:
        """The network's raw outputs [rows, outputs] at fixed inputs that go by a name."""
        return self._predicted(f"outputs at {name}", inputs, state, _quick)

    def first_outputs(self, name: str, inputs: Array, state: Mapping[str, Array]) -> Array:
        """The same up to rounding, and without waiting for a compiler where NumPy is there sooner.

        So there is something to see of a training that has just begun.
        """
        if self.settings["width"] * self.settings["depth"] > MOST_UNITS:
            return self.outputs(name, inputs, state)
        return self._predicted(f"first outputs at {name}", inputs, state, _at_once)

    def _predicted(self, name: str, inputs: Array, state: Mapping[str, Array], make: Make) -> Array:
        def evaluation() -> Evaluation:
            rows = samples(inputs)
            return Evaluation(record_prediction(self.model, rows.columns), rows, make)

        found: Array = self.once(name, evaluation).outputs(state)["output"]
        return found

    def training_loss(self, state: Mapping[str, Array]) -> float:
        """The mean loss on the training data, without dropout and penalties."""
        return self._loss("training", self.training, state)

    def testing_loss(self, state: Mapping[str, Array]) -> float:
        """The mean loss on what training never sees."""
        return self._loss("testing", self.testing, state)

    def batches(self, settings: Settings) -> int:
        """Batches of an epoch."""
        return len(feed_for(settings, self.training).starts())

    def _loss(self, name: str, rows: Samples, state: Mapping[str, Array]) -> float:
        made: Evaluation = self.once(
            f"loss {name}", lambda: Evaluation(record_evaluation(self.model, self.loss, rows.columns), rows, _same)
        )
        return made.mean_loss(state)


def _same(graph: Graph, rows: int) -> Executor:
    """The program of the Trainer's own evaluation: the rows that it is made for decide the last bit of a mean."""
    return compiled(graph, rows, level=QUICK)


def _quick(graph: Graph, rows: int) -> Executor:
    """A program for few rows is one for many: predictions at all inputs share it."""
    return compiled(graph, max(rows, EVALUATION_ROWS), level=QUICK)


def _at_once(graph: Graph, rows: int) -> Executor:
    """The program if it is there, else the interpreter."""
    return in_memory(graph, max(rows, EVALUATION_ROWS), level=QUICK) or Interpreted(graph, rows)
