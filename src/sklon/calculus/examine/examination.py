"""A point of a function, examined: what it is, and everything that was found, as a value that shows itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import inf, isfinite, nan
from typing import TYPE_CHECKING, Any

from sklon._base.picture import Picture
from sklon.calculus.subject import Function, Point, Subject, subject_of

from . import kinds
from .autodiff import Autodiff, autodiff_at
from .evidence import Evidence, Side, evidence_at
from .line import Line, line_of
from .numbers import tidy
from .rates import Rates, rates_of
from .rules import rule_for
from .subdifferential import Subdifferential, subdifferential_of
from .telling import notes_of, unseen_of
from .tendency import ABSENT, FINITE, INFINITE, Tendency

if TYPE_CHECKING:
    from sklon.calculus.expressions import Expression

Pair = tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Examination:
    """What a point is and why.

    ``kind`` is one of ``kinds.MEANINGS``, ``variety`` tells more where there is more. ``limits`` and ``derivatives``
    are those from the left and from the right, in units of f and of f per unit of the variable; ±∞ or NaN where there
    is none. ``subdifferential`` holds intervals of slopes, or None. ``decided_by`` names the witness.
    """

    kind: str
    variety: str
    variable: str
    #: the point; along a direction it is given with it
    at: tuple[float, ...]
    along: tuple[float, ...] | None
    value: float
    limits: Pair
    derivatives: Pair
    subdifferential: Subdifferential | None
    autodiff: Autodiff
    rates: Rates
    decided_by: str
    #: SymPy's limits, where there is a formula
    exact: tuple[str, ...]
    notes: tuple[str, ...]
    #: what the samples cannot tell
    unseen: tuple[str, ...]
    evidence: Evidence = field(repr=False)
    line: Line = field(repr=False)

    @property
    def meaning(self) -> str:
        """The kind, in words."""
        return kinds.MEANINGS[self.kind]

    @property
    def place(self) -> str:
        """The point, in words."""
        from .showing import place

        return place(self)

    def __str__(self) -> str:
        from .showing import text

        return text(self)

    def _repr_html_(self) -> str:
        from .showing import html

        return html(self)

    def json(self) -> dict[str, Any]:
        """Everything but the samples, as JSON holds it: infinities are "inf" and "-inf", what is missing is None."""
        from .showing import as_json

        return as_json(self)

    def picture(self, *, width: float = 1.0) -> Picture:
        """The function within ``width`` of the point with its one-sided tangents, above its difference quotients.

        A smaller width zooms in. Raises InputError for one that is not positive, and without matplotlib.
        """
        from .drawing import drawn

        return drawn(self, width)


def examine(function: str | Expression | Function, at: Point, *, along: Sequence[float] | None = None) -> Examination:
    """Say what a point of a function is: smooth, a kink, a jump, removable, a pole, a cusp, oscillating, …

    One-sided limits of f and of q±(h) = ±(f(x ± h) − f(x))/h are taken from samples at steps that shrink from 0.28 to
    2¹⁰ numbers next to x, in float64; a difference counts only above the noise of rounding, which is measured. Where
    there is a formula, SymPy's limits confirm or overrule. ``function`` and ``at`` are as for
    :func:`~sklon.calculus.subject.subject_of`; a function of several variables is examined along the direction
    ``along``, whose length does not matter. The kinds and what they mean are ``kinds.MEANINGS``.

    Raises InputError for a point or a direction that does not fit the function.

    >>> import sklon
    >>> found = examine(sklon.abs, 0.0)
    >>> found.kind, found.derivatives, found.subdifferential.clarke, found.autodiff.value
    ('kink', (-1.0, 1.0), (-1.0, 1.0), 0.0)
    """
    subject, point = subject_of(function, at)
    return examine_subject(subject, point, along)


def examine_subject(subject: Subject, point: Any, along: Sequence[float] | None = None) -> Examination:
    """Examine what :func:`~sklon.calculus.subject.subject_of` made."""
    line = line_of(subject, point, along)
    evidence = evidence_at(line)
    if subject.expression is None:
        return _examined(line, evidence, "samples", ())
    from .symbolic import judged

    judgement = judged(line, evidence)
    if judgement is None:
        return _examined(line, evidence, "samples; SymPy did not decide", ())
    before, after = rule_for(evidence).kind, rule_for(judgement.evidence).kind
    witness = f"SymPy's limits; by the samples alone it would be {before}"
    if before == after:
        witness = "samples, confirmed by SymPy's limits"
    if judgement.contradictions:
        witness = "samples, some of which SymPy's limits contradict"
    return _examined(line, judgement.evidence, witness, (*judgement.found, *judgement.contradictions))


def _examined(line: Line, evidence: Evidence, witness: str, exact: tuple[str, ...]) -> Examination:
    rule = rule_for(evidence)
    slopes, error = _slopes(evidence, rule.kind)
    sub = _subdifferential(evidence, rule.kind, slopes)
    derivative = slopes[1] if isfinite(slopes[1]) else slopes[0]
    several = len(line.point) > 1
    return Examination(
        kind=rule.kind,
        variety=rule.variety(evidence),
        variable="t" if several else line.subject.names[0],
        at=tuple(float(x) for x in line.point),
        along=tuple(float(x) for x in line.direction) if several else None,
        value=evidence.value,
        limits=_limits(evidence),
        derivatives=slopes,
        subdifferential=sub,
        autodiff=autodiff_at(line, rule.kind, derivative, error, sub),
        rates=rates_of(evidence),
        decided_by=witness,
        exact=exact,
        notes=notes_of(evidence, rule.kind),
        unseen=unseen_of(evidence, rule.kind, line),
        evidence=evidence,
        line=line,
    )


def _limits(evidence: Evidence) -> Pair:
    """The one-sided limits; that of a continuous function is its value."""
    shared = evidence.value if evidence.sides and evidence.value_fits else None
    left, right = (
        _limit(s.function) if shared is None or s.is_absent else shared for s in (evidence.left, evidence.right)
    )
    return left, right


def _limit(tendency: Tendency) -> float:
    return tidy(tendency.limit, tendency.error) if tendency.kind in (FINITE, INFINITE) else nan


def _slopes(evidence: Evidence, kind: str) -> tuple[Pair, float]:
    """The one-sided derivatives, and the error of the finite ones; where they agree, the better one for both."""
    sides = (evidence.left.derivative, evidence.right.derivative)
    left, right = (nan if s.kind == ABSENT else _limit(s) for s in sides)
    errors = [s.error for s in sides if s.kind == FINITE]
    if kind == kinds.UNDECIDED:
        return (nan, nan), 0.0
    if kind in (kinds.SMOOTH, kinds.ROUGH):
        best = min(sides, key=lambda s: s.error)
        return (_limit(best), _limit(best)), evidence.resolution
    return (left, right), max(errors, default=0.0)


def _subdifferential(evidence: Evidence, kind: str, slopes: Pair) -> Subdifferential | None:
    """The intervals of slopes; f is +∞ beyond an edge of its domain, as in convex analysis."""
    if kind in (kinds.SMOOTH, kinds.KINK, kinds.CUSP, kinds.JUMP):
        return subdifferential_of(*slopes)
    if kind == kinds.EDGE and len(evidence.sides) == 1:
        return subdifferential_of(-inf, slopes[1]) if evidence.left.is_absent else subdifferential_of(slopes[0], inf)
    if kind == kinds.ROUGH:
        low, high = _swing(evidence.sides)
        return Subdifferential(clarke=(low, high), lower=slopes, upper=slopes) if isfinite(high - low) else None
    return None


def _swing(sides: Sequence[Side]) -> Pair:
    """Between what the slopes next to the point swing: Clarke's interval is what they come near to."""
    swinging = [s.slopes for s in sides if isfinite(s.slopes.low)]
    if not swinging:
        return -inf, inf
    return min(t.low for t in swinging), max(t.high for t in swinging)
