"""Where along an axis of a buffer an access stands: an affine function of the loop's indices.

A place is a plain number where it is the index along one loop axis (the axis), or nothing but 0 (-1); otherwise an
``Affine``. Slices, flips and the splitting of axes are such functions, so they cost no memory and no loop.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from sklon._base.shapes import Shape


@dataclass(frozen=True, slots=True)
class Affine:
    """start + Σ step·(index along axis); ``terms`` are (axis, step) by ascending axis, no step is 0."""

    terms: tuple[tuple[int, int], ...]
    start: int = 0


Place: TypeAlias = int | Affine
ORIGIN: Place = -1


def affine(place: Place) -> Affine:
    """The place as an affine function.

    >>> affine(2)
    Affine(terms=((2, 1),), start=0)
    """
    if isinstance(place, Affine):
        return place
    return Affine(((place, 1),)) if place >= 0 else Affine(())


def combined(places: tuple[tuple[Place, int], ...], start: int = 0) -> Place:
    """start + Σ step·place, as a plain number where it is one.

    >>> combined(((0, 28), (1, 1)))
    Affine(terms=((0, 28), (1, 1)), start=0)
    >>> combined(((0, 1),))
    0
    """
    steps: dict[int, int] = {}
    for place, factor in places:
        part = affine(place)
        start += factor * part.start
        for axis, step in part.terms:
            steps[axis] = steps.get(axis, 0) + factor * step
    terms = tuple((a, s) for a, s in sorted(steps.items()) if s)
    if start == 0 and not terms:
        return ORIGIN
    if start == 0 and len(terms) == 1 and terms[0][1] == 1:
        return terms[0][0]
    return Affine(terms, start)


def axes_of(place: Place) -> frozenset[int]:
    """The loop axes on which a place depends."""
    if isinstance(place, int):
        return frozenset((place,)) if place >= 0 else frozenset()
    return frozenset(a for a, _ in place.terms)


def step_along(place: Place, axis: int) -> int:
    """By how much a place moves from one index of ``axis`` to the next."""
    if isinstance(place, int):
        return int(place == axis)
    return next((s for a, s in place.terms if a == axis), 0)


def bounds(place: Place, extents: Shape) -> tuple[int, int]:
    """The smallest and the largest value over axes with these extents, which must be numbers where they matter."""
    form = affine(place)
    low = high = form.start
    for axis, step in form.terms:
        extent = extents[axis]
        assert isinstance(extent, int)
        reach = step * (extent - 1)
        low, high = low + min(reach, 0), high + max(reach, 0)
    return low, high
