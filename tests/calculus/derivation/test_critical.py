"""Stationary points of formulas: those of theory, with their kinds; what is given and is none is left out."""

from __future__ import annotations

from math import cos, pi, sqrt
from typing import Any

import numpy as np
import pytest

from sklon._base.errors import InputError
from sklon.calculus import stationary_points
from sklon.calculus.expressions import solving
from sklon.calculus.expressions.solving import Solution

#: a formula with all its stationary points and their kinds
POINTS: dict[str, list[tuple[tuple[float, ...], str]]] = {
    "x1^2 + x1*x2": [((0.0, 0.0), "saddle")],
    "(1 - x)^2 + 100*(y - x^2)^2": [((1.0, 1.0), "minimum")],
    "x^4 - 2x^2 + y^2": [((-1.0, 0.0), "minimum"), ((0.0, 0.0), "saddle"), ((1.0, 0.0), "minimum")],
    "x^4 + y^4 - 4x*y": [((-1.0, -1.0), "minimum"), ((0.0, 0.0), "saddle"), ((1.0, 1.0), "minimum")],
    "x^3 - 6x": [((-sqrt(2),), "maximum"), ((sqrt(2),), "minimum")],
    "x^4/4 - 3x^2/2 + x": [
        ((2 * cos(8 * pi / 9),), "minimum"),
        ((2 * cos(4 * pi / 9),), "maximum"),
        ((2 * cos(2 * pi / 9),), "minimum"),
    ],
    "x^3 - 3x*y^2": [((0.0, 0.0), "undecided")],
    "x*exp(-x)": [((1.0,), "maximum")],
    "ln(x) + 1/x": [((1.0,), "minimum")],
    "x^7/7 - x^3 + x": [  # x⁶ − 3x² + 1 = 0: x² is 2cos(2π/9) or 2cos(4π/9)
        ((-sqrt(2 * cos(2 * pi / 9)),), "maximum"),
        ((-sqrt(2 * cos(4 * pi / 9)),), "minimum"),
        ((sqrt(2 * cos(4 * pi / 9)),), "maximum"),
        ((sqrt(2 * cos(2 * pi / 9)),), "minimum"),
    ],
    "pi*x^3 - 3pi*x": [((-1.0,), "maximum"), ((1.0,), "minimum")],
    "x^6 + 6x": [((-1.0,), "minimum")],
    "exp(x)": [],
    "x^2/x": [],
}


@pytest.mark.parametrize("formula", POINTS)
def test_points_are_those_of_theory(formula: str) -> None:
    found = stationary_points(formula)
    assert found.solved and found.families == ()
    assert [point.kind.name for point in found.points] == [kind for _, kind in POINTS[formula]]
    for point, (at, _) in zip(found.points, POINTS[formula], strict=True):
        assert np.allclose(point.at, at, rtol=1e-12, atol=1e-12)


def test_whole_lines_of_points_are_told_as_equations() -> None:
    found = stationary_points("(x + y)^2")
    assert found.families == ("x = −y",) and str(found) == "Stationary points\n  all points with x = −y"
    assert str(stationary_points("x - x")) == "Stationary points\n  all points"


def test_what_is_not_solved_is_said() -> None:
    found = stationary_points("|x|")
    assert not found.solved and "there may be some" in str(found) and "there may be some" in found._repr_html_()


def test_a_wrong_solution_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    def wrong(*given: Any) -> tuple[Solution, ...]:
        return tuple(Solution({"x": str(x)}, {"x": x}) for x in (0.5, -1.0, 1.0))

    monkeypatch.setattr(solving, "gradient_roots", wrong)
    assert [point.at for point in stationary_points("x - ln(x)").points] == [(1.0,)]  # 0.5 is not, −1 is outside


def test_a_formula_without_variables_has_none() -> None:
    with pytest.raises(InputError, match="has no variables"):
        stationary_points("2")
