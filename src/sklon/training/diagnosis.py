"""Where a number stopped being finite: the step, the op, its layer, the user's line, and the rows.

A run is determined by its seed, so the epoch is run again natively from the state at its start, up to the step in
question, and that one step is interpreted with NumPy. What is not finite is followed from the loss (or from a new
parameter) to an op whose inputs are finite; where it leads to a parameter, to the earlier step that made it. Nothing is
recorded while training for this.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, TypeAlias

import numpy as np

from sklon._base.shapes import N
from sklon._base.source import line_and_place, user_line
from sklon.compiler.executable import Steps, aligned_zeros
from sklon.compiler.executor import Executor
from sklon.graph.node import Graph, Node, Slot, slots, walk
from sklon.graph.nonfinite import as_compiled, at_fault, is_finite, reached
from sklon.nn.places import LOSS

from .averaged import PARAMETER
from .evaluation import scalars_of

Array = np.ndarray[Any, Any]
State: TypeAlias = Mapping[str, Array]
Phase: TypeAlias = Literal["forward", "backward", "update", "start"]
#: rows that a fault tells; the others are counted
ROWS_TOLD = 5
#: parts that are run again between two looks for the first one that made a state not finite
LOOK_EVERY = 64


@dataclass(frozen=True, slots=True)
class Fault:
    """The first value that was not finite although all that it was computed from was.

    ``phase`` is "forward", "backward" or "update" (the optimizer's part), or "start" for a value that came so.
    ``layer`` is the path of the module, empty for the model itself and outside; ``line`` is the user's, empty where
    only layers of sklon were called. ``rows`` are numbers in the data set, the first few of ``bad_rows`` ones among the
    ``of_rows`` of the step (of a micro-batch); there are none where the value belongs to no single row. ``parameter``
    is the one whose new value was lost; empty where it was the loss. ``value`` is "nan", "inf" or "-inf". Without an
    ``op`` only the step is known.
    """

    step: int  # of the trainer, from one
    op: str = ""
    phase: Phase = "forward"
    value: str = ""
    layer: str = ""
    line: str = ""
    in_loss: bool = False
    parameter: str = ""
    rows: tuple[int, ...] = ()
    bad_rows: int = 0
    of_rows: int = 0

    @property
    def sentence(self) -> str:
        """What happened, and where.

        >>> Fault(12, "log", "forward", "-inf", "head.2", "model.py:41", rows=(17,), bad_rows=1, of_rows=32).sentence
        "the loss was no longer a finite number in step 12: log in layer 'head.2' (model.py:41) gave -inf for 1 of 32 \
rows (row 17)"
        """
        if self.parameter:
            what = "value" if self.phase in ("update", "start") else "gradient"
            lost = f"the {what} of {self.parameter!r} was no longer finite in step {self.step}"
        else:
            lost = f"the loss was no longer a finite number in step {self.step}"
        if not self.op:
            return lost
        if self.phase == "start":
            return f"{lost}: {self.op} was {self.value} before it"
        return f"{lost}: {self.op} in {self._place} gave {self.value}{self._of_rows}"

    @property
    def _place(self) -> str:
        if self.phase == "update":
            return "the update"
        place = "the loss" if self.in_loss else f"layer {self.layer!r}" if self.layer else "the model"
        backward = "the backward pass of " if self.phase == "backward" else ""
        return f"{backward}{place}" + (f" ({self.line})" if self.line else "")

    @property
    def _of_rows(self) -> str:
        if not self.bad_rows:
            return ""
        more = ", …" if self.bad_rows > len(self.rows) else ""
        listed = ", ".join(map(str, self.rows))
        return f" for {self.bad_rows} of {self.of_rows} rows (row{'s' * (self.bad_rows > 1)} {listed}{more})"


@dataclass(frozen=True, kw_only=True)
class Replay:
    """An epoch that can be run again: its step as graph and program, the state at its start, its data and its steps."""

    graph: Graph
    program: Executor
    start: State
    arrays: Mapping[str, Array]  # data, and the rows in their order
    steps: Steps
    batch: Array  # of which batch each part is
    first_step: int  # of the trainer, from one
    numbers: Array | None = None  # of the rows in the data set that the user has

    @cached_property
    def scalars(self) -> list[Node]:
        """The scalars of the step, in the order of the program's table."""
        return scalars_of(self.graph)

    @cached_property
    def updates(self) -> dict[str, Node]:
        """The new values by the labels of their slots."""
        return {slot.op.label: new for slot, new in self.graph.updates if isinstance(slot.op, Slot)}

    def fresh(self) -> dict[str, Array]:
        """The state at the start, to be changed."""
        return {label: _aligned(array) for label, array in self.start.items()}

    def run(self, state: State, first: int, last: int) -> None:
        """Run some parts natively, in place."""
        steps = self.steps
        some = Steps(steps.rows[first:last], steps.starts[first:last], steps.scalars[first:last])
        self.program.run({**self.arrays, **state}, some)

    def values(self, part: int) -> dict[Node, Array]:
        """The value of every node in a part."""
        state = self.fresh()
        self.run(state, 0, part)
        first = int(self.steps.starts[part])
        rows = int(self.steps.rows[part])
        given: dict[str, Array] = {**self.arrays, **state, "rows": self.arrays["rows"][first : first + rows]}
        scalars = dict(zip(self.scalars, self.steps.scalars[part], strict=True))
        return _interpreted(self.graph, given, scalars, rows)

    def origin(self, labels: Iterable[str], end: int) -> tuple[int, list[str]]:
        """The first part, before ``end``, after which one of these was not finite, and which of them were not."""
        wanted, state, first = list(labels), self.fresh(), 0
        while first < end:
            last = min(first + LOOK_EVERY, end)
            self.run(state, first, last)
            if not_finite(state, wanted):
                break
            first = last
        state = self.fresh()
        self.run(state, 0, first)
        for part in range(first, end):
            self.run(state, part, part + 1)
            if lost := not_finite(state, wanted):
                return part, lost
        return end, []

    def row_numbers(self, part: int, positions: Array) -> list[int]:
        """Rows of a part as numbers in the data set, in their order."""
        rows = self.arrays["rows"][int(self.steps.starts[part]) + positions]
        return sorted(int(r) for r in (rows if self.numbers is None else self.numbers[rows]))


def diagnosed(replay: Replay, losses: Array) -> Fault:
    """Where the first loss, or else a parameter after so many parts, stopped being finite.

    The step alone where the interpreter's values stay finite: then compiled code rounded to the other side of a bound.
    """
    stopped = np.flatnonzero(~np.isfinite(losses))
    if len(stopped):
        part, roots = int(stopped[0]), {node: "" for name, node in replay.graph.outputs if name == "loss"}
    else:
        part, roots = _made(replay, finite_parameters(replay.graph, replay.start), len(losses))
    step = replay.first_step + int(replay.batch[part])
    while roots:
        values = replay.values(part)
        bad = reached(roots, values)
        lost = [label for label in map(_state_label, bad) if label and np.isfinite(replay.start[label]).all()]
        if not lost:
            node = at_fault(bad, values, replay.graph.nodes)
            return Fault(step) if node is None else _fault(replay, part, node, bad[node], values)
        part, roots = _made(replay, lost, part)
    return Fault(step)


def _made(replay: Replay, labels: Iterable[str], end: int) -> tuple[int, dict[Node, str]]:
    """The part that first made one of these states not finite, and the new values with their parameters' names."""
    finite = [label for label in labels if np.isfinite(replay.start[label]).all()]
    part, lost = replay.origin(finite, end)
    return part, {replay.updates[label]: _parameter(label) for label in lost if label in replay.updates}


def _fault(replay: Replay, part: int, node: Node, parameter: str, values: Mapping[Node, Array]) -> Fault:
    array = values[node]
    bad = ~np.isfinite(array) if all(is_finite(values[i]) for i in node.inputs) else np.isnan(array)
    line, place = line_and_place(node.source)
    positions = np.zeros(0, np.int64)
    if node.shape[:1] == (N,):
        positions = np.flatnonzero(bad.reshape(len(bad), -1).any(axis=1))
    return Fault(
        step=replay.first_step + int(replay.batch[part]),
        op=_word(node),
        phase=_phase(replay.graph, node, place),
        value=str(float(array[bad][0])),
        layer="" if place in (None, LOSS) else str(place),
        line="" if place is None or line == user_line() else line,
        in_loss=place == LOSS,
        parameter=parameter,
        rows=tuple(replay.row_numbers(part, positions)[:ROWS_TOLD]),
        bad_rows=len(positions),
        of_rows=int(replay.steps.rows[part]),
    )


def finite_parameters(graph: Graph, state: State) -> list[str]:
    """The parameters that a step updates and that are finite now, by the labels of their slots."""
    labels = [slot.op.label for slot, _ in graph.updates if isinstance(slot.op, Slot)]
    return [label for label in labels if label.startswith(PARAMETER) and is_finite(state[label])]


def not_finite(state: State, labels: Iterable[str]) -> list[str]:
    """Those of these states that are not finite."""
    return [label for label in labels if not is_finite(state[label])]


def _phase(graph: Graph, node: Node, place: str | None) -> Phase:
    if isinstance(node.op, Slot):
        return "start"
    if node in set(walk(root for name, root in graph.outputs if name == "loss")):
        return "forward"
    return "update" if place is None else "backward"


def _word(node: Node) -> str:
    """What users call an op; a slot by its label."""
    if isinstance(node.op, Slot):
        return node.op.label.removeprefix(PARAMETER) or "a number of the model's code"
    if node.op.name == "contract":
        return "the product of matrices"
    return str(getattr(node.op, "fn", node.op.name))  # of a reduce: sum, max, …


def _state_label(node: Node) -> str:
    return node.op.label if isinstance(node.op, Slot) and node.op.space == "state" else ""


def _parameter(label: str) -> str:
    """The parameter that a state belongs to: of param.w, slot.exp_avg.w, sum.grad.w and average.w it is w."""
    for prefix, parts in (("slot.", 2), ("sum.", 2), ("param.", 1), ("average.", 1)):
        if label.startswith(prefix):
            return label.split(".", parts)[parts]
    return label


# ---- values
def _interpreted(
    graph: Graph, arrays: Mapping[str, Array], scalars: Mapping[Node, Any], rows: int
) -> dict[Node, Array]:
    """The value of every node, as compiled code computes it."""
    found = {n: scalars[n] if n in scalars else arrays[n.op.label] for n in slots(graph) if isinstance(n.op, Slot)}
    return as_compiled(graph.roots, found, rows)


def _aligned(array: Array) -> Array:
    new = aligned_zeros(array.shape, array.dtype)
    new[...] = array
    return new
