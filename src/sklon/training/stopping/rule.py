"""What every stopping rule is: a value that reads recorded curves and says whether, and why, to stop.

A rule keeps nothing between calls, so it can be asked again about any recorded curve, and a resumed run needs no state
of it. Rules combine: ``a | b`` stops when one of them would, ``a & b`` when both would.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import MISSING, dataclass, fields
from itertools import pairwise
from math import inf, isfinite
from typing import ClassVar, Literal, TypeAlias

from sklon._base.errors import InputError

Curve: TypeAlias = Sequence[float]
Mode: TypeAlias = Literal["min", "max"]


@dataclass(frozen=True, slots=True)
class Reason:
    """Why training stops: a word for programs and a sentence for people."""

    name: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Curves:
    """What a rule reads, one number for each epoch so far.

    ``watched`` is the validation loss (or another score), ``training`` the training loss, ``seconds`` the time since
    the fit began.
    """

    watched: Curve
    training: Curve = ()
    seconds: Curve = ()

    def until(self, epoch: int) -> Curves:
        """The curves as they were after ``epoch`` epochs."""
        return Curves(self.watched[:epoch], self.training[:epoch], self.seconds[:epoch])

    def followed_by(self, later: Curves) -> Curves:
        """The curves with those of later epochs behind them."""
        return Curves(
            [*self.watched, *later.watched], [*self.training, *later.training], [*self.seconds, *later.seconds]
        )

    def __len__(self) -> int:
        return max(len(self.watched), len(self.training), len(self.seconds))


class StoppingRule(ABC):
    """Reads curves. ``watches`` tells whether it needs a validation set."""

    __slots__ = ()
    name: ClassVar[str]
    watches: ClassVar[bool] = True

    @abstractmethod
    def check(self, curves: Curves) -> Reason | None:
        """The reason to stop now, or None to go on."""

    def ahead(self, curves: Curves) -> int:
        """The fewest epochs after which the rule may want to stop; it need not be asked before. At least one."""
        return 1

    @property
    def needs_validation(self) -> bool:
        """Whether the rule reads the validation curve."""
        return self.watches

    @property
    def wants_rises(self) -> bool:
        """Whether the rule takes the watched curve for a score, which is better when it is higher."""
        return getattr(self, "mode", "min") == "max"

    def __or__(self, other: StoppingRule) -> StoppingRule:
        return Either(self, other)

    def __and__(self, other: StoppingRule) -> StoppingRule:
        return Both(self, other)

    def __str__(self) -> str:
        """The rule as it is written in a setting."""
        arguments = ", ".join(_written(self))
        return f"{self.name}({arguments})" if arguments else self.name


def _written(rule: StoppingRule) -> list[str]:
    """The arguments of a rule that are not the defaults; the leading ones without their names."""
    found: list[str] = []
    named = False
    for field in fields(rule):  # type: ignore[arg-type]
        value = getattr(rule, field.name)
        if field.default is not MISSING and value == field.default:
            named = True
            continue
        text = repr(value) if isinstance(value, str | bool) or value is None else f"{value:g}"
        found.append(f"{field.name}={text}" if named or field.kw_only else text)
    return found


@dataclass(frozen=True, slots=True)
class Either(StoppingRule):
    """Stops when one of two rules would; the first one's reason counts."""

    name: ClassVar[str] = "either"
    first: StoppingRule
    second: StoppingRule

    @property
    def needs_validation(self) -> bool:
        return self.first.needs_validation or self.second.needs_validation

    @property
    def wants_rises(self) -> bool:
        return self.first.wants_rises or self.second.wants_rises

    def check(self, curves: Curves) -> Reason | None:
        return self.first.check(curves) or self.second.check(curves)

    def ahead(self, curves: Curves) -> int:
        return min(self.first.ahead(curves), self.second.ahead(curves))

    def __str__(self) -> str:
        return f"{self.first} | {self.second}"


@dataclass(frozen=True, slots=True)
class Both(StoppingRule):
    """Stops when both rules would."""

    name: ClassVar[str] = "both"
    first: StoppingRule
    second: StoppingRule

    @property
    def needs_validation(self) -> bool:
        return self.first.needs_validation or self.second.needs_validation

    @property
    def wants_rises(self) -> bool:
        return self.first.wants_rises or self.second.wants_rises

    def check(self, curves: Curves) -> Reason | None:
        first, second = self.first.check(curves), self.second.check(curves)
        if first is None or second is None:
            return None
        return Reason(f"{first.name} and {second.name}", f"{first.sentence}, and {second.sentence}")

    def ahead(self, curves: Curves) -> int:
        return max(self.first.ahead(curves), self.second.ahead(curves))

    def __str__(self) -> str:
        return " & ".join(f"({r})" if isinstance(r, Either) else str(r) for r in (self.first, self.second))


@dataclass(frozen=True, slots=True)
class Replayed:
    """What a rule does on recorded curves: ``epoch`` and ``best_epoch`` count from one.

    ``best`` is the watched value of the best epoch until then: what restoring the best weights brings back.
    """

    epoch: int
    reason: Reason | None
    best_epoch: int
    best: float


def replay(rule: StoppingRule, curves: Curves, mode: Mode = "min") -> Replayed:
    """Where a rule would have stopped, and what the best epoch until then was.

    >>> from sklon.training.stopping import Patience
    >>> found = replay(Patience(1), Curves([1.0, 0.5, 0.6, 0.4]))
    >>> found.epoch, found.best_epoch, found.best
    (3, 2, 0.5)
    """
    if not len(curves):
        raise InputError("there is nothing to replay: the curves are empty")
    for epoch in range(1, len(curves) + 1):
        reason = rule.check(curves.until(epoch))
        if reason is not None:
            break
    seen = curves.watched[:epoch]
    best = best_index(seen, mode)
    return Replayed(epoch, reason, best + 1, seen[best] if seen else inf)


# ---- what several rules share
def downwards(curve: Curve, mode: Mode) -> list[float]:
    """The curve as one that is to become small; a value that is no number counts as infinitely bad."""
    signed = curve if mode == "min" else [-v for v in curve]
    return [v if v == v else inf for v in signed]


def best_index(curve: Curve, mode: Mode = "min") -> int:
    """The index of the first best value."""
    turned = downwards(curve, mode)
    return min(range(len(turned)), key=turned.__getitem__, default=0)


def check_mode(mode: str) -> None:
    """Refuse what is neither "min" nor "max"."""
    if mode not in ("min", "max"):
        raise InputError(f'mode is "min" or "max", not {mode!r}')


def check_at_least(least: float, **values: float) -> None:
    """Refuse numbers below ``least``, and what is no finite number."""
    for name, value in values.items():
        if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value) or value < least:
            raise InputError(f"{name} must be a number of at least {least:g}, not {value!r}")


def counted(number: int, unit: str) -> str:
    """A number with its unit."""
    return f"{number} {unit}" + ("s" if number != 1 else "")


def rises(values: Curve) -> bool:
    """Whether each value is larger than the one before."""
    return all(b > a for a, b in pairwise(values))
