"""How the positions of a slider and the values of a control belong together: evenly, or by their logarithms."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from sklon.lab.controls import Real, Whole
from sklon.lab.playground import Row

#: positions of a logarithmic slider; decades below its high end, where its low end is 0
POSITIONS, DECADES = 200, 6
#: significant digits that a logarithmic slider gives, decimals that an even one does
DIGITS, DECIMALS = 2, 2


@dataclass(frozen=True, slots=True)
class Scale:
    """Positions from ``low`` to ``high`` for the values of a control that is a number.

    >>> from sklon.lab.playground import CONTROLS
    >>> rate = Scale.of(next(row for row in CONTROLS if row.name == "learning_rate"))
    >>> rate.low, rate.high, rate.value(rate.position(0.03))
    (0, 200, 0.03)
    """

    control: Whole | Real
    logarithmic: bool

    @staticmethod
    def of(row: Row) -> Scale:
        """The scale of a control."""
        assert isinstance(row.control, Whole | Real)
        return Scale(row.control, row.logarithmic)

    @property
    def low(self) -> int:
        """The first position."""
        return 0 if self.logarithmic else self._even(self.control.low)

    @property
    def high(self) -> int:
        """The last position."""
        return POSITIONS if self.logarithmic else self._even(self.control.high)

    def position(self, value: float) -> int:
        """The position nearest to a value."""
        if not self.logarithmic:
            return self._even(value)
        low, high = self._ends
        if value < low:
            return 0
        return max(self._first, round(POSITIONS * math.log(value / low) / math.log(high / low)))

    def value(self, position: int) -> Any:
        """The value at a position, rounded to what people would write."""
        if not self.logarithmic:
            return position if isinstance(self.control, Whole) else round(position / 10**DECIMALS, DECIMALS)
        low, high = self._ends
        if position < self._first:
            return self.control.low
        exact = low * (high / low) ** (position / POSITIONS)
        rounded = float(f"{exact:.{DIGITS - 1}e}")
        return round(rounded) if isinstance(self.control, Whole) else rounded

    @property
    def _ends(self) -> tuple[float, float]:
        """The ends of the logarithms."""
        high = float(self.control.high)
        return (float(self.control.low) or high / 10**DECADES), high

    @property
    def _first(self) -> int:
        """The first position that is not 0."""
        return 0 if self.control.low else 1

    def _even(self, value: float) -> int:
        return int(value) if isinstance(self.control, Whole) else round(value * 10**DECIMALS)
