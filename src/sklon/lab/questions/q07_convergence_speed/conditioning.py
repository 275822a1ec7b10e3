"""E7: the number of steps grows like the condition number κ, with momentum like its root.

A linear regression without noise on two rows: its loss has the curvatures 1 and κ. Shapes: X [2, 2]; w [1, 2].
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, TypeAlias

import numpy as np

import sklon
from sklon import Tensor, nn
from sklon.lab.apparatus import power
from sklon.lab.check import Finding, above, near
from sklon.lab.controls import Real, Settings, Whole
from sklon.lab.experiment import Experiment, Fault, Frame, Record
from sklon.lab.figure import Figure, Panel, curve
from sklon.lab.text import Text
from sklon.optim import Rule
from sklon.optim.rules import SGDRule, Tensors, Update

from .descent import loss_curve, steps_to

Array: TypeAlias = np.ndarray[Any, Any]
#: the update of a learning rate and a momentum
RuleOf: TypeAlias = Callable[[float, float], Rule]

CONDITIONS = (10, 30, 100, 300, 1000)
#: records of the loss until plain descent has arrived
RECORDS = 100
JUST_BELOW, JUST_ABOVE = 1.99, 2.01
#: steps with a learning rate near the limit, and the condition number of that valley
EDGE_STEPS, EDGE_CONDITION = 2000, 10


@dataclass(frozen=True, slots=True)
class _TwiceScaledRule:
    """Momentum whose buffer holds η·g and is multiplied by η again: b ← μ·b + η·g;  p ← p − η·b."""

    name: ClassVar[str] = "twice_scaled"
    lr: float
    momentum: float

    @property
    def slots(self) -> Mapping[str, float]:
        return {"momentum_buffer": 0.0}

    def scalars(self, t: int) -> dict[str, float]:
        return {"lr": self.lr, "momentum": self.momentum}

    def update(self, param: Tensor, grad: Tensor, slots: Tensors, scalars: Tensors) -> Update:
        buffer = scalars["momentum"] * slots["momentum_buffer"] + scalars["lr"] * grad
        return param - scalars["lr"] * buffer, {"momentum_buffer": buffer}


def twice_scaled(lr: float, momentum: float) -> Rule:
    """Plain descent as it should be; with momentum the learning rate enters twice."""
    return _TwiceScaledRule(lr, momentum) if momentum else SGDRule(lr)


def gradient_descent(condition: float, scale: float) -> tuple[float, float]:
    """The best learning rate for curvatures between ``scale`` and condition·scale, and no momentum."""
    return 2 / (scale + scale * condition), 0.0


def heavy_ball(condition: float, scale: float) -> tuple[float, float]:
    """The best learning rate and momentum for these curvatures (Polyak 1964)."""
    root = np.sqrt(condition)
    return 4 / (np.sqrt(scale) * (1 + root)) ** 2, ((root - 1) / (root + 1)) ** 2


def descend(rule: Rule, condition: float, scale: float, start: Array, steps: int, every: int) -> Array:
    """The curve of the loss ½·scale·(w₁² + κ·w₂²) from a start."""
    model = nn.Linear(2, 1, bias=False, dtype="float64")
    with sklon.no_grad():
        model.weight.copy_(sklon.tensor(start[None, :]))
    rows = np.diag(np.sqrt([scale, scale * condition]))
    return loss_curve(model, (rows, np.zeros((2, 1))), loss="mse", rule=rule, steps=steps, every=every)


def run(subject: RuleOf, controls: Settings, seed: int) -> Iterator[Frame]:
    """Descend into valleys of growing condition number, with and without momentum; then at the limit of the rate."""
    scale, shrink = controls["scale"], 10.0 ** -controls["digits"]
    random = np.random.default_rng(seed)
    start = random.choice([-1.0, 1.0], 2) * random.uniform(0.5, 1.5, 2)
    for condition in CONDITIONS:
        # momentum gets as many steps as plain descent needs: it must arrive earlier
        steps = RECORDS + int(condition / 2 * np.log(1 / shrink))
        coarse, fine = steps // RECORDS, max(1, int(np.sqrt(condition) / 4))
        plain = descend(subject(*gradient_descent(condition, scale)), condition, scale, start, steps, coarse)
        heavy = descend(subject(*heavy_ball(condition, scale)), condition, scale, start, steps, fine)
        yield {
            "condition": condition,
            "plain": min(steps_to(plain, shrink**2 * plain[0], coarse), steps),
            "momentum": min(steps_to(heavy, shrink**2 * heavy[0], fine), steps),
            "rate": np.log(plain[10] / plain[0]) / (2 * 10 * coarse),
        }
    for part in (JUST_BELOW, JUST_ABOVE):
        rule = subject(part / (scale * EDGE_CONDITION), 0.0)
        losses = descend(rule, EDGE_CONDITION, scale, start, EDGE_STEPS, EDGE_STEPS // RECORDS)
        yield {"edge": part, "distances": np.sqrt(losses / losses[0])}


#: what is checked
CLAIMS = {
    "plain-power": Text("steps of plain descent ∝ κᵖ with p", "число шагов простого спуска ∝ κᵖ, показатель p"),
    "momentum-power": Text("steps with momentum ∝ κᵖ with p", "число шагов с моментом ∝ κᵖ, показатель p"),
    "plain-rate": Text(
        "logarithm of the factor per step over that of (κ − 1)/(κ + 1), worst case",
        "логарифм множителя за шаг, делённый на логарифм (κ − 1)/(κ + 1), худший случай",
    ),
    "momentum-gain": Text(
        "times fewer steps with momentum at κ = 1000", "во сколько раз меньше шагов с моментом при κ = 1000"
    ),
    "just-below": Text(
        "factor of the distance per step at η = 1.99/λmax", "множитель расстояния за шаг при η = 1,99/λmax"
    ),
    "just-above": Text(
        "factor of the distance per step at η = 2.01/λmax", "множитель расстояния за шаг при η = 2,01/λmax"
    ),
}


def checks(record: Record) -> list[Finding]:
    """The two power laws, the rate of plain descent, and the largest learning rate."""
    return [*_power_checks(record), *_limit_checks(record)]


def _power_checks(record: Record) -> list[Finding]:
    condition = record.series("condition")
    plain, momentum = record.series("plain"), record.series("momentum")
    return [
        near("plain-power", power(condition, plain), 1.0, within=0.03),
        near("momentum-power", power(condition, momentum), 0.5, within=0.06),
        near(
            "plain-rate",
            _farthest_from_one(record.series("rate") / np.log((condition - 1) / (condition + 1))),
            1.0,
            within=1e-3,
        ),
        above("momentum-gain", plain[-1] / momentum[-1], 10.0),
    ]


def _limit_checks(record: Record) -> list[Finding]:
    below, above_limit = (_factor(distances) for distances in record.series("distances"))
    return [
        near("just-below", below, JUST_BELOW - 1, within=1e-6),
        near("just-above", above_limit, JUST_ABOVE - 1, within=1e-6),
    ]


def _factor(distances: Array) -> float:
    """By what the distance is multiplied in a step, once the slow direction has died out."""
    settled = distances[RECORDS // 2 :]
    return float((settled[-1] / settled[0]) ** (1 / ((len(settled) - 1) * (EDGE_STEPS // RECORDS))))


def _farthest_from_one(ratios: Array) -> float:
    return float(ratios[np.argmax(np.abs(ratios - 1))])


def figure(record: Record) -> Figure:
    """Steps over κ, log-log; and the distance near the largest learning rate."""
    return Figure(
        caption=Text(
            "Left: steps until the distance to the minimum has shrunk as required, over the condition number κ, each "
            "method with its best settings. Plain descent needs ten times as many steps for ten times the κ, momentum "
            "about three times. Right: the same valley with a learning rate one half of a percent below and above "
            "2/λmax: one converges, the other diverges.",
            "Слева: сколько шагов нужно, чтобы расстояние до минимума сократилось в заданное число раз, в "
            "зависимости от числа обусловленности κ; настройки каждого метода наилучшие. Когда κ в десять раз "
            "больше, простому спуску нужно в десять раз больше шагов, спуску с моментом — примерно в три раза "
            "больше. Справа: один и тот же овраг, скорость обучения η на полпроцента меньше и больше 2/λmax: в "
            "первом случае спуск сходится, во втором расходится.",
        ),
        panels=(_powers(record), _limit(record)),
    )


def _powers(record: Record) -> Panel:
    condition = record.series("condition")
    plain, momentum = Text("plain", "простой спуск"), Text("momentum", "с моментом")
    return Panel(
        x=Text("condition number κ", "число обусловленности κ"),
        y=Text("steps", "шагов"),
        x_scale="log",
        y_scale="log",
        marks=(
            curve(condition, record.series("plain"), plain, style="line+points", tone=0),
            curve(condition, record.series("momentum"), momentum, style="line+points", tone=1),
        ),
    )


def _limit(record: Record) -> Panel:
    below, above_limit = record.series("distances")
    step = np.arange(len(below)) * (EDGE_STEPS // RECORDS)
    return Panel(
        x=Text("step", "номер шага"),
        y=Text("distance to the minimum", "расстояние до минимума"),
        y_scale="log",
        marks=(
            curve(step, above_limit, Text("η = 2.01/λmax", "η = 2,01/λmax"), tone=1),
            curve(step, below, Text("η = 1.99/λmax", "η = 1,99/λmax"), tone=0),
        ),
    )


E7 = Experiment(
    number="E7",
    title=Text("κ against √κ", "κ против √κ"),
    subject=SGDRule,
    faults=(
        Fault(
            "twice-scaled",
            Text(
                "the momentum buffer is multiplied by the learning rate twice",
                "буфер момента умножается на скорость обучения η дважды",
            ),
            twice_scaled,
            breaks=("momentum-power", "momentum-gain"),
        ),
    ),
    run=run,
    claims=CLAIMS,
    checks=checks,
    figure=figure,
    controls=(
        Whole(
            "digits",
            6,
            3,
            8,
            Text("decimal digits that the distance must shrink by", "на сколько порядков сократить расстояние"),
        ),
        Real("scale", 1.0, 0.1, 10.0, Text("smallest curvature", "наименьшая кривизна")),
    ),
)
