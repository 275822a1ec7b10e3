"""E5: the gradient of x₁² + x₁x₂ to the bit, and the descent that has to run away from its saddle."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeAlias

import numpy as np

import sklon
from sklon import Tensor
from sklon.calculus import derive, descend
from sklon.graph.build import Build
from sklon.graph.node import Node, walk
from sklon.lab.apparatus import Array
from sklon.lab.check import Finding, below, equal, near, true
from sklon.lab.controls import Real, Settings, Whole
from sklon.lab.experiment import Experiment, Fault, Frame, Record
from sklon.lab.figure import Figure, Panel, curve, field
from sklon.lab.text import Text
from sklon.tensors.record import wrap

#: a function of two numbers, with the derivative that the engine takes of it
Function: TypeAlias = Callable[[Tensor, Tensor], Tensor]

#: random points, and the largest coordinate: whole numbers, so that no rounding can hide a mistake
COUNT, LARGEST = 1000, 1000
START = np.array([1.0, 2.0])
#: the Hessian of the function: the same everywhere
HESSIAN = np.array([[2.0, 1.0], [1.0, 0.0]])
#: heights of the level lines; the one of the saddle is 0
LEVELS = (-8.0, -6.0, -4.0, -2.0, 0.0, 2.0, 4.0, 8.0, 16.0, 24.0, 32.0, 48.0)
#: half the side of the drawn square, and points along it
SIDE, GRID = 6.0, 61


def saddle(x1: Tensor, x2: Tensor) -> Tensor:
    """x₁² + x₁x₂. x₁ is read three times."""
    return x1 * x1 + x1 * x2


def run(subject: Function, controls: Settings, seed: int) -> Iterator[Frame]:
    """Compare the gradient with the one by hand at whole numbers; then descend from (1, 2)."""
    random = np.random.default_rng(seed)
    a, b = random.integers(-LARGEST, LARGEST + 1, (2, COUNT)).astype(np.float64)
    found = _gradient(subject, a, b)
    wrong = (found[0] != 2 * a + b) | (found[1] != a)
    start, origin = (derive(subject, at=at).local for at in (tuple(START), (0.0, 0.0)))
    assert start is not None and origin is not None
    yield {
        "mismatches": int(wrong.sum()),
        "at_start": [partial.reverse for partial in start.partials],
        "agree": start.agrees,
        "curvature": np.linalg.eigvalsh(sklon.hessian(lambda x: subject(x[0], x[1]))(START).numpy()),
        "kind": origin.kind.name,
    }
    descent = descend(subject, tuple(START), "sgd", lr=controls["learning_rate"], steps=controls["steps"])
    for point, value in zip(descent.points, descent.values, strict=True):
        yield {"point": point, "value": value}


def _gradient(function: Function, a: Array, b: Array) -> Array:
    """Both partial derivatives at many points. Shapes: a, b [count]; the result [2, count]."""
    found = sklon.vmap(sklon.grad(function, argnums=(0, 1)))(a, b)
    return np.stack([partial.numpy() for partial in found])


def _theory(controls: Settings) -> tuple[Array, Array]:
    """(factors of one step, eigenvectors as columns), the falling direction first."""
    curvatures, vectors = np.linalg.eigh(HESSIAN)
    return 1 - controls["learning_rate"] * curvatures, vectors


#: what is checked
CLAIMS = {
    "mismatches": Text(
        f"points of {COUNT} where the engine differs from (2x₁ + x₂, x₁) in a single bit",
        f"точек из {COUNT}, где ответ движка хотя бы одним битом отличается от (2x₁ + x₂; x₁)",
    ),
    "first-at-start": Text("∂f/∂x₁ at (1, 2)", "∂f/∂x₁ в точке (1; 2)"),
    "second-at-start": Text("∂f/∂x₂ at (1, 2)", "∂f/∂x₂ в точке (1; 2)"),
    "negative-curvature": Text(
        "smaller eigenvalue of the Hessian, 1 − √2", "меньшее собственное число гессиана, 1 − √2"
    ),
    "saddle": Text("derive calls the origin a saddle", "derive называет начало координат седлом"),
    "ways-agree": Text(
        "at (1, 2) reverse mode and differences of f agree within their stated error",
        "в точке (1; 2) обратный режим и разности значений f согласуются в пределах заявленной ошибки",
    ),
    "escape": Text(
        "growth of the component along the falling axis, (1 + η(√2 − 1))ⁿ",
        "во сколько раз выросла составляющая вдоль оси убывания, (1 + η(√2 − 1))ⁿ",
    ),
    "bottomless": Text("value of f after the descent", "значение f после спуска"),
}


def checks(record: Record) -> list[Finding]:
    """Bit-equal gradients, the negative curvature, and the escape along it."""
    return [*_by_hand(record), *_escape(record)]


def _by_hand(record: Record) -> list[Finding]:
    return [
        equal("mismatches", record["mismatches"], 0),
        equal("first-at-start", record["at_start"][0], 4.0),
        equal("second-at-start", record["at_start"][1], 1.0),
        near("negative-curvature", record["curvature"][0], 1 - np.sqrt(2.0), within=1e-12),
        true("saddle", record["kind"] == "saddle"),
        true("ways-agree", record["agree"]),
    ]


def _escape(record: Record) -> list[Finding]:
    factors, vectors = _theory(record.controls)
    steps = record.controls["steps"]
    first, last = record.series("point")[[0, -1]] @ vectors[:, 0]
    ends = (START @ vectors) * factors**steps
    return [
        near("escape", last / first, factors[0] ** steps, relative=1e-12),
        below("bottomless", record["value"], 0.0, predicted=0.5 * float(np.linalg.eigvalsh(HESSIAN) @ ends**2)),
    ]


def figure(record: Record) -> Figure:
    """The saddle with the path, and how the two components of the path grow and shrink."""
    return Figure(
        caption=Text(
            "Left: level lines of x₁² + x₁x₂ and the path of gradient descent. It first comes nearer to the saddle at "
            "the centre and then leaves along the falling axis, without end. Right: the two components of the path. "
            "The one across the valley dies out; the one along the falling axis grows by one factor in each step.",
            "Слева: линии уровня x₁² + x₁x₂ и путь градиентного спуска. Сначала он приближается к седлу в центре, а "
            "потом уходит вдоль оси, по которой функция убывает, и остановиться ему негде. Справа: две составляющие "
            "пути. Поперечная затухает, а та, что вдоль оси убывания, растёт на каждом шаге в одно и то же число раз.",
        ),
        panels=(_map(record), _components(record)),
    )


def _map(record: Record) -> Panel:
    path = record.series("point")
    _, vectors = _theory(record.controls)
    side = np.linspace(-SIDE, SIDE, GRID)
    x1, x2 = np.meshgrid(side, side)
    down = SIDE * vectors[:, 0]
    shown = path[np.abs(path).max(axis=1) <= SIDE]
    axis = Text("falling axis", "ось убывания")
    return Panel(
        x=Text("x₁", "x₁"),
        y=Text("x₂", "x₂"),
        equal=True,
        marks=(
            field(side, side, x1 * x1 + x1 * x2, "levels", LEVELS),
            curve([-down[0], down[0]], [-down[1], down[1]], axis, style="dotted", tone=1),
            curve(shown[:, 0], shown[:, 1], Text("descent", "спуск"), style="line+points", tone=0),
            curve([0.0], [0.0], style="points", tone=4),
        ),
    )


def _components(record: Record) -> Panel:
    factors, vectors = _theory(record.controls)
    parts = np.maximum(np.abs(record.series("point") @ vectors), np.finfo(np.float64).eps)
    steps = np.arange(len(parts))
    return Panel(
        x=Text("step", "шаг спуска"),
        y=Text("|component|", "|составляющая|"),
        y_scale="log",
        marks=(
            curve(steps, parts[:, 0], Text("along the falling axis", "вдоль оси убывания"), tone=0),
            curve(steps, parts[0, 0] * factors[0] ** steps, Text("theory", "теория"), style="dotted", tone=1),
            curve(steps, parts[:, 1], Text("across", "поперёк"), tone=2),
        ),
    )


# ---- faults
@sklon.custom_vjp
def _overwriting(x1: Tensor, x2: Tensor) -> Tensor:
    return saddle(x1, x2)


@_overwriting.backward
def _overwritten(g: Tensor, result: Tensor, x1: Tensor, x2: Tensor) -> tuple[Tensor, Tensor]:
    """The reverse sweep with ``=`` where a value that is used several times needs ``+=``."""
    end = saddle(x1, x2)
    gradients: dict[Node, Node] = {end.node: g.node}
    for node in reversed(walk([end.node])):
        if node in gradients:
            found = node.op.vjp(Build(), node, gradients[node])
            gradients.update((x, g) for x, g in zip(node.inputs, found, strict=True) if g is not None)
    return wrap(gradients[x1.node], x1), wrap(gradients[x2.node], x2)


def _with_a_floor(x1: Tensor, x2: Tensor) -> Tensor:
    """x₁² + x₁x₂ + x₂²."""
    return saddle(x1, x2) + x2 * x2


E5 = Experiment(
    number="E5",
    title=Text("Exact, and without a bottom", "Точно до бита и без дна"),
    subject=saddle,
    faults=(
        Fault(
            "overwrites",
            Text(
                "the sweep overwrites a gradient where it should add to it (= for +=)",
                "обратный проход перезаписывает градиент там, где должен прибавлять (= вместо +=)",
            ),
            _overwriting,
            breaks=(
                "mismatches",
                "first-at-start",
                "negative-curvature",
                "saddle",
                "ways-agree",
                "escape",
                "bottomless",
            ),
        ),
        Fault(
            "floor",
            Text("the function has a term x₂² too many", "в функции лишнее слагаемое x₂²"),
            _with_a_floor,
            breaks=("mismatches", "second-at-start", "negative-curvature", "saddle", "escape", "bottomless"),
        ),
    ),
    run=run,
    claims=CLAIMS,
    checks=checks,
    figure=figure,
    controls=(
        Real("learning_rate", 0.1, 0.02, 0.4, Text("learning rate η", "скорость обучения η")),
        Whole("steps", 100, 50, 200, Text("steps of descent", "шагов спуска")),
    ),
)

EXPERIMENTS = (E5,)
