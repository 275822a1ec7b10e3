"""E18b: how the gradient grows from layer to layer towards the input, with batch norm and without, before training."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from math import pi, sqrt
from typing import Any, TypeAlias

import numpy as np

import sklon
from sklon import Tensor
from sklon.lab.apparatus import leaf
from sklon.lab.check import Finding, near
from sklon.lab.controls import Real, Settings
from sklon.lab.experiment import Experiment, Fault, Frame, Record
from sklon.lab.figure import Figure, Panel, curve
from sklon.lab.text import Text
from sklon.nn import functional

Array: TypeAlias = np.ndarray[Any, Any]
#: x [samples, features] → x normalized
Normalization: TypeAlias = Callable[[Tensor], Tensor]

DEPTH = 16
WIDTH = 128
SAMPLES = 128
#: networks over which the logarithms are averaged: one network's growth without batch norm scatters by 3 %
NETWORKS = 12
EPS = 1e-5


def batch_norm(x: Tensor) -> Tensor:
    """Each feature normalized over the samples."""
    return functional.batch_norm(x, None, None, training=True, eps=EPS)


def _over_rows(x: Tensor) -> Tensor:
    return functional.layer_norm(x, (WIDTH,), eps=EPS)


def _not_centred(x: Tensor) -> Tensor:
    return x / sklon.sqrt((x * x).mean(0) + EPS)


def _untouched(x: Tensor) -> Tensor:
    return x


def growth(slope: float) -> float:
    """E φ′² / Var φ for z ~ N(0, 1), φ being the leaky ReLU: the growth of the squared gradient per layer.

    Backwards a layer multiplies it by E φ′²; forwards batch norm divides by the variance, from which the squared mean
    of φ is gone. For ReLU: ½/(½ − 1/2π) = π/(π − 1).
    """
    mean_square = (1 + slope**2) / 2  # of φ and of φ′
    return mean_square / (mean_square - (1 - slope) ** 2 / (2 * pi))


def run(subject: Normalization, controls: Settings, seed: int) -> Iterator[Frame]:
    """Draw network after network; measure ‖∂L/∂W‖² of each layer with the normalization and without."""
    random = np.random.default_rng(seed)
    slope = controls["slope"]
    for _ in range(NETWORKS):
        # He's start: without normalization it keeps the size of signals and gradients
        weights = random.standard_normal((DEPTH, WIDTH, WIDTH)) * sqrt(2 / (1 + slope**2) / WIDTH)
        x, upstream = random.standard_normal((2, SAMPLES, WIDTH))
        yield {
            "with": _squared_gradients(weights, x, upstream, subject, slope),
            "without": _squared_gradients(weights, x, upstream, _untouched, slope),
        }


def _squared_gradients(weights: Array, x: Array, upstream: Array, normalize: Normalization, slope: float) -> Array:
    """‖∂L/∂W‖² of each layer, for a loss with the gradient ``upstream`` at the output."""
    layers = [leaf(w) for w in weights]
    signal = sklon.tensor(x)
    for layer in layers:
        signal = functional.leaky_relu(normalize(functional.linear(signal, layer)), slope)
    (signal * sklon.tensor(upstream)).sum().backward()
    gradients = [layer.grad for layer in layers]
    return np.array([(g.numpy() ** 2).sum() for g in gradients if g is not None])


def _mean_logarithm(record: Record, name: str) -> Array:
    """ln ‖∂L/∂W‖² of each layer relative to the last one's, averaged over the networks."""
    logarithms = np.log(record.series(name))
    return np.asarray((logarithms - logarithms[:, -1:]).mean(0))


def _growth_per_layer(record: Record, name: str) -> float:
    """The factor per layer towards the input, by least squares."""
    return float(np.exp(-np.polyfit(np.arange(DEPTH), _mean_logarithm(record, name), 1)[0]))


#: what is checked
CLAIMS = {
    "growth-with": Text(
        "growth of ‖∂L/∂W‖² per layer towards the input, with batch norm",
        "во сколько раз растёт ‖∂L/∂W‖² на слой по пути ко входу, с BatchNorm",
    ),
    "growth-without": Text(
        "growth of ‖∂L/∂W‖² per layer towards the input, without",
        "во сколько раз растёт ‖∂L/∂W‖² на слой по пути ко входу, без BatchNorm",
    ),
}


def checks(record: Record) -> list[Finding]:
    """The growth per layer with batch norm is theory's; without it there is none."""
    return [
        near("growth-with", _growth_per_layer(record, "with"), growth(record.controls["slope"]), relative=0.03),
        near("growth-without", _growth_per_layer(record, "without"), 1.0, within=0.05),
    ]


def figure(record: Record) -> Figure:
    """Squared gradients over the layers, with and without, and theory's line."""
    layers = np.arange(1, DEPTH + 1)
    predicted = growth(record.controls["slope"]) ** (DEPTH - layers)
    return Figure(
        caption=Text(
            "Squared gradient of each layer's weights at the start, relative to the last layer; mean over the "
            "networks. With batch norm it grows towards the input by the same factor per layer, as predicted. "
            "Without batch norm, from He's start, it stays level.",
            "Квадрат нормы градиента по весам каждого слоя до обучения, делённый на его значение в последнем "
            "слое; среднее по сетям. С BatchNorm он растёт ко входу в одно и то же число раз на слой, как и "
            "предсказано. Без BatchNorm, при инициализации Хе, он держится на одном уровне.",
        ),
        panels=(
            Panel(
                x=Text("layer", "номер слоя"),
                y=Text("‖∂L/∂W‖², last layer = 1", "‖∂L/∂W‖², последний слой = 1"),
                y_scale="log",
                marks=(
                    curve(layers, predicted, Text("theory", "теория"), style="dashed", tone=5),
                    curve(
                        layers,
                        np.exp(_mean_logarithm(record, "with")),
                        Text("with batch norm", "с BatchNorm"),
                        style="points",
                        tone=0,
                    ),
                    curve(
                        layers,
                        np.exp(_mean_logarithm(record, "without")),
                        Text("without", "без BatchNorm"),
                        style="line+points",
                        tone=1,
                    ),
                ),
            ),
        ),
    )


E18B = Experiment(
    number="E18b",
    title=Text("The gradient explodes at the start", "Градиент взрывается ещё до обучения"),
    subject=batch_norm,
    faults=(
        Fault(
            "not-centred",
            Text(
                "the layer divides by the root mean square and does not subtract the mean",
                "слой делит на корень из среднего квадрата, но не вычитает среднее",
            ),
            _not_centred,
            breaks=("growth-with",),
        ),
        Fault(
            "over-rows",
            Text("each sample is normalized over its features", "каждый пример нормализуется по своим признакам"),
            _over_rows,
            breaks=("growth-with",),
        ),
    ),
    run=run,
    claims=CLAIMS,
    checks=checks,
    figure=figure,
    controls=(
        Real(
            "slope",
            0.0,
            0.0,
            1.0,
            Text(
                "slope of the activation for negative inputs (0: ReLU, 1: linear)",
                "наклон активации при отрицательном входе (0 — ReLU, 1 — линейная)",
            ),
        ),
    ),
)
