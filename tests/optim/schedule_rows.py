"""Rows for each schedule, a value and the same made of PyTorch's classes; a schedule without a row fails.

``make`` builds a scheduler over an optimizer from a library of schedulers, ours or PyTorch's: they have the same names.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import cos, pi, sqrt
from types import SimpleNamespace
from typing import Any

import numpy as np

import sklon
from sklon.optim import schedules as s

Make = Callable[..., Any]
Step = Callable[[int], float]
#: base rates of two groups of parameters, and the momentum before any schedule
BASES = (0.1, 0.003)
MOMENTUM = 0.7
STEPS = 70


@dataclass(frozen=True, kw_only=True)
class Row:
    """A schedule, and how it is made under PyTorch's names."""

    value: s.Schedule
    make: Make
    by_formula: bool = False

    def __str__(self) -> str:
        return str(self.value)


def by(name: str, **settings: Any) -> Make:
    """A scheduler by the name of its class."""
    return lambda library, optimizer, **more: getattr(library, name)(optimizer, **settings, **more)


def same(schedule: type[s.Schedule], name: str, **settings: Any) -> Row:
    """A schedule and PyTorch's class with the same settings."""
    return Row(value=schedule(**settings), make=by(name, **settings))


def formula(value: s.Schedule, factor: Step) -> Row:
    """What PyTorch has no class for: its factor by a formula of its own."""
    return Row(value=value, make=by("LambdaLR", lr_lambda=factor), by_formula=True)


def in_sequence(milestones: list[int], *parts: Make) -> Make:
    """One after another."""
    return lambda library, optimizer: library.SequentialLR(
        optimizer, [part(library, optimizer) for part in parts], milestones
    )


def at_once(*parts: Make) -> Make:
    """All together."""
    return lambda library, optimizer: library.ChainedScheduler([part(library, optimizer) for part in parts])


# ---- functions of the step
def falling(t: int) -> float:
    """A factor for the base rate."""
    return 1 / (1 + 0.3 * t)


def wobbling(t: int) -> float:
    """A factor for the rate before."""
    return 0.97 + 0.05 * (t % 3)


def damped(x: float) -> float:
    """A scale for the height of a cycle, or of a step."""
    return 1 / (1 + 0.2 * x)


def rise_stay_fall(rise: int, fall: int, total: int, least: float, shape: Callable[[float], float]) -> Step:
    """A rise in so many steps, and a fall of this shape in the last ones."""

    def factor(t: int) -> float:
        if t < rise:
            return (t + 1) / (rise + 1)
        left = total - t
        if left >= fall:
            return 1.0
        return 1 - (1 - least) * shape((fall - left) / fall) if left > 0 else least

    return factor


_RESTARTS = {"T_0": 5, "T_mult": 2, "eta_min": 0.001}
_CYCLE: dict[str, Any] = {"base_lr": 0.01, "max_lr": 0.2}
_FALLING_CYCLE: dict[str, Any] = {"step_size_up": 5, "step_size_down": 9, "mode": "triangular2", "base_momentum": 0.6}
_GEOMETRIC_CYCLE: dict[str, Any] = {"step_size_up": 10, "mode": "exp_range", "gamma": 0.98, "max_momentum": 0.99}
_ONE: dict[str, Any] = {"max_lr": 0.5, "total_steps": 80}
_SHAPE: dict[str, Any] = {"pct_start": 0.25, "base_momentum": 0.6, "div_factor": 10, "final_div_factor": 100.0}

