"""E6: of all directions, the one against the gradient lowers a training loss the fastest.

Shapes: X [N, d]; y [N], −1 or 1; w [d]; directions [M, d].
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any, TypeAlias

import numpy as np

import sklon
from sklon import Tensor, optim
from sklon.calculus import descend
from sklon.lab.apparatus import gradient, power, value
from sklon.lab.check import Finding, above, equal, near
from sklon.lab.controls import Settings, Whole
from sklon.lab.experiment import Experiment, Fault, Frame, Record
from sklon.lab.figure import Figure, Note, Panel, curve, histogram, upright
from sklon.lab.text import Text
from sklon.nn.functional import softplus
from sklon.optim import Optimizer

from .rules import Reversed, Uphill

Array: TypeAlias = np.ndarray[Any, Any]

SAMPLES, DIRECTIONS = 200, 10_000
RATES = np.logspace(-1, -4, 7)
#: the learning rate at which a step must bring what the slope promises
SMALL = 1e-3
#: how far every direction is followed: so short that a direction near −g gains nothing from curvature
LENGTH = 1e-5
#: learning rates as parts of 2/L, below which every step must lower the loss
SAFE_PARTS = np.linspace(0.05, 0.99, 20)


class LogisticLoss:
    """The mean of log(1 + exp(−y·⟨w, x⟩)) over the samples, for w [d] or for many of them [M, d]."""

    def __init__(self, weights: int, random: np.random.Generator) -> None:
        data = random.standard_normal((SAMPLES, weights))
        sides = np.sign(data @ np.ones(weights) / np.sqrt(weights) + random.standard_normal(SAMPLES))
        signed = data * sides[:, None]
        #: the largest curvature anywhere: that of softplus is at most 1/4
        self.smoothness = float(np.linalg.eigvalsh(data.T @ data)[-1]) / SAMPLES / 4
        self.signed = sklon.tensor(signed.T.copy())

    def __call__(self, weights: Tensor) -> Tensor:
        return softplus(-(weights @ self.signed)).mean(-1)


def step(optimizer: type[Optimizer], loss: LogisticLoss, at: Array, lr: float) -> Array:
    """The weights after one step."""
    after: Array = descend(loss, at, partial(optimizer, lr=lr), steps=1).points[-1]
    return after


def run(subject: type[Optimizer], controls: Settings, seed: int) -> Iterator[Frame]:
    """Compare the fall of the loss with what its slope promises; then try many directions at once."""
    random = np.random.default_rng(seed)
    loss = LogisticLoss(controls["weights"], random)
    start: Array = 0.5 * random.standard_normal((controls["weights"],))
    here, squared = value(loss, start), float(np.sum(gradient(loss, start) ** 2))

    def fall(to: Array) -> Array:
        change: Array = here - loss(sklon.tensor(to)).numpy()
        return change

    for lr in RATES:
        yield {"lr": lr, "ratio": fall(step(subject, loss, start, lr)) / (lr * squared)}
    moved = step(subject, loss, start, SMALL)
    yield {"small": fall(moved) / (SMALL * squared), "climb": -fall(2 * start - moved) / (SMALL * squared)}
    for part in SAFE_PARTS:
        lr = part * 2 / loss.smoothness
        guaranteed = lr * (1 - loss.smoothness * lr / 2) * squared
        yield {"guaranteed": fall(step(subject, loss, start, lr)) / guaranteed}
    ours = fall(step(subject, loss, start, LENGTH / np.sqrt(squared)))
    directions = random.standard_normal((DIRECTIONS, controls["weights"]))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    yield {"ours": ours, "falls": fall(start + LENGTH * directions)}


#: what is checked
CLAIMS = {
    "promise-kept": Text(
        "fall of the loss over η‖g‖², for η = 0.001", "уменьшение потерь, делённое на η‖g‖², при η = 0,001"
    ),
    "error-order": Text(
        "what is missing from the promise ∝ ηᵖ with p", "недостача против обещанного ∝ ηᵖ, показатель p"
    ),
    "climb": Text("rise of the loss along +g over η‖g‖²", "рост потерь после шага вдоль +g, делённый на η‖g‖²"),
    "guarantee": Text(
        "for η up to 2/L: the smallest fall, in units of the guaranteed one",
        "при η до 2/L: наименьшее уменьшение в долях гарантированного",
    ),
    "beaten-by": Text(
        "random directions that lower the loss more", "случайных направлений, снижающих потери сильнее, чем −g"
    ),
    "typical-direction": Text(
        "what a random direction changes, root mean square, against −g",
        "насколько меняет потери случайное направление (среднеквадратично) в сравнении с −g",
    ),
}


def checks(record: Record) -> list[Finding]:
    """The step brings what the slope promises, and no direction brings more."""
    return [*_promise_checks(record), *_direction_checks(record)]


def _promise_checks(record: Record) -> list[Finding]:
    lr, ratio = record.series("lr"), record.series("ratio")
    return [
        near("promise-kept", record["small"], 1.0, within=2e-3),
        near("error-order", power(lr, np.abs(1 - ratio)), 1.0, within=0.1),
        near("climb", record["climb"], 1.0, within=2e-3),
        above("guarantee", record.series("guaranteed").min(), 1.0),
    ]


def _direction_checks(record: Record) -> list[Finding]:
    ours, falls = record["ours"], record["falls"]
    return [
        equal("beaten-by", int(np.count_nonzero(falls > ours)), 0),
        near(
            "typical-direction",
            np.sqrt(np.mean(falls**2)) / ours,
            1 / np.sqrt(record.controls["weights"]),
            relative=0.05,
        ),
    ]


def figure(record: Record) -> Figure:
    """How much each direction lowers the loss, and what the promise lacks."""
    lr, ratio = record.series("lr"), record.series("ratio")
    shares = record["falls"] / record["ours"]
    highest = np.histogram(shares, 60)[0].max()
    return Figure(
        caption=Text(
            "Left: by how much the loss falls along random directions, as a part of what −g brings with a step of the "
            "same length. All lie between +g, which raises the loss, and −g, which no direction beats; most change "
            "almost nothing. Right: the part of the promised fall η‖g‖² that is missing shrinks in proportion to η.",
            "Слева: насколько снижают потери случайные направления; за единицу взят шаг той же длины вдоль −g. Все они "
            "лежат между +g, где потери растут, и −g, который не обогнал никто, а большинство почти ничего не меняет. "
            "Справа: недостающая доля обещанного уменьшения η‖g‖² сокращается пропорционально η.",
        ),
        panels=(
            Panel(
                x=Text("fall of the loss, −g gives 1", "уменьшение потерь (−g даёт 1)"),
                y=Text("random directions", "случайных направлений"),
                x_limits=(-1.35, 1.35),
                marks=(
                    histogram(shares, 60),
                    upright(1.0, tone=2),
                    upright(-1.0, tone=1),
                    Note(1.04, highest, Text("−g", "−g")),
                    Note(-1.22, highest, Text("+g", "+g")),
                ),
            ),
            Panel(
                x=Text("learning rate η", "скорость обучения η"),
                y=Text("missing part of η‖g‖²", "недостающая доля η‖g‖²"),
                x_scale="log",
                y_scale="log",
                marks=(curve(lr, np.abs(1 - ratio), style="line+points", tone=0),),
            ),
        ),
    )


E6 = Experiment(
    number="E6",
    title=Text("Nobody beats −g", "Никто не обгонит −g"),
    subject=optim.SGD,
    faults=(
        Fault(
            "uphill",
            Text("the step adds η·g instead of subtracting it", "шаг прибавляет η·g, а не вычитает"),
            Uphill,
            breaks=("promise-kept", "error-order", "climb", "guarantee", "beaten-by", "typical-direction"),
        ),
        Fault(
            "reversed",
            Text(
                "every weight gets the gradient of another weight",
                "каждый вес получает градиент, посчитанный для другого веса",
            ),
            Reversed,
            breaks=("promise-kept", "error-order", "climb", "guarantee", "beaten-by", "typical-direction"),
        ),
    ),
    run=run,
    claims=CLAIMS,
    checks=checks,
    figure=figure,
    controls=(Whole("weights", 10, 3, 100, Text("weights of the model", "весов у модели")),),
)
