"""What automatic differentiation returns at a point, and which convention made it."""

from __future__ import annotations

from dataclasses import dataclass
from math import isinf, isnan

from . import kinds
from .conventions import OpAtKink, ops_at_kinks
from .line import Line
from .numbers import number
from .subdifferential import Subdifferential

CHOICES = {name: "one branch is chosen, and the gradient is its own" for name in ("less", "greater", "equal")}
"""What comparisons do to a gradient; their conventions are about values."""
UNTIED = 1e-6
"""Autodiff's derivative differs from the true one by more than this share: then it is another number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Autodiff:
    """The ``value`` of reverse mode, None where no gradient flows; the ``ops`` at their kinks; and the verdict."""

    value: float | None
    ops: tuple[OpAtKink, ...]
    verdict: str

    @property
    def reasons(self) -> tuple[str, ...]:
        """The conventions that made the value, one for each op."""
        return tuple(f"{op.name}{f' ({op.line})' if op.line else ''}: {_convention(op)}" for op in self.ops)


def autodiff_at(line: Line, kind: str, derivative: float, error: float, sub: Subdifferential | None) -> Autodiff:
    """What reverse mode returns at t = 0, held against the derivative, where there is one, and the subdifferential."""
    if len(line.recorded.results) < 2:
        told = "no gradient: no differentiable operation leads from the variable to the value"
        return Autodiff(value=None, ops=(), verdict=told)
    value, ops = line.slope(0.0), ops_at_kinks(line)
    return Autodiff(value=value, ops=ops, verdict=_verdict(value, ops, kind, derivative, error, sub))


def _verdict(
    value: float, ops: tuple[OpAtKink, ...], kind: str, derivative: float, error: float, sub: Subdifferential | None
) -> str:
    if isnan(value):
        return "not a number: the chain rule meets 0·∞, 0/0 or ∞ − ∞ here, or the value is none"
    if kind in (kinds.SMOOTH, kinds.ROUGH):
        return _against_derivative(value, derivative, error)
    if kind == kinds.KINK and sub is not None:
        return _against_interval(value, error, sub)
    if isinf(value):
        return "infinite, as the rule of the op says"
    if kind == kinds.EDGE and value == derivative:
        return "the one-sided derivative"
    return (
        f"a number all the same, {'by convention' if ops else 'by the rules of the ops'}: there is no derivative here"
    )


def _against_derivative(value: float, derivative: float, error: float) -> str:
    if abs(value - derivative) <= error + UNTIED * max(abs(value), abs(derivative)):
        return "the derivative"
    return (
        f"not the derivative, which is {number(derivative)}: each op at a kink follows its own convention, and the "
        "chain rule joins what need not fit together"
    )


def _against_interval(value: float, error: float, sub: Subdifferential) -> str:
    if not sub.holds(value, error + UNTIED * abs(value)):
        return f"outside of the subdifferential {sub}: no slope that the function has near this point"
    return "a subgradient" if sub.lower is not None else "a supergradient"


def _convention(op: OpAtKink) -> str:
    return CHOICES.get(op.name, op.convention)
