"""Where the ops of the engine have their kinks, as rows: what autodiff returns there is a convention of the op.

Each row measures how far the inputs of an op are from its kink: the measure is 0 on it, and changes its sign across.
The conventions themselves stand with the ops. An op that declares one has a row, or belongs to those that cannot lie
between a real variable and a gradient.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from sklon._base.source import line_and_place
from sklon.calculus.subject import Array
from sklon.graph.node import Node, walk

from .line import Line
from .rounding import Recorded, evaluate

Measure = Callable[..., Array]
NEIGHBOURS = 8
"""A kink that lies within so many neighbouring numbers is at the point: its place is rounded, too."""
TIE = 1e-6
"""What changes its sign by more than this jumps from one step of a staircase to the next, away from a kink."""


def _itself(x: Array, *_: Array) -> Array:
    return x


def _difference(x: Array, y: Array) -> Array:
    return x - y


def _to_whole(x: Array, *_: Array) -> Array:
    return x - np.rint(x)


KINKS: dict[str, Measure] = {
    "abs": _itself,
    "relu": _itself,
    "sqrt": _itself,
    "maximum": _difference,
    "minimum": _difference,
    "less": _difference,
    "greater": _difference,
    "equal": _difference,
    "floor": _to_whole,
    "ceil": _to_whole,
    "trunc": _to_whole,
    "round": lambda x: _to_whole(x - 0.5),
    "fmod": lambda x, y: _to_whole(x / y),
    "asin": lambda x: np.abs(x) - 1,
    "acos": lambda x: np.abs(x) - 1,
    "acosh": lambda x: x - 1,
    "pow": _itself,
    "atan2": lambda y, x: np.abs(x) + np.abs(y),
    "hypot": lambda x, y: np.abs(x) + np.abs(y),
    "lgamma": lambda x: np.where(x < 0.5, _to_whole(x), 1.0),
    "reduce": lambda x: x,
}
"""How far an op is from its kink, from its inputs; of ``reduce`` the elements are compared with each other."""
NEVER_BETWEEN = frozenset(("floor_div", "integer_pow", "shift_left", "shift_right"))
"""Ops with conventions that take whole numbers: no gradient passes."""


@dataclass(frozen=True, slots=True)
class OpAtKink:
    """Ops of one name that are at their kink at a point: what the engine returns there, and the user's line, if any."""

    name: str
    convention: str
    line: str


def ops_at_kinks(line: Line) -> tuple[OpAtKink, ...]:
    """The ops of the recorded function that sit at their kink at t = 0, each once for a line of the user's code."""
    value = Recorded(line.recorded.results[:1], line.recorded.leaf)
    step = NEIGHBOURS * line.spacing
    states = [evaluate(value, line.where(t)) for t in (0.0, -step, step)]
    if any(state is None for state in states):
        return ()
    here, before, after = (state or {} for state in states)
    depends = _depending(value)
    found = [
        OpAtKink(n.op.name, n.op.convention, _user_line(line, n))
        for n in walk(value.results, above=(value.leaf,))
        if n.op.name in KINKS and n in depends and _is_at_kink(n, here, before, after)
    ]
    return tuple(dict.fromkeys(found))


def _user_line(line: Line, node: Node) -> str:
    """Where the user's code made a node; a formula is no code, and its ops have no line."""
    return line_and_place(node.source)[0] if line.subject.expression is None else ""


def _depending(recorded: Recorded) -> set[Node]:
    """The nodes that depend on the point."""
    found = {recorded.leaf}
    for node in walk(recorded.results, above=(recorded.leaf,)):
        if any(i in found for i in node.inputs):
            found.add(node)
    return found


def _is_at_kink(node: Node, *states: Mapping[Node, Array]) -> bool:
    if node.op.name == "reduce":
        return getattr(node.op, "fn", "") == "max" and bool(_has_tie(node, states[0]))
    with np.errstate(all="ignore"):
        here, before, after = (KINKS[node.op.name](*(s[i] for i in node.inputs)) for s in states)
        crosses = (np.sign(before) != np.sign(after)) & (np.abs(after - before) < TIE * (1 + np.abs(here)))
    return bool(np.any((here == 0) | crosses))


def _has_tie(node: Node, state: Mapping[Node, Array]) -> Any:
    """Whether the largest element along the axes of a maximum is there more than once."""
    (x,) = (state[i] for i in node.inputs)
    axes = getattr(node.op, "axes", ())
    return np.any(np.sum(x == np.max(x, axis=axes, keepdims=True), axis=axes) > 1)
