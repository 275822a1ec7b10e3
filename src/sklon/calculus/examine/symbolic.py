"""What SymPy's limits make of the evidence, where there is a formula: they confirm it, sharpen it, or are contradicted.

A limit that agrees with the samples within their errors takes their place, exactly; one where the samples know nothing
does too. Where both know and differ, the samples stand and the contradiction is told.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import isfinite

import numpy as np

from sklon.calculus.expressions.limits import Limit, SideLimits, limits_at

from .evidence import DOUBT, Evidence, Side
from .line import Line
from .numbers import number
from .tendency import ABSENT, FINITE, INFINITE, OSCILLATING, UNKNOWN, Tendency

CLOSE = 1e-9
"""Limits that differ by less than this share are the same, whatever the samples say of their errors."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """The evidence with what SymPy knew, how many limits it ``knew``, and what the samples contradict."""

    evidence: Evidence
    knew: int
    contradictions: tuple[str, ...]
    #: exact limits, as SymPy writes them
    found: tuple[str, ...]


def judged(line: Line, evidence: Evidence) -> Judgement | None:
    """The evidence after SymPy was asked; None where there is no formula in one variable, or no answer."""
    expression = line.subject.expression
    if expression is None or len(expression.variables) != 1:
        return None
    sides = {-1: evidence.left, 1: evidence.right}
    defined = [s for s, side in sides.items() if not side.is_absent]
    limits = limits_at(expression, line.center, defined, evidence.base)
    joined = {s: _joined(side, limits.get(s)) for s, side in sides.items()}
    knew = sum(n for _, n, _ in joined.values())
    told = tuple(t for _, _, against in joined.values() for t in against)
    if not knew and not told:
        return None
    return Judgement(
        evidence=replace(evidence, left=joined[-1][0], right=joined[1][0]),
        knew=knew,
        contradictions=told,
        found=tuple(_told(s, found) for s, found in limits.items() if found.function or found.quotient),
    )


def _told(side: int, found: SideLimits) -> str:
    name = "left" if side < 0 else "right"
    parts = (("f", found.function), ("the quotient", found.quotient))
    return f"from the {name}: " + ", ".join(f"{what} {_written(limit)}" for what, limit in parts if limit is not None)


def _written(limit: Limit) -> str:
    if limit.oscillates:
        return f"goes to and fro between {number(limit.low)} and {number(limit.high)}"
    return f"→ {limit.text.replace('oo', '∞').replace('-', '−')}"


def _joined(side: Side, found: SideLimits | None) -> tuple[Side, int, list[str]]:
    """A side with SymPy's limits, how many were taken, and those that the samples contradict."""
    if found is None:
        return side, 0, []
    knew, against = 0, []
    for name, limit in (("function", found.function), ("derivative", found.quotient)):
        measured: Tendency = getattr(side, name)
        if limit is None or measured.kind == ABSENT:
            continue
        exact = _tendency(limit)
        if _agrees(exact, measured):
            exact = replace(exact, exponent=measured.exponent)
            side = replace(side, function=exact) if name == "function" else replace(side, derivative=exact)
            knew += 1
        else:
            against.append(f"SymPy's limit of the {name} is {limit.text}, which the samples contradict")
    return side, knew, against


def _tendency(limit: Limit) -> Tendency:
    if limit.oscillates:
        return Tendency(kind=OSCILLATING, low=limit.low, high=limit.high)
    if not isfinite(limit.value):
        return Tendency(kind=INFINITE, limit=limit.value, error=0.0)
    return Tendency(kind=FINITE, limit=limit.value, error=2 * float(np.finfo(np.float64).eps) * abs(limit.value))


def _agrees(exact: Tendency, measured: Tendency) -> bool:
    if measured.kind == UNKNOWN:
        return True
    if exact.kind != measured.kind:
        return False
    if exact.kind == FINITE:
        return abs(exact.limit - measured.limit) <= DOUBT * measured.error + CLOSE * (1 + abs(exact.limit))
    return exact.kind == OSCILLATING or exact.limit == measured.limit
