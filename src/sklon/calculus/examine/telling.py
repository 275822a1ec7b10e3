"""What is worth a sentence beside the kind, and what the samples cannot tell, as rows."""

from __future__ import annotations

from collections.abc import Callable
from math import isfinite

import numpy as np

from . import kinds
from .evidence import DOUBT, Evidence, Side
from .line import Line
from .numbers import number, tidy
from .tendency import INFINITE, Tendency, tendency

SAME = 1e-6
"""Second derivatives that differ by less than this share are the same."""


# ---- notes
def notes_of(evidence: Evidence, kind: str) -> tuple[str, ...]:
    """Sentences for what else was found."""
    told = (note(evidence) for wanted, note in NOTES if kind in wanted)
    return tuple(t for t in told if t)


def _second(e: Evidence) -> str:
    """Whether the derivative itself has a kink, or a vertical tangent."""
    left, right = (_bend(s) for s in (e.left, e.right))
    if INFINITE in (left.kind, right.kind):
        return "the derivative is continuous, but the second derivative is unbounded"
    if not (left.is_finite and right.is_finite):
        return ""
    apart, size = abs(right.limit - left.limit), max(abs(left.limit), abs(right.limit))
    if apart <= max(DOUBT * (left.error + right.error), SAME * size):
        return ""
    second = f"{number(left.limit)} from the left and {number(right.limit)} from the right"
    return f"the derivative has a kink: the second derivative is {second}"


def _bend(side: Side) -> Tendency:
    """Where (f′(c ± h) − f′(c))/±h tends, from slopes by reverse mode."""
    samples, here = side.samples, side.derivative
    with np.errstate(all="ignore"):
        bends = samples.side * (samples.slopes - here.limit) / samples.steps
        noise = (samples.slope_noise + here.error) / samples.steps
    return tendency(samples.steps, bends, noise)


def _filled(e: Evidence) -> str:
    base = number(tidy(e.base, min(s.function.error for s in e.sides)))
    if len(e.sides) < 2:
        return f"with f = {base} there, the function is continuous from the side on which it is defined"
    left, right = e.left.derivative, e.right.derivative
    if not (left.is_finite and right.is_finite):
        return f"with f = {base} there, the function is continuous"
    if abs(e.gap) > e.resolution:
        slopes = f"{number(left.limit)} and {number(right.limit)}"
        return f"with f = {base} there, the function is continuous and has a kink with the slopes {slopes}"
    return (
        f"with f = {base} there, the function is differentiable, with the slope {number(tidy(left.limit, left.error))}"
    )


def _order(e: Evidence) -> str:
    powers = [s.quotient.exponent for s in e.sides if s.quotient.kind == INFINITE]
    if not all(isfinite(p) for p in powers):
        return ""
    told = " and ".join(dict.fromkeys("ln h" if abs(p) < SAME else f"h^{number(p, 3)}" for p in powers))
    return f"the difference quotients grow like {told}"


NOTES: tuple[tuple[tuple[str, ...], Callable[[Evidence], str]], ...] = (
    ((kinds.SMOOTH,), _second),
    ((kinds.REMOVABLE,), _filled),
    ((kinds.CUSP, kinds.EDGE), lambda e: _order(e) if any(s.quotient.kind == INFINITE for s in e.sides) else ""),
)


# ---- what cannot be seen
def unseen_of(evidence: Evidence, kind: str, line: Line) -> tuple[str, ...]:
    """What the samples could not tell from what they show."""
    last = evidence.left.samples.steps[-1]
    told = [
        f"what happens within {number(float(last), 2)} of the point, and between the samples (an oscillation faster "
        "than they are, a jump at a number that floating point does not have), cannot be seen"
    ]
    if kind == kinds.SMOOTH:
        told.insert(0, f"a kink whose slopes differ by less than {number(evidence.resolution, 2)} would not be seen")
    if kind in (kinds.KINK, kinds.CUSP, kinds.JUMP):
        told.insert(0, f"a steep or a narrow bend over less than {number(float(last), 2)} would look the same")
    if line.epsilon > np.finfo(np.float64).eps:
        told.append("the function computes in float32: what is finer than that is rounding")
    return tuple(told)
