"""Sliders and values: every default can be reached, ends are ends, and groups act as one."""

from __future__ import annotations

import pytest

from sklon.lab.controls import Choice
from sklon.lab.page.knobs import GROUPS, acts
from sklon.lab.page.sliding import Scale
from sklon.lab.playground import CONTROLS, Row

NUMBERS = [pytest.param(r, id=r.name) for r in CONTROLS if not isinstance(r.control, Choice) and r.name != "seed"]


@pytest.mark.parametrize("row", NUMBERS)
def test_positions_and_values_belong_together(row: Row) -> None:
    scale = Scale.of(row)
    low, high = row.control.ends
    values = [scale.value(position) for position in range(scale.low, scale.high + 1)]
    assert values[0] == low and values[-1] == high and values == sorted(values)
    assert scale.value(scale.position(row.control.default)) == row.control.default
    assert len(values) <= 2000 and all(row.control.read(value) == value for value in values)


def test_every_control_is_in_one_group_that_acts_as_one() -> None:
    assert sorted(name for _, names in GROUPS for name in names) == sorted(row.name for row in CONTROLS)
    assert all(acts(names) for _, names in GROUPS)
