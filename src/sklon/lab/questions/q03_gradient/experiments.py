"""E3: along the gradient a function climbs in proportion to the step, across it hardly at all."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeAlias

import numpy as np

import sklon
from sklon import Tensor
from sklon.lab.apparatus import Array, gradient, power
from sklon.lab.check import Finding, below, near
from sklon.lab.controls import Real, Settings
from sklon.lab.experiment import Experiment, Fault, Frame, Record
from sklon.lab.figure import Arrows, Figure, Panel, arrows, curve, field
from sklon.lab.text import Text

#: the gradient of a scalar function of one tensor at a point
Gradient: TypeAlias = Callable[[Callable[[Tensor], Tensor], Array], Array]

#: where the walk begins: this far from the minimum, so that the gradient is nowhere small
RADIUS = 1.5
STEPS = 2.0 ** -np.arange(4, 15)
#: directions that are tried around the point, in degrees
DIRECTIONS = np.arange(0.0, 360.0, 0.5)
#: heights of the level lines over that of the point
LEVELS = 0.75 * np.arange(-4, 12)
#: half the side of the drawn square, points along its side, arrows along its side, and the arrows' scale
SIDE, GRID, ARROWS, ARROW_SCALE = 2.2, 61, 8, 0.09


def bowl(point: Tensor) -> Tensor:
    """cosh x + y² + xy/2 for points [..., 2]: curved everywhere, in each direction by another amount."""
    x, y = point[..., 0], point[..., 1]
    return sklon.cosh(x) + y * y + x * y * 0.5


def _second_derivatives(function: Callable[[Tensor], Tensor], at: Array) -> Array:
    """∂²f/∂xᵢ² in the place of ∂f/∂xᵢ."""
    return np.diag(sklon.hessian(function)(at).numpy())


def run(subject: Gradient, controls: Settings, seed: int) -> Iterator[Frame]:
    """Step from a point along the gradient and across it, with ever smaller steps; then try all directions."""
    angle = np.radians(controls["angle"])
    point = RADIUS * np.array([np.cos(angle), np.sin(angle)])
    vector = subject(bowl, point)
    uphill = vector / np.linalg.norm(vector)
    across = np.array([-uphill[1], uphill[0]])
    here = float(_heights(point))
    yield {"point": point, "vector": vector}
    for step in STEPS:
        climbed, crossed = _heights(point + step * np.stack([uphill, across])) - here
        yield {"step": step, "climbed": climbed, "crossed": crossed}
    turns = np.radians(DIRECTIONS)
    around = np.stack([np.cos(turns), np.sin(turns)], axis=-1)
    best = around[np.argmax(_heights(point + STEPS[-1] * around))]
    yield {"off": float(np.degrees(np.arccos(np.clip(best @ uphill, -1.0, 1.0))))}


def _heights(points: Array) -> Array:
    return bowl(sklon.tensor(points)).numpy()


#: what is checked
CLAIMS = {
    "climb-order": Text("change along the gradient ∝ εᵖ with p", "изменение вдоль градиента ∝ εᵖ, показатель p"),
    "contour-order": Text("change across the gradient ∝ εᵖ with p", "изменение поперёк градиента ∝ εᵖ, показатель p"),
    "rate": Text("climb per unit of way, compared with ‖∇f‖", "подъём на единицу пути в сравнении с ‖∇f‖"),
    "steepest": Text(
        "angle in degrees between the gradient and the steepest of 720 directions",
        "угол в градусах между градиентом и самым крутым из 720 направлений",
    ),
}


def checks(record: Record) -> list[Finding]:
    """The order of the change along and across, the rate, and the steepest direction."""
    step, climbed, crossed = record.series("step"), record.series("climbed"), record.series("crossed")
    length = float(np.linalg.norm(record["vector"]))
    return [
        near("climb-order", power(step, np.abs(climbed)), 1.0, within=0.03),
        near("contour-order", power(step, np.abs(crossed)), 2.0, within=0.05),
        near("rate", climbed[-1] / step[-1], length, relative=1e-3),
        below("steepest", record["off"], 0.5, predicted=0.0),
    ]


def figure(record: Record) -> Figure:
    """Level lines with the field of gradients, and the two laws."""
    return Figure(
        caption=Text(
            "Left: level lines of a bowl and its gradients. Each arrow stands upright on the level line and points up "
            "the slope; where lines are dense, arrows are long. Right: the change of the function over the step. Along "
            "the gradient it falls with ε, along the tangent of the level line with ε², so that the first order is 0.",
            "Слева: линии уровня чаши и её градиенты. Каждая стрелка перпендикулярна линии уровня и смотрит вверх по "
            "склону; где линии гуще, там стрелки длиннее. Справа: изменение функции в зависимости от шага. Вдоль "
            "градиента оно убывает как ε, а вдоль касательной к линии уровня — как ε²: в первом порядке его нет.",
        ),
        panels=(_map(record), _laws(record)),
    )


ALONG, ACROSS = Text("along the gradient", "вдоль градиента"), Text("along the level line", "вдоль линии уровня")


def _map(record: Record) -> Panel:
    point, vector = record["point"], record["vector"]
    side = np.linspace(-SIDE, SIDE, GRID)
    heights = _heights(np.stack(np.meshgrid(side, side), axis=-1))
    uphill = vector / np.linalg.norm(vector)
    sideways = 0.7 * np.array([-uphill[1], uphill[0]])
    climb, contour = np.stack([point, point + uphill]), np.stack([point - sideways, point + sideways])
    return Panel(
        x=Text("x", "x"),
        y=Text("y", "y"),
        equal=True,
        marks=(
            field(side, side, heights, "levels", _heights(point) + LEVELS),
            _arrow_field(),
            curve(contour[:, 0], contour[:, 1], ACROSS, tone=1),
            curve(climb[:, 0], climb[:, 1], ALONG, tone=0),
            curve(point[:1], point[1:], style="points", tone=4),
        ),
    )


def _laws(record: Record) -> Panel:
    step = record.series("step")
    return Panel(
        x=Text("step ε", "шаг ε"),
        y=Text("|change of f|", "|изменение f|"),
        x_scale="log",
        y_scale="log",
        marks=(
            curve(step, np.abs(record.series("climbed")), ALONG, style="line+points", tone=0),
            curve(step, np.abs(record.series("crossed")), ACROSS, style="line+points", tone=1),
        ),
    )


def _arrow_field() -> Arrows:
    """The gradient at the points of a coarse grid, scaled down."""
    side = np.linspace(-SIDE, SIDE, ARROWS + 2)[1:-1]
    points = np.stack(np.meshgrid(side, side), axis=-1)
    slopes = ARROW_SCALE * gradient(lambda p: bowl(p).sum(), points)
    return arrows(points[..., 0], points[..., 1], slopes[..., 0], slopes[..., 1], tone=5)


E3 = Experiment(
    number="E3",
    title=Text("Climb or follow the contour", "В гору или вдоль линии уровня"),
    subject=gradient,
    faults=(
        Fault(
            "second-derivatives",
            Text(
                "the second derivatives along the axes stand in for the gradient",
                "вместо градиента возвращаются вторые производные по осям",
            ),
            _second_derivatives,
            breaks=("contour-order", "rate", "steepest"),
        ),
    ),
    run=run,
    claims=CLAIMS,
    checks=checks,
    figure=figure,
    controls=(
        Real(
            "angle",
            40.0,
            0.0,
            360.0,
            Text("where to start around the minimum, in degrees", "откуда начать: угол вокруг минимума, в градусах"),
        ),
    ),
)

EXPERIMENTS = (E3,)
