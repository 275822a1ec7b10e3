"""E12: a net that is sure of the wrong class, and how much each loss lets it learn."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

import sklon
from sklon import Tensor, nn, optim
from sklon.lab.apparatus import gradient, leaf, value
from sklon.lab.check import Finding, above, below, between, equal, true
from sklon.lab.controls import Real, Settings
from sklon.lab.experiment import Array, Experiment, Fault, Frame, Record
from sklon.lab.figure import Figure, Panel, curve, level, upright
from sklon.lab.text import Text

#: from one logit, whose true class is 1, to the loss
Binary: TypeAlias = Callable[[Tensor], Tensor]
#: from logits [N, C] and classes [N] to the mean loss
Several: TypeAlias = Callable[[Tensor, Tensor], Tensor]

#: a logit at which e⁻ᶻ is no number any more
FAR = -1000.0
#: steps of gradient descent, and their learning rate
STEPS, RATE = 40, 1.0
#: rows and classes of the softmax that is compared with its formula
ROWS, CLASSES = 6, 4


@dataclass(frozen=True, slots=True)
class Losses:
    """Cross-entropy for one logit and for several, both taking logits."""

    binary: Binary
    several: Several


def binary(logit: Tensor) -> Tensor:
    """Binary cross-entropy of a logit whose class is 1."""
    return nn.functional.binary_cross_entropy_with_logits(logit, sklon.ones_like(logit))


def squared(logit: Tensor) -> Tensor:
    """The squared error of the probability: (σ(z) − 1)²."""
    return (sklon.sigmoid(logit) - 1) ** 2


def naive(logit: Tensor) -> Tensor:
    """Cross-entropy the way the formula is written: −ln σ(z), with σ(z) rounded first."""
    return -sklon.log(sklon.sigmoid(logit))


# ---- faults, spelled out: the engine's losses refuse what comes straight from a sigmoid or a softmax
def _of_probability(logit: Tensor) -> Tensor:
    return binary(1 / (1 + sklon.exp(-logit)))


def _softmax_twice(logits: Tensor, classes: Tensor) -> Tensor:
    return nn.functional.cross_entropy(sklon.exp(nn.functional.log_softmax(logits, 1)), classes)


# ---- the run
def run(subject: Losses, controls: Settings, seed: int) -> Iterator[Frame]:
    """Start at a logit far on the wrong side, and go down both losses from there."""
    start = controls["logit"]
    yield from _descents(subject.binary, start)
    logits = np.linspace(start - 2, 6, 181)
    yield {
        "logits": logits,
        "cross-entropy slopes": _slopes(subject.binary, logits),
        "squared slopes": _slopes(squared, logits),
        "slope of cross-entropy": float(gradient(subject.binary, start)),
        "slope of squared error": float(gradient(squared, start)),
        "two classes": _of_two_classes(subject.several, start) - value(subject.binary, start),
        "far": value(subject.binary, FAR),
        "naive": value(naive, FAR),
        "formula": _distance_from_formula(subject.several, np.random.default_rng(seed)),
    }


def _descents(loss: Binary, start: float) -> Iterator[Frame]:
    """The logits that gradient descent passes, under cross-entropy and under the squared error."""
    by_cross_entropy, by_squares = leaf(start), leaf(start)
    optimizer = optim.SGD([by_cross_entropy, by_squares], lr=RATE)
    for _ in range(STEPS + 1):
        yield {"cross-entropy": by_cross_entropy.item(), "squared": by_squares.item()}
        optimizer.zero_grad()
        (loss(by_cross_entropy) + squared(by_squares)).backward()
        optimizer.step()


def _slopes(loss: Binary, logits: Array) -> Array:
    """How steep a loss is at each logit. Losses are means over logits, so one gradient holds all slopes."""
    return np.abs(gradient(lambda z: loss(z).mean(), logits)) * len(logits)


def _of_two_classes(loss: Several, logit: float) -> float:
    """The softmax cross-entropy of the logits 0 and z, where the second class is the true one."""
    return float(loss(sklon.tensor([[0.0, logit]], dtype="float64"), sklon.tensor([1])).item())


def _distance_from_formula(loss: Several, random: np.random.Generator) -> float:
    """The largest entry of gradient − (p − onehot)/N."""
    logits, classes = 3 * random.standard_normal((ROWS, CLASSES)), random.integers(CLASSES, size=ROWS)
    found = gradient(lambda z: loss(z, sklon.tensor(classes)), logits)
    p = np.exp(logits - logits.max(1, keepdims=True))
    p /= p.sum(1, keepdims=True)
    return float(np.abs(found - (p - np.eye(CLASSES)[classes]) / ROWS).max())


# ---- what came out
#: what is checked
CLAIMS = {
    "cross-entropy-slope": Text(
        "slope of the cross-entropy where the net is sure and wrong",
        "наклон кросс-энтропии там, где сеть уверена, но неправа",
    ),
    "squared-slope": Text("slope of the squared error at the same logit", "наклон квадрата ошибки при том же логите"),
    "slope-ratio": Text("how many times steeper the cross-entropy is", "во сколько раз наклон кросс-энтропии больше"),
    "cross-entropy-recovers": Text(
        "logit after the steps, under cross-entropy", "логит после всех шагов, кросс-энтропия"
    ),
    "squared-moves": Text("how far the squared error has moved it", "насколько его сдвинул квадрат ошибки"),
    "two-classes": Text(
        "binary cross-entropy of z, and softmax of the logits 0 and z: difference",
        "бинарная кросс-энтропия z и softmax по логитам 0 и z: разница",
    ),
    "softmax-gradient": Text(
        "distance of the softmax gradient from p − onehot",
        "отличие градиента кросс-энтропии с softmax от p − onehot",
    ),
    "stable": Text(
        "loss at the logit −1000, computed from the logit", "потери при логите −1000, вычисленные по логиту"
    ),
    "naive-infinite": Text(
        "the loss computed from the rounded probability is infinite there",
        "вычисленные по округлённой вероятности, потери там бесконечны",
    ),
}


def checks(record: Record) -> list[Finding]:
    """Slopes where the net is wrong, what a few steps achieve, and what holds for logits of any size."""
    return [*_of_slopes(record), *_of_steps(record), *_of_formulas(record)]


def _probability(record: Record) -> float:
    """Of the true class, at the logit where the net begins."""
    return float(1 / (1 + np.exp(-record.controls["logit"])))


def _of_slopes(record: Record) -> list[Finding]:
    """How steep both losses are where the net is sure and wrong."""
    p = _probability(record)
    steep, flat = abs(record["slope of cross-entropy"]), abs(record["slope of squared error"])
    return [
        between("cross-entropy-slope", steep, 0.999, 1.0, predicted=1 - p),
        below("squared-slope", flat, 1e-4, predicted=2 * p * (1 - p) ** 2),
        above("slope-ratio", steep / flat, 1e4, predicted=1 / (2 * p * (1 - p))),
    ]


def _of_steps(record: Record) -> list[Finding]:
    """Where a few steps lead."""
    p = _probability(record)
    return [
        above("cross-entropy-recovers", record["cross-entropy"], 0.0),
        below(
            "squared-moves",
            record["squared"] - record.controls["logit"],
            0.01,
            predicted=RATE * STEPS * 2 * p * (1 - p) ** 2,
        ),
    ]


def _of_formulas(record: Record) -> list[Finding]:
    """Two classes and many, the gradient's formula, and logits far out."""
    return [
        below("two-classes", abs(record["two classes"]), 1e-12),
        below("softmax-gradient", record["formula"], 1e-12),
        equal("stable", record["far"], 1000.0),
        true("naive-infinite", np.isposinf(record["naive"])),
    ]


