"""E11: one constant is fitted to skewed data, and the loss decides which constant it becomes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import exp
from statistics import NormalDist
from typing import Any, TypeAlias

import numpy as np

import sklon
from sklon import Tensor, nn, optim
from sklon.graph.build import Build
from sklon.graph.node import Node, apply
from sklon.lab.apparatus import gradient, leaf
from sklon.lab.check import Finding, near
from sklon.lab.controls import Real, Settings
from sklon.lab.experiment import Array, Experiment, Fault, Frame, Record
from sklon.lab.figure import Figure, Panel, curve, histogram, level, upright
from sklon.lab.text import Text
from sklon.ops.point import Abs
from sklon.tensors.record import wrap

#: from outputs and targets of one shape to a number
Loss: TypeAlias = Callable[[Tensor, Tensor], Tensor]

#: an odd number, so that one of the values is the median
COUNT = 1001
STEPS = 320
#: learning rate of the first step, times the curvature of the loss at its minimum
RATE = 0.3
#: after so many steps the learning rates are halved
HALVED_AFTER = 160


@dataclass(frozen=True, slots=True)
class Losses:
    """The three losses; the last one is made for a quantile."""

    squared: Loss
    absolute: Loss
    pinball: Callable[[float], Loss]


# ---- faults
@dataclass(frozen=True)
class _AbsOfSlopeOne(Abs):
    """|x| whose derivative at 0 is 1."""

    def vjp(self, build: Build, node: Node, g: Node) -> tuple[Node, ...]:
        (x,) = node.inputs
        return (build.where(build.less(x, build.full_like(0.0, x)), build.neg(g), g),)


def _absolute_of_slope_one(output: Tensor, target: Tensor) -> Tensor:
    error = output - target
    return wrap(apply(_AbsOfSlopeOne(), error.node), error).mean()


def _swapped_pinball(quantile: float) -> Loss:
    loss = nn.PinballLoss(quantile)
    return lambda output, target: loss(target, output)


# ---- the run
def run(subject: Losses, controls: Settings, seed: int) -> Iterator[Frame]:
    """Fit a constant to log-normal values by gradient descent, once under each loss."""
    spread, quantile = controls["spread"], controls["quantile"]
    values = np.exp(spread * np.random.default_rng(seed).standard_normal(COUNT))
    losses = (subject.squared, subject.absolute, subject.pinball(quantile))
    for constants in _descent(losses, values, _rates(spread, quantile)):
        yield {"constants": constants}
    median = float(np.median(values))
    yield {
        "values": values,
        "statistics": _statistics(values, quantile),
        "slope at the median": float(gradient(lambda c: subject.absolute(*_compared(c, values)), median)),
        "slope of the difference": float(gradient(lambda c: _difference(*_compared(c, values)), values.mean())),
    }


def _rates(spread: float, quantile: float) -> list[float]:
    """Learning rates that fit the curvatures: 2 of the squared error, those of the others from the density of y."""
    at_median, at_quantile = (_density(NormalDist().inv_cdf(q), spread) for q in (0.5, quantile))
    return [RATE / curvature for curvature in (2.0, 2 * at_median, at_quantile)]


def _density(z: float, spread: float) -> float:
    """Density of y at y = exp(spread·z), where z is normal."""
    return NormalDist().pdf(z) / (spread * exp(spread * z))


def _descent(losses: tuple[Loss, ...], values: Array, rates: list[float]) -> Iterator[Array]:
    """The constants, one for each loss, before the first and after every step."""
    constants = [leaf(0.0) for _ in losses]
    optimizer = optim.SGD([{"params": [c], "lr": rate} for c, rate in zip(constants, rates, strict=True)])
    yield _together(constants)
    for step in range(STEPS):
        optimizer.zero_grad()
        total = [loss(*_compared(c, values)) for loss, c in zip(losses, constants, strict=True)]
        sum(total[1:], total[0]).backward()
        for group, rate in zip(optimizer.param_groups, rates, strict=True):
            group["lr"] = rate / (1 + step / HALVED_AFTER)
        optimizer.step()
        yield _together(constants)


def _compared(constant: Tensor, values: Array) -> tuple[Tensor, Tensor]:
    """The constant as the prediction for every value, and the values."""
    return sklon.broadcast_to(constant, values.shape), sklon.tensor(values)


def _difference(output: Tensor, target: Tensor) -> Tensor:
    """What a loss is not: the mean of prediction − truth."""
    return (output - target).mean()


def _together(constants: list[Tensor]) -> Array:
    return np.array([c.item() for c in constants])


def _statistics(values: Array, quantile: float) -> Array:
    """Mean, median and quantile; the quantile is one of the values."""
    return np.array([values.mean(), np.median(values), np.quantile(values, quantile, method="inverted_cdf")])


# ---- what came out
#: what is checked
CLAIMS = {
    "squared-error": Text(
        "constant that the squared error finds; the mean", "константа, найденная по квадрату ошибки; среднее"
    ),
    "absolute-error": Text(
        "constant that the absolute error finds; the median", "константа, найденная по модулю ошибки; медиана"
    ),
    "pinball": Text(
        "constant that the pinball loss finds; the quantile", "константа, найденная по pinball loss; квантиль"
    ),
    "slope-at-median": Text("slope of the absolute error at the median", "наклон средней абсолютной ошибки в медиане"),
    "difference-slope": Text(
        "slope of the mean difference, wherever one stands", "наклон средней разности в любой точке"
    ),
}


def checks(record: Record) -> list[Finding]:
    """Where each constant ended, and what happens at the median and under a plain difference."""
    (mean, median, quantile), fitted = record["statistics"], record["constants"]
    return [
        near("squared-error", fitted[0], mean, within=1e-6),
        near("absolute-error", fitted[1], median, within=1e-3),
        near("pinball", fitted[2], quantile, within=1e-2),
        near("slope-at-median", record["slope at the median"], 0.0, within=1e-12),
        near("difference-slope", record["slope of the difference"], 1.0, within=1e-12),
    ]


SHOWN_STEPS = 40
SQUARED, ABSOLUTE, PINBALL, DIFFERENCE = 0, 1, 2, 3  # tones
NAMES = (
    Text("mean", "среднее"),
    Text("median", "медиана"),
    Text("quantile", "квантиль"),
)
LOSS_NAMES = (
    Text("squared error", "квадрат ошибки"),
    Text("absolute error", "модуль ошибки"),
    Text("pinball loss", "pinball loss (квантиль)"),
)


def figure(record: Record) -> Figure:
    """The data with the three constants, the losses over the constant, and the way there."""
    return Figure(
        caption=Text(
            "Left: the same skewed data, and the constant that each loss ends at. Middle: the mean loss over the "
            "constant. Each of the three curves has its bottom elsewhere; the plain difference has none: the smaller "
            "c, the smaller it is. Right: gradient descent on the three losses from the same start; the dashed lines "
            "are mean, median and quantile, computed from the sorted data.",
            "Слева: одни и те же скошенные данные и константы, к которым приводят три функции потерь. В центре: "
            "средние потери в зависимости от константы. У каждой из трёх кривых дно в своей точке, а у простой "
            "разности дна нет: чем меньше c, тем она меньше. Справа: градиентный спуск по трём функциям потерь "
            "из одной точки; пунктир — среднее, медиана и квантиль, найденные прямо по данным.",
        ),
        panels=(_data_panel(record), _losses_panel(record), _descent_panel(record)),
    )


def _data_panel(record: Record) -> Panel:
    values = record["values"]
    end = float(np.quantile(values, 0.99))
    marks: list[Any] = [histogram(values[values <= end], 40, tone=4)]
    marks += [upright(c, name, tone) for tone, (c, name) in enumerate(zip(record["constants"], NAMES, strict=True))]
    return Panel(
        x=Text("value y", "значение y"), y=Text("how many", "сколько значений"), marks=tuple(marks), x_limits=(0, end)
    )


def _losses_panel(record: Record) -> Panel:
    values, quantile = record["values"], record.controls["quantile"]
    constants = np.linspace(0, float(np.quantile(values, 0.98)), 120)
    short = values[None] - constants[:, None]
    curves = (
        (np.square(short).mean(1), LOSS_NAMES[0], SQUARED),
        (np.abs(short).mean(1), LOSS_NAMES[1], ABSOLUTE),
        (np.maximum(quantile * short, (quantile - 1) * short).mean(1), LOSS_NAMES[2], PINBALL),
        (-short.mean(1), Text("plain difference", "просто разность"), DIFFERENCE),
    )
    highest = 2.2 * float(curves[0][0].min())
    return Panel(
        x=Text("constant c", "константа c"),
        y=Text("mean over the data", "среднее по данным"),
        marks=tuple(curve(constants, y, name, tone=tone) for y, name, tone in curves),
        y_limits=(-0.4 * highest, highest),
    )


def _descent_panel(record: Record) -> Panel:
    constants = record.series("constants")[: SHOWN_STEPS + 1]
    steps = np.arange(len(constants))
    marks: list[Any] = [curve(steps, constants[:, tone], name, tone=tone) for tone, name in enumerate(LOSS_NAMES)]
    marks += [level(statistic, tone=tone) for tone, statistic in enumerate(record["statistics"])]
    return Panel(x=Text("step", "номер шага"), y=Text("constant c", "константа c"), marks=tuple(marks))


# ---- the experiment
TRUE = Losses(squared=nn.MSELoss(), absolute=nn.L1Loss(), pinball=nn.PinballLoss)

E11 = Experiment(
    number="E11",
    title=Text("One constant, three losses", "Одна константа, три функции потерь"),
    subject=TRUE,
    faults=(
        Fault(
            "slope-at-zero",
            Text("the derivative of |x| at 0 is 1 instead of 0", "производная |x| в нуле равна 1, а не 0"),
            Losses(squared=nn.MSELoss(), absolute=_absolute_of_slope_one, pinball=nn.PinballLoss),
            breaks=("slope-at-median",),
        ),
        Fault(
            "swapped-sides",
            Text(
                "the pinball loss confuses prediction and truth, so it punishes the wrong side",
                "в pinball loss предсказание и истина перепутаны: штрафуется не та сторона",
            ),
            Losses(squared=nn.MSELoss(), absolute=nn.L1Loss(), pinball=_swapped_pinball),
            breaks=("pinball",),
        ),
    ),
    run=run,
    claims=CLAIMS,
    checks=checks,
    figure=figure,
    controls=(
        Real(
            "spread",
            1.0,
            0.25,
            1.0,
            Text("spread of ln y: how skewed the data are", "разброс ln y: скошенность данных"),
        ),
        Real("quantile", 0.9, 0.1, 0.9, Text("quantile of the pinball loss", "квантиль для pinball loss")),
    ),
)

EXPERIMENTS = (E11,)
