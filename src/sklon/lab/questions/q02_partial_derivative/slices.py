"""E2: each partial derivative of a network's loss is the slope of a slice, in which one parameter alone moves."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeAlias

import numpy as np

import sklon
from sklon import Tensor, nn
from sklon.lab.apparatus import Array, gradient, network, value
from sklon.lab.check import Finding, below, equal
from sklon.lab.controls import Settings, Whole
from sklon.lab.experiment import Experiment, Fault, Frame, Record
from sklon.lab.figure import Figure, Panel, curve
from sklon.lab.text import Text
from sklon.nn import functional as F

#: a loss, as a function of one vector that holds all parameters
Loss: TypeAlias = Callable[[Tensor], Tensor]
#: all partial derivatives of a loss at a vector [n], one number for each parameter
Differentiate: TypeAlias = Callable[[Loss, Array], Array]

INPUTS, ROWS = 2, 24
#: half the distance of the two points between which a slice's slope is measured
STEP = 1e-5
#: how far to both sides the drawn slice reaches, and how many points it has
REACH, POINTS = 1.5, 41


def _two_swapped(loss: Loss, at: Array) -> Array:
    partials = gradient(loss, at)
    partials[[0, 1]] = partials[[1, 0]]
    return partials


def run(subject: Differentiate, controls: Settings, seed: int) -> Iterator[Frame]:
    """Move each parameter alone by a little, and compare the loss's slope with what one reverse sweep returns."""
    model = network((INPUTS, controls["units"], 1))
    start = np.concatenate([p.numpy().ravel() for p in model.parameters()])
    loss = _loss(model, np.random.default_rng(seed))
    moved, axes = sklon.vmap(loss), np.eye(len(start))  # one row for each parameter, which alone moves in it
    offsets = np.linspace(-REACH, REACH, POINTS)
    partials = subject(loss, start)
    yield {
        "offsets": offsets,
        "slice": moved(start + offsets[:, None] * axes[controls["parameter"]]).numpy(),
        "here": value(loss, start),
        "count": len(partials),
    }
    ahead, behind = (moved(start + d * axes).numpy() for d in (STEP, -STEP))
    for i, (partial, slope) in enumerate(zip(partials, (ahead - behind) / (2 * STEP), strict=True)):
        yield {"parameter": i, "partial": partial, "slope": slope}


def _loss(model: nn.Module, random: np.random.Generator) -> Loss:
    """The mean squared error of a network on random data, as a function of all its parameters in one vector."""
    X = random.standard_normal((ROWS, INPUTS))
    y = np.sin(X.sum(axis=1, keepdims=True)) + 0.1 * random.standard_normal((ROWS, 1))
    inputs, targets = sklon.tensor(X), sklon.tensor(y)
    named = dict(model.named_parameters())

    def loss(vector: Tensor) -> Tensor:
        pieces = sklon.split(vector, [p.numel() for p in named.values()])
        parameters = {name: v.reshape(p.shape) for (name, p), v in zip(named.items(), pieces, strict=True)}
        return F.mse_loss(sklon.functional_call(model, parameters, inputs), targets)

    return loss


#: what is checked
CLAIMS = {
    "slice-error": Text(
        "largest relative difference between the slope of a slice and the engine's partial derivative",
        "наибольшее относительное расхождение наклона среза и частной производной, найденной движком",
    ),
    "one-for-each": Text("partial derivatives in the gradient", "число частных производных в градиенте"),
}


def checks(record: Record) -> list[Finding]:
    """Reverse mode returns the slope of each slice, and nothing is left out."""
    partials, slopes = record.series("partial"), record.series("slope")
    units = record.controls["units"]
    return [
        below("slice-error", (np.abs(partials - slopes) / np.abs(slopes)).max(), 1e-6),
        equal("one-for-each", len(partials), units * (INPUTS + 2) + 1),
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
    subject=gradient,
    faults=(
        Fault(
            "two-swapped",
            Text("two entries of the gradient have changed places", "две компоненты градиента поменялись местами"),
            _two_swapped,
            breaks=("slice-error",),
        ),
    ),
    run=run,
    claims=CLAIMS,
    checks=checks,
    figure=figure,
    controls=(
        Whole("units", 6, 2, 12, Text("units in the hidden layer", "нейронов в скрытом слое")),
        Whole("parameter", 1, 0, 8, Text("which parameter's slice is drawn", "параметр, срез по которому показан")),
    ),
)
