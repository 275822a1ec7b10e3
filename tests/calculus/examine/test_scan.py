"""Intervals whose breaks are known are found, each where it is; smooth ones have none."""

from __future__ import annotations

import json
from collections.abc import Callable
from math import pi, sqrt
from typing import Any

import numpy as np
import pytest

import sklon
from sklon import Tensor
from sklon._base.errors import InputError
from sklon.calculus.examine import scan

Found = list[tuple[float, str]]


def _branch(x: Tensor) -> Tensor:
    return x * x if x < 1 / 3 else 1 - x


def _bent(x: Tensor) -> Tensor:
    return x * x if x * x < 2 else 2 * x + 2 - 2 * sqrt(2)


ROWS: tuple[tuple[Callable[[Tensor], Tensor] | str, tuple[float, float], Found], ...] = (
    (lambda x: sklon.abs(x) + sklon.floor(x), (-1.5, 1.5), [(-1, "jump"), (0, "jump"), (1, "jump")]),
    (lambda x: 1 / x, (-1, 1), [(0, "pole")]),
    (lambda x: 1 / (x - 0.3) ** 2, (-1, 1.1), [(0.3, "pole")]),
    (sklon.tan, (0, 5), [(pi / 2, "pole"), (3 * pi / 2, "pole")]),
    (_branch, (-1, 1), [(1 / 3, "jump")]),
    (_bent, (0, 3), [(sqrt(2), "kink")]),
    (lambda x: sklon.sin(x) / x, (-1.1, 2), [(0, "removable")]),
    (lambda x: sklon.exp(sklon.sin(3 * x)), (-5, 5), []),
    (lambda x: sklon.sin(1 / x), (-1, 1), [(0, "oscillating")]),
    (sklon.sqrt, (-1, 1), [(0, "edge")]),
    ("abs(x^2 - 2) + sqrt(abs(x))", (-2, 2), [(-sqrt(2), "kink"), (0, "cusp"), (sqrt(2), "kink")]),
    (lambda x: sklon.clip(x, 0.0, 1.0) + sklon.relu(x - 0.7), (-1, 2), [(0, "kink"), (0.7, "kink"), (1, "kink")]),
    (lambda x: sklon.amax(sklon.stack([x, -x, 0 * x + 0.5])), (-1, 1), [(-0.5, "kink"), (0.5, "kink")]),
)


@pytest.mark.parametrize(("function", "interval", "expected"), ROWS)
def test_breaks_are_found_where_they_are(
    function: Callable[[Tensor], Tensor] | str, interval: tuple[float, float], expected: Found
) -> None:
    found = scan(function, interval, cells=256)
    assert [p.kind for p in found] == [kind for _, kind in expected], str(found)
    np.testing.assert_allclose([p.at[0] for p in found], [at for at, _ in expected], atol=1e-12)
    assert f"{(interval[1] - interval[0]) / 256:.3g}" in found.unseen[0]


def test_what_is_narrower_than_a_cell_is_missed_and_that_is_said() -> None:
    def bump(x: Tensor) -> Tensor:
        return sklon.relu(1e-4 - sklon.abs(x - 0.50021)) if abs(float(x) - 0.50021) < 1e-4 else 0 * x

    found = scan(bump, (-1, 1), cells=64)
    assert (len(found), found.unseen[0]) == (0, "what is narrower than 0.0312, the width of a cell, may be missed")


def test_many_breaks_are_examined_in_part_and_that_is_said() -> None:
    found = scan(lambda x: sklon.floor(50 * x), (0.001, 2), cells=256)
    assert found.unexamined > 0
    assert any("more candidates" in told for told in found.unseen)


def test_a_scan_shows_itself() -> None:
    found = scan(sklon.abs, (-1, 1), cells=32)
    assert str(found).startswith("[−1, 1]: 1 point is not smooth")
    assert json.loads(json.dumps(found.json(), allow_nan=False))["points"][0]["kind"] == "kink"
    assert "<svg" in found._repr_html_()
    assert str(scan(sklon.exp, (-1, 1), cells=32)).startswith("[−1, 1]: no point was found")


@pytest.mark.parametrize(
    ("interval", "cells", "message"),
    [
        ((1, -1), 32, "to a larger one"),
        ((0, float("inf")), 32, "to a larger one"),
        (3, 32, "two numbers"),
        ((0, 1), 1, "2 cells"),
    ],
)
def test_intervals_that_are_none_are_refused(interval: Any, cells: int, message: str) -> None:
    with pytest.raises(InputError, match=message):
        scan(sklon.abs, interval, cells=cells)


def test_several_variables_are_refused() -> None:
    with pytest.raises(InputError, match="variables"):
        scan("x*y", (0, 1))
