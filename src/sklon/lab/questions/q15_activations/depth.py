"""E15: twenty layers of each activation function, and what arrives of the gradient at the first of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeAlias

import numpy as np

import sklon
from sklon.lab.apparatus import gradient
from sklon.lab.check import Finding, below, between, equal, near
from sklon.lab.controls import Settings, Whole
from sklon.lab.experiment import Experiment, Fault, Frame, Record
from sklon.lab.figure import Figure, Mark, Panel, curve, field
from sklon.lab.text import Text

from .activations import LABELS, NAMES, TONES, Activation, Activations, TanhUnsquared, applied

Array: TypeAlias = np.ndarray[Any, Any]

WIDTH = 64
NETWORKS = 5
ROWS = 32
#: Var W = gain²/WIDTH: Xavier's rule, and He's for ReLU
GAINS = {"sigmoid": 1.0, "tanh": 1.0, "relu": 2.0**0.5}
#: where slopes are measured; 0 is one of these points
GRID = np.linspace(-6.0, 6.0, 241)
#: rows and columns of the matrices of signs in the figure
SHOWN = 24
#: an input at which a sigmoid-like function is saturated
SATURATED = 4.0


def run(subject: Activations, controls: Settings, seed: int) -> Iterator[Frame]:
    """Slopes of the functions, then for each of them the gradients of all layers of five deep networks."""
    yield {f"{name}_slope": _slope(subject.of(name), GRID) for name in NAMES}
    yield {f"{name}_saturated": float(_slope(subject.of(name), np.array([SATURATED]))[0]) for name in NAMES}
    for name in NAMES:
        grads = _gradients(subject.of(name), GAINS[name], controls["depth"], np.random.default_rng(seed))
        single = grads[1:, -1]  # the first layer reads the data, which have both signs anyway
        yield {
            f"{name}_norms": np.sqrt((grads[:, :NETWORKS] ** 2).sum((2, 3))),
            f"{name}_one_sign": _one_sign(single),
            f"{name}_signs": np.sign(single[-1]),
        }


def _slope(function: Activation, at: Array) -> Array:
    return gradient(lambda x: function(x).sum(), at)


def _gradients(function: Activation, gain: float, depth: int, random: np.random.Generator) -> Array:
    """∂L/∂W of each layer and network; the last network is the first one, with the loss of one sample alone.

    Shapes: [depth, NETWORKS + 1, inputs, units].
    """
    own = random.standard_normal((2, NETWORKS, ROWS, WIDTH))
    x, y = np.concatenate([own, own[:, :1]], axis=1)
    counted = np.full((NETWORKS + 1, ROWS, 1), 1 / ROWS)
    counted[-1], counted[-1, 0] = 0.0, 1.0
    h, layers = sklon.tensor(x), []
    for _ in range(depth):
        own = random.standard_normal((NETWORKS, WIDTH, WIDTH)) * gain / WIDTH**0.5
        layers.append(sklon.tensor(np.concatenate([own, own[:1]]), requires_grad=True))
        h = function(h @ layers[-1])
    (sklon.tensor(counted) * (h - sklon.tensor(y)) ** 2).sum().backward()
    return np.stack([w.grad.numpy() for w in layers if w.grad is not None])


def _one_sign(grads: Array) -> float:
    """The share of units whose incoming weights have gradients of one sign only, among those that have any."""
    up, down = (grads > 0).any(axis=1), (grads < 0).any(axis=1)
    return float((up ^ down).sum() / max(1, (up | down).sum()))


#: what is checked
CLAIMS = {
    "sigmoid-slope": Text("steepest slope of the sigmoid", "наибольший наклон сигмоиды"),
    "tanh-slope": Text("steepest slope of tanh", "наибольший наклон tanh"),
    "sigmoid-saturated": Text("slope of the sigmoid at x = 4", "наклон сигмоиды в точке x = 4"),
    "tanh-saturated": Text("slope of tanh at x = 4", "наклон tanh в точке x = 4"),
    "relu-unsaturated": Text("slope of ReLU at x = 4", "наклон ReLU в точке x = 4"),
    "sigmoid-ratio": Text(
        "sigmoid: gradient at the first layer / at the last", "сигмоида: градиент первого слоя / последнего"
    ),
    "sigmoid-factor": Text(
        "sigmoid: what one layer leaves of the gradient", "сигмоида: какую долю градиента оставляет слой"
    ),
    **{
        f"{name}-ratio": Text(
            f"{LABELS[name].en}: gradient at the first layer / at the last",
            f"{LABELS[name].ru}: градиент первого слоя / последнего",
        )
        for name in ("tanh", "relu")
    },
    **{
        f"{name}-signs": Text(
            f"{LABELS[name].en}: share of units whose weights all have gradients of one sign, in one sample",
            f"{LABELS[name].ru}: доля нейронов, у которых градиенты всех весов одного знака (для одного примера)",
        )
        for name in ("sigmoid", "tanh", "relu")
    },
}


def checks(record: Record) -> list[Finding]:
    """The steepest slopes, saturation, the gradient at the first layer against the last, and signs in one sample."""
    depth = record.controls["depth"]
    ratio = {name: _geometric_mean(_ratios(record, name)) for name in NAMES}
    inner = record["sigmoid_norms"][1] / record["sigmoid_norms"][-1]
    return [
        *_slope_checks(record),
        below("sigmoid-ratio", ratio["sigmoid"], 0.25 ** (depth - 1)),
        between("sigmoid-factor", _geometric_mean(inner ** (1 / (depth - 2))), 0.2, 0.25, predicted=_sigmoid_factor()),
        *(between(f"{name}-ratio", ratio[name], 0.1, 10.0, predicted=1.0) for name in ("tanh", "relu")),
        *_sign_checks(record),
    ]


def _slope_checks(record: Record) -> list[Finding]:
    return [
        near("sigmoid-slope", record["sigmoid_slope"].max(), 0.25, within=1e-12),
        near("tanh-slope", record["tanh_slope"].max(), 1.0, within=1e-12),
        near(
            "sigmoid-saturated",
            record["sigmoid_saturated"],
            np.exp(-SATURATED) / (1 + np.exp(-SATURATED)) ** 2,
            relative=1e-9,
        ),
        near("tanh-saturated", record["tanh_saturated"], 1 - np.tanh(SATURATED) ** 2, relative=1e-9),
        equal("relu-unsaturated", record["relu_saturated"], 1.0),
    ]


def _sign_checks(record: Record) -> list[Finding]:
    return [
        equal("sigmoid-signs", record["sigmoid_one_sign"], 1.0),
        below("tanh-signs", record["tanh_one_sign"], 0.01, predicted=0.0),
        equal("relu-signs", record["relu_one_sign"], 1.0),
    ]


def _ratios(record: Record, name: str) -> Array:
    norms: Array = record[f"{name}_norms"]
    return np.asarray(norms[0] / norms[-1])


def _geometric_mean(values: Array) -> float:
    return float(np.exp(np.log(values).mean()))


def _sigmoid_factor() -> float:
    """√E σ′(z)², z ~ N(0, q), for a wide network: in it, q = E σ(z)² is the same in all layers."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(60)
    weights = weights / weights.sum()
    q = 0.25
    for _ in range(50):
        s = 1 / (1 + np.exp(-np.sqrt(q) * nodes))
        q = float(weights @ s**2)
    return float(np.sqrt(weights @ (s * (1 - s)) ** 2))


