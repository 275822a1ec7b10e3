"""E2: each partial derivative of a network's loss is the slope of a slice, in which one parameter alone moves."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TypeAlias

import numpy as np

import sklon
from sklon import Tensor, nn
from sklon.lab.apparatus import Array, network
from sklon.lab.check import Check, below, equal
from sklon.lab.controls import Settings, Whole
from sklon.lab.experiment import Experiment, Fault, Frame, Record
from sklon.lab.figure import Figure, Panel, curve
from sklon.lab.text import Text
from sklon.nn import functional as F

#: all partial derivatives of a loss, one number for each parameter, in the order of the parameters
Differentiate: TypeAlias = Callable[[Tensor, Sequence[nn.Parameter]], Array]

INPUTS, ROWS = 2, 24
#: half the distance of the two points between which a slice's slope is measured
STEP = 1e-5
#: how far to both sides the drawn slice reaches, and how many points it has
REACH, POINTS = 1.5, 41


def reverse(loss: Tensor, parameters: Sequence[nn.Parameter]) -> Array:
    """One reverse sweep."""
    gradients = sklon.autograd.grad(loss, parameters, materialize_grads=True)
    return np.concatenate([g.numpy().ravel() for g in gradients if g is not None])


def _two_swapped(loss: Tensor, parameters: Sequence[nn.Parameter]) -> Array:
    partials = reverse(loss, parameters)
    partials[[0, 1]] = partials[[1, 0]]
    return partials


def run(subject: Differentiate, controls: Settings, seed: int) -> Iterator[Frame]:
    """Move each parameter alone by a little, and compare the loss's slope with what one reverse sweep returns."""
    random = np.random.default_rng(seed)
    X = random.standard_normal((ROWS, INPUTS))
    y = np.sin(X.sum(axis=1, keepdims=True)) + 0.1 * random.standard_normal((ROWS, 1))
    model = network((INPUTS, controls["units"], 1))
    parameters = list(model.parameters())
    inputs, targets = sklon.tensor(X), sklon.tensor(y)

    def loss() -> Tensor:
        return F.mse_loss(model(inputs), targets)

    shown = controls["parameter"]
    partials = subject(loss(), parameters)
    offsets = np.linspace(-REACH, REACH, POINTS)
    yield {
        "offsets": offsets,
        "slice": np.array([_moved(loss, parameters, shown, d) for d in offsets]),
        "here": loss().item(),
        "count": len(partials),
    }
    for i, partial in enumerate(partials):
        ahead, behind = (_moved(loss, parameters, i, d) for d in (STEP, -STEP))
        yield {"parameter": i, "partial": partial, "slope": (ahead - behind) / (2 * STEP)}


def _moved(loss: Callable[[], Tensor], parameters: Sequence[nn.Parameter], index: int, distance: float) -> float:
    """The loss where one number among all parameters is moved, and the others are not."""
    for parameter in parameters:
        if index < parameter.numel():
            break
        index -= parameter.numel()
    before = parameter.numpy().copy()
    after = before.copy()
    after.flat[index] += distance
    with sklon.no_grad():
        parameter.copy_(sklon.tensor(after))
        value = float(loss().item())
        parameter.copy_(sklon.tensor(before))
    return value


def checks(record: Record) -> list[Check]:
    """Reverse mode returns the slope of each slice, and nothing is left out."""
    partials, slopes = record.series("partial"), record.series("slope")
    units = record.controls["units"]
    return [
        below(
            "slice-error",
            Text(
                "largest relative difference between the slope of a slice and the engine's partial derivative",
                "наибольшее относительное расхождение наклона среза и частной производной, найденной движком",
            ),
            (np.abs(partials - slopes) / np.abs(slopes)).max(),
            1e-6,
        ),
        equal(
            "one-for-each",
            Text("partial derivatives in the gradient", "число частных производных в градиенте"),
            len(partials),
            units * (INPUTS + 2) + 1,
        ),
    ]


def figure(record: Record) -> Figure:
    """One slice with its tangent, and all slopes against what the engine returned."""
    return Figure(
        caption=Text(
            "Left: the loss while one parameter moves and all others stand still. Its slope in the middle is the "
            "partial derivative: the line has the slope that the engine returned. Right: every parameter as a point, "
            "the slope of its slice against the engine's number. All lie on the diagonal.",
            "Слева: функция потерь, когда меняется один параметр, а остальные закреплены. Наклон в середине и "
            "есть частная производная: прямая проведена с наклоном, который вернул движок. Справа: каждый "
            "параметр показан точкой, по осям — наклон его среза и число от движка. Все точки лежат на диагонали.",
        ),
        panels=(_one_slice(record), _all_slices(record)),
    )


def _one_slice(record: Record) -> Panel:
    shown, here, offsets = record.controls["parameter"], record["here"], record["offsets"]
    near = offsets[np.abs(offsets) <= REACH / 2]
    tangent = here + record.series("partial")[shown] * near
    return Panel(
        title=Text(f"slice along parameter {shown}", f"срез по параметру № {shown}"),
        x=Text("move of this parameter", "сдвиг этого параметра"),
        y=Text("loss", "потери"),
        marks=(
            curve(offsets, record["slice"], Text("slice", "срез"), tone=0),
            curve(near, tangent, Text("slope from the engine", "наклон от движка"), style="dashed", tone=1),
            curve([0.0], [here], style="points", tone=1),
        ),
    )


def _all_slices(record: Record) -> Panel:
    slopes = record.series("slope")
    ends = [slopes.min(), slopes.max()]
    return Panel(
        title=Text("all parameters", "все параметры"),
        x=Text("slope of the slice", "наклон среза"),
        y=Text("∂L/∂w of the engine", "∂L/∂w от движка"),
        marks=(
            curve(ends, ends, Text("equal", "равны"), style="dotted", tone=5),
            curve(slopes, record.series("partial"), style="points", tone=0),
        ),
    )


E2 = Experiment(
    number="E2",
    title=Text("Slices of a network's loss", "Срезы функции потерь"),
    subject=reverse,
    faults=(
        Fault(
            "two-swapped",
            Text("two entries of the gradient have changed places", "две компоненты градиента поменялись местами"),
            _two_swapped,
            breaks=("slice-error",),
        ),
    ),
    run=run,
    checks=checks,
    figure=figure,
    controls=(
        Whole("units", 6, 2, 12, Text("units in the hidden layer", "нейронов в скрытом слое")),
        Whole("parameter", 1, 0, 8, Text("which parameter's slice is drawn", "параметр, срез по которому показан")),
    ),
)
