"""Schedules that move the rate between bounds and the momentum against it: cyclic, and one cycle."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import cos, floor, pi
from typing import ClassVar

from sklon._base.checks import check_whole
from sklon._base.errors import InputError

from . import checks
from .functions import number
from .schedule import ClosedForm


@dataclass(frozen=True, slots=True)
class Cyclic(ClosedForm):
    """Up and down between two rates, in straight lines.

    ηₜ = base_lr + (max_lr − base_lr)·h(t)·s, where h rises from 0 to 1 in ``step_size_up`` steps and falls back in
    ``step_size_down`` (as many, if left out). In cycle k = 1, 2, … the scale s is 1 (``mode`` "triangular"), 2^(1−k)
    ("triangular2") or γᵗ ("exp_range"). The momentum moves the other way, from ``max_momentum`` to ``base_momentum``,
    unless ``cycle_momentum`` is False. PyTorch's CyclicLR. Source: Smith, *Cyclical learning rates for training neural
    networks*, 2017.

    ``base_lr`` and ``max_lr`` ≥ 0 are rates; the one that is left out is the optimizer's. ``gamma`` ≥ 0. A function
    ``scale_fn`` gives s instead, from the number of the cycle or of the step, as ``scale_mode`` ("cycle" or
    "iterations") says. The momenta lie between 0 and 1.

    >>> [round(lr, 4) for lr in Cyclic(max_lr=0.5, step_size_up=2).rates(0.1, 6)]
    [0.1, 0.3, 0.5, 0.3, 0.1, 0.3]
    """

    name: ClassVar[str] = "cyclic"
    base_lr: float | None = None
    max_lr: float | None = None
    step_size_up: int = 2000
    step_size_down: int | None = None
    mode: str = "triangular"
    gamma: float = 1.0
    scale_fn: Callable[[float], float] | None = None
    scale_mode: str = "cycle"
    cycle_momentum: bool = True
    base_momentum: float = 0.8
    max_momentum: float = 0.9

    def __post_init__(self) -> None:
        if self.base_lr is None and self.max_lr is None:
            raise InputError("cyclic needs base_lr or max_lr; the other one is the optimizer's learning rate")
        rates = {"base_lr": self.base_lr, "max_lr": self.max_lr}
        checks.within(0.0, gamma=self.gamma, **{name: rate for name, rate in rates.items() if rate is not None})
        check_whole(1, step_size_up=self.step_size_up)
        checks.whole_or_none(1, step_size_down=self.step_size_down)
        checks.word(("triangular", "triangular2", "exp_range"), mode=self.mode)
        checks.word(("cycle", "iterations"), scale_mode=self.scale_mode)
        if self.scale_fn is not None:
            checks.function(scale_fn=self.scale_fn)
        checks.flag(cycle_momentum=self.cycle_momentum)
        checks.within(0.0, 1.0, base_momentum=self.base_momentum, max_momentum=self.max_momentum)

    def at(self, t: float, base: float) -> float:
        low = base if self.base_lr is None else self.base_lr
        high = base if self.max_lr is None else self.max_lr
        cycle, height = self._place(t)
        return low + (high - low) * height * self._scale(t, cycle)

    @property
    def moves_momentum(self) -> bool:
        return self.cycle_momentum

    def momentum(self, t: int) -> float | None:
        if not self.cycle_momentum:
            return None
        cycle, height = self._place(t)
        return self.max_momentum - (self.max_momentum - self.base_momentum) * height * self._scale(t, cycle)

    def _place(self, t: float) -> tuple[int, float]:
        """The number of the cycle, from 1, and the height h in it."""
        up = float(self.step_size_up)
        total = up + (up if self.step_size_down is None else self.step_size_down)
        share = up / total
        cycle = floor(1 + t / total)
        x = 1.0 + t / total - cycle
        return cycle, x / share if x <= share else (x - 1) / (share - 1)

    def _scale(self, t: float, cycle: int) -> float:
        if self.scale_fn is not None:
            return number(self.scale_fn, cycle if self.scale_mode == "cycle" else t)
        if self.mode == "triangular":
            return 1.0
        return float(0.5 ** (cycle - 1) if self.mode == "triangular2" else self.gamma**t)


@dataclass(frozen=True, slots=True)
class OneCycle(ClosedForm):
    """One rise to a high rate and one fall to almost none, with the momentum moving the other way.

    The rate goes from max_lr/div_factor to max_lr in the first ``pct_start`` of T = total_steps steps, then to
    max_lr/(div_factor·final_div_factor) at step T − 1; the momentum from ``max_momentum`` to ``base_momentum`` and
    back. With ``three_phase`` the fall first mirrors the rise. PyTorch's OneCycleLR; only, step T still has the last
    values, where PyTorch goes on along its curve. Source: Smith and Topin, *Super-convergence: very fast training of
    neural networks using large learning rates*, 2018; two phases and the cosine are fastai's.

    ``max_lr`` ≥ 0 is the peak; left out, it is the optimizer's rate. ``total_steps`` ≥ 1 may be left out.
    0 ≤ ``pct_start`` ≤ 1, and at most ½ for three phases; ``anneal_strategy`` is "cos" or "linear"; without
    ``cycle_momentum`` the momentum (β₁ for those who have that) stays; ``div_factor`` and ``final_div_factor`` > 0.
    Raises InputError for a step after T.

    >>> cycle = OneCycle(0.5, 6, pct_start=0.5, anneal_strategy="linear", div_factor=5, final_div_factor=10)
    >>> [round(lr, 4) for lr in cycle.rates(0.1, 6)]
    [0.1, 0.3, 0.5, 0.3367, 0.1733, 0.01]
    >>> [round(cycle.momentum(t), 2) for t in range(6)]
    [0.95, 0.9, 0.85, 0.88, 0.92, 0.95]
    """

    name: ClassVar[str] = "one_cycle"
    span: ClassVar[str] = "total_steps"
    max_lr: float | None = None
    total_steps: int | None = None
    pct_start: float = 0.3
    anneal_strategy: str = "cos"
    cycle_momentum: bool = True
    base_momentum: float = 0.85
    max_momentum: float = 0.95
    div_factor: float = 25.0
    final_div_factor: float = 1e4
    three_phase: bool = False

    def __post_init__(self) -> None:
        if self.max_lr is not None:
            checks.within(0.0, max_lr=self.max_lr)
        checks.whole_or_none(1, total_steps=self.total_steps)
        checks.flag(cycle_momentum=self.cycle_momentum, three_phase=self.three_phase)
        checks.within(0.0, 0.5 if self.three_phase else 1.0, pct_start=self.pct_start)
        checks.word(("cos", "linear"), anneal_strategy=self.anneal_strategy)
        checks.within(0.0, 1.0, base_momentum=self.base_momentum, max_momentum=self.max_momentum)
        checks.positive(div_factor=self.div_factor, final_div_factor=self.final_div_factor)

    def at(self, t: float, base: float) -> float:
        peak = base if self.max_lr is None else self.max_lr
        start = peak / self.div_factor
        end = start / self.final_div_factor
        return self._between((start, peak, start, end) if self.three_phase else (start, peak, end), t)

    @property
    def moves_momentum(self) -> bool:
        return self.cycle_momentum

    def momentum(self, t: int) -> float | None:
        if not self.cycle_momentum:
            return None
        high, low = self.max_momentum, self.base_momentum
        return self._between((high, low, high, high) if self.three_phase else (high, low, high), t)

    def _between(self, levels: Sequence[float], t: float) -> float:
        """The value at step t of a line through ``levels``, one at the start and one at the end of each phase."""
        phase, share = self._place(t)
        start, end = levels[phase : phase + 2]
        if self.anneal_strategy == "linear":
            return (end - start) * share + start
        return end + (start - end) / 2.0 * (cos(pi * share) + 1)

    def _place(self, t: float) -> tuple[int, float]:
        """The phase of step t, and which share of it has passed."""
        total = self._steps()
        if t > total:
            raise InputError(f"one_cycle has {total} steps and was asked for step {t}; give the number that you take")
        rise = self.pct_start * total
        ends = (rise - 1, 2 * rise - 2, total - 1) if self.three_phase else (rise - 1, total - 1)
        start, phase = 0.0, 0
        while t > ends[phase] and phase < len(ends) - 1:
            start, phase = ends[phase], phase + 1
        length = ends[phase] - start
        return phase, min(1.0, (t - start) / length) if length > 0 else 1.0
