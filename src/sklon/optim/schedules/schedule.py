"""What every learning-rate schedule is: a value that gives the rate of a step from that of the step before.

η₀ = first(η, β) and ηₜ = next(t, ηₜ₋₁, β): PyTorch's recurrences without an optimizer. β is the base rate, the one
that was set before any schedule; η in ``first`` is the rate that is there, which is β unless another schedule has moved
it. A schedule keeps nothing between calls, so (t, ηₜ) is all that a resumed run needs. Whether a step is a batch or an
epoch is decided by whoever takes it. ``a >> b`` runs b after a; ``a * b`` runs both, and their factors multiply.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, pairwise
from typing import Any, ClassVar

from sklon._base.checks import check_whole
from sklon._base.errors import InputError

from .writing import all_settings, arguments_of


class Schedule(ABC):
    """Gives learning rates step by step.

    ``span`` is the setting that holds its number of steps and may be left out for :meth:`over`, if there is one.
    ``chainable`` tells that it only multiplies, so that it may stand in ``a * b``.
    """

    __slots__ = ()
    name: ClassVar[str]
    span: ClassVar[str] = ""
    chainable: ClassVar[bool] = True

    @abstractmethod
    def first(self, lr: float, base: float) -> float:
        """The rate of step 0, where ``lr`` was the rate before."""

    @abstractmethod
    def next(self, t: int, lr: float, base: float) -> float:
        """The rate of step t ≥ 1, where ``lr`` was that of step t − 1."""

    def switched_to(self, lr: float, base: float) -> float:
        """The rate of step 0 where a sequence goes on to this schedule: from the base rate, as if it were alone."""
        return self.first(base, base)

    def resumed(self, t: int, lr: float, base: float) -> float:
        """The rate of step t, where ``lr`` is what the run that is resumed had then."""
        return lr

    def momentum(self, t: int) -> float | None:
        """The momentum (or β₁) of step t, for schedules that move it; None leaves it as it is."""
        return None

    @property
    def moves_momentum(self) -> bool:
        """Whether :meth:`momentum` ever gives one."""
        return False

    def momentum_before(self, t: int) -> float | None:
        """The last momentum that was set before step t, which stays until another one is."""
        return self.momentum(t - 1) if t > 0 and self.moves_momentum else None

    def observe(self, t: int, curve: Sequence[float], lr: float) -> float:
        """The rate after step t, once the watched values of all epochs so far are known."""
        return lr

    def rates(self, base: float, count: int, *, start: int = 0, lr: float | None = None) -> list[float]:
        """The rates of ``count`` steps from step ``start`` on; ``lr`` is that of the step before, if it is known."""
        if start and lr is None:
            return self.rates(base, start + count)[start:]
        found: list[float] = []
        rate = base if lr is None else lr
        for t in range(start, start + count):
            rate = self.next(t, rate, base) if t else self.first(rate, base)
            found.append(rate)
        return found

    # ---- the number of steps
    @property
    def length(self) -> int | None:
        """After how many steps it has come to its end; None if it has none, or if that is not known yet."""
        return getattr(self, self.span) if self.span else None

    @property
    def ends(self) -> bool:
        """Whether it has an end, known now or once the number of all steps is."""
        return bool(self.span)

    @property
    def complete(self) -> bool:
        """Whether nothing is left out that :meth:`over` would fill in."""
        return not self.span or self.length is not None

    def over(self, total_steps: int) -> Schedule:
        """This schedule for a run of ``total_steps`` steps: what was left out is filled in.

        >>> from sklon.optim.schedules import CosineAnnealing, Warmup
        >>> str((Warmup(0.1) >> CosineAnnealing()).over(1000))
        'warmup(100) >> cosine(900)'
        """
        check_whole(1, total_steps=total_steps)
        if not self.span or getattr(self, self.span) is not None:
            return self
        return replace(self, **{self.span: total_steps})  # type: ignore[type-var]

    def _steps(self) -> int:
        """The number of steps, which has to be known by now."""
        if self.length is None:
            raise InputError(f"{self.name} needs its number of steps; give {self.span}, or call over(total_steps)")
        return self.length

    # ---- combined and written
    def __rshift__(self, other: Schedule) -> Sequential:
        if not isinstance(other, Schedule):
            return NotImplemented
        return Sequential((self, other))

    def __mul__(self, other: Schedule) -> Chained:
        if not isinstance(other, Schedule):
            return NotImplemented
        return Chained((self, other))

    @property
    def reads_curve(self) -> bool:
        """Whether it has to be told the watched values, by :meth:`observe`."""
        return False

    @property
    def writable(self) -> bool:
        """Whether ``str`` gives a text that reads back to this schedule: no part of it is a Python function."""
        return not any(map(callable, all_settings(self)))

    def __str__(self) -> str:
        """The schedule as it is written in a setting."""
        arguments = ", ".join(arguments_of(self))
        return f"{self.name}({arguments})" if arguments else self.name


class Factor(Schedule):
    """A schedule whose rate is ηₜ = β·f(t): in a chain, the factors multiply."""

    __slots__ = ()

    @abstractmethod
    def factor(self, t: int) -> float:
        """f(t) ≥ 0."""

    def first(self, lr: float, base: float) -> float:
        return lr * self.factor(0)

    def next(self, t: int, lr: float, base: float) -> float:
        before = self.factor(t - 1)
        return lr * (self.factor(t) / before) if before else 0.0


class ClosedForm(Schedule):
    """A schedule whose rate follows from the step alone, whatever the rate before; it cannot be chained."""

    __slots__ = ()
    chainable: ClassVar[bool] = False

    @abstractmethod
    def at(self, t: float, base: float) -> float:
        """The rate of step t."""

    def first(self, lr: float, base: float) -> float:
        return self.at(0, base)

    def next(self, t: int, lr: float, base: float) -> float:
        return self.at(t, base)

    def resumed(self, t: int, lr: float, base: float) -> float:
        return self.at(t, base)


@dataclass(frozen=True, slots=True)
class Sequential(Schedule):
    """One schedule after another: each starts from the base rate, and counts its steps from where it starts.

    ``parts`` are the schedules. The next one takes over at each of ``milestones``, which are steps ≥ 1 and increase;
    without them, as in ``a >> b``, when the one before has come to its end.

    >>> from sklon.optim.schedules import CosineAnnealing, Exponential, Linear
    >>> two = Linear(0.25, 1.0, 3) >> Exponential(0.5)
    >>> [round(lr, 4) for lr in two.rates(0.8, 6)]
    [0.2, 0.4, 0.6, 0.8, 0.4, 0.2]
    >>> str(two), str(Sequential([Exponential(0.5), CosineAnnealing(4)], [2]))
    ('linear(0.25, 1.0, 3) >> exponential(0.5)', 'sequential([exponential(0.5), cosine(4)], [2])')
    """

    name: ClassVar[str] = "sequential"
    chainable: ClassVar[bool] = False
    parts: Sequence[Schedule]
    milestones: Sequence[int] | None = None

    def __post_init__(self) -> None:
        parts = _schedules(self.parts)
        if self.milestones is None:
            object.__setattr__(self, "parts", tuple(p for part in parts for p in _followers(part)))
            _check_ends(self.parts[:-1])
            return
        object.__setattr__(self, "parts", parts)
        object.__setattr__(self, "milestones", _milestones(self.milestones))
        if len(self.milestones) != len(self.parts) - 1:
            raise InputError(f"{len(self.parts)} schedules need {len(self.parts) - 1} milestones between them")

    def first(self, lr: float, base: float) -> float:
        return self.parts[0].first(lr, base)

    def next(self, t: int, lr: float, base: float) -> float:
        index, since = self._place(t)
        if index and not since:
            return self.parts[index].switched_to(lr, base)
        return self.parts[index].next(since, lr, base)

    def switched_to(self, lr: float, base: float) -> float:
        return self.parts[0].switched_to(lr, base)

    def resumed(self, t: int, lr: float, base: float) -> float:
        index, since = self._place(t)
        return self.parts[index].resumed(since, lr, base)

    def momentum(self, t: int) -> float | None:
        index, since = self._place(t)
        return self.parts[index].momentum(since)

    def observe(self, t: int, curve: Sequence[float], lr: float) -> float:
        index, since = self._place(t)
        return self.parts[index].observe(since, curve, lr)

    @property
    def moves_momentum(self) -> bool:
        return any(part.moves_momentum for part in self.parts)

    def momentum_before(self, t: int) -> float | None:
        starts = [0, *self._starts()]
        for start, part in zip(reversed(starts), reversed(self.parts), strict=True):
            found = part.momentum_before(t - start) if t > start else None
            if found is not None:
                return found
            t = min(t, start)
        return None

    def rates(self, base: float, count: int, *, start: int = 0, lr: float | None = None) -> list[float]:
        """As of every schedule; whose turn it is, is asked once for each part and not for each step."""
        if start and lr is None:
            return self.rates(base, start + count)[start:]
        found: list[float] = []
        rate = base if lr is None else lr
        while len(found) < count:
            t = start + len(found)
            index, since = self._place(t)
            if since == 0:
                found.append(self.next(t, rate, base) if t else self.first(rate, base))
            else:
                left = count - len(found) if index == len(self.parts) - 1 else self._starts()[index] - t
                found += self.parts[index].rates(base, min(left, count - len(found)), start=since, lr=rate)
            rate = found[-1]
        return found

    @property
    def length(self) -> int | None:
        lengths = [part.length for part in self.parts]
        known = [n for n in lengths if n is not None]
        if lengths[-1] is None or (self.milestones is None and len(known) < len(lengths)):
            return None
        return sum(known) if self.milestones is None else sum(self.milestones[-1:]) + lengths[-1]

    @property
    def ends(self) -> bool:
        return self.parts[-1].ends

    @property
    def complete(self) -> bool:
        return all(part.complete for part in self.parts)

    @property
    def reads_curve(self) -> bool:
        return any(part.reads_curve for part in self.parts)

    def over(self, total_steps: int) -> Schedule:
        check_whole(1, total_steps=total_steps)
        if self.milestones is None:
            leading = [part.over(total_steps) for part in self.parts[:-1]]
            left = total_steps - sum(part._steps() for part in leading)
            return Sequential((*leading, _over_the_rest(self.parts[-1], left, total_steps)))
        spans = [b - a for a, b in pairwise((0, *self.milestones, total_steps))]
        parts = [_over_the_rest(part, n, total_steps) for part, n in zip(self.parts, spans, strict=True)]
        return Sequential(parts, self.milestones)

    def _place(self, t: int) -> tuple[int, int]:
        """The part of step t, and the steps since it began."""
        starts = self._starts()
        index = bisect_right(starts, t)
        return index, t - starts[index - 1] if index else t

    def _starts(self) -> list[int]:
        """The first steps of all parts but the first."""
        if self.milestones is not None:
            return list(self.milestones)
        return list(accumulate(part._steps() for part in self.parts[:-1]))

    def __str__(self) -> str:
        if self.milestones is not None or len(self.parts) == 1:
            return Schedule.__str__(self)
        return " >> ".join(map(str, self.parts))


@dataclass(frozen=True, slots=True)
class Chained(Schedule):
    """Several schedules at once: each takes the rate that the one before it gives, so that their factors multiply.

    A part that sets the rate from the step alone, as one_cycle does, would hide the others and is refused. So is a
    sequence, which begins anew from the base rate: write ``warmup(9) >> cosine * exponential(0.9)``.

    >>> from sklon.optim.schedules import Constant, Exponential
    >>> both = Constant(0.5, 2) * Exponential(0.5)
    >>> both.rates(0.8, 4)
    [0.4, 0.2, 0.2, 0.1]
    >>> str(both)
    'constant(0.5, 2) * exponential(0.5)'
    """

    name: ClassVar[str] = "chained"
    parts: Sequence[Schedule]

    def __post_init__(self) -> None:
        object.__setattr__(self, "parts", tuple(p for part in _schedules(self.parts) for p in _factors(part)))
        for part in self.parts:
            if not part.chainable:
                raise InputError(f"{part.name} does not multiply the rate before it and cannot be chained; use >>")

    def first(self, lr: float, base: float) -> float:
        for part in self.parts:
            lr = part.first(lr, base)
        return lr

    def next(self, t: int, lr: float, base: float) -> float:
        for part in self.parts:
            lr = part.next(t, lr, base)
        return lr

    def switched_to(self, lr: float, base: float) -> float:
        lr = self.parts[0].switched_to(lr, base)
        for part in self.parts[1:]:
            lr = part.first(lr, base)
        return lr

    def observe(self, t: int, curve: Sequence[float], lr: float) -> float:
        for part in self.parts:
            lr = part.observe(t, curve, lr)
        return lr

    @property
    def length(self) -> int | None:
        lengths = [part.length for part in self.parts]
        known = [n for n in lengths if n is not None]
        return max(known) if len(known) == len(lengths) else None

    @property
    def ends(self) -> bool:
        return all(part.ends for part in self.parts)

    @property
    def complete(self) -> bool:
        return all(part.complete for part in self.parts)

    @property
    def reads_curve(self) -> bool:
        return any(part.reads_curve for part in self.parts)

    def over(self, total_steps: int) -> Schedule:
        return Chained(tuple(part.over(total_steps) for part in self.parts))

    def _steps(self) -> int:
        return max(part._steps() for part in self.parts)

    def __str__(self) -> str:
        return " * ".join(map(str, self.parts)) if len(self.parts) > 1 else Schedule.__str__(self)


# ---- parts
def _followers(schedule: Schedule) -> Sequence[Schedule]:
    """The parts of a >> b, or the schedule alone."""
    return schedule.parts if isinstance(schedule, Sequential) and schedule.milestones is None else (schedule,)


def _factors(schedule: Schedule) -> Sequence[Schedule]:
    """The parts of a * b, or the schedule alone."""
    return schedule.parts if isinstance(schedule, Chained) else (schedule,)


def _schedules(given: Any) -> tuple[Schedule, ...]:
    """Schedules as a tuple, checked."""
    parts = tuple(given) if isinstance(given, Iterable) else ()
    wrong = [part for part in parts if not isinstance(part, Schedule)]
    if not parts or wrong:
        raise InputError(f"a combined schedule is made of schedules, not of {wrong[0] if wrong else given!r}")
    return parts


def _milestones(given: Any) -> tuple[int, ...]:
    """Steps between parts as a tuple, checked."""
    milestones = tuple(given) if isinstance(given, Iterable) else (given,)
    for milestone in milestones:
        check_whole(1, milestones=milestone)
    if not all(a < b for a, b in pairwise(milestones)):
        raise InputError(f"milestones must increase; they are {list(milestones)}")
    return milestones


def _check_ends(parts: Iterable[Schedule]) -> None:
    for part in parts:
        if not part.ends:
            raise InputError(f"{part} has no end, so nothing can follow; use sequential([…], [milestone, …])")


def _over_the_rest(part: Schedule, left: int, total: int) -> Schedule:
    """A part over the steps that are left for it, which matter only if it needs them."""
    if not part.complete and left < 1:
        raise InputError(f"nothing is left of the {total} steps for {part}; shorten what comes before it")
    return part if part.complete else part.over(left)
