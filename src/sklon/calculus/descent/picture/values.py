"""The values of paths over their steps, on a logarithmic axis where that can be."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from sklon._base.canvas import INK, PAPER, TONES

from .ticks import label_ticks

if TYPE_CHECKING:
    from sklon.calculus.descent.descent import Descent

DECADES = 18
"""Shown below the highest value, at the most: what is further down is rounding."""


def draw_values(descents: Sequence[Descent], axes: Any) -> None:
    """f over the steps, one curve a path; above the lowest value that any of them saw where f is not positive."""
    everything = np.concatenate([d.values for d in descents])
    lowest, falls = float(everything.min()), _falls(descents)
    base = lowest if lowest < 0 and not falls else 0.0
    highest = float(everything.max()) - base
    scale = "symlog" if falls and lowest < 0 else "log" if highest > 0 else "linear"
    floor = highest * 10.0**-DECADES
    for i, descent in enumerate(descents):
        heights = descent.values - base
        steps = np.flatnonzero(heights > floor) if scale == "log" else np.arange(len(heights))
        _draw_curve(axes, steps, heights[steps], TONES[i % len(TONES)], descent.label)
    axes.set(xlabel="step", ylabel="f − lowest value seen" if base else "f", yscale=scale)
    axes.xaxis.get_major_locator().set_params(integer=True)
    label_ticks(axes)
    axes.legend(loc="best", fontsize=8.5, labelcolor=INK, frameon=True, facecolor=PAPER, edgecolor="none")


def _draw_curve(axes: Any, steps: Any, heights: Any, tone: str, label: str) -> None:
    axes.plot(steps, heights, "-", color=tone, lw=1.7, label=label)
    axes.plot(steps[-1:], heights[-1:], "o", color=tone, mec=PAPER, mew=1, ms=6)


def _falls(descents: Sequence[Descent]) -> bool:
    """Whether a path falls without an end."""
    return any(d.outcome.kind == "diverged" and d.values[-1] < d.values[0] for d in descents)
