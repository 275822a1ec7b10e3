"""The Hessian at a point by the same three ways as the gradient, and its eigenvalues. Shapes: every matrix [n, n]."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from .. import differences
from ..differences import Estimate
from ..subject import Array, Subject
from . import reverse
from .ways import fits

#: rows of numbers
Matrix: TypeAlias = tuple[tuple[float, ...], ...]

#: of so many variables at the most the Hessian is asked for: differences need n² lines of values
MOST_VARIABLES = 12
#: second derivatives by differences are worth a comparison up to this error, relative to their size and at least 1
ROUGHLY = 1e-3


@dataclass(frozen=True, slots=True, kw_only=True)
class Hessian:
    """∂²f/∂xᵢ∂xⱼ at a point. ``symbolic`` is None without a formula."""

    symbolic: Matrix | None
    reverse: Matrix
    differences: tuple[tuple[Estimate, ...], ...]

    @property
    def agrees(self) -> bool:
        """Whether all ways give the same matrix, and differences settle to it."""
        return self.settles and all(
            fits(way[i][j], estimate) and fits(way[i][j], estimate, self.reverse[i][j])
            for way in ([self.reverse] if self.symbolic is None else [self.reverse, self.symbolic])
            for i, j, estimate in self._estimates()
        )

    @property
    def settles(self) -> bool:
        """Whether differences are good enough to judge the others: they are not where a slope has a kink."""
        if not np.isfinite(self.reverse).all():
            return False
        size = np.abs(np.diag(self.reverse)) ** 0.5
        return all(e.error <= ROUGHLY * max(1.0, abs(e.value), size[i] * size[j]) for i, j, e in self._estimates())

    def _estimates(self) -> Iterator[tuple[int, int, Estimate]]:
        for i, row in enumerate(self.differences):
            for j, estimate in enumerate(row):
                yield i, j, estimate

    @property
    def eigenvalues(self) -> tuple[float, ...]:
        """Those of the matrix by reverse mode, from the least; none where it is not finite."""
        matrix = np.array(self.reverse)
        return tuple(map(float, np.linalg.eigvalsh(matrix))) if np.isfinite(matrix).all() else ()


def hessian(subject: Subject, at: Array, symbolic: Matrix | None = None) -> Hessian | None:
    """The Hessian of a subject at a point; None of more than 12 variables.

    >>> from sklon.calculus.subject import subject_of
    >>> found = hessian(*subject_of(lambda x, y: x * x + x * y, (1.0, 2.0)))
    >>> found.reverse, found.agrees, [round(value, 4) for value in found.eigenvalues]
    (((2.0, 1.0), (1.0, 0.0)), True, [-0.4142, 2.4142])
    """
    if len(at) > MOST_VARIABLES:
        return None
    rows = tuple(tuple(map(float, row)) for row in reverse.hessian(subject, at))
    return Hessian(symbolic=symbolic, reverse=rows, differences=differences.hessian(subject, at))
