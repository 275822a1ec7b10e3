"""How the tiles of a product cover it, for people who look at a program."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Tiling:
    """Tiles of ``heights`` rows, the tallest first, times ``width`` columns.

    They go through ``panels`` panels of columns and one of the ``rest`` columns; an iteration takes ``unroll`` steps of
    the sum. The lanes run over columns, or, where ``over_terms``, over the terms of the sum.
    """

    heights: tuple[int, ...]
    width: int
    panels: int
    rest: int
    unroll: int
    over_terms: bool

    def __str__(self) -> str:
        """As ``8×48 ×10 +32 u2``: rows × columns, panels, columns that are left, steps of an iteration."""
        panels = f" ×{self.panels}" if self.panels > 1 else ""
        rest = f" +{self.rest}" if self.rest else ""
        unroll = f" u{self.unroll}" if self.unroll > 1 else ""
        return f"{self.heights[0]}×{self.width}{panels}{rest}{unroll}" + (" over terms" if self.over_terms else "")
