"""E1: ways to differentiate one function, how wrong each of them is, and whether one of them knows it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import cos, exp, sin
from typing import TypeAlias

import numpy as np

import sklon
from sklon.calculus.differences import Estimate, Line, slope
from sklon.lab.apparatus import gradient, power
from sklon.lab.check import Finding, below, between, near
from sklon.lab.controls import Real, Settings
from sklon.lab.experiment import Experiment, Fault, Frame, Record
from sklon.lab.figure import Figure, Panel, curve, level
from sklon.lab.text import Text

Function: TypeAlias = Callable[[float], float]
#: a difference quotient of a function at x with step h
Quotient: TypeAlias = Callable[[Function, float, float], float]

STEPS = 2.0 ** -np.arange(1, 52)
#: steps that are so large that rounding does not show, and so small that the next term of Taylor's series does not
CLEAN = slice(4, 12)


def forward(f: Function, x: float, h: float) -> float:
    """(f(x + h) − f(x))/h."""
    return (f(x + h) - f(x)) / h


def central(f: Function, x: float, h: float) -> float:
    """(f(x + h) − f(x − h))/2h."""
    return (f(x + h) - f(x - h)) / (2 * h)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ways:
    """The derivative from values alone: by two quotients, and by an estimate that states its error."""

    forward: Quotient = forward
    central: Quotient = central
    estimated: Callable[[Line], Estimate] = slope


def _undivided(f: Function, x: float, h: float) -> float:
    return (f(x + h) - f(x - h)) / h


def _careless(line: Line) -> Estimate:
    """One central quotient with a tiny step; its bound holds what Taylor's series leaves out, and no rounding."""
    h = float(STEPS[-12])
    return Estimate(value=central(line, 0.0, h), error=h**2)


def run(subject: Ways, controls: Settings, seed: int) -> Iterator[Frame]:
    """Differentiate exp(sin x) at x by quotients of ever smaller steps, by an estimate, and by reverse mode."""
    x = controls["x"]
    true = cos(x) * exp(sin(x))
    for h in STEPS:
        yield {
            "h": h,
            "forward": abs(subject.forward(_f, x, h) - true) / abs(true),
            "central": abs(subject.central(_f, x, h) - true) / abs(true),
        }
    estimate = subject.estimated(lambda t: _f(x + t))
    yield {"estimate": abs(estimate.value - true) / abs(true), "bound": estimate.error / abs(true)}
    reverse = float(gradient(lambda t: sklon.exp(sklon.sin(t)), x))
    yield {"reverse": abs(reverse - true) / abs(true)}


def _f(x: float) -> float:
    return exp(sin(x))


#: what is checked
CLAIMS = {
    "forward-order": Text(
        "error of the forward quotient ∝ hᵖ with p", "ошибка правого разностного отношения ∝ hᵖ, показатель p"
    ),
    "central-order": Text(
        "error of the central quotient ∝ hᵖ with p",
        "ошибка центрального разностного отношения ∝ hᵖ, показатель p",
    ),
    "forward-best": Text("smallest error of the forward quotient", "наименьшая ошибка правого разностного отношения"),
    "central-best": Text(
        "smallest error of the central quotient", "наименьшая ошибка центрального разностного отношения"
    ),
    "estimate-error": Text(
        "error of the quotients that are extrapolated to step 0",
        "ошибка разностных отношений, экстраполированных к нулевому шагу",
    ),
    "estimate-honest": Text(
        "the same error over the bound that was stated for it", "та же ошибка, делённая на заявленную оценку"
    ),
    "reverse-error": Text("error of automatic differentiation", "ошибка автоматического дифференцирования"),
}


def checks(record: Record) -> list[Finding]:
    """The order of each quotient, the best that each can do, and the errors of what takes no step of ours."""
    return [*_quotients(record), *_without_a_step(record)]


def _quotients(record: Record) -> list[Finding]:
    h, ahead, around = record.series("h"), record.series("forward"), record.series("central")
    return [
        between("forward-order", power(h[CLEAN], ahead[CLEAN]), 0.95, 1.10, predicted=1.0),
        near("central-order", power(h[CLEAN], around[CLEAN]), 2.0, within=0.05),
        between(
            "forward-best", ahead[ahead > 0].min(), 1e-10, 1e-7, predicted=float(np.sqrt(np.finfo(np.float64).eps))
        ),
        below("central-best", around[around > 0].min(), 1e-11),
    ]


def _without_a_step(record: Record) -> list[Finding]:
    return [
        below("estimate-error", record["estimate"], 1e-12),
        below("estimate-honest", record["estimate"] / record["bound"], 1.0),
        below("reverse-error", record["reverse"], 4 * float(np.finfo(np.float64).eps)),
    ]


def figure(record: Record) -> Figure:
    """Both errors over the step, log-log, and the level of reverse mode."""
    h, ahead, around = record.series("h"), record.series("forward"), record.series("central")
    shown = float(np.finfo(np.float64).eps)
    return Figure(
        caption=Text(
            "Relative error of the derivative over the step h. From right to left each quotient first gets better, as "
            "its curve falls with h or with h², and then worse, because rounding is divided by ever smaller h. "
            "Automatic differentiation takes no step and lies at the precision of the numbers.",
            "Относительная ошибка производной в зависимости от шага h. Если идти справа налево, каждое "
            "разностное отношение сначала становится точнее (кривая убывает как h или как h²), а потом хуже: "
            "ошибка округления делится на всё меньшее h. Автоматическому дифференцированию шаг не нужен, его "
            "ошибка на уровне точности самих чисел.",
        ),
        panels=(
            Panel(
                x=Text("step h", "шаг h"),
                y=Text("relative error", "относительная ошибка"),
                x_scale="log",
                y_scale="log",
                marks=(
                    curve(h, np.maximum(ahead, shown), Text("forward quotient", "правое отношение"), tone=0),
                    curve(h, np.maximum(around, shown), Text("central quotient", "центральное отношение"), tone=1),
                    level(
                        max(record["reverse"], shown),
                        Text("automatic differentiation", "автоматическое дифференцирование"),
                        tone=2,
                    ),
                ),
            ),
        ),
    )


E1 = Experiment(
    number="E1",
    title=Text("Three ways to differentiate", "Три способа найти производную"),
    subject=Ways(),
    faults=(
        Fault(
            "not-halved",
            Text(
                "the central difference is divided by h instead of 2h", "центральная разность делится на h, а не на 2h"
            ),
            Ways(central=_undivided),
            breaks=("central-order", "central-best"),
        ),
        Fault(
            "rounding-forgotten",
            Text(
                "the estimate takes one tiny step, and its stated error leaves out rounding",
                "для оценки взят один крошечный шаг, а в заявленной ошибке не учтено округление",
            ),
            Ways(estimated=_careless),
            breaks=("estimate-error", "estimate-honest"),
        ),
    ),
    run=run,
    claims=CLAIMS,
    checks=checks,
    figure=figure,
    controls=(Real("x", 0.7, -0.9, 0.9, Text("where to differentiate", "точка, в которой ищем производную")),),
)

EXPERIMENTS = (E1,)
