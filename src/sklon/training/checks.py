"""What is checked before anything runs: settings, and that whole numbers that choose rows or classes are in range.

Compiled code reads tables by these indices without looking, so nothing out of range may ever reach it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sklon._base.checks import check_whole
from sklon._base.errors import InputError
from sklon.graph.node import Graph, Node, Slot, walk
from sklon.nn import Loss, Module
from sklon.ops import Gather
from sklon.optim.schedules import Schedule

from .arrays import Samples
from .ranges import range_of
from .recordings import prediction_graph
from .stopping import StoppingRule
from .streams import Rows, Stream


def check_settings(clip: object, average: object, schedule: object, on_non_finite: object) -> None:
    """Refuse what is none of the values that a trainer is made of."""
    for name, value, kind in (("clip", clip, "ClipNorm(1.0)"), ("average", average, "EMA(0.999)")):
        if value is not None and not hasattr(value, "name"):
            raise InputError(f"{name} is a value of sklon.optim, such as optim.{kind}, not {value!r}")
    if not (schedule is None or isinstance(schedule, Schedule | str)):
        raise InputError(f'schedule is a text such as "cosine" or a value of optim.schedules, not {schedule!r}')
    if on_non_finite not in ("stop", "skip"):
        raise InputError(f'on_non_finite is "stop" or "skip", not {on_non_finite!r}')


def check_rule(rule: StoppingRule | None, held_out: Rows | None) -> None:
    """Refuse a stopping rule that a fit cannot follow."""
    if rule is not None and rule.needs_validation and held_out is None:
        raise InputError("early stopping watches the validation loss; pass validation=(X, y) or a fraction")
    if rule is not None and rule.wants_rises:
        raise InputError("a fit watches a loss, which falls; mode='max' is for recorded scores of your own")


def check_length(epochs: Any, time_limit: Any) -> None:
    """Refuse a length that no fit has."""
    check_whole(1, epochs=epochs)
    if time_limit is not None and (not isinstance(time_limit, int | float) or not time_limit > 0):
        raise InputError(f"time_limit must be a number of seconds above 0, not {time_limit!r}")


def checked(model: Module, loss: Loss, data: Rows) -> Rows:
    """The same rows; raises InputError for indices or classes out of range, at once or, of blocks, as they come."""
    graph = prediction_graph(model, replace(data.columns, target=None, weighted=False))
    ((_, output),) = graph.outputs

    def check(some: Samples) -> None:
        check_indices(graph, some)
        if some.target is not None:
            loss.check_target(some.target, output.shape)

    if isinstance(data, Stream):
        return data.checked_by(check)
    check(data)
    return data


def check_indices(graph: Graph, data: Samples) -> None:
    """Every gather from a table of known length reads indices that lie in it."""
    arrays = data.bound()
    for node in graph.nodes:
        if not isinstance(node.op, Gather) or not isinstance(node.inputs[0].shape[0], int):
            continue
        rows, found = node.inputs[0].shape[0], range_of(node.inputs[1], arrays)
        if found is None:
            raise InputError(
                "a model may look up rows only by whole numbers that are an input, or a part of one, or computed from "
                "counts and positions, so that it is known beforehand which rows there may be"
            )
        low, high = (int(number) for number in found)
        if low < 0 or high >= rows:
            raise InputError(
                f"{_origin(node.inputs[1])} holds {low if low < 0 else high}, but the table that it indexes "
                f"has rows 0 to {rows - 1}; make the table larger or the codes smaller"
            )


def _origin(index: Node) -> str:
    """What is said to hold the indices."""
    inputs = [n.op.label for n in walk((index,)) if isinstance(n.op, Slot) and n.op.space == "data"]
    return f"input {inputs[0].removeprefix('x')}" if len(inputs) == 1 else "an index"
