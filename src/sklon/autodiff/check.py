"""Whether derivatives are right: reverse mode against central differences, along random directions.

For y = f(x) a random c makes the scalar s₀ = ⟨c, f(x)⟩, whose gradient holds every row of the Jacobian. Along a
random direction v it is s₁ = ⟨∇s₀, v⟩, again a graph, so the same comparison of s₁ checks second derivatives.
One number per order checks a whole Jacobian: a wrong entry is missed with probability zero.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from sklon._base.dtypes import dtype_of, float64
from sklon._base.errors import VerificationError
from sklon._base.shapes import Shape
from sklon.graph.build import Build
from sklon.graph.interpret import evaluate
from sklon.graph.node import Node, slot

from .backward import gradients

Array = np.ndarray[Any, Any]
Values = Mapping[Node, Array]

#: half the distance of the two points of a difference, before the one that halves it
STEP = 2e-3
#: the largest error of a directional derivative, relative to its terms; differences are good to about 1e-9
TOLERANCE = 1e-7


def check_gradients(
    function: Callable[..., Node],
    inputs: Sequence[Any],
    *,
    shapes: Sequence[Shape] | None = None,
    rows: int = 0,
    orders: int = 2,
    seed: int = 0,
) -> None:
    """Compare the derivatives of ``function`` with central differences, up to the given order.

    ``function`` takes one node for each of ``inputs`` and returns a node; its derivatives are taken with respect
    to the inputs of type float64. ``shapes`` tells where an axis of an input is symbolic, ``rows`` is N. All
    points within a few hundredths of the inputs must be smooth. Raises VerificationError if a derivative is wrong.
    """
    arrays = [np.asarray(x) for x in inputs]
    nodes = [
        slot(f"x{i}", "state", x.shape if shapes is None else shapes[i], dtype_of(x.dtype))
        for i, x in enumerate(arrays)
    ]
    values = dict(zip(nodes, arrays, strict=True))
    wrt = [n for n in nodes if n.dtype is float64]
    rng = np.random.default_rng(seed)
    result = function(*nodes)
    scalar: Node | None = _inner(result, _directions(rng, [result], values, rows)[0])
    for order in range(1, orders + 1):
        if scalar is not None:
            _compare(scalar, wrt, values, rows, rng, order)
            scalar = _along(scalar, wrt, _directions(rng, wrt, values, rows))


def _directions(rng: np.random.Generator, nodes: Sequence[Node], values: dict[Node, Array], rows: int) -> list[Node]:
    """New slots of the shapes of ``nodes``, bound to random numbers in ``values``."""
    made = []
    for node, like in zip(nodes, (evaluate((n,), values, rows)[n] for n in nodes), strict=True):
        direction = slot("direction", "state", node.shape, node.dtype)
        values[direction] = rng.standard_normal(like.shape)
        made.append(direction)
    return made


def _inner(node: Node, weights: Node) -> Node:
    """⟨node, weights⟩."""
    build = Build()
    product = build.mul(node, weights)
    return build.reduce(product, fn="sum", axes=tuple(range(len(node.shape)))) if node.shape else product


def _along(scalar: Node, wrt: Sequence[Node], directions: Sequence[Node]) -> Node | None:
    """⟨∇scalar, direction⟩; None where the gradient is zero by structure."""
    build, total = Build(), None
    for g, v in zip(gradients({scalar: build.full_like(1.0, scalar)}, wrt), directions, strict=True):
        if g is not None:
            part = _inner(g, v)
            total = part if total is None else build.add(total, part)
    return total


def _compare(
    scalar: Node, wrt: Sequence[Node], values: Values, rows: int, rng: np.random.Generator, order: int
) -> None:
    directions = {n: rng.standard_normal(values[n].shape) for n in wrt}

    def at(distance: float) -> float:
        moved = {n: values[n] + distance * v for n, v in directions.items()}
        return float(evaluate((scalar,), {**values, **moved}, rows)[scalar])

    coarse, fine = ((at(h) - at(-h)) / (2 * h) for h in (STEP, STEP / 2))
    expected = (4 * fine - coarse) / 3  # Richardson: the error of order h² cancels
    grads = gradients({scalar: Build().full_like(1.0, scalar)}, wrt)
    known = evaluate(tuple(g for g in grads if g is not None), values, rows)
    terms = [known[g] * directions[n] for n, g in zip(wrt, grads, strict=True) if g is not None]
    found = float(sum(t.sum() for t in terms))
    size = 1.0 + abs(at(0.0)) + float(sum(np.abs(t).sum() for t in terms))
    if not abs(found - expected) <= TOLERANCE * size:
        raise VerificationError(
            f"the derivative of order {order} along a random direction is {found!r}, but differences give {expected!r}"
        )