CROSS_ENTROPY, SQUARED = 0, 1  # tones
NAMES = (Text("cross-entropy", "кросс-энтропия"), Text("squared error", "квадрат ошибки"))


def figure(record: Record) -> Figure:
    """How steep both losses are over the logit, and the logit over the steps."""
    logits, start = record["logits"], record.controls["logit"]
    return Figure(
        caption=Text(
            "The true class is 1, so the logit should grow. Left: how steep both losses are. Towards the left the net "
            "is ever surer of the wrong class; the cross-entropy keeps the slope 1 there, that of the squared error "
            "dies out. Right: gradient descent from there. The cross-entropy leads back within a few steps, the "
            "squared error hardly leaves its place.",
            "Верный класс — 1, поэтому логит должен расти. Слева: крутизна обеих функций потерь. Чем левее, тем "
            "сеть увереннее в неверном классе; наклон кросс-энтропии там остаётся равным 1, а наклон квадрата "
            "ошибки затухает. Справа: градиентный спуск из такой точки. С кросс-энтропией логит исправляется за "
            "несколько шагов, с квадратом ошибки почти не двигается с места.",
        ),
        panels=(
            Panel(
                x=Text("logit z of the true class", "логит z верного класса"),
                y=Text("steepness |dL/dz|", "крутизна |dL/dz|"),
                y_scale="log",
                marks=(
                    curve(logits, record["cross-entropy slopes"], NAMES[0], tone=CROSS_ENTROPY),
                    curve(logits, record["squared slopes"], NAMES[1], tone=SQUARED),
                    upright(start, Text("start", "начало")),
                ),
            ),
            Panel(
                x=Text("step", "номер шага"),
                y=Text("logit z", "логит z"),
                marks=(
                    curve(np.arange(STEPS + 1), record.series("cross-entropy"), NAMES[0], tone=CROSS_ENTROPY),
                    curve(np.arange(STEPS + 1), record.series("squared"), NAMES[1], tone=SQUARED),
                    level(0.0, Text("p = ½", "p = ½")),
                ),
            ),
        ),
    )


# ---- the experiment
E12 = Experiment(
    number="E12",
    title=Text("Sure and wrong", "Уверена, но неправа"),
    subject=Losses(binary, nn.functional.cross_entropy),
    faults=(
        Fault(
            "softmax-twice",
            Text(
                "softmax is applied before a loss that applies it itself",
                "softmax применён перед функцией потерь, которая применяет его сама",
            ),
            Losses(binary, _softmax_twice),
            breaks=("two-classes", "softmax-gradient"),
        ),
        Fault(
            "sigmoid-twice",
            Text(
                "a probability is given where the loss expects a logit", "вместо логита функции потерь дали вероятность"
            ),
            Losses(_of_probability, nn.functional.cross_entropy),
            breaks=("cross-entropy-slope", "slope-ratio", "cross-entropy-recovers", "two-classes", "stable"),
        ),
        Fault(
            "naive-logarithm",
            Text(
                "the probability is rounded before its logarithm is taken",
                "вероятность округляется раньше, чем берётся логарифм",
            ),
            Losses(naive, nn.functional.cross_entropy),
            breaks=("stable",),
        ),
    ),
    run=run,
    claims=CLAIMS,
    checks=checks,
    figure=figure,
    controls=(
        Real(
            "logit", -10.0, -20.0, -10.0, Text("logit of the true class at the start", "логит верного класса в начале")
        ),
    ),
)

EXPERIMENTS = (E12,)
