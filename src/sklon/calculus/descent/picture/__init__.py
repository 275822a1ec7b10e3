"""Descents as pictures: where the paths went on the function, and the values over the steps."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from sklon._base.errors import InputError
from sklon._base.picture import Picture

from .frame import frame_of
from .landscape import draw_landscape, seen
from .line import draw_line
from .values import draw_values

if TYPE_CHECKING:
    from sklon.calculus.descent.descent import Descent

__all__ = ["picture_of"]
#: inches
PANEL, HEIGHT, ALONE = 4.7, 4.3, 5.8


def picture_of(descents: Sequence[Descent], plane: tuple[str, str] | None = None) -> Picture:
    """Paths of the same function side by side: on the function where that can be drawn, and as values over the steps.

    Of more than two variables the function is drawn over the two of ``plane``, if it is given.
    """
    names = descents[0].subject.names
    shown = _plane(names, plane)
    if len(names) > 2 and plane is None:
        return Picture(draw=partial(_draw_values_alone, descents), width=ALONE, height=HEIGHT * 0.85)
    if len(shown) == 1:
        first: Any = partial(draw_line, descents)
    else:
        frame = frame_of(descents, shown)
        first = partial(draw_landscape, descents, frame, seen(descents, frame))
    return Picture(draw=partial(_draw_both, descents, first), width=2 * PANEL, height=HEIGHT, columns=2)


def _draw_values_alone(descents: Sequence[Descent], axes: Sequence[Any]) -> None:
    draw_values(descents, axes[0])


def _draw_both(descents: Sequence[Descent], first: Any, axes: Sequence[Any]) -> None:
    first(axes[0])
    draw_values(descents, axes[1])


def _plane(names: tuple[str, ...], plane: tuple[str, str] | None) -> tuple[int, ...]:
    """The variables that span the picture, by number."""
    if plane is None:
        return tuple(range(min(2, len(names))))
    if len(plane) != 2 or plane[0] == plane[1] or not set(plane) <= set(names):
        raise InputError(f"a plane is two of the variables {', '.join(names)}, not {plane!r}")
    return names.index(plane[0]), names.index(plane[1])
