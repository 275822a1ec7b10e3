"""What a point is, as rows: the first rule that holds decides, and says why.

Each rule is one line of theory about one-sided limits of the function and of its difference quotient.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import isfinite, isnan

import numpy as np

from . import kinds
from .evidence import Evidence, Side
from .tendency import ABSENT, INFINITE, OSCILLATING, UNKNOWN, Tendency

VAGUE = 0.05
"""An error of a limit above this share of the largest value says nothing."""
BLURRED, ROUNDED, NOISE, FIRST = 0.3, 1e-6, 1e4, 6
"""A gap of slopes that is not seen although it is this share of the first quotients, and of the values, and this many
times what rounding makes at the first step."""
Holds = Callable[[Evidence], bool]


@dataclass(frozen=True, slots=True)
class Rule:
    """A kind, when it applies, and the variety of it that is told."""

    kind: str
    holds: Holds
    variety: Callable[[Evidence], str]


def rule_for(evidence: Evidence) -> Rule:
    """The first rule that holds."""
    return next(rule for rule in RULES if rule.holds(evidence))


# ---- conditions
def _function(kind: str) -> Holds:
    return lambda e: any(s.function.kind == kind for s in e.sides)


def _derivative(kind: str) -> Holds:
    return lambda e: any(s.derivative.kind == kind for s in e.sides)


def _one_sided(e: Evidence) -> bool:
    return len(e.sides) < 2


def _kinked(e: Evidence) -> bool:
    return abs(e.gap) > e.resolution


def _vague(e: Evidence) -> bool:
    """A limit is known too badly to say that there is one, although the values move."""
    moving = (s for s in e.sides if s.function.is_finite and np.ptp(s.samples.values) > 0)
    return any(s.function.error > VAGUE * _largest(e) for s in moving)


def _blurred(e: Evidence) -> bool:
    """The difference quotients are known too badly to compare them: what is left of them is rounding."""
    first = [float(np.nanmax(np.abs(s.quotients[:FIRST]))) for s in e.sides]
    slopes = max(*first, *(abs(s.derivative.limit) for s in e.sides))
    noise = max(float(s.samples.noise[0] / s.samples.steps[0]) for s in e.sides)
    return e.resolution > max(BLURRED * slopes, ROUNDED * _largest(e), NOISE * noise)


def _too_fast(e: Evidence) -> bool:
    """What has no limit has unbounded slopes next to the point; with bounded ones it is only fast (mean value)."""
    swinging = [s for s in e.sides if s.function.kind == OSCILLATING]
    return any(s.slopes.is_finite or isfinite(s.slopes.low) for s in swinging)


def _largest(e: Evidence) -> float:
    """The largest size of a value that was seen."""
    sizes = [np.abs(s.samples.values) for s in e.sides]
    return max(float(np.nanmax(size)) for size in sizes)


def _rough(e: Evidence) -> bool:
    """Slopes go to and fro: those of reverse mode, or those of chords where it has none to show."""
    return any((s.chords if s.slopes.kind in (ABSENT, UNKNOWN) else s.slopes).kind == OSCILLATING for s in e.sides)


# ---- varieties
def _pole(e: Evidence) -> str:
    told = [f"{'−∞' if s.function.limit < 0 else '+∞'} from the {name}" for name, s in _named(e, INFINITE)]
    exponents = [s.function.exponent for _, s in _named(e, INFINITE)]
    return f"{' and '.join(told)}{_order(exponents)}"


def _named(e: Evidence, kind: str) -> list[tuple[str, Side]]:
    pairs = (("left", e.left), ("right", e.right))
    return [(name, side) for name, side in pairs if side.function.kind == kind]


def _order(exponents: list[float]) -> str:
    """The order of a pole, where one power of h describes it."""
    if any(isnan(p) for p in exponents):
        return ""
    if any(not isfinite(p) for p in exponents):
        return ", faster than the samples can follow"
    order = -sum(exponents) / len(exponents)
    if abs(order) < 1e-3:
        return ", like a logarithm"
    near = round(order)
    return f", of order {near}" if near > 0 and abs(order - near) < 0.02 else f", like |h|^−{order:.3g}"


def _jump(e: Evidence) -> str:
    fit = [name for name, s in (("left", e.left), ("right", e.right)) if _is_limit(e, s.function)]
    return f"continuous from the {fit[0]}" if len(fit) == 1 else "the value is neither limit"


def _is_limit(e: Evidence, limit: Tendency) -> bool:
    return isfinite(e.value) and abs(e.value - limit.limit) <= 10 * limit.error + min(e.tolerance, 1e-9)


def _removable(e: Evidence) -> str:
    return "a point is moved" if isfinite(e.value) else "the value is missing"


def _cusp(e: Evidence) -> str:
    signs = [s.derivative.limit for s in e.sides if s.derivative.kind == INFINITE]
    if len(signs) < 2:
        return "one-sided derivative infinite on one side only"
    return "vertical tangent" if signs[0] == signs[1] else "the one-sided derivatives are infinite with opposite signs"


def _oscillates(e: Evidence) -> str:
    bounded = all(isfinite(s.function.low) for s in e.sides if s.function.kind == OSCILLATING)
    return "the function has no limit" if bounded else "the function has no limit and no bound"


def _edge(e: Evidence) -> str:
    if not e.sides:
        return "an isolated point of the domain"
    return f"defined to the {'left' if e.right.is_absent else 'right'} only"


def _plain(text: str) -> Callable[[Evidence], str]:
    return lambda e: text


RULES: tuple[Rule, ...] = (
    Rule(kinds.OUTSIDE, lambda e: not e.sides and not isfinite(e.value), _plain("")),
    Rule(kinds.EDGE, lambda e: not e.sides, _edge),
    Rule(kinds.POLE, _function(INFINITE), _pole),
    Rule(kinds.UNDECIDED, _too_fast, _plain("the function goes to and fro faster than the steps shrink")),
    Rule(kinds.OSCILLATING, _function(OSCILLATING), _oscillates),
    Rule(kinds.UNDECIDED, _function(UNKNOWN), _plain("whether a one-sided limit exists")),
    Rule(kinds.UNDECIDED, _vague, _plain("whether a one-sided limit exists: the samples leave it open")),
    Rule(kinds.JUMP, lambda e: not e.limits_agree, _jump),
    Rule(kinds.REMOVABLE, lambda e: not e.value_fits, _removable),
    Rule(kinds.EDGE, _one_sided, _edge),
    Rule(kinds.CUSP, _derivative(INFINITE), _cusp),
    Rule(kinds.OSCILLATING, _derivative(OSCILLATING), _plain("continuous, but the difference quotients have no limit")),
    Rule(kinds.UNDECIDED, _derivative(UNKNOWN), _plain("whether the difference quotients have a limit")),
    Rule(kinds.KINK, _kinked, _plain("")),
    Rule(kinds.UNDECIDED, _blurred, _plain("the difference quotients are lost in rounding")),
    Rule(kinds.ROUGH, _rough, _plain("slopes beside the point go to and fro")),
    Rule(kinds.SMOOTH, lambda e: True, _plain("")),
)
"""From the coarsest break to none."""
