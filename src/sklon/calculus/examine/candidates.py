"""Where a recorded function may break, read off its graph: where an op meets its kink, and where it divides by zero.

Each op has a measure that is zero there. On a grid its sign changes, or its size has a minimum, between neighbours;
from there on it is a root to be found. That something is found does not mean that the function breaks: x·|x| does not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from sklon.calculus.subject import Array
from sklon.graph.node import Node, walk

from .conventions import KINKS, Measure
from .line import Line
from .rounding import Recorded, evaluate

ENDS: dict[str, Measure] = {
    "div": lambda x, y: y,
    "log": lambda x: x,
    "log2": lambda x: x,
    "log10": lambda x: x,
    "log1p": lambda x: x + 1,
    "atanh": lambda x: np.abs(x) - 1,
    "tan": np.cos,
}
"""How far the inputs of an op are from where it has no value, or an infinite one."""
HALVINGS = 80
TOUCHES = 1e-10
"""A measure that falls to this share of what it is beside touches zero."""
MOST_ELEMENTS = 64
"""The most elements of an input of which each is followed."""


def candidates(line: Line, grid: Array) -> list[float]:
    """Points t at which an op of the recorded function meets its kink or a zero of its denominator."""
    if not line.is_one_graph:
        return []
    recorded = Recorded(line.recorded.results[:1], line.recorded.leaf)
    measures = {n: KINKS.get(n.op.name) or ENDS.get(n.op.name) for n in walk(recorded.results, above=(recorded.leaf,))}
    rows = [_measured(line, recorded, measures, float(t)) for t in grid]
    if not rows or any(row is None for row in rows):
        return []
    found: list[float] = []
    table = np.array(rows)
    for column in range(table.shape[1]):

        def measure(t: float, column: int = column) -> float:
            row = _measured(line, recorded, measures, t)
            return float("nan") if row is None else float(row[column])

        found += _zeros(measure, grid, table[:, column])
    return sorted(set(found))


def _measured(line: Line, recorded: Recorded, measures: dict[Node, Measure | None], t: float) -> Array | None:
    """The measures of all ops at t, one after the other. Shape: [M]."""
    known = evaluate(recorded, line.where(t))
    if known is None:
        return None
    parts = [np.zeros(0)]
    with np.errstate(all="ignore"):
        for node, measure in measures.items():
            if measure is None or (node.op.name == "reduce" and getattr(node.op, "fn", "") != "max"):
                continue
            values = (
                _gaps(known[node.inputs[0]]) if node.op.name == "reduce" else measure(*(known[i] for i in node.inputs))
            )
            parts.append(np.asarray(values, np.float64).reshape(-1)[:MOST_ELEMENTS])
    return np.concatenate(parts)


def _gaps(values: Array) -> Array:
    """The differences of the elements of which a maximum is taken from their neighbours in size."""
    flat = np.asarray(values, np.float64).reshape(-1)
    return (flat[:, None] - flat[None, :])[np.triu_indices(len(flat), 1)]


def _zeros(measure: Callable[[float], float], grid: Array, values: Array) -> Iterator[float]:
    beside = np.append(values[1:], 1.0) != 0  # what is zero all along is no root
    yield from (float(t) for t in grid[(values == 0) & (beside | (np.append(1.0, values[:-1]) != 0))])
    with np.errstate(all="ignore"):
        crossing = np.flatnonzero(values[1:] * values[:-1] < 0)
        sizes = np.abs(values)
        lowest = 1 + np.flatnonzero(
            (sizes[1:-1] < sizes[:-2]) & (sizes[1:-1] < sizes[2:]) & (values[2:] * values[:-2] > 0)
        )
    for i in crossing:
        yield _crossed(measure, float(grid[i]), float(grid[i + 1]), float(values[i]))
    for i in lowest:
        t = _lowest(measure, float(grid[i - 1]), float(grid[i + 1]))
        if abs(measure(t)) <= TOUCHES * max(sizes[i - 1], sizes[i + 1]):
            yield t


def _crossed(measure: Callable[[float], float], low: float, high: float, at_low: float) -> float:
    """Where a measure changes its sign: to the last bit, or exactly zero."""
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        value = measure(middle)
        if value == 0 or middle in (low, high):
            return middle
        low, high = (middle, high) if value * at_low > 0 else (low, middle)
    return (low + high) / 2


def _lowest(measure: Callable[[float], float], low: float, high: float) -> float:
    """Where the size of a measure is least, by sections."""
    for _ in range(HALVINGS):
        one, other = low + (high - low) / 3, high - (high - low) / 3
        low, high = (low, other) if abs(measure(one)) <= abs(measure(other)) else (one, high)
    return (low + high) / 2
