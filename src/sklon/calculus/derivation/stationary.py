"""What kind of point it is: not stationary, a minimum, a maximum, a saddle, or left open by second derivatives.

Near a point with ∇f = 0, f is ½dᵀHd up to terms of third order, so the signs of the eigenvalues of H decide; where one
of them is 0, the terms beyond decide, and H does not know them (x⁴ + y⁴ and x³ − 3xy² have the same H at 0).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import hypot

import numpy as np

from ..subject import Array
from ..writing import number

#: a point is taken for stationary if Newton's step from it is at most so long, relative to its size and at least 1:
#: what is left of a point that is written with six decimals; what the rounding of the point makes of a gradient
NEAR, ROUNDING = 1e-6, 1e-12
#: by how much Newton's step has to shrink the gradient, for the point to be near a stationary one
SHRINKS = 0.1
#: derivatives beyond the second that are asked where f″ = 0
ORDINALS = {3: "third", 4: "fourth", 5: "fifth", 6: "sixth", 7: "seventh", 8: "eighth"}
#: an eigenvalue below this share of the largest one is taken for 0
SINGULAR = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """The kind of a point, with the reason.

    The names are "not stationary", "minimum", "maximum", "saddle", "inflection" and "undecided".

    ``stationary`` says whether ∇f = 0 there; None where there is no gradient to ask.
    """

    name: str
    reason: str
    stationary: bool | None


def kind_of(at: Array, gradient: Array, hessian: Array, gradient_at: Callable[[Array], Array]) -> Kind:
    """The kind of the point ``at``, from its gradient and Hessian; ``gradient_at`` is asked one Newton step away.

    >>> saddle = np.array([[2.0, 1.0], [1.0, 0.0]])
    >>> kind_of(np.zeros(2), np.zeros(2), saddle, lambda x: saddle @ x).name
    'saddle'
    """
    if not np.isfinite(hessian).all():
        return Kind(name="undecided", reason="a second derivative has no finite value here", stationary=None)
    distance = _distance(at, gradient, hessian, gradient_at)
    if distance is None:
        return not_stationary(gradient)
    name, reason = _by_curvature(np.linalg.eigvalsh(hessian), _ONE if len(at) == 1 else _MANY)
    about = f"; ∇f = 0 is {number(distance)} away" if distance > ROUNDING else ""
    return Kind(name=name, reason=reason + about, stationary=True)


def kind_by_order(derivatives: Sequence[float]) -> Kind | None:
    """The kind of a point of one variable with f′ = f″ = 0, from f‴, f⁗ and so on; None where none of them decides.

    The first derivative that is not 0 decides: of even order by its sign; of odd order f goes through.

    >>> kind_by_order([0.0, 24.0]).name, kind_by_order([6.0]).name, kind_by_order([0.0])
    ('minimum', 'inflection', None)
    """
    largest = max(map(abs, derivatives), default=0.0)
    for order, value in enumerate(derivatives, start=3):
        if abs(value) > SINGULAR * largest:
            first = f"the first derivative that is not 0 is the {ORDINALS[order]}, {number(value)}"
            if order % 2:
                return Kind(name="inflection", reason=f"{first}: of odd order, so f goes on through", stationary=True)
            name = "minimum" if value > 0 else "maximum"
            return Kind(name=name, reason=f"{first}: of even order", stationary=True)
    return None


def not_stationary(gradient: Array) -> Kind:
    """The kind of a point whose gradient is not 0."""
    length = f"f′ = {number(gradient[0])}" if len(gradient) == 1 else f"‖∇f‖ = {number(hypot(*gradient))}"
    return Kind(name="not stationary", reason=f"{length}, not 0", stationary=False)


def _distance(at: Array, gradient: Array, hessian: Array, gradient_at: Callable[[Array], Array]) -> float | None:
    """How far the stationary point is that this one stands for; None if it stands for none."""
    size, length = float(np.abs(at).max(initial=0.0)), hypot(*gradient)
    steepness = float(np.linalg.norm(hessian, 2))
    if length <= ROUNDING * steepness * size:
        return 0.0
    size = max(1.0, size)
    if length > NEAR * steepness * size:
        return None
    step = np.linalg.pinv(hessian, rcond=SINGULAR, hermitian=True) @ gradient
    left, distance = hypot(*gradient_at(at - step)), hypot(*step)
    return distance if distance <= NEAR * size and left <= SHRINKS * length else None


@dataclass(frozen=True, slots=True)
class _Words:
    """How curvature is told."""

    up: str
    down: str
    flat: str
    zero: str


_ONE = _Words("f″ > 0", "f″ < 0", "f″ = 0", "f″ = 0")
_MANY = _Words(
    "all eigenvalues of the Hessian are positive",
    "all eigenvalues of the Hessian are negative",
    f"an eigenvalue of the Hessian is 0 (below {number(SINGULAR)} of the largest)",
    "the Hessian is 0",
)


def _by_curvature(eigenvalues: Array, words: _Words) -> tuple[str, str]:
    """The kind of a stationary point, and why."""
    largest = float(np.abs(eigenvalues).max())
    up = bool((eigenvalues > SINGULAR * largest).any())
    down = bool((eigenvalues < -SINGULAR * largest).any())
    flat = bool((np.abs(eigenvalues) <= SINGULAR * largest).any())
    if up and down:
        return "saddle", "the Hessian has eigenvalues of both signs"
    if not flat:
        return ("minimum", words.up) if up else ("maximum", words.down)
    excluded = {(True, False): "; it is no maximum", (False, True): "; it is no minimum"}.get((up, down), "")
    return "undecided", f"{words.flat if largest else words.zero}: second derivatives do not decide{excluded}"
