"""E2b: xy/(x² + y²) has both partial derivatives at the origin and is not even continuous there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeAlias

import numpy as np

import sklon
from sklon import Tensor
from sklon.lab.apparatus import Array, gradient
from sklon.lab.check import Finding, equal, near
from sklon.lab.controls import Real, Settings
from sklon.lab.experiment import Experiment, Fault, Frame, Record
from sklon.lab.figure import Figure, Panel, curve, field
from sklon.lab.text import Text

#: a function of the plane; its value at the origin is 0
Surface: TypeAlias = Callable[[Tensor, Tensor], Tensor]

DISTANCES = 10.0 ** -np.arange(1, 9)
#: points along each side of the drawn square
GRID = 41


def torn(x: Tensor, y: Tensor) -> Tensor:
    """xy/(x² + y²)."""
    return x * y / (x * x + y * y)


def _continuous(x: Tensor, y: Tensor) -> Tensor:
    return x * x * y / (x * x + y * y)


def run(subject: Surface, controls: Settings, seed: int) -> Iterator[Frame]:
    """Come ever closer to the origin: along both axes, the diagonal, and a line of the chosen slope."""
    slope = controls["slope"]
    side = np.linspace(-1.0, 1.0, GRID)
    yield {"side": side, "heights": _at_points(subject, *np.meshgrid(side, side))}
    for t in DISTANCES:
        x = np.array([t, 0.0, t, t])
        y = np.array([0.0, t, t, slope * t])
        along_x, along_y, diagonal, line = _at_points(subject, x, y)
        yield {
            "distance": t,
            "quotients": np.array([along_x, along_y]) / t,
            "diagonal": diagonal,
            "line": line,
            "partial": _partial_x(subject, t),
        }


def _at_points(surface: Surface, x: Array, y: Array) -> Array:
    """Heights, 0 at the origin by definition."""
    origin = (x == 0) & (y == 0)
    safe = np.where(origin, 1.0, x)  # 0/0 is never formed
    heights = surface(sklon.tensor(safe), sklon.tensor(y)).numpy()
    return np.where(origin, 0.0, heights)


def _partial_x(surface: Surface, y: float) -> float:
    """∂f/∂x at (0, y), by reverse mode."""
    return float(gradient(lambda x: surface(x, sklon.tensor(np.float64(y))), 0.0))


#: what is checked
CLAIMS = {
    "partial-x": Text("∂f/∂x at the origin, by quotients", "∂f/∂x в начале координат, через разностные отношения"),
    "partial-y": Text("∂f/∂y at the origin, by quotients", "∂f/∂y в начале координат, через разностные отношения"),
    "diagonal": Text("f(t, t), however small t is", "f(t, t) при сколь угодно малом t"),
    "line": Text("f along the line of the chosen slope", "f на прямой с выбранным наклоном"),
    "unbounded-nearby": Text(
        "t·∂f/∂x at (0, t): so ∂f/∂x grows like 1/t", "t·∂f/∂x в точке (0, t): значит, ∂f/∂x растёт как 1/t"
    ),
}


def checks(record: Record) -> list[Finding]:
    """Flat slices at the origin, a cliff between them, and partial derivatives without bound around it."""
    quotients, diagonal, line = record.series("quotients"), record.series("diagonal"), record.series("line")
    slope = record.controls["slope"]
    expected = slope / (1 + slope**2)
    scaled = record.series("distance") * record.series("partial")
    return [
        equal("partial-x", _farthest(quotients[:, 0], 0.0), 0.0),
        equal("partial-y", _farthest(quotients[:, 1], 0.0), 0.0),
        equal("diagonal", _farthest(diagonal, 0.5), 0.5),
        near("line", _farthest(line, expected), expected, relative=1e-12),
        near("unbounded-nearby", _farthest(scaled, 1.0), 1.0, relative=1e-12),
    ]


def _farthest(values: Array, target: float) -> float:
    """The value that is farthest from a target."""
    return float(values[np.argmax(np.abs(values - target))])


def figure(record: Record) -> Figure:
    """The torn surface from above, and its heights on the way to the origin."""
    return Figure(
        caption=Text(
            "Left: the surface xy/(x² + y²) from above, darker is higher. Every ray from the origin keeps one height, "
            "and rays of all heights meet there. Right: the height on the way to the origin. Along the axis it is 0, "
            "so the partial derivatives are 0; along other lines it never comes down.",
            "Слева: поверхность xy/(x² + y²) сверху, чем темнее, тем выше. На каждом луче из начала координат высота "
            "постоянна, и в начале сходятся лучи всех высот. Справа: высота на пути к началу. Вдоль оси она равна 0, "
            "поэтому равны 0 и частные производные; на других прямых высота так и не убывает.",
        ),
        panels=(_from_above(record), _on_the_way(record)),
    )


AXIS, DIAGONAL, LINE = Text("axis", "ось"), Text("diagonal", "диагональ"), Text("chosen line", "выбранная прямая")


def _from_above(record: Record) -> Panel:
    side, slope = record["side"], record.controls["slope"]
    x = min(1.0, 1.0 / slope) * np.array([-1.0, 1.0])
    return Panel(
        x=Text("x", "x"),
        y=Text("y", "y"),
        equal=True,
        marks=(
            field(side, side, record["heights"], "shades"),
            curve([-1, 1], [0, 0], AXIS, tone=2),
            curve([-1, 1], [-1, 1], DIAGONAL, tone=1),
            curve(x, slope * x, LINE, style="dashed", tone=4),
        ),
    )


def _on_the_way(record: Record) -> Panel:
    distance = record.series("distance")
    return Panel(
        x=Text("distance t from the origin", "расстояние t до начала координат"),
        y=Text("f", "f"),
        x_scale="log",
        y_limits=(-0.05, 0.75),
        marks=(
            curve(distance, 0 * distance, AXIS, style="line+points", tone=2),
            curve(distance, record.series("diagonal"), DIAGONAL, style="line+points", tone=1),
            curve(distance, record.series("line"), LINE, style="dashed", tone=4),
        ),
    )


E2B = Experiment(
    number="E2b",
    title=Text("Flat slices, torn surface", "Срезы ровные, а поверхность разорвана"),
    subject=torn,
    faults=(
        Fault(
            "continuous",
            Text(
                "the numerator has a factor x too many, so the function is continuous",
                "в числителе лишний множитель x, и функция непрерывна",
            ),
            _continuous,
            breaks=("diagonal", "line", "unbounded-nearby"),
        ),
    ),
    run=run,
    claims=CLAIMS,
    checks=checks,
    figure=figure,
    controls=(
        Real(
            "slope", 0.3, 0.1, 10.0, Text("slope of a line through the origin", "наклон прямой через начало координат")
        ),
    ),
)
