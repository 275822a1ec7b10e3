"""E15b: why the outputs of a hidden layer should have mean zero.

A linear unit that reads activations a has the Hessian E[aaᵀ] under the squared error. Where all activations have a mean
m and a variance v, its eigenvalues are v, and once v + d·m²: the mean alone makes the surface narrow.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeAlias

import numpy as np

import sklon
from sklon import Tensor, optim
from sklon.lab.check import Finding, above, between, near
from sklon.lab.controls import Settings, Whole
from sklon.lab.experiment import Experiment, Fault, Frame, Record
from sklon.lab.figure import Figure, Panel, bars, curve, level
from sklon.lab.text import Text
from sklon.nn import functional

from .activations import LABELS, TONES, Activations

Array: TypeAlias = np.ndarray[Any, Any]

ROWS = 4096
#: descent ends when the distance to the solution is this part of what it was
REACHED = 0.01
MOST_STEPS = 600
CENTRED = "centred"
KINDS = ("sigmoid", CENTRED, "tanh", "relu")
SHOWN = {**LABELS, CENTRED: Text("centred sigmoid", "сигмоида без среднего")}
SHORT = {**LABELS, CENTRED: Text("mean removed", "без среднего")}
COLOURS = {**TONES, CENTRED: 3}


def run(subject: Activations, controls: Settings, seed: int) -> Iterator[Frame]:
    """The Hessian of a linear unit that reads each kind of activation, then descent with the best step for each."""
    random = np.random.default_rng(seed)
    z = sklon.tensor(random.standard_normal((ROWS, controls["inputs"])))
    outputs = {name: subject.of(name)(z).numpy() for name in ("sigmoid", "tanh", "relu")}
    outputs[CENTRED] = outputs["sigmoid"] - outputs["sigmoid"].mean(0)
    activations = np.stack([outputs[kind] for kind in KINDS])
    hessians = activations.transpose(0, 2, 1) @ activations / ROWS
    eigenvalues = np.linalg.eigvalsh(hessians)
    yield {"conditions": eigenvalues[:, -1] / eigenvalues[:, 0]}
    teacher = random.standard_normal((controls["inputs"], 1))
    for distances in _descend(activations, teacher, 2 / (eigenvalues[:, 0] + eigenvalues[:, -1])):
        yield {"distances": distances}


def _descend(activations: Array, teacher: Array, rates: Array) -> Iterator[Array]:
    """Each kind's distance to the teacher's weights, of 1 at the start, step after step.

    The kinds do not meet: a loss that is their sum, each times its own rate, gives each its own step.
    """
    a, y = sklon.tensor(activations), sklon.tensor(activations @ teacher)
    w = sklon.tensor(np.zeros((len(KINDS), *teacher.shape)), requires_grad=True)
    scale = sklon.tensor(rates[:, None, None] / ROWS)
    optimizer = optim.SGD([w], lr=0.5)  # ½ of the mean of squares has the Hessian E[aaᵀ]
    for _ in range(MOST_STEPS):
        distances = np.linalg.norm(w.detach().numpy() - teacher, axis=(1, 2)) / np.linalg.norm(teacher)
        yield distances
        if distances.max() <= REACHED:
            return
        optimizer.zero_grad()
        (scale * (a @ w - y) ** 2).sum().backward()
        optimizer.step()


#: what is checked
CLAIMS = {
    **{
        f"{name}-condition": Text(f"condition number: {SHOWN[name].en}", f"число обусловленности: {SHOWN[name].ru}")
        for name in ("sigmoid", "relu", "tanh", CENTRED)
    },
    "condition-ratio": Text(
        "condition number of sigmoids / of the same without their mean",
        "число обусловленности для сигмоиды / для неё же без среднего",
    ),
    "sigmoid-steps": Text("steps of descent on sigmoids", "шагов спуска на сигмоидах"),
    "steps-ratio": Text("steps on sigmoids / steps on tanh", "шагов на сигмоидах / шагов на tanh"),
}


def checks(record: Record) -> list[Finding]:
    """Condition numbers against those of wide samples, and the steps that they cost."""
    d = record.controls["inputs"]
    conditions, steps = _by_kind(record["conditions"]), _by_kind(_steps(record))
    return [
        *(
            near(f"{name}-condition", conditions[name], _condition(name, d), relative=0.1)
            for name in ("sigmoid", "relu")
        ),
        *(between(f"{name}-condition", conditions[name], 1.0, 1.7, predicted=_edge(d)) for name in ("tanh", CENTRED)),
        above("condition-ratio", conditions["sigmoid"] / conditions[CENTRED], 20.0),
        between(
            "sigmoid-steps",
            steps["sigmoid"],
            0.75 * _most_steps(conditions["sigmoid"]),
            1 + _most_steps(conditions["sigmoid"]),
            predicted=_most_steps(conditions["sigmoid"]),
        ),
        above("steps-ratio", steps["sigmoid"] / steps["tanh"], 10.0),
    ]


def _by_kind(values: Array) -> dict[str, float]:
    return dict(zip(KINDS, values.tolist(), strict=True))


def _steps(record: Record) -> Array:
    """Steps until each kind has arrived; NaN for those that have not."""
    arrived = record.series("distances") <= REACHED
    return np.where(arrived.any(0), arrived.argmax(0), np.nan)


def _most_steps(condition: float) -> float:
    """Steps that shrink every direction to REACHED: with the best rate each step leaves (κ − 1)/(κ + 1)."""
    return float(np.log(REACHED) / np.log((condition - 1) / (condition + 1)))


def _condition(name: str, d: int) -> float:
    """(v + d·m²)/v for activations of standard normal inputs, v in the denominator as small as ROWS samples make it."""
    z, weights = np.polynomial.hermite_e.hermegauss(80)
    a = np.maximum(z, 0) if name == "relu" else 1 / (1 + np.exp(-z))
    mean = weights @ a / weights.sum()
    variance = weights @ a**2 / weights.sum() - mean**2
    return float((1 + d * mean**2 / variance) / (1 - _spread(d)) ** 2)


def _edge(d: int) -> float:
    """The condition number of ROWS samples of d independent values of mean 0."""
    return float(((1 + _spread(d)) / (1 - _spread(d))) ** 2)


def _spread(d: int) -> float:
    """Eigenvalues of a sample's covariance lie in v·(1 ± √(d/ROWS))²: the law of Marchenko and Pastur."""
    return float(np.sqrt(d / ROWS))


