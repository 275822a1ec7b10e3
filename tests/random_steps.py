"""Random training steps: a random graph, its losses and their gradients, updates of all kinds, and values."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from hypothesis import strategies as st

from sklon._base.dtypes import Dtype, float64, int32
from sklon.autodiff import gradients
from sklon.graph.node import Graph, Node, slot
from sklon.ops import BUILD as b

from .executors import Trial, named_slots, random_arrays
from .random_combinations import COMBINED
from .random_graphs import CLASSES, MOVES, SMOOTH, Grower, Move, columns

TABLE = 300  # rows of the tables of data
LONGEST = 7  # moves
ALL: tuple[Move, ...] = (*MOVES, *COMBINED)
#: without jumps, at which rounding would decide: for comparisons at low precision
CONTINUOUS: tuple[Move, ...] = (*SMOOTH, *COMBINED)
Updates = list[tuple[Node, Node]]


def loss_of(node: Node) -> Node:
    """Σ tanh(y)² of a value, as a scalar."""
    bounded = b.tanh(node)
    squares = b.mul(bounded, bounded)
    return b.reduce(squares, fn="sum", axes=tuple(range(len(node.shape)))) if node.shape else squares


def gradient_penalty(g: Grower, loss: Node) -> Node:
    """The squared norm of a gradient, whose own gradient is of second order."""
    found = [d for d in gradients({loss: b.full_like(1.0, loss)}, g.parameters) if d is not None]
    if not found:
        return loss_of(g.pool[-1])
    return loss_of(b.div(found[-1], g.spread(g.count(), found[-1].shape)))


def sgd(g: Grower, p: Node, grad: Node) -> Updates:
    rate = b.full(0.1, p.shape, g.dtype)
    return [(p, b.sub(p, b.mul(rate, grad)))]


def momentum(g: Grower, p: Node, grad: Node) -> Updates:
    m = slot(f"m{g.parameters.index(p)}", "state", p.shape, g.dtype)
    new = b.add(b.mul(m, g.full(0.9, m)), grad)
    return [(m, new), (p, b.sub(p, b.mul(g.full(0.1, p), new)))]


def adam(g: Grower, p: Node, grad: Node) -> Updates:
    m, v = (slot(f"{k}{g.parameters.index(p)}", "state", p.shape, g.dtype) for k in "mv")
    first = b.add(b.mul(g.full(0.9, m), m), b.mul(g.full(0.1, m), grad))
    second = b.add(b.mul(g.full(0.99, v), v), b.mul(g.full(0.01, v), b.mul(grad, grad)))
    below = b.add(b.sqrt(b.abs(second)), g.full(0.1, v))
    return [(m, first), (v, second), (p, b.sub(p, b.mul(g.full(0.01, p), b.div(first, below))))]


def swap(g: Grower) -> Updates:
    shape = (g.width(), g.width())
    left, right = (slot(f"swap_{k}", "state", shape, g.dtype) for k in "ab")
    return [(left, right), (right, left)]


def transposed_state(g: Grower) -> Updates:
    k = g.width()
    a = slot("square", "state", (k, k), g.dtype)
    return [(a, b.add(b.mul(a, g.full(0.5, a)), b.expand(a, shape=(k, k), dims=(1, 0))))]


def running(g: Grower) -> Updates:
    """A statistic of the batch, and a state that reads another's old value."""
    h = g.matrix()
    k = columns(h)
    mean = b.reduce(b.div(b.tanh(h), g.spread(g.count(), h.shape)), fn="sum", axes=(0,))
    a, c = (slot(f"stat_{i}", "state", (k,), g.dtype) for i in "ab")
    return [(a, b.add(b.mul(a, g.full(0.9, a)), mean)), (c, b.add(a, b.mul(c, g.full(0.5, c))))]


def product_state(g: Grower) -> Updates:
    k = g.width()
    a, c = (slot(f"power_{i}", "state", (k, k), g.dtype) for i in "ab")
    return [(a, b.tanh(b.contract(a, c, a="ik", b="kj", out="ij"))), (c, b.tanh(a))]


def counter(g: Grower) -> Updates:
    """An integer and a scalar that run along, the scalar by the integer."""
    t = slot("t", "state", (), int32)
    power = slot("power", "state", (), g.dtype)
    factor = b.div(b.full(1.0, (), g.dtype), b.cast(b.add(t, b.full(2.0, (), int32)), dtype=g.dtype))
    return [(t, b.add(t, b.full(1.0, (), int32))), (power, b.mul(power, factor))]


