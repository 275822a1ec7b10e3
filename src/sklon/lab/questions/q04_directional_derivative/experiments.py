"""E4: the rate along every direction of the plane: a cosine where a function is smooth, something else at a kink."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

import sklon
from sklon import Tensor, nn
from sklon.calculus import examine
from sklon.graph.build import Build
from sklon.graph.node import Node, apply
from sklon.lab.apparatus import Array, gradient, network
from sklon.lab.check import Finding, below, near
from sklon.lab.controls import Real, Settings
from sklon.lab.experiment import Experiment, Fault, Frame, Record
from sklon.lab.figure import Curve, Figure, Panel, curve
from sklon.lab.text import Text
from sklon.ops.point import Tanh
from sklon.tensors.record import wrap

WIDTHS = (2, 8, 8, 1)
#: where the network is differentiated
POINT = np.array([0.3, -0.4])
#: directions, in degrees: every tenth of one
ANGLES = np.linspace(0.0, 360.0, 3601)
#: half the distance of the points of a central quotient, and the step of the drawn one-sided ones at the kink
STEP, KINK_STEP = 1e-5, 1e-6
#: where |x₁| + x₂² is differentiated: on its kink
ON_KINK = np.array([0.0, 0.25])
#: the half-width δ of a kink that is rounded
ROUNDING = 0.01


@dataclass(frozen=True, slots=True, kw_only=True)
class Functions:
    """The bend of the network, and the kink."""

    activation: Callable[[], nn.Module] = nn.Tanh
    absolute: Callable[[Tensor], Tensor] = sklon.abs


def run(subject: Functions, controls: Settings, seed: int) -> Iterator[Frame]:
    """Measure the rate along 3,601 directions by quotients, forward mode and the gradient; then examine a kink."""
    model = network(WIDTHS, subject.activation)
    turns = np.radians(ANGLES)
    around = np.stack([np.cos(turns), np.sin(turns)], axis=-1)
    points = np.tile(POINT, (len(around), 1))
    slope = gradient(lambda x: model(x).sum(), POINT)
    ahead, behind = (model(sklon.tensor(points + d * around)).numpy()[:, 0] for d in (STEP, -STEP))
    _, pushed = sklon.jvp(model, (points,), (around,))
    yield {
        "gradient": slope,
        "quotients": (ahead - behind) / (2 * STEP),
        "forward": pushed.numpy()[:, 0],
        "reverse": around @ slope,
    }
    kink, direction = _kink(subject), np.radians(controls["direction"])
    chosen = np.array([np.cos(direction), np.sin(direction)])
    left, right = examine(kink, ON_KINK, along=chosen.tolist()).derivatives
    yield {"chosen": chosen, "both_ways": right - left, "kink": _one_sided(kink, around)}


def _kink(functions: Functions) -> Callable[[Tensor], Tensor]:
    """|x₁| + x₂² for points [..., 2]."""
    return lambda x: functions.absolute(x[..., 0]) + x[..., 1] * x[..., 1]


def _one_sided(function: Callable[[Tensor], Tensor], directions: Array) -> Array:
    """(f(x + tu) − f(x))/t on the kink, for each direction u."""
    ahead, here = (function(sklon.tensor(ON_KINK + t * directions)).numpy() for t in (KINK_STEP, 0.0))
    quotients: Array = (ahead - here) / KINK_STEP
    return quotients


#: what is checked
CLAIMS = {
    "steepest": Text(
        "angle in degrees between the direction of fastest growth and the gradient",
        "угол в градусах между направлением быстрейшего роста и градиентом",
    ),
    "cosine": Text(
        "largest distance of the measured rates from ‖∇f‖·cos θ",
        "наибольшее отклонение измеренных скоростей от ‖∇f‖·cos θ",
    ),
    "forward-reverse": Text(
        "largest difference between forward mode and ∇f·u, relative to ‖∇f‖",
        "наибольшее расхождение прямого режима и ∇f·u относительно ‖∇f‖",
    ),
    "kink-both-ways": Text(
        "rate along u plus rate along −u on the kink of |x₁| + x₂²: 2|u₁|",
        "скорость вдоль u плюс скорость вдоль −u на изломе |x₁| + x₂²: 2|u₁|",
    ),
}


def checks(record: Record) -> list[Finding]:
    """The laws of a smooth function, and the sum of both ways at a kink."""
    return [
        *_smooth(record),
        near("kink-both-ways", record["both_ways"], 2 * abs(record["chosen"][0]), within=1e-9),
    ]


def _smooth(record: Record) -> list[Finding]:
    """The steepest direction, the cosine law, and forward mode against reverse mode."""
    gradient, quotients = record["gradient"], record["quotients"]
    length = float(np.linalg.norm(gradient))
    heading = np.degrees(np.arctan2(gradient[1], gradient[0]))
    cosine = length * np.cos(np.radians(ANGLES - heading))
    off = (ANGLES[np.argmax(quotients)] - heading + 180) % 360 - 180
    return [
        below("steepest", abs(off), 0.1, predicted=0.0),
        below("cosine", np.abs(quotients - cosine).max(), 1e-7),
        below("forward-reverse", np.abs(record["forward"] - record["reverse"]).max() / length, 1e-12),
    ]


def figure(record: Record) -> Figure:
    """The rate over the direction as a polar curve, smooth and at a kink."""
    gradient, smooth, kink = record["gradient"], record["quotients"], record["kink"]
    tip = np.abs(smooth).max() * gradient / np.linalg.norm(gradient)
    chosen = np.abs(kink).max() * record["chosen"]
    uphill = curve([0, tip[0]], [0, tip[1]], Text("gradient", "градиент"), style="dashed", tone=2)
    both = Text("chosen u and −u", "выбранные u и −u")
    ways = curve([-chosen[0], chosen[0]], [-chosen[1], chosen[1]], both, style="dotted", tone=5)
    return Figure(
        caption=Text(
            "Every direction from the centre, with the rate of the function along it as the distance. Left, a smooth "
            "network: a cosine, two equal circles; the largest rate lies along the gradient, the opposite one is as "
            "large downhill, and across it the rate is 0. Right, the kink of |x₁| + x₂²: the function grows both to "
            "the left and to the right, so no gradient gives these rates.",
            "В каждом направлении от центра отложена скорость, с которой вдоль него меняется функция. Слева гладкая "
            "сеть: получается косинус, две равные окружности. Быстрее всего функция растёт вдоль градиента, в обратную "
            "сторону так же быстро убывает, а поперёк не меняется. Справа излом функции |x₁| + x₂²: она растёт и "
            "вправо, и влево, и никакой градиент таких скоростей не даёт.",
        ),
        panels=(
            _rose(Text("smooth: a network", "гладкая функция: сеть"), smooth, uphill),
            _rose(Text("kink: |x₁| + x₂²", "излом: |x₁| + x₂²"), kink, ways),
        ),
    )


def _rose(title: Text, rates: Array, line: Curve) -> Panel:
    return Panel(
        title=title,
        x=Text("along x₁", "вдоль x₁"),
        y=Text("along x₂", "вдоль x₂"),
        equal=True,
        marks=(*_lobes(rates), line),
    )


def _lobes(rates: Array) -> tuple[Curve, Curve]:
    """Growing and falling directions, as polar curves of the size of the rate."""
    turns = np.radians(ANGLES)
    growing, falling = np.maximum(rates, 0.0), np.maximum(-rates, 0.0)
    return (
        curve(growing * np.cos(turns), growing * np.sin(turns), Text("grows", "растёт"), tone=0),
        curve(falling * np.cos(turns), falling * np.sin(turns), Text("falls", "убывает"), tone=1),
    )


# ---- faults
@dataclass(frozen=True)
class _ForgetfulTanh(Tanh):
    """tanh x with the derivative 1."""

    def vjp(self, build: Build, node: Node, g: Node) -> tuple[Node]:
        return (g,)


@dataclass(frozen=True)
class _ForgetfulForwards(Tanh):
    """tanh x whose derivative −tanh² is lost on the way to forward mode: g − g·tanh² with the second g cut off."""

    def vjp(self, build: Build, node: Node, g: Node) -> tuple[Node]:
        return (build.sub(g, build.mul(build.stop_gradient(g), build.mul(node, node))),)


class _Wrong(nn.Module):
    """A layer that applies an op."""

    def __init__(self, op: Tanh) -> None:
        super().__init__()
        self.op = op

    def forward(self, x: Tensor) -> Tensor:
        return wrap(apply(self.op, x.node), x)


def _rounded(x: Tensor) -> Tensor:
    """√(x² + δ²), which has no kink."""
    return sklon.sqrt(x * x + ROUNDING**2)


E4 = Experiment(
    number="E4",
    title=Text("A rose of rates", "Роза скоростей"),
    subject=Functions(),
    faults=(
        Fault(
            "tanh-forgets",
            Text(
                "the derivative of tanh is taken to be 1, without the term −tanh²",
                "производная tanh принята равной 1, без слагаемого −tanh²",
            ),
            Functions(activation=lambda: _Wrong(_ForgetfulTanh())),
            breaks=("steepest", "cosine"),
        ),
        Fault(
            "forward-forgets",
            Text(
                "forward mode alone lacks the term −tanh² in the rule of tanh",
                "в правиле для tanh нет слагаемого −tanh², но только в прямом режиме",
            ),
            Functions(activation=lambda: _Wrong(_ForgetfulForwards())),
            breaks=("forward-reverse",),
        ),
        Fault(
            "kink-rounded",
            Text("the kink is rounded: √(x₁² + δ²) for |x₁|", "излом сглажен: вместо |x₁| взято √(x₁² + δ²)"),
            Functions(absolute=_rounded),
            breaks=("kink-both-ways",),
        ),
    ),
    run=run,
    claims=CLAIMS,
    checks=checks,
    figure=figure,
    controls=(
        Real(
            "direction",
            53.13,
            0.0,
            360.0,
            Text("direction u at the kink, in degrees", "направление u на изломе, в градусах"),
        ),
    ),
)

EXPERIMENTS = (E4,)
