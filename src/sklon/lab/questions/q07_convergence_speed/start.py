"""E7c: what the start decides: little in a convex valley, the end where there are several minima, all where it is flat.

Three landscapes, each descended from many starts at once: a quadratic valley, two wells of unequal depth, and a sigmoid
that should say 1 and begins far on the wrong side. Shapes: starts [S, d]; a landscape maps them to losses [S].
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, ClassVar, TypeAlias

import numpy as np

import sklon
from sklon import Tensor, optim
from sklon.lab.apparatus import leaf
from sklon.lab.check import Finding, below, equal, near
from sklon.lab.controls import Real, Settings
from sklon.lab.experiment import Experiment, Fault, Frame, Record
from sklon.lab.figure import Curve, Figure, Panel, curve, upright
from sklon.lab.text import Text
from sklon.optim import Optimizer
from sklon.optim.rules import SGDRule, Tensors, Update

Array: TypeAlias = np.ndarray[Any, Any]
Landscape: TypeAlias = Callable[[Tensor], Tensor]

#: distances from which the valley is descended along its flattest direction, and the distance that counts as arrived
DISTANCES, ARRIVED = np.array([1.0, 10.0, 100.0, 1000.0]), 1e-6
#: starts of length 1 in random directions
RANDOM_STARTS = 20
#: starts of the two wells lie within ± this; the learning rate is below 1/L there, so no step jumps over the ridge
WELL_WIDTH, WELL_STARTS, WELL_RATE, WELL_STEPS = 1.8, 80, 0.1, 300
#: depths of saturation: the sigmoid's input starts at minus these
DEPTHS = np.array([1.0, 2.0, 3.0, 4.0, 5.0, 6.0])
HOPELESS_DEPTH, SIGMOID_RATE, SIGMOID_STEPS = 20.0, 2.0, 240


class _SignRule(SGDRule):
    """p ← p − η·sign(g)."""

    __slots__ = ()
    name: ClassVar[str] = "sign"

    def update(self, param: Tensor, grad: Tensor, slots: Tensors, scalars: Tensors) -> Update:
        return param - scalars["lr"] * sklon.sign(grad), {}


class SameLength(Optimizer):
    """Steps of the same length on every slope."""

    rule = _SignRule


def descend(optimizer: type[Optimizer], losses: Landscape, starts: Array, lr: float, steps: int) -> Iterator[Array]:
    """Where all starts have got to, after each step."""
    at = leaf(starts)
    stepper = optimizer([at], lr=lr)
    yield starts
    for _ in range(steps):
        stepper.zero_grad()
        losses(at).sum().backward()
        stepper.step()
        yield at.detach().numpy()


def run(subject: type[Optimizer], controls: Settings, seed: int) -> Iterator[Frame]:
    """Descend the three landscapes."""
    random = np.random.default_rng(seed)
    condition, tilt = controls["condition"], controls["tilt"]
    for at in descend(subject, valley(condition), valley_starts(random), 1 / condition, _longest(condition)):
        yield {"valley": np.linalg.norm(at, axis=1)}
    wells = np.sort(random.uniform(-WELL_WIDTH, WELL_WIDTH, WELL_STARTS))[:, None]
    for at in descend(subject, two_wells(tilt), wells, WELL_RATE, WELL_STEPS):
        yield {"wells": at[:, 0]}
    flat = -np.append(DEPTHS, HOPELESS_DEPTH)[:, None]
    for at in descend(subject, wrong_side, flat, SIGMOID_RATE, SIGMOID_STEPS):
        yield {"sigmoid": at[:, 0]}


# ---- the landscapes, and what theory says about them
def valley(condition: float) -> Landscape:
    """½(x² + κy²) for each row (x, y)."""
    curvatures = sklon.tensor([1.0, condition], dtype="float64")
    return lambda at: 0.5 * (curvatures * at * at).sum(1)


def valley_starts(random: np.random.Generator) -> Array:
    """The flattest direction from all distances, the steepest from 1, and random directions from 1."""
    angles = random.uniform(0, 2 * np.pi, RANDOM_STARTS)
    flat = np.outer(DISTANCES, [1.0, 0.0])
    return np.concatenate([flat, [[0.0, 1.0]], np.stack([np.cos(angles), np.sin(angles)], axis=1)])


def _longest(condition: float) -> int:
    """Steps with η = 1/κ from the farthest flat start, in which each takes off a part 1/κ, and a few more."""
    return int(np.ceil(np.log(DISTANCES[-1] / ARRIVED) / -np.log1p(-1 / condition))) + 5


def two_wells(tilt: float) -> Landscape:
    """x⁴/4 − x²/2 + tilt·x: the left well is the deeper one."""
    return lambda at: (0.25 * at**4 - 0.5 * at * at + tilt * at)[:, 0]


def turning_points(tilt: float) -> Array:
    """The left minimum, the ridge and the right minimum: the roots of x³ − x + tilt."""
    return np.sort(np.roots([1.0, 0.0, -1.0, tilt]).real)


def wrong_side(at: Tensor) -> Tensor:
    """½(σ(x) − 1)²."""
    return 0.5 * ((sklon.sigmoid(at) - 1.0) ** 2)[:, 0]


def steps_out_of_saturation(depth: Array) -> Array:
    """Steps from −depth to 0, by the differential equation: with e = exp(depth), (e + 3·ln e − 3/e − 1/2e²)/η."""

    def antiderivative(e: Any) -> Any:
        return e + 3 * np.log(e) - 3 / e - 1 / (2 * e * e)

    steps: Array = (antiderivative(np.exp(depth)) - antiderivative(1.0)) / SIGMOID_RATE
    return steps


# ---- what came out
def arrivals(reached: Array) -> Array:
    """The first frame in which each start has arrived; the number of frames for those that never do. [frames, S]."""
    first: Array = np.where(reached.any(0), reached.argmax(0), len(reached)).astype(np.float64)
    return first


#: what is checked
CLAIMS = {
    "steps-per-decade": Text(
        "more steps for ten times the distance", "на сколько больше шагов, если начать в 10 раз дальше"
    ),
    "steepest-start": Text("steps from the steepest direction", "шагов, если начать на самом крутом направлении"),
    "any-direction": Text(
        "most steps from a random direction, over those from the flattest one",
        "наибольшее число шагов со случайного направления, делённое на число шагов с самого пологого",
    ),
    "wrong-well": Text("starts that end in another well than their own", "стартов, попавших не в свою яму"),
    "price-of-start": Text(
        "loss of the right well minus that of the left one", "потери в правой яме минус потери в левой"
    ),
    "saturated-steps": Text("steps out of saturation from −6", "шагов из насыщения, если начать с −6"),
    "hopeless-move": Text(
        "movement from −20 in all the time, in units of 10⁻⁶", "сдвиг от −20 за всё время, в единицах 10⁻⁶"
    ),
}


def checks(record: Record) -> list[Finding]:
    """Steps by distance and direction; which well; how long out of saturation."""
    tilt = record.controls["tilt"]
    left, ridge, right = turning_points(tilt)
    starts, ends = record.series("wells")[[0, -1]]
    return [
        *_valley_checks(record),
        equal("wrong-well", int(np.count_nonzero(np.abs(ends - np.where(starts < ridge, left, right)) > 1e-6)), 0),
        near(
            "price-of-start",
            _depth(ends[-1], tilt) - _depth(ends[0], tilt),
            _depth(right, tilt) - _depth(left, tilt),
            within=1e-9,
        ),
        *_sigmoid_checks(record),
    ]


def _valley_checks(record: Record) -> list[Finding]:
    condition = record.controls["condition"]
    steps = arrivals(record.series("valley") <= ARRIVED)
    flat, steep, anywhere = steps[: len(DISTANCES)], steps[len(DISTANCES)], steps[len(DISTANCES) + 1 :]
    return [
        near(
            "steps-per-decade",
            (flat[-1] - flat[0]) / (len(flat) - 1),
            np.log(10) / -np.log1p(-1 / condition),
            within=0.5,
        ),
        equal("steepest-start", steep, 1),
        below("any-direction", anywhere.max() / flat[0], 1.0),
    ]


def _sigmoid_checks(record: Record) -> list[Finding]:
    inputs = record.series("sigmoid")
    steps = arrivals(inputs[:, : len(DEPTHS)] >= 0)
    return [
        near("saturated-steps", steps[-1], steps_out_of_saturation(DEPTHS)[-1], relative=0.03),
        near(
            "hopeless-move",
            1e6 * (inputs[-1, -1] - inputs[0, -1]),
            1e6 * SIGMOID_RATE * SIGMOID_STEPS * np.exp(-HOPELESS_DEPTH),
            relative=0.01,
        ),
    ]


def _depth(x: float, tilt: float) -> float:
    return x**4 / 4 - x * x / 2 + tilt * x


def figure(record: Record) -> Figure:
    """Distances over steps in the valley; the end over the start of the wells; steps over the depth of saturation."""
    return Figure(
        caption=Text(
            "Left: a convex valley, η = 1/λmax. Along the flattest direction each tenfold distance costs equally many "
            "extra steps; from the steepest direction a single step is enough. Middle: two wells. The side of the "
            "ridge on which the start lies decides the end. Right: a sigmoid that starts at −s and should reach the "
            "right side: the steps grow like eˢ, as theory says.",
            "Слева: выпуклый овраг, η = 1/λmax. На самом пологом направлении старт в десять раз дальше всякий "
            "раз добавляет одно и то же число шагов, а на самом крутом хватает одного шага. В центре: две ямы. "
            "Всё решает то, по какую сторону гребня лежит старт. Справа: сигмоида начинает с −s, а должна прийти "
            "к единице; число шагов растёт как eˢ, в согласии с теорией.",
        ),
        panels=(_valley_panel(record), _wells_panel(record), _sigmoid_panel(record)),
    )


def _valley_panel(record: Record) -> Panel:
    distances = record.series("valley")
    names = [Text("flattest", "самое пологое"), *[None] * (len(DISTANCES) - 1), Text("steepest", "самое крутое")]
    return Panel(
        x=Text("step", "номер шага"),
        y=Text("distance to the minimum", "расстояние до минимума"),
        y_scale="log",
        marks=tuple(_way(distances[:, i], name, tone=i // len(DISTANCES)) for i, name in enumerate(names)),
    )


def _way(distances: Array, name: Text | None, tone: int) -> Curve:
    """The distance of one start until it has arrived."""
    arrived = int(arrivals(distances[:, None] <= ARRIVED)[0])
    shown = np.maximum(distances[: arrived + 1], ARRIVED)
    return curve(np.arange(len(shown)), shown, name, tone=tone)


def _wells_panel(record: Record) -> Panel:
    starts, ends = record.series("wells")[[0, -1]]
    ridge = turning_points(record.controls["tilt"])[1]
    return Panel(
        x=Text("start", "старт"),
        y=Text("end", "финиш"),
        marks=(
            curve(starts, ends, style="points", tone=0),
            upright(ridge, Text("ridge", "гребень"), tone=5),
        ),
    )


def _sigmoid_panel(record: Record) -> Panel:
    steps = arrivals(record.series("sigmoid")[:, : len(DEPTHS)] >= 0)
    smooth = np.linspace(DEPTHS[0], DEPTHS[-1], 60)
    return Panel(
        x=Text("depth of saturation s", "глубина насыщения s"),
        y=Text("steps", "шагов"),
        y_scale="log",
        marks=(
            curve(smooth, steps_out_of_saturation(smooth), Text("theory", "теория"), style="dashed", tone=5),
            curve(DEPTHS, steps, Text("measured", "измерено"), style="points", tone=0),
        ),
    )


E7C = Experiment(
    number="E7c",
    title=Text("What the start decides", "Что решает начальная точка"),
    subject=optim.SGD,
    faults=(
        Fault(
            "same-length",
            Text("every step is as long as the last, on any slope", "длина шага не зависит от крутизны"),
            SameLength,
            breaks=(
                "steps-per-decade",
                "steepest-start",
                "any-direction",
                "wrong-well",
                "price-of-start",
                "saturated-steps",
                "hopeless-move",
            ),
        ),
    ),
    run=run,
    claims=CLAIMS,
    checks=checks,
    figure=figure,
    controls=(
        Real("condition", 10.0, 3.0, 30.0, Text("condition number of the valley", "число обусловленности оврага")),
        Real("tilt", 0.2, 0.05, 0.3, Text("tilt of the two wells", "наклон ландшафта с двумя ямами")),
    ),
)
