"""The picture of both experiments: how far each way of accumulating is from the whole batch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from sklon.lab.experiment import Record
from sklon.lab.figure import Panel, bars, level
from sklon.lab.text import Text

#: the record's key of a relative difference, whether it should be rounding alone, and what the bar is called
Way: TypeAlias = tuple[str, bool, Text]

#: tones: equal up to rounding, and not equal
SAME, OTHER = 2, 4
#: the least that is drawn: a difference of exactly 0 has no place on a logarithmic axis
LEAST = 1e-17


def differences(record: Record, ways: Sequence[Way], x: Text, bound: float, named: Text) -> Panel:
    """A bar for the relative difference of each way on a logarithmic axis, and the bound of those that are equal."""
    heights = [max(record[key], LEAST) for key, _, _ in ways]
    tones = [SAME if same else OTHER for _, same, _ in ways]
    return Panel(
        x=x,
        y=Text("relative difference", "относительное отличие"),
        y_scale="log",
        y_limits=(LEAST, 10.0),
        marks=(bars([name for _, _, name in ways], heights, tones), level(bound, named)),
    )
