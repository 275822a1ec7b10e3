"""Measured against theory: how fast a descent was, how fast it should have been, and how fast it could be."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from math import isfinite, log
from typing import Any, TypeAlias

import numpy as np

from sklon.calculus.subject import Subject
from sklon.calculus.writing import number
from sklon.optim import Optimizer, SGDRule

from .measured import measured_factor
from .quadratic import Curvature, curvature_of
from .spectrum import Best, best_settings, effective, factors, limit

Array: TypeAlias = np.ndarray[Any, Any]
#: measured and theory agree where their logarithms differ by less than this share, or this much
AGREE, AGREE_ABSOLUTE = 0.02, 2e-4
#: a direction in which the first step has less than this share plays no part in the path
ABSENT = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Rate:
    """The factor ρ per step by which the distance to the end shrinks in the long run; above 1 it grows.

    ``measured`` is that of the path, None where it is too short; ``theory`` what follows from the curvatures for this
    start, None where there is no theory. ``eigenvalues`` [n] are those of the Hessian, ``everywhere`` tells that f is a
    quadratic and not only near its end, ``best`` the fastest settings. ``agrees`` is None where nothing is compared.
    """

    measured: float | None
    theory: float | None
    worst: float | None
    eigenvalues: Array | None
    condition: float | None
    everywhere: bool
    best: tuple[Best, ...]
    agrees: bool | None
    verdict: str

    def json(self) -> dict[str, Any]:
        """Everything as numbers, lists and texts."""
        return {
            "measured": self.measured,
            "theory": self.theory,
            "worst": self.worst,
            "eigenvalues": None if self.eigenvalues is None else self.eigenvalues.tolist(),
            "condition": self.condition if self.condition is not None and isfinite(self.condition) else None,
            "quadratic": self.everywhere,
            "best": [asdict(best) for best in self.best],
            "agrees": self.agrees,
            "verdict": self.verdict,
        }

    def __str__(self) -> str:
        rows = [f"measured {_factor(self.measured)}, theory {_factor(self.theory)}: {self.verdict}"]
        if self.eigenvalues is not None and self.condition is not None:
            least, most = (number(self.eigenvalues[i]) for i in (0, -1))
            ends = f"λmin = {least}, λmax = {most}, κ = {number(self.condition)}"
            rows.append(f"curvatures {'of the quadratic' if self.everywhere else 'at the end'}: {ends}")
        rows += [
            f"best {b.method}: lr = {number(b.lr)}, momentum = {number(b.momentum)}, ρ = {number(b.factor)}"
            for b in self.best
        ]
        return "\n".join(rows)


def rate_of(subject: Subject, points: Array, optimizer: Optimizer, units: Array, *, constant: bool) -> Rate:
    """The rate of a path that an optimizer took in variables x/units; ``constant`` tells that no schedule moved it."""
    measured = measured_factor(points / units)
    curvature = curvature_of(subject, points, units)
    rule = optimizer.rule_of(optimizer.param_groups[0])
    absent = _no_theory(rule, curvature, constant)
    theory = worst = agrees = None
    if absent is None and curvature is not None and isinstance(rule, SGDRule):
        theory, worst = _expected(rule, curvature, points / units)
        agrees = None if measured is None or theory is None else _same(measured, theory)
    positive = curvature is not None and curvature.eigenvalues[0] > 0
    return Rate(
        measured=measured,
        theory=theory,
        worst=worst,
        eigenvalues=None if curvature is None else curvature.eigenvalues,
        condition=None if curvature is None else curvature.condition,
        everywhere=curvature is not None and curvature.everywhere,
        best=best_settings(*curvature.eigenvalues[[0, -1]].tolist()) if curvature is not None and positive else (),
        agrees=agrees,
        verdict=absent or _verdict(measured, theory, worst, agrees),
    )


def cause_of(subject: Subject, points: Array, optimizer: Optimizer, units: Array) -> str | None:
    """Why gradient descent on a quadratic diverges; None for other rules and functions."""
    rule = optimizer.rule_of(optimizer.param_groups[0])
    if not isinstance(rule, SGDRule):
        return None
    curvature = curvature_of(subject, points[:1], units)
    if curvature is None or not curvature.everywhere:
        return None
    seen = effective(rule, curvature.eigenvalues)
    least, most, bound = float(seen.min()), float(seen.max()), limit(rule)
    if rule.lr * most > bound:
        longer = float(factors(rule, curvature.eigenvalues).max())
        return (
            f"η·λmax = {number(rule.lr, 4)}·{number(most, 4)} = {number(rule.lr * most, 4)} is above "
            f"{number(bound, 4)}, so each step overshoots and is {number(longer, 4)} times as long as "
            f"the last; η below {number(bound / most, 4)} converges"
        )
    if rule.maximize:
        return "the rule climbs, for maximize is set"
    if least < 0:
        eigenvalue = number(least, 4)
        return f"f has no minimum, for its Hessian has the eigenvalue {eigenvalue}, and the steps go down along that"
    return None


def _no_theory(rule: Any, curvature: Curvature | None, constant: bool) -> str | None:
    """Why there is nothing to compare with; None where there is."""
    if not isinstance(rule, SGDRule):
        return f"there is no theory for {rule.name} here: its steps are not linear in the distance"
    if not constant:
        return "theory speaks of a constant learning rate, and a schedule moves this one"
    if curvature is None:
        return "the Hessian is not finite or too large, and theory needs its eigenvalues"
    if not curvature.everywhere and curvature.eigenvalues[0] <= 0:
        return "f is no quadratic, and where the path ends it has no positive curvature that theory could use"
    return None


def _expected(rule: SGDRule, curvature: Curvature, points: Array) -> tuple[float | None, float]:
    """The largest factor among the directions in which the path moves, and among all."""
    found = factors(rule, curvature.eigenvalues)
    if len(points) < 2:
        return None, float(found.max())
    first = np.abs((points[1] - points[0]) @ curvature.directions)
    taken = first > ABSENT * first.max() if curvature.everywhere else np.full(len(first), True)
    return (float(found[taken].max()) if taken.any() else None), float(found.max())


def _same(measured: float, theory: float) -> bool:
    if not (measured > 0 and theory > 0):
        return abs(measured - theory) <= AGREE
    difference = abs(log(measured) - log(theory))
    return difference <= max(AGREE * abs(log(theory)), AGREE_ABSOLUTE)


def _verdict(measured: float | None, theory: float | None, worst: float | None, agrees: bool | None) -> str:
    if measured is None or theory is None or worst is None:
        return "the path is too short to measure how fast it is"
    way = "grows" if measured > 1 else "shrinks"
    if not agrees:
        return "they differ; either the path is not yet in its long run, or the rule does not do what it says"
    slower = f"; from another start it could be {number(worst)}" if worst > theory * (1 + AGREE_ABSOLUTE) else ""
    return f"they agree, the distance {way} by this factor a step{_decade(measured)}{slower}"


def _decade(factor: float) -> str:
    """How many steps a digit costs."""
    if not 0 < factor < 1:
        return ""
    steps = -log(10) / log(factor)
    return f", a decimal digit costs {number(steps, 3)} steps" if isfinite(steps) else ""


def _factor(value: float | None) -> str:
    return "–" if value is None else f"ρ = {number(value)}"
