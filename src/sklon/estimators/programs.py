"""What an estimator runs, recorded and compiled once for each structure of network, loss and rule.

A structure holds what decides a program and nothing else: rates, penalties' strengths and the numbers of rows are
arguments of the program, so fits that differ in them share it. Programs are made for a power of two of rows, so those
of nearby batch sizes are one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, TypeAlias

import numpy as np

from sklon._base.dtypes import dtype_of
from sklon.compiler.cache import compiled
from sklon.compiler.executable import aligned_zeros
from sklon.compiler.executor import Executor
from sklon.graph.node import Graph, Node, Slot, slots
from sklon.nn import Loss
from sklon.optim import Rule
from sklon.optim.penalties import L1, L2, PenalizedRule, Penalty
from sklon.tensors import Tensor
from sklon.tensors import functional as F
from sklon.tensors.modes import no_grad
from sklon.training.averaged import AVERAGE, PARAMETER
from sklon.training.captured import captured_by
from sklon.training.evaluation import scalars_of
from sklon.training.step import Columns, record_evaluation, record_gradients, record_prediction, record_training
from sklon.training.updating import Options

from .network import Network, State

Array = np.ndarray[Any, Any]
#: a loss, or what makes one: losses that are alike must be equal here
LossKey: TypeAlias = Loss | Callable[[], Loss]
#: the fewest rows that a program is made for: folds of different sizes share one, and a step of few rows loses nothing
FEWEST_ROWS = 256
#: the group of all scalars of a step
GROUP = "step"
#: structures whose programs are kept
KEPT = 128


@dataclass(frozen=True, slots=True)
class Task:
    """A network, its loss, and the type of a row's target: ``outputs`` numbers, or the number of a class."""

    network: Network
    loss: LossKey
    classes: bool = False
    weighted: bool = False

    @property
    def columns(self) -> Columns:
        """The shape and type of a row."""
        dtype = dtype_of(self.network.dtype)
        target = ((), dtype_of("int32")) if self.classes else ((self.network.sizes[-1],), dtype)
        return Columns((((self.network.sizes[0],), dtype),), target, self.weighted)

    def made_loss(self) -> Loss:
        """The loss."""
        return self.loss if isinstance(self.loss, Loss) else self.loss()


@dataclass(frozen=True, slots=True)
class Structure:
    """A task, the rule in force (whose numbers do not count), and what else is in a step."""

    task: Task
    rule: Rule
    l1: bool = False
    averaged: bool = False


@dataclass(slots=True, eq=False)
class Recorded:
    """A graph with its programs."""

    graph: Graph
    loss: Loss | None = None
    scalars: list[Node] = field(init=False)
    constants: State = field(init=False)
    held: dict[str, tuple[tuple[int, ...], Any]] = field(init=False)  # shape and type of what is state
    _codes: dict[int, Executor] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        self.scalars = scalars_of(self.graph)
        buffers = {} if self.loss is None else dict(self.loss.named_buffers())
        self.held = {
            node.op.label: (tuple(int(str(extent)) for extent in node.shape), node.dtype.numpy)
            for node in slots(self.graph)
            if isinstance(node.op, Slot) and node.op.space == "state"
        }
        self.constants = {**captured_by(self.graph), **{f"loss.{name}": b.numpy() for name, b in buffers.items()}}

    def code(self, rows: int) -> Executor:
        """What runs steps of so many rows."""
        most = declared(rows)
        if most not in self._codes:
            self._codes[most] = compiled(self.graph, most)
        return self._codes[most]

    @property
    def draws(self) -> bool:
        """Whether random bits are drawn in a step."""
        return any(isinstance(n.op, Slot) and n.op.label == "seed.low" for n in self.scalars)

    def complete(self, state: State, starts: dict[str, float] | None = None) -> State:
        """A state with all that the graph holds besides: zeros, values of ``starts`` by kind, averages, constants."""
        found = {**state, **self.constants}
        for label, (shape, dtype) in self.held.items():
            if label in found:
                continue
            array = found[label] = aligned_zeros(shape, dtype)
            if label.startswith(AVERAGE):
                array[...] = state[PARAMETER + label.removeprefix(AVERAGE)]
            elif label.startswith("slot."):
                array[...] = (starts or {}).get(label.split(".")[1], 0.0)
        return found


def declared(rows: int) -> int:
    """The rows that a program is made for.

    >>> [declared(n) for n in (1, 200, 300)]
    [256, 256, 512]
    """
    return max(FEWEST_ROWS, 1 << (rows - 1).bit_length())


@lru_cache(KEPT)
def step_of(structure: Structure) -> Recorded:
    """The training step: besides the loss it tells Σw² of the linear maps before the step, and Σ|w| with ``l1``."""
    task = structure.task
    module, loss = task.network.module(), task.made_loss()
    paid: tuple[Penalty, ...] = (L2(1.0), L1(1.0)) if structure.l1 else (L2(1.0),)
    rules: dict[str, tuple[str, Rule]] = {name: (GROUP, structure.rule) for name, _ in module.named_parameters()}
    rules.update({f"{name}.weight": (GROUP, _paying(structure.rule, paid)) for name in task.network.linear})
    graph = record_training(module, loss, rules, task.columns, Options(averaged=structure.averaged))
    held = {node.op.label: Tensor(node) for node in slots(graph) if isinstance(node.op, Slot)}
    weights = [held[label] for label in task.network.weights]
    with no_grad():
        told = {"squares": _total([w * w for w in weights])}
        if structure.l1:
            told["absolutes"] = _total([F.abs(w) for w in weights])
    outputs = (*graph.outputs, *((name, value.node) for name, value in told.items()))
    return Recorded(Graph(outputs, graph.updates), loss)


def _paying(rule: Rule, paid: tuple[Penalty, ...]) -> Rule:
    return PenalizedRule(rule, paid, rule.lr)


def _total(parts: list[Tensor]) -> Tensor:
    sums = [F.sum(part) for part in parts]
    found = sums[0]
    for one in sums[1:]:
        found = found + one
    return found


@lru_cache(KEPT)
def gradients_of(task: Task) -> Recorded:
    """The sums of losses and gradients of rows."""
    loss = task.made_loss()
    return Recorded(record_gradients(task.network.module(), loss, task.columns), loss)


@lru_cache(KEPT)
def losses_of(task: Task) -> Recorded:
    """The sum of the losses of rows, as in evaluation."""
    loss = task.made_loss()
    return Recorded(record_evaluation(task.network.module(), loss, task.columns), loss)


@lru_cache(KEPT)
def predictions_of(network: Network, link: str) -> Recorded:
    """What the network says of rows, through a link."""
    dtype = dtype_of(network.dtype)
    return Recorded(record_prediction(network.module(link), Columns((((network.sizes[0],), dtype),), None)))
