"""The line search by itself, along functions of one number."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from sklon.optim import line_search
from sklon.optim.line_search import Point, Search


def _search(
    phi: Callable[[float], float], slope: Callable[[float], float], first: float, most: int = 25
) -> tuple[Point, int]:
    """The point that a search finds, and the evaluations after the first one."""
    one = np.ones(1)

    def evaluate(t: float) -> Point:
        return Point.at(t, phi(t), np.array([slope(t)]), one)

    search = Search(evaluate, evaluate(0.0), most, reach=1.0, tolerance=1e-9)
    return search.run(first), search.used


#: losses along a line with their slopes: a parabola, and one that falls long and ever more slowly
LINES: list[tuple[Callable[[float], float], Callable[[float], float]]] = [
    (lambda t: (t - 3) ** 2, lambda t: 2 * (t - 3)),
    (lambda t: -np.log1p(t) + 1e-3 * t, lambda t: -1 / (1 + t) + 1e-3),
]


@pytest.mark.parametrize("first", [1e-4, 1.0, 50.0])
@pytest.mark.parametrize("line", [0, 1])
def test_what_it_returns_fulfils_the_strong_wolfe_conditions(line: int, first: float) -> None:
    phi, slope = LINES[line]
    t = _search(phi, slope, first)[0].step
    assert phi(t) <= phi(0) + line_search.DECREASE * t * slope(0)
    assert abs(slope(t)) <= line_search.FLATTENING * abs(slope(0))


def test_a_wall_is_not_stepped_over() -> None:
    """−ln(0.5 − t) − 4t is not a number from 0.5 on; the first step lands there."""
    found, _ = _search(
        lambda t: -np.log(0.5 - t) - 4 * t if t < 0.5 else np.nan,
        lambda t: 1 / (0.5 - t) - 4 if t < 0.5 else np.nan,
        1.0,
    )
    assert 0 < found.step < 0.5 and np.isfinite(found.loss)
    assert abs(found.slope) <= line_search.FLATTENING * 2


def test_where_nothing_is_finite_it_stays() -> None:
    found, used = _search(lambda t: np.inf if t else 0.0, lambda t: -1.0, 1.0, most=7)
    assert found.step == 0 and used == 7


def test_infinite_gradients_far_out_are_no_surprise() -> None:
    """∞ − ∞ along a direction of two signs is +∞ to the search, and no warning to the user."""
    far = Point.at(1.0, 3.0, np.array([np.inf, np.inf]), np.array([1.0, -1.0]))
    assert far.loss == np.inf