ROWS: dict[str, tuple[Row, ...]] = {
    "constant": (
        Row(value=s.Constant(1 / 3, 5), make=by("ConstantLR")),
        same(s.Constant, "ConstantLR", factor=0.7, total_iters=33),
        formula(s.Constant(), lambda t: 1.0),
    ),
    "linear": (
        Row(value=s.Linear(1 / 3, 1.0, 5), make=by("LinearLR")),
        same(s.Linear, "LinearLR", start_factor=0.25, end_factor=0.9, total_iters=20),
        same(s.Linear, "LinearLR", start_factor=1.0, end_factor=0.0, total_iters=60),
        formula(s.Linear().over(60), lambda t: 1 - min(t, 60) / 60),
    ),
    "polynomial": (
        Row(value=s.Polynomial(5), make=by("PolynomialLR")),
        same(s.Polynomial, "PolynomialLR", total_iters=90, power=2.5),
        Row(value=s.Polynomial(power=0.5).over(90), make=by("PolynomialLR", total_iters=90, power=0.5)),
    ),
    "exponential": (
        same(s.Exponential, "ExponentialLR", gamma=0.93),
        same(s.Exponential, "ExponentialLR", gamma=1.02),
    ),
    "step": (
        same(s.Step, "StepLR", step_size=7),
        same(s.Step, "StepLR", step_size=1, gamma=0.9),
        same(s.Step, "StepLR", step_size=30, gamma=0.5),
    ),
    "multi_step": (
        same(s.MultiStep, "MultiStepLR", milestones=[3, 10, 50]),
        same(s.MultiStep, "MultiStepLR", milestones=(9, 5, 5), gamma=0.7),
    ),
    "cosine": (
        same(s.CosineAnnealing, "CosineAnnealingLR", T_max=70),
        same(s.CosineAnnealing, "CosineAnnealingLR", T_max=9, eta_min=0.001),
        Row(value=s.CosineAnnealing().over(20), make=by("CosineAnnealingLR", T_max=20)),
    ),
    "cosine_restarts": (
        same(s.CosineWarmRestarts, "CosineAnnealingWarmRestarts", T_0=10),
        same(s.CosineWarmRestarts, "CosineAnnealingWarmRestarts", **_RESTARTS),
        same(s.CosineWarmRestarts, "CosineAnnealingWarmRestarts", T_0=1, T_mult=3),
    ),
    "cyclic": (
        same(s.Cyclic, "CyclicLR", **_CYCLE, step_size_up=8),
        Row(
            value=s.Cyclic(max_lr=0.2, **_FALLING_CYCLE),
            make=by("CyclicLR", base_lr=list(BASES), max_lr=0.2, **_FALLING_CYCLE),
        ),
        Row(
            value=s.Cyclic(base_lr=0.001, **_GEOMETRIC_CYCLE),
            make=by("CyclicLR", base_lr=0.001, max_lr=list(BASES), **_GEOMETRIC_CYCLE),
        ),
        same(s.Cyclic, "CyclicLR", **_CYCLE, step_size_up=4, scale_fn=damped, cycle_momentum=False),
        same(s.Cyclic, "CyclicLR", **_CYCLE, step_size_up=4, scale_fn=damped, scale_mode="iterations"),
    ),
    "one_cycle": (
        same(s.OneCycle, "OneCycleLR", **_ONE),
        same(s.OneCycle, "OneCycleLR", **_ONE, three_phase=True, anneal_strategy="linear"),
        same(s.OneCycle, "OneCycleLR", **_ONE, pct_start=0.0, cycle_momentum=False),
        Row(
            value=s.OneCycle(max_momentum=0.9, **_SHAPE).over(75),
            make=by("OneCycleLR", max_lr=list(BASES), epochs=5, steps_per_epoch=15, max_momentum=0.9, **_SHAPE),
        ),
    ),
    "warmup": (
        Row(value=s.Warmup(9), make=by("LinearLR", start_factor=0.1, total_iters=9)),
        Row(value=s.Warmup(0.5).over(80), make=by("LinearLR", start_factor=1 / 41, total_iters=40)),
    ),
    "inverse_sqrt": (
        formula(s.InverseSqrt(20), lambda t: 1 / sqrt(1 + t / 20)),
        formula(s.InverseSqrt(), lambda t: 1 / sqrt(1 + t / 10_000)),
    ),
    "wsd": (
        formula(s.WarmupStableDecay().over(60), rise_stay_fall(3, 12, 60, 0.0, lambda u: u)),
        formula(
            s.WarmupStableDecay(10, 20, "cos", 0.1, 65),
            rise_stay_fall(10, 20, 65, 0.1, lambda u: 0.5 - 0.5 * cos(pi * u)),
        ),
        formula(s.WarmupStableDecay(0, 0.5, shape="sqrt").over(69), rise_stay_fall(0, 34, 69, 0.0, sqrt)),
    ),
    "anneal_to": (
        Row(value=s.AnnealTo(0.05), make=by("SWALR", swa_lr=0.05)),
        Row(
            value=s.AnnealTo(0.001, 40, "linear"),
            make=by("SWALR", swa_lr=[0.001, 0.001], anneal_epochs=40, anneal_strategy="linear"),
        ),
        Row(value=s.AnnealTo(0.02, 0), make=by("SWALR", swa_lr=0.02, anneal_epochs=0)),
    ),
    "lambda": (
        same(s.Lambda, "LambdaLR", lr_lambda=falling),
        Row(value=s.Lambda(wobbling), make=by("LambdaLR", lr_lambda=[wobbling, wobbling])),
    ),
    "multiplicative": (
        same(s.Multiplicative, "MultiplicativeLR", lr_lambda=wobbling),
        Row(value=s.Multiplicative(falling), make=by("MultiplicativeLR", lr_lambda=[falling, falling])),
    ),
    "plateau": (formula(s.Plateau(), lambda t: 1.0),),
    "sequential": (
        Row(
            value=s.Warmup(9) >> s.CosineAnnealing(40, eta_min=1e-4) >> s.Constant(0.5),
            make=in_sequence(
                [9, 49],
                by("LinearLR", start_factor=0.1, total_iters=9),
                by("CosineAnnealingLR", T_max=40, eta_min=1e-4),
                by("ConstantLR", factor=0.5, total_iters=1000),
            ),
        ),
        Row(
            value=s.Sequential([s.Exponential(0.9), s.Step(5, 0.5), s.Multiplicative(wobbling)], [4, 40]),
            make=in_sequence(
                [4, 40],
                by("ExponentialLR", gamma=0.9),
                by("StepLR", step_size=5, gamma=0.5),
                by("MultiplicativeLR", lr_lambda=wobbling),
            ),
        ),
        Row(
            value=s.CosineAnnealing(30) >> s.AnnealTo(0.05, 5),
            make=in_sequence([30], by("CosineAnnealingLR", T_max=30), by("SWALR", swa_lr=0.05, anneal_epochs=5)),
        ),
    ),
    "chained": (
        Row(
            value=s.Constant(0.5, 10) * s.Exponential(0.97),
            make=at_once(by("ConstantLR", factor=0.5, total_iters=10), by("ExponentialLR", gamma=0.97)),
        ),
        Row(
            value=s.CosineAnnealing(70) * s.MultiStep([20, 21]) * s.Multiplicative(wobbling),
            make=at_once(
                by("CosineAnnealingLR", T_max=70),
                by("MultiStepLR", milestones=[20, 21]),
                by("MultiplicativeLR", lr_lambda=wobbling),
            ),
        ),
    ),
}
ALL = [row for rows in ROWS.values() for row in rows]
#: those that are made of one scheduler, which PyTorch can combine
SINGLE = [row for name, rows in ROWS.items() if name not in ("sequential", "chained", "plateau") for row in rows]

