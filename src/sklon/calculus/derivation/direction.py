"""How fast f changes along a direction: the derivative along it, and the direction in which f falls fastest.

A direction is a vector of length 1. Where f is differentiable, the derivative along u is ∇f·u, which is least for
u = −∇f/‖∇f‖ (Cauchy and Schwarz), and the same from both sides. Shapes: direction, gradient [n].
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import hypot

import numpy as np

from sklon._base.errors import InputError

from ..differences import TwoSided, directional
from ..subject import Array, Subject
from ..writing import vector
from .ways import fits


@dataclass(frozen=True, slots=True, kw_only=True)
class Steepest:
    """The unit vector of steepest descent, and the rate of f along it, −‖∇f‖."""

    direction: tuple[float, ...]
    rate: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Along:
    """The derivative along a direction.

    ``given`` is the direction as it was given, ``unit`` the same with length 1; ``by_gradient`` is ∇f·unit, or None
    where there is no gradient, and ``differences`` what the values of f along the line say.
    """

    given: tuple[float, ...]
    unit: tuple[float, ...]
    by_gradient: float | None
    differences: TwoSided

    @property
    def normalised(self) -> bool:
        """Whether the direction was given with another length than 1."""
        return abs(hypot(*self.given) - 1.0) > 1e-12

    @property
    def agrees(self) -> bool:
        """Whether ∇f·unit is what the values of f say."""
        return self.by_gradient is not None and fits(self.by_gradient, self.differences)


def steepest(gradient: Array) -> Steepest | None:
    """The direction of steepest descent; None where the gradient is 0 and every direction is as good.

    >>> steepest(np.array([3.0, 4.0]))
    Steepest(direction=(-0.6, -0.8), rate=-5.0)
    """
    length = hypot(*gradient)
    if length == 0.0 or not np.isfinite(length):
        return None
    return Steepest(direction=tuple(float(v) + 0.0 for v in -gradient / length), rate=-length)


def derivative_along(subject: Subject, at: Array, direction: Array, gradient: Array | None) -> Along:
    """The derivative at a point along ``direction``, which is brought to length 1.

    Raises InputError for the zero vector, which points nowhere.
    """
    unit = unit_vector(direction)
    return Along(
        given=tuple(map(float, direction)),
        unit=tuple(map(float, unit)),
        by_gradient=None if gradient is None else float(gradient @ unit),
        differences=directional(subject, at, unit),
    )


def direction_of(names: Sequence[str], along: Sequence[float] | Mapping[str, float]) -> Array:
    """A direction as a vector in the order of the variables; those that a dictionary leaves out do not move.

    Raises InputError where it does not fit them.

    >>> direction_of(["x", "y"], {"y": 2.0}).tolist()
    [0.0, 2.0]
    """
    if isinstance(along, Mapping):
        unknown = [name for name in along if name not in names]
        if unknown:
            raise InputError(f"the direction names {unknown[0]!r}; the variables are {', '.join(names)}")
        along = [along.get(name, 0.0) for name in names]
    try:
        found = np.asarray(along, np.float64).reshape(-1)
    except (TypeError, ValueError) as error:
        raise InputError(f"a direction is made of numbers, not {along!r}") from error
    if len(found) != len(names):
        raise InputError(f"the direction has {len(found)} numbers, but the variables are {', '.join(names)}")
    return found


def unit_vector(direction: Array) -> Array:
    """direction/‖direction‖.

    >>> unit_vector(np.array([0.0, 0.0]))
    Traceback (most recent call last):
        ...
    sklon._base.errors.InputError: (0, 0) has no direction; give a vector that is not zero
    """
    largest = float(np.abs(direction).max(initial=0.0))
    if largest == 0.0 or not np.isfinite(largest):
        what = "a vector that is not zero" if largest == 0.0 else "finite numbers"
        raise InputError(f"{vector(direction)} has no direction; give {what}")
    scaled = direction / largest
    return np.asarray(scaled / np.linalg.norm(scaled))
