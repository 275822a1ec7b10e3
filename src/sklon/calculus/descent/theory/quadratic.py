"""Whether a function is a quadratic f = ½xᵀAx − bᵀx + c where a path went, and its curvatures, the eigenvalues of A.

The Hessian comes from a second backward pass through our graph, its eigenvalues from NumPy.
Shapes: points [turns, n]; matrix [n, n]; eigenvalues [n], ascending; directions [n, n], in columns.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from sklon.calculus.subject import Subject
from sklon.tensors.creation import tensor
from sklon.tensors.transforms import grad, hessian

Array: TypeAlias = np.ndarray[Any, Any]
#: variables at the most: each costs a backward pass
MOST_VARIABLES = 64
#: how far around the path, in its own size, points lie at which the Hessian has to be the same as at both ends
REACHES = (0.3, 1.0, 1.0, 3.0, 3.0, 3.0)
#: the largest difference, relative to the largest entry, between Hessians that are the same
SAME = 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class Curvature:
    """The Hessian with its eigenvalues and directions; ``everywhere`` or only at the last point of a path."""

    matrix: Array
    eigenvalues: Array
    directions: Array
    everywhere: bool

    @property
    def condition(self) -> float:
        """κ = λmax/λmin; infinite where that is no minimum."""
        least, most = float(self.eigenvalues[0]), float(self.eigenvalues[-1])
        return most / least if least > 0 else float("inf")


def curvature_of(subject: Subject, points: Array, units: Array) -> Curvature | None:
    """The curvature along a path, in variables x/units; None where the Hessian is not finite or too large.

    It holds everywhere where Hessians at both ends and at points around the path are the same, and gradients differ
    as they say: a function with kinks has a constant Hessian too, namely zero.
    """
    if points.shape[1] > MOST_VARIABLES:
        return None
    gradient, matrix = second_order(subject, points[-1])
    if not np.isfinite(matrix).all():
        return None
    everywhere = all(
        np.allclose(other, matrix, rtol=0, atol=SAME * np.abs(matrix).max())
        and np.allclose(slope - gradient, matrix @ (at - points[-1]), rtol=SAME, atol=SAME * np.abs(slope).max())
        for at in _probes(points)
        for slope, other in [second_order(subject, at)]
    )
    scaled = units[:, None] * matrix * units
    return Curvature(scaled, *np.linalg.eigh(scaled), everywhere)


def second_order(subject: Subject, at: Array) -> tuple[Array, Array]:
    """∇f [n] and the symmetric ∇²f [n, n] at a point, by a way back through the way back."""
    x = tensor(at, dtype="float64")
    matrix = hessian(subject.function)(x).numpy()
    return grad(subject.function)(x).numpy(), (matrix + matrix.T) / 2


def _probes(points: Array) -> list[Array]:
    """The start, and points around the path, near and far, always the same for the same path."""
    low, high = points.min(0), points.max(0)
    size = np.maximum(high - low, np.maximum(1.0, np.abs(points).max(0)))
    random = np.random.default_rng(0)
    far = [size * reach * random.uniform(-1, 1, len(size)) for reach in REACHES]
    return [points[0], *((low + high) / 2 + away for away in far)]