def figure(record: Record) -> Figure:
    """Condition numbers as bars, and descent with the best step for each."""
    distances = record.series("distances")
    return Figure(
        caption=Text(
            "Left: the condition number of the matrix E[aaᵀ], which is the curvature that the weights of the next "
            "unit see. Subtracting the mean from the sigmoids makes it almost 1: tanh is like that from the start. "
            "Right: descent towards the right weights, with the best step for each kind, in the same "
            "colours. Steps grow with the condition number. Axes are logarithmic.",
            "Слева — число обусловленности матрицы E[aaᵀ], то есть кривизны, которую видят веса следующего "
            "нейрона. Если вычесть из сигмоид среднее, оно падает почти до единицы; у tanh так с самого начала. "
            "Справа — спуск к правильным весам, в тех же цветах и с наилучшей для каждого случая скоростью "
            "обучения: чем больше число обусловленности, тем больше шагов. Шкалы логарифмические.",
        ),
        panels=(
            Panel(
                x=Text("outputs of the hidden layer", "выходы скрытого слоя"),
                y=Text("condition number", "число обусловленности"),
                y_scale="log",
                marks=(bars([SHORT[k] for k in KINDS], record["conditions"], [COLOURS[k] for k in KINDS]),),
            ),
            Panel(
                x=Text("steps + 1", "шаги + 1"),
                y=Text("distance to the solution", "расстояние до решения"),
                x_scale="log",
                y_scale="log",
                y_limits=(REACHED / 3, 1.5),
                marks=(
                    *(
                        curve(1 + np.arange(len(distances)), distances[:, i], tone=COLOURS[k])
                        for i, k in enumerate(KINDS)
                    ),
                    level(REACHED),
                ),
            ),
        ),
    )


def _not_shifted(x: Tensor) -> Tensor:
    """2·σ(2x), which is tanh x + 1."""
    return 2 * functional.sigmoid(2 * x)


E15B = Experiment(
    number="E15b",
    title=Text("Why outputs should be centred", "Зачем центрировать выходы"),
    subject=Activations(),
    faults=(
        Fault(
            "tanh-not-shifted",
            Text("tanh is computed as 2σ(2x), without the −1", "tanh вычисляется как 2σ(2x), без вычитания единицы"),
            Activations(tanh=_not_shifted),
            breaks=("tanh-condition", "steps-ratio"),
        ),
    ),
    run=run,
    claims=CLAIMS,
    checks=checks,
    figure=figure,
    controls=(Whole("inputs", 10, 6, 32, Text("inputs of the unit", "число входов нейрона")),),
)