def figure(record: Record) -> Figure:
    """The slopes, the gradient norm of each layer, and the signs of one sample's gradient."""
    depth = record.controls["depth"]
    layers = np.arange(1, depth + 1)
    lines: tuple[Mark, ...] = tuple(
        curve(layers, np.exp(np.log(record[f"{n}_norms"]).mean(1)), LABELS[n], style="line+points", tone=TONES[n])
        for n in NAMES
    )
    return Figure(
        caption=Text(
            "Left: the slopes. That of the sigmoid never exceeds a quarter, that of tanh reaches 1, and both die out "
            "on either side; that of ReLU is 0 or 1. Middle: how large the gradient of each layer's weights is. From "
            "right to left it shrinks by a factor of about four for each layer of sigmoids and keeps its size with "
            "tanh and ReLU. Right: signs of one sample's gradients in the last layer, a column for each unit. Behind "
            "sigmoids every column has one colour: all weights of a unit must move the same way.",
            "Слева — наклоны: у сигмоиды не больше четверти, у tanh доходит до единицы, и оба затухают по краям; "
            "у ReLU наклон равен 0 или 1. В центре — размер градиента весов каждого слоя. Справа налево каждый "
            "слой с сигмоидами уменьшает его примерно вчетверо, а с tanh и ReLU размер сохраняется. Справа — "
            "знаки градиентов последнего слоя для одного примера, столбец на нейрон. После сигмоид каждый "
            "столбец одного цвета: все веса нейрона вынуждены меняться в одну сторону.",
        ),
        panels=(
            Panel(
                x=Text("input x", "вход x"),
                y=Text("slope", "наклон"),
                marks=tuple(curve(GRID, record[f"{n}_slope"], LABELS[n], tone=TONES[n]) for n in NAMES),
            ),
            Panel(
                x=Text("layer", "слой"),
                y=Text("norm of the gradient", "норма градиента"),
                y_scale="log",
                x_limits=(0, depth + 1),
                marks=lines,
            ),
            _sign_panel(record),
        ),
    )


def _sign_panel(record: Record) -> Panel:
    """The signs behind sigmoids, and above them, after a blank stripe, those behind tanh."""
    low, high = (record[f"{name}_signs"][:SHOWN, :SHOWN] for name in ("sigmoid", "tanh"))
    stripe = np.zeros((2, SHOWN))
    return Panel(
        title=Text("sigmoid below, tanh above", "снизу сигмоида, сверху tanh"),
        x=Text("unit", "нейрон"),
        y=Text("its incoming weights", "входящие веса"),
        marks=(field(np.arange(SHOWN), np.arange(2 * SHOWN + 2), np.concatenate([low, stripe, high]), "shades"),),
        y_limits=(-0.5, 2 * SHOWN + 1.5),
    )


E15 = Experiment(
    number="E15",
    title=Text("Twenty layers", "Двадцать слоёв"),
    subject=Activations(),
    faults=(
        Fault(
            "tanh-slope-not-squared",
            Text("the derivative of tanh is taken to be 1 − tanh", "производной tanh считается 1 − tanh"),
            Activations(tanh=applied(TanhUnsquared())),
            breaks=("tanh-slope", "tanh-saturated", "tanh-ratio"),
        ),
    ),
    run=run,
    claims=CLAIMS,
    checks=checks,
    figure=figure,
    controls=(Whole("depth", 20, 5, 30, Text("layers", "число слоёв")),),
)