def large_state(g: Grower) -> Updates:
    """States of several units: one from itself and its transpose, one from the first's old value, one from sums."""
    shape = (g.draw(st.sampled_from((190, 256))),) * 2
    a, c = (slot(f"large_{i}", "state", shape, g.dtype) for i in "ab")
    r = slot("large_r", "state", shape[:1], g.dtype)
    axis = g.draw(st.sampled_from((0, 1)))
    mean = b.div(b.reduce(a, fn="sum", axes=(axis,)), b.full(shape[0], shape[:1], g.dtype))
    turned = b.expand(a, shape=shape, dims=(1, 0))
    new = turned if g.draw(st.booleans()) else b.tanh(b.sub(a, g.spread(r, shape, g.draw(st.sampled_from((0, 1))))))
    return [(a, new), (c, b.add(b.tanh(c), a)), (r, mean)]


RULES: tuple[Callable[[Grower, Node, Node], Updates], ...] = (sgd, momentum, adam)
STATES: tuple[Callable[[Grower], Updates], ...] = (
    swap, transposed_state, running, product_state, counter, large_state,
)  # fmt: skip


@st.composite
def trials(draw: st.DrawFn, dtype: Dtype = float64, moves: Sequence[Move] = ALL) -> Trial:
    """A step: some moves, one or two heads, the gradients of the parameters, updates, and outputs of any kind."""
    g = Grower(draw, dtype)
    g.keep(g.data(g.width()))
    for move in draw(st.lists(st.sampled_from(moves), min_size=1, max_size=LONGEST)):
        move(g)
    losses = _losses(g)
    updates = _trained(g, losses)
    for state in draw(st.lists(st.sampled_from(STATES), max_size=2, unique=True)):
        updates += state(g)
    graph = Graph(tuple(_outputs(g, losses)), tuple(updates))
    max_rows = draw(st.sampled_from((1, 5, 63, 64, 65, 130, 200)))
    rows = tuple(draw(st.lists(st.integers(1, max_rows), min_size=1, max_size=3)))
    return bind(graph, max_rows, rows, draw(st.integers(0, 1000)))


def _losses(g: Grower) -> list[Node]:
    heads = [*g.draw(st.lists(st.sampled_from(g.pool), min_size=1, max_size=2, unique=True)), g.pool[-1]]
    losses = [loss_of(h) for h in heads]
    return [*losses, gradient_penalty(g, losses[0])] if g.draw(st.booleans()) else losses


def _trained(g: Grower, losses: list[Node]) -> Updates:
    """The parameters that a loss depends on, updated by one rule."""
    rule = g.draw(st.sampled_from(RULES))
    seeds = {loss: b.full_like(1.0, loss) for loss in losses}
    updates: Updates = []
    for p, grad in zip(g.parameters, gradients(seeds, g.parameters), strict=True):
        if grad is not None:
            updates += rule(g, p, b.div(grad, g.spread(g.count(), p.shape)))
    return updates


def _outputs(g: Grower, losses: list[Node]) -> list[tuple[str, Node]]:
    outputs = [(f"loss{i}", loss) for i, loss in enumerate(losses)]
    by_rows, whole = g.draw(st.tuples(st.booleans(), st.booleans()))
    if by_rows:
        outputs.append(("rows", g.draw(st.sampled_from(g.pool))))
    if g.parameters and whole:
        outputs.append(("slot", g.draw(st.sampled_from(g.parameters))))
    return outputs


def bind(graph: Graph, max_rows: int, rows: tuple[int, ...], seed: int) -> Trial:
    """Random values for all slots."""
    rng = np.random.default_rng(seed)
    arrays = random_arrays(graph, TABLE, seed, CLASSES)
    scalars = rng.uniform(0.1, 1.0, (len(rows), len(named_slots(graph, "scalar"))))
    for position, node in enumerate(named_slots(graph, "scalar").values()):
        if not node.dtype.is_floating:
            scalars[:, position] = np.arange(len(rows))
    return Trial(graph, max_rows, rows, arrays, rng.integers(0, TABLE, sum(rows)).astype(np.int32), scalars)
