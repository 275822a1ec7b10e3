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

HUGE = 1e3
"""A path that falls so many times below the height of its start is drawn on an axis that is logarithmic there."""


def draw_values(descents: Sequence[Descent], axes: Any) -> None:
    """f over the steps, one curve a path; above the lowest value that any of them saw where f is not positive."""
    everything = np.concatenate([d.values for d in descents])
    lowest, falls = float(everything.min()), _falls(descents)
    base = lowest if lowest < 0 and not falls else 0.0
    highest = float(everything.max()) - base
    scale = "log" if highest > 0 and not (falls and lowest < 0) else "linear"
    floor = highest * 10.0**-DECADES
    for i, descent in enumerate(descents):
        heights = descent.values - base
        steps = np.flatnonzero(heights > floor) if scale == "log" else np.arange(len(heights))
        axes.plot(steps, heights[steps], "-", color=TONES[i % len(TONES)], lw=1.7, label=descent.label)
        dot = (
            {"marker": "x", "mew": 2, "ms": 7} if descent.outcome.kind == "diverged" else {"marker": "o", "mec": PAPER}
        )
        axes.plot(steps[-1:], heights[steps[-1:]], color=TONES[i % len(TONES)], **dot)
    axes.set(xlabel="step", ylabel="f − lowest value seen" if base else "f", yscale=scale)
    if scale == "linear" and lowest < -HUGE * max(1.0, float(abs(everything[0]))):
        axes.set_yscale("symlog", linthresh=max(1.0, float(abs(everything[0]))))
    axes.xaxis.get_major_locator().set_params(integer=True)
    label_ticks(axes)
    axes.legend(loc="best", fontsize=8.5, labelcolor=INK, frameon=True, facecolor=PAPER, edgecolor="none")


def _falls(descents: Sequence[Descent]) -> bool:
    """Whether a path falls without an end."""
    return any(d.outcome.kind == "diverged" and d.values[-1] < d.values[0] for d in descents)
