"""A function of one variable with paths along its curve."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from sklon._base.canvas import SOFT, TONES

from .frame import frame_of
from .landscape import FIRST, draw_found, draw_lost, draw_start, heights_at
from .ticks import label_ticks

if TYPE_CHECKING:
    from sklon.calculus.descent.descent import Descent

Array: TypeAlias = np.ndarray[Any, Any]
PLACES = 601
"""Points at which the curve is computed."""
TALLEST = 1.4
"""The height of what is shown, in that of the paths: a curve may leave the picture."""


def draw_line(descents: Sequence[Descent], axes: Any) -> None:
    """The curve, and the paths as points on it, joined in their order."""
    frame = frame_of(descents, (0,))
    x = np.linspace(frame.low[0], frame.high[0], PLACES)
    heights = heights_at(descents[0].subject.function, x[:, None])
    axes.plot(x, heights, "-", color=SOFT, lw=1.6, zorder=2)
    for i, descent in enumerate(descents):
        tone = TONES[i % len(TONES)]
        if descent.outcome.kind == "diverged":
            draw_lost(axes, _on_curve(descent), tone, inside=frame.inside(descent.points))
        else:
            draw_found(axes, _on_curve(descent), tone)
    following = np.concatenate([_on_curve(d)[1 : 1 + FIRST] for d in descents])
    draw_start(axes, _on_curve(descents[0])[0], following)
    low, high = _reach(descents, heights, x)
    axes.set(xlim=(x[0], x[-1]), ylim=(low, high), xlabel=descents[0].subject.names[0], ylabel="f")
    label_ticks(axes)


def _on_curve(descent: Descent) -> Array:
    """The points of a path with their values: [turns, 2]."""
    return np.stack([descent.points[:, 0], descent.values], axis=1)


def _reach(descents: Sequence[Descent], heights: Any, x: Any) -> tuple[float, float]:
    """From the lowest to above the highest value of the paths within the frame, as far as the curve goes."""
    inside = [d.values[(d.points[:, 0] >= x[0]) & (d.points[:, 0] <= x[-1])] for d in descents]
    values = np.concatenate(inside)
    bottom = float(min(values.min(), np.nanquantile(heights, 0.01)))
    top = float(min(np.nanmax(heights), bottom + TALLEST * max(float(values.max()) - bottom, 1e-300)))
    top = max(top, float(values.max()))
    space = 0.06 * (top - bottom) or 1.0
    return bottom - space, top + space
