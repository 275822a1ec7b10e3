"""E6b: on a quadratic valley, where −g points, and how long a step along it may be.

f(x, y) = ½(x² + κy²): curvatures 1 and κ, minimum at 0. Shapes: w [2].
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any, TypeAlias

import numpy as np

import sklon
from sklon import Tensor, optim
from sklon.calculus import descend
from sklon.lab.check import Finding, below, near
from sklon.lab.controls import Real, Settings
from sklon.lab.experiment import Experiment, Fault, Frame, Record
from sklon.lab.figure import Figure, Panel, arrows, curve, field, level
from sklon.lab.text import Text
from sklon.optim import Optimizer

from .rules import FixedLength

Array: TypeAlias = np.ndarray[Any, Any]

#: steps of the path that the figure shows
PATH_STEPS = 12
#: learning rates of the figure, in units of 1/κ
PARTS = np.linspace(0.1, 2.4, 24)
JUST_BELOW, JUST_ABOVE = 1.99, 2.01


class Valley:
    """½(x² + κy²)."""

    def __init__(self, curvature: float) -> None:
        self.curvatures = sklon.tensor([1.0, curvature], dtype="float64")

    def __call__(self, w: Tensor) -> Tensor:
        return 0.5 * (self.curvatures * w * w).sum()


def degrees_between(a: Array, b: Array) -> float:
    """The angle between two directions of the plane."""
    across, along = a[0] * b[1] - a[1] * b[0], a @ b
    return float(np.degrees(np.arctan2(abs(across), along)))


def run(subject: type[Optimizer], controls: Settings, seed: int) -> Iterator[Frame]:
    """Go down the valley; compare the first direction with the way to the minimum; stretch the step."""
    curvature = controls["curvature"]
    valley = Valley(curvature)
    start = np.array([np.sqrt(curvature), 1.0])
    path = descend(valley, start, partial(subject, lr=1 / curvature), steps=PATH_STEPS).points
    for point in path:
        yield {"path": point}
    arrow = path[1] - start
    newton = np.linalg.solve(sklon.hessian(valley)(start).numpy(), arrow)
    yield {"arrow": arrow, "miss": degrees_between(arrow, -start), "newton": degrees_between(newton, -start)}
    steep = np.array([0.0, 1.0])
    for part in (*PARTS, JUST_BELOW, JUST_ABOVE):
        before, after = descend(valley, steep, partial(subject, lr=part / curvature), steps=1).values
        yield {"part": part, "after": after / before}


#: what is checked
CLAIMS = {
    "angle-to-minimum": Text(
        "degrees between −g and the way to the minimum", "угол между −g и направлением на минимум, в градусах"
    ),
    "newton-angle": Text(
        "the same angle when curvature measures the length of a step",
        "тот же угол, если длину шага измерять с учётом кривизны",
    ),
    "just-below": Text(
        "what is left of the loss after a step with η = 1.99/L",
        "потери после шага с η = 1,99/L, в долях прежних",
    ),
    "just-above": Text(
        "what is left of the loss after a step with η = 2.01/L",
        "потери после шага с η = 2,01/L, в долях прежних",
    ),
}


def checks(record: Record) -> list[Finding]:
    """The angle to the minimum, and the longest step that still goes down."""
    curvature = record.controls["curvature"]
    below_limit, above_limit = record.series("after")[-2:]
    return [
        near(
            "angle-to-minimum",
            record["miss"],
            np.degrees(np.arccos(2 * np.sqrt(curvature) / (1 + curvature))),
            within=1e-6,
        ),
        below("newton-angle", record["newton"], 1e-6, predicted=0.0),
        near("just-below", below_limit, (1 - JUST_BELOW) ** 2, within=1e-9),
        near("just-above", above_limit, (1 - JUST_ABOVE) ** 2, within=1e-9),
    ]


def figure(record: Record) -> Figure:
    """The valley with the arrow and the path, and the loss after one step of growing length."""
    path = record.series("path")
    part, after = record.series("part")[: len(PARTS)], record.series("after")[: len(PARTS)]
    return Figure(
        caption=Text(
            "Left: level lines of a valley. The arrow −g is square to the level line and points across the valley, "
            "away from the straight way to the minimum (dashed); the path of many steps turns there only later. "
            "Right: the loss after one step along the steepest slope. Up to η = 2/L it falls, beyond it rises.",
            "Слева: линии уровня оврага. Стрелка −g перпендикулярна линии уровня и смотрит поперёк оврага, а не "
            "вдоль прямого пути к минимуму (пунктир); спуск сворачивает к нему лишь со временем. Справа: потери "
            "после одного шага по самому крутому склону. До η = 2/L они уменьшаются, дальше растут.",
        ),
        panels=(_map(record, path), _step_lengths(part, after)),
    )


def _map(record: Record, path: Array) -> Panel:
    start, arrow = path[0], record["arrow"]
    x, y = np.linspace(-0.3, 1.2, 60) * start[0], np.linspace(-1.25, 1.25, 150) * start[0] / 2
    heights = 0.5 * (x[None, :] ** 2 + record.controls["curvature"] * y[:, None] ** 2)
    shown = arrow / np.linalg.norm(arrow) * start[0] / 2
    return Panel(
        x=Text("weight 1", "вес 1"),
        y=Text("weight 2", "вес 2"),
        equal=True,
        marks=(
            field(x, y, heights, levels=0.5 * (start @ (start * [1, record.controls["curvature"]])) * LEVELS),
            curve([start[0], 0], [start[1], 0], Text("way to the minimum", "путь к минимуму"), style="dashed", tone=2),
            curve(path[:, 0], path[:, 1], Text("steps", "шаги"), style="line+points", tone=0),
            arrows([start[0]], [start[1]], [shown[0]], [shown[1]], tone=1),
        ),
    )


#: level lines of the figure, in units of the loss at the start
LEVELS = np.array([0.02, 0.1, 0.25, 0.5, 1.0, 1.6, 2.4, 3.4])


def _step_lengths(part: Array, after: Array) -> Panel:
    return Panel(
        x=Text("learning rate η, in units of 1/L", "скорость обучения η, в единицах 1/L"),
        y=Text("loss after the step / before", "потери после шага / до шага"),
        marks=(
            curve(part, after, style="line+points", tone=0),
            level(1.0, Text("no change", "без изменений"), tone=5),
        ),
    )


E6B = Experiment(
    number="E6b",
    title=Text("Where the arrow points", "Куда смотрит стрелка"),
    subject=optim.SGD,
    faults=(
        Fault(
            "fixed-length",
            Text(
                "every step is η long, however steep the slope", "длина каждого шага равна η, как бы крут ни был склон"
            ),
            FixedLength,
            breaks=("just-below", "just-above"),
        ),
    ),
    run=run,
    claims=CLAIMS,
    checks=checks,
    figure=figure,
    controls=(Real("curvature", 10.0, 2.0, 100.0, Text("steepness across / along", "крутизна поперёк / вдоль")),),
)
