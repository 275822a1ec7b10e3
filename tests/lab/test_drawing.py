"""The axes of the lab's pictures: whoever looks at a logarithmic one can tell so, and read values from it."""

from __future__ import annotations

from math import log10
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sklon._base.canvas import FEWEST_TICKS, canvas
from sklon.lab.drawing import draw_panel
from sklon.lab.figure import Panel, curve
from sklon.lab.text import LANGUAGES, Language, Text
from tests.lab.results import EXPERIMENTS, result_of

NAMELESS = Text("", "")
#: letters of all names of ticks together that fit under a panel
MOST_LETTERS = 60


def labels(axis: Any) -> list[str]:
    """The names of the ticks that can be seen."""
    low, high = sorted(axis.get_view_interval())
    ticks = axis.get_majorticklocs()
    names = axis.get_major_formatter().format_ticks(ticks)
    return [name for tick, name in zip(ticks, names, strict=True) if low <= tick <= high]


def logarithmic(panel: Panel, language: Language) -> dict[str, list[str]]:
    """The names of the ticks of each logarithmic axis of a panel."""
    with canvas(4.4, 3.3) as ((axes,), _):
        draw_panel(axes, panel, language)
        scales = {"x": (axes.xaxis, panel.x_scale), "y": (axes.yaxis, panel.y_scale)}
        return {name: labels(axis) for name, (axis, scale) in scales.items() if scale == "log"}


@pytest.mark.parametrize("number", EXPERIMENTS)
def test_a_logarithmic_axis_of_an_experiment_has_ticks_that_tell(number: str) -> None:
    for language in LANGUAGES:
        for panel in result_of(number).figure.panels:
            for axis, names in logarithmic(panel, language).items():
                assert len({*names} - {""}) == len(names) >= FEWEST_TICKS, (axis, names)
                assert axis == "y" or sum(map(len, names)) <= MOST_LETTERS, names


def test_there_are_such_axes() -> None:
    assert set(logarithmic(result_of("E24b").figure.panels[1], "en")) == {"x", "y"}


@given(st.floats(-12, 12), st.floats(log10(1.02), 12))
def test_whatever_the_ends_of_a_logarithmic_axis_it_has_ticks(low: float, decades: float) -> None:
    panel = Panel(
        x=NAMELESS, y=NAMELESS, x_scale="log", y_scale="log", y_limits=(10**low, 10 ** (low + decades)),
        marks=(curve([10**low, 10 ** (low + decades)], [10**low, 10 ** (low + decades)]),),
    )  # fmt: skip
    for names in logarithmic(panel, "en").values():
        assert FEWEST_TICKS <= len(names) == len({*names}) <= 12, names
