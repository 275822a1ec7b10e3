"""The values of paths over their steps, on a logarithmic axis where that can be."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from sklon._base.canvas import INK, PAPER, TONES

from .ticks import label_ticks

if TYPE_CHECKING:
    from sklon.calculus.descent.descent import Descent

Array: TypeAlias = np.ndarray[Any, Any]
DECADES = 18
"""Shown below the highest value, at the most: what is further down is rounding."""
HUGE = 1e3
"""A path that falls so many times below the height of its start is drawn on an axis that is logarithmic there."""
FEW = 100.0
"""Values that differ by less than this factor see a power of ten or two, or none."""
NEAR = 1e-6
"""A lowest value that is a smaller share of the highest is as good as 0."""


def draw_values(descents: Sequence[Descent], axes: Any) -> None:
    """f over the steps, one curve a path; above the lowest value that any of them saw where that is not near 0."""
    everything = np.concatenate([d.values for d in descents])
    base = _base(descents, everything)
    highest = float(everything.max()) - base
    if highest > 0 and everything.min() >= base:
        floor = highest * 10.0**-DECADES
        _logarithmic(axes, everything - base, floor)
    else:
        _falling(axes, everything)
        floor = -np.inf
    for i, descent in enumerate(descents):
        heights = descent.values - base
        steps = np.flatnonzero(heights > floor)
        _draw_curve(axes, steps, heights[steps], TONES[i % len(TONES)], descent)
    axes.set(xlabel="step", ylabel="f − lowest value seen" if base else "f")
    axes.xaxis.get_major_locator().set_params(integer=True)
    label_ticks(axes)
    axes.legend(loc="best", fontsize=8.5, labelcolor=INK, frameon=True, facecolor=PAPER, edgecolor="none")


def _base(descents: Sequence[Descent], everything: Array) -> float:
    """The height above which values are drawn: 0, or the lowest one if that is a minimum away from 0, or below it."""
    lowest, highest = float(everything.min()), float(everything.max())
    if any(d.outcome.kind == "diverged" and d.values[-1] < d.values[0] for d in descents):
        return 0.0
    found = any(d.outcome.kind == "converged" for d in descents)
    return lowest if lowest < 0 or (found and lowest > NEAR * highest) else 0.0


def _logarithmic(axes: Any, heights: Array, floor: float) -> None:
    """A logarithmic axis, with numbers between the powers of ten where there are few of these."""
    axes.set_yscale("log")
    seen = heights[heights > floor]
    if seen.max() < FEW * seen.min():
        axes.yaxis.get_major_locator().set_params(subs=(1.0, 2.0, 5.0))


def _falling(axes: Any, everything: Array) -> None:
    """An axis for values that fall below 0 without an end: linear, unless they fall far."""
    height = max(1.0, float(abs(everything[0])))
    if everything.min() < -HUGE * height:
        axes.set_yscale("symlog", linthresh=height)


def _draw_curve(axes: Any, steps: Array, heights: Array, tone: str, descent: Descent) -> None:
    axes.plot(steps, heights, "-", color=tone, lw=1.7, label=descent.label)
    lost = descent.outcome.kind == "diverged"
    end = {"marker": "x", "mew": 2, "ms": 7} if lost else {"marker": "o", "mec": PAPER}
    axes.plot(steps[-1:], heights[-1:], color=tone, **end)
