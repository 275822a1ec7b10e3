"""One partial derivative by three ways that share nothing, side by side, and whether they agree.

A formula knows the derivative where it exists, reverse mode what training would use, differences what the values of f
say. Where the three do not agree, the values are the judge: they tell a kink, an edge of the domain and a jump from a
rule that is wrong.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import isfinite, isnan
from typing import TypeAlias

from ..differences import Estimate, TwoSided
from ..writing import estimated, number, shown

#: what two ways may differ by, relative to the larger: float64 rounds to 1e-16, and formulas amplify that
RELATIVE = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class Partial:
    """∂f/∂name at a point.

    ``symbolic`` is None without a formula, and NaN where the formula has no value, for the ``reason`` told.
    """

    name: str
    symbolic: float | None
    reason: str = ""
    reverse: float
    differences: TwoSided

    @property
    def verdict(self) -> Verdict:
        """Whether the ways agree, and why not."""
        kind, _, say, believed = next(row for row in _VERDICTS if row[1](self))
        return Verdict(kind=kind, sentence=say(self), value=believed(self))


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Whether ways agree: "agree", or the kind of what is the matter, with a sentence about it.

    ``value`` is the derivative that can be relied on all the same; None where there is none.
    """

    kind: str
    sentence: str
    value: float | None

    @property
    def agrees(self) -> bool:
        """Whether there is nothing to say."""
        return self.kind == "agree"


def fits(value: float, estimate: Estimate, other: float | None = None) -> bool:
    """Whether a number is within the error of an estimate, or of ``other`` with that error, and rounding."""
    against = estimate.value if other is None else other
    return abs(value - against) <= estimate.error + RELATIVE * max(abs(value), abs(against))


# ---- verdicts, in the order in which they are tried
def _is_kink(partial: Partial) -> bool:
    return partial.differences.torn


def _is_edge(partial: Partial) -> bool:
    return partial.differences.ends


def _is_rough(partial: Partial) -> bool:
    return not partial.differences.settles()


def _reverse_is_off(partial: Partial) -> bool:
    return not (isfinite(partial.reverse) and fits(partial.reverse, partial.differences))


def _formula_is_off(partial: Partial) -> bool:
    value = partial.symbolic
    return value is not None and not (
        isfinite(value) and fits(value, partial.differences) and fits(value, partial.differences, partial.reverse)
    )


def _returned(partial: Partial) -> str:
    """What reverse mode makes of a point without a derivative."""
    if isnan(partial.reverse):
        return "reverse mode returns no number: its chain rule meets 0·∞, 0/0 or ∞ − ∞"
    return f"reverse mode returns {number(partial.reverse)} by convention"


def _told_kink(partial: Partial) -> str:
    left, right = (number(side.value) for side in (partial.differences.left, partial.differences.right))
    return (
        f"the derivative by {shown(partial.name)} does not exist here: a kink, with slope {left} from the left and "
        f"{right} from the right; {_returned(partial)}"
    )


def _told_edge(partial: Partial) -> str:
    name, side = shown(partial.name), "above" if isfinite(partial.differences.right.value) else "below"
    return f"the derivative by {name} does not exist here: an edge, f has values only for {name} {side} the point"


def _told_rough(partial: Partial) -> str:
    return (
        f"quotients along {shown(partial.name)} do not settle ({estimated(partial.differences)}): a jump, a cusp, "
        f"a pole, noise or too fast a change; {_returned(partial)}"
    )


def _told_reverse(partial: Partial) -> str:
    said = f"but the values of f say {estimated(partial.differences)}"
    if isnan(partial.reverse):
        return f"by {shown(partial.name)} {_returned(partial)}, {said}"
    return (
        f"by {shown(partial.name)} reverse mode returns {number(partial.reverse)}, {said}: a convention at a kink "
        "inside f, or a wrong derivative rule"
    )


def _told_formula(partial: Partial) -> str:
    name, value, say = shown(partial.name), partial.symbolic, estimated(partial.differences)
    if value is None or not isfinite(value):
        reason = f" ({partial.reason})" if partial.reason else ""
        return f"the formula of the derivative by {name} has no value here{reason}, but the values of f say {say}"
    return f"by {name} the formula gives {number(value)}, but the values of f say {say}: it is wrong, or loses digits"


def _by_reverse(partial: Partial) -> float:
    return partial.reverse


def _by_values(partial: Partial) -> float:
    return partial.differences.value


def _nothing(partial: Partial) -> None:
    return None


#: the kind, whether it is this one, what is said about it, and which derivative is believed
Row: TypeAlias = tuple[
    str, Callable[[Partial], bool], Callable[[Partial], str], Callable[[Partial], float] | Callable[[Partial], None]
]
_VERDICTS: tuple[Row, ...] = (
    ("kink", _is_kink, _told_kink, _nothing),
    ("edge", _is_edge, _told_edge, _nothing),
    ("rough", _is_rough, _told_rough, _nothing),
    ("reverse", _reverse_is_off, _told_reverse, _by_values),
    ("formula", _formula_is_off, _told_formula, _by_reverse),
    ("agree", lambda partial: True, lambda partial: "all ways agree", _by_reverse),
)
