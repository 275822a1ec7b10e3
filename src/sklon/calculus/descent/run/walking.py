"""The walk: turn after turn until the steps are spent, the gradient is as good as zero, nothing moves, or all is lost.

The point may be measured in units of its own: with ``units`` s the rule moves z = x/s and sees s·∇f. What is recorded
is always x and ∇f(x). Shapes: points, gradients [turns, n]; values [turns].
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal, TypeAlias

import numpy as np

from sklon._base.errors import InputError
from sklon.calculus.writing import number
from sklon.optim import Optimizer
from sklon.tensors.creation import tensor

from .rules import Rates, Way
from .turns import Function, Turn, turning

Array: TypeAlias = np.ndarray[Any, Any]
Kind: TypeAlias = Literal["converged", "stalled", "diverged", "unfinished"]
#: what is larger, or no number, has left the range in which lengths can be computed
LARGEST = 1e150
#: turns without any movement after which nothing will move any more; a schedule may begin with a rate of zero
STILL = 5
#: what the gradient falls by, from one quarter of the path to the next, where it falls at all
FALLING = 0.9
#: times as large as at the start: a gradient that says that the walk leads away
GROWN = 2.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a walk ended, and a sentence that says why."""

    kind: Kind
    reason: str


@dataclass(frozen=True, slots=True, eq=False)
class Walk:
    """Where a walk was, what it saw there, and how it ended; ``optimizer`` is left as it was after the last turn."""

    points: Array
    values: Array
    gradients: Array
    outcome: Outcome
    optimizer: Optimizer


def walk(function: Function, start: Array, way: Way, steps: int, units: Array, tolerance: float) -> Walk:
    """Take at most so many steps from a start; ``tolerance`` is the length of a gradient that counts as zero."""
    leaf = tensor(start / units, dtype="float64", requires_grad=True)
    optimizer = way.moving(leaf)
    turns = _turns(turning(_in_units(function, units), leaf, optimizer), Rates(optimizer, way.schedule), start, units)
    return _recorded(turns, optimizer, steps, tolerance)


def _in_units(function: Function, units: Array) -> Function:
    if (units == 1).all():
        return function
    scale = tensor(units, dtype="float64")
    return lambda leaf: function(leaf * scale)


def _turns(turn: Callable[[], Turn], rates: Rates, start: Array, units: Array) -> Iterator[tuple[Array, Turn]]:
    """The points with what was seen there, in x."""
    at, values = start, list[float]()
    while True:
        rates.set(len(values), values)
        found = turn()
        values.append(found.value)
        yield at, Turn(found.value, found.gradient / units, found.moved)
        at = found.moved * units


def _recorded(turns: Iterator[tuple[Array, Turn]], optimizer: Optimizer, steps: int, tolerance: float) -> Walk:
    points, values, gradients = list[Array](), list[float](), list[Array]()
    outcome: Outcome | None = None
    while outcome is None:
        at, turn = next(turns)
        if not all(np.abs(found).max(initial=0.0) < LARGEST for found in (at, turn.value, turn.gradient)):
            outcome = _lost(len(points), at, turn)
            break
        points.append(at)
        values.append(turn.value)
        gradients.append(turn.gradient)
        outcome = _arrived(points, turn, gradients[0], tolerance)
        if outcome is None and len(points) > steps:
            outcome = _spent(np.array(values), np.linalg.norm(gradients, axis=1))
    return Walk(np.array(points), np.array(values), np.array(gradients), outcome, optimizer)


# ---- how it ends
def _lost(step: int, at: Array, turn: Turn) -> Outcome:
    where = "(" + ", ".join(number(v, 4) for v in at) + ")"
    high = not abs(turn.value) < LARGEST
    what = f"f is {number(turn.value, 4)}" if high else f"the gradient is {number(np.abs(turn.gradient).max(), 4)}"
    if not step:
        raise InputError(f"{what} at the start {where}; start where the function and its gradient are finite")
    return Outcome("diverged", f"step {step} led to {where}, where {what}; the path ends before it")


def _arrived(points: list[Array], turn: Turn, first: Array, tolerance: float) -> Outcome | None:
    length, step = float(np.linalg.norm(turn.gradient)), len(points) - 1
    if length <= tolerance:
        return Outcome("converged", f"the gradient's length is {number(length, 2)} after {_steps(step)}")
    recent = points[-STILL - 1 :]
    if len(recent) > STILL and all(np.array_equal(a, b) for a, b in pairwise(recent)):
        began = float(np.linalg.norm(first))
        return Outcome(
            "stalled",
            f"nothing moves after {_steps(step - STILL)}: in float64 no step of the rule changes the point; the "
            f"gradient's length is {number(length, 2)}, at the start it was {number(began, 2)}",
        )
    return None


def _spent(values: Array, lengths: Array) -> Outcome:
    """What a path says of itself whose steps were spent."""
    steps, first, last = len(values) - 1, number(lengths[0], 2), number(lengths[-1], 2)
    left = f"the gradient's length is {last}, at the start it was {first}"
    if lengths[-1] > GROWN * lengths[0] and values[-1] > values[0]:
        return Outcome("diverged", f"f grew from {number(values[0], 4)} to {number(values[-1], 4)} in {_steps(steps)}")
    quarter = len(lengths) // 4
    if quarter > STILL and np.median(lengths[-quarter:]) > FALLING * np.median(lengths[-2 * quarter : -quarter]):
        best = np.minimum.accumulate(values)
        if best[-1] >= best[-quarter]:
            return Outcome("stalled", f"f has not been lower than {number(best[-1])} for {quarter} steps; {left}")
    return Outcome("unfinished", f"{_steps(steps)} were not enough: {left}")


def _steps(count: int) -> str:
    return f"{count} step" if count == 1 else f"{count} steps"