Trace = np.ndarray[Any, Any]


def sgd(library: Any, *, bases: tuple[float, ...] = BASES) -> Any:
    """Gradient descent with a momentum over one group of parameters for each rate."""
    groups = [{"params": [library.tensor([1.0], requires_grad=True)], "lr": base} for base in bases]
    return library.optim.SGD(groups, lr=0.01, momentum=MOMENTUM)


def schedulers_of(library: Any) -> Any:
    """All schedulers of a library under PyTorch's names."""
    if library is sklon:
        return sklon.optim.lr_scheduler
    return SimpleNamespace(**vars(library.optim.lr_scheduler), SWALR=library.optim.swa_utils.SWALR)


def traced(optimizer: Any, scheduler: Any, steps: int = STEPS) -> Trace:
    """Rates and momenta of all groups, step by step."""
    found = []
    for _ in range(steps):
        found.append([(group["lr"], group["momentum"]) for group in optimizer.param_groups])
        optimizer.step()
        scheduler.step()
    return np.array(found)


def trace(library: Any, make: Make, steps: int = STEPS) -> Trace:
    """What a scheduler makes of the rates and the momenta."""
    optimizer = sgd(library)
    return traced(optimizer, make(schedulers_of(library), optimizer), steps)


def trace_of(value: s.Schedule, steps: int = STEPS) -> Trace:
    """What a schedule says, of the same form; where it says nothing of the momentum, the last one lasts."""
    momenta = [MOMENTUM]
    for t in range(steps):
        said = value.momentum(t)
        momenta.append(momenta[-1] if said is None else said)
    return np.array([list(zip(value.rates(base, steps), momenta[1:], strict=True)) for base in BASES]).swapaxes(0, 1)


def assert_same_trace(ours: Trace, theirs: Trace) -> None:
    """Equal to twelve digits; a zero may be off by what rounding leaves of a rate."""
    np.testing.assert_allclose(ours, theirs, rtol=1e-12, atol=1e-17)
