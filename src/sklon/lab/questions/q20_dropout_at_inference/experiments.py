"""E20: the mean over dropout masks, and what the same layer gives at inference.

Shapes: x [features]; outputs of masks [draws, units]; the network is tried on several inputs at once, [draws, inputs].
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import TypeAlias

import numpy as np

import sklon
from sklon import Tensor, nn
from sklon.lab.apparatus import Array, standard_error
from sklon.lab.check import Finding, above, below, between, equal, near
from sklon.lab.controls import Real, Settings
from sklon.lab.experiment import Experiment, Fault, Frame, Record
from sklon.lab.figure import Figure, Panel, histogram, upright
from sklon.lab.text import Text

#: dropout(x, p, training)
Dropping: TypeAlias = Callable[[Tensor, float, bool], Tensor]

FEATURES, UNITS = 20, 8
INPUTS, HIDDEN = 8, 32
DRAWS, CHUNKS = 2_000, 10
#: standard errors that chance exceeds in one of 8 means once in 18,000 times
MOST_ERRORS = 4.5
BINS = 40


def scaled_by_p(x: Tensor, p: float, training: bool) -> Tensor:
    """Masks without scaling while training; at inference x·p where x·(1 − p) belongs, as ConvNetJS has it."""
    return nn.functional.dropout(x, p) * (1 - p) if training else x * p


def run(subject: Dropping, controls: Settings, seed: int) -> Iterator[Frame]:
    """Send the same inputs through ever more masks, and twice through the layer as it is at inference."""
    p, random = controls["p"], np.random.default_rng(seed)
    x, weights = random.standard_normal(FEATURES), random.standard_normal((UNITS, FEATURES))
    inputs, layers = random.standard_normal((INPUTS, FEATURES)), _layers(random)

    def outputs(training: bool, draws: int) -> tuple[Array, Array]:
        kept = subject(_repeated(x, draws), p, training)
        linear = kept @ sklon.tensor(weights.T)
        return linear.numpy(), _network(subject, p, training, layers, _repeated(inputs, draws)).numpy()

    yield {"variance": p / (1 - p) * ((weights * x) ** 2).sum(1)}
    for _ in range(CHUNKS):
        linear, network = outputs(True, DRAWS)
        yield {"linear": linear, "network": network}
    (evaluated, whole), (again, _) = outputs(False, 1), outputs(False, 1)
    yield {"evaluated": evaluated[0], "again": again[0], "network_evaluated": whole[0]}


def _layers(random: np.random.Generator) -> list[Array]:
    """Weights of three layers, scaled so that a ReLU keeps the size of its inputs."""
    widths = (FEATURES, HIDDEN, HIDDEN, 1)
    return [random.standard_normal((i, o)) * np.sqrt(2 / i) for i, o in pairwise(widths)]


def _network(drop: Dropping, p: float, training: bool, layers: list[Array], x: Tensor) -> Tensor:
    """Two hidden layers of ReLUs with dropout behind each. Shape: [draws, inputs]."""
    *hidden, last = map(sklon.tensor, layers)
    for w in hidden:
        x = drop(sklon.relu(x @ w), p, training)
    return (x @ last)[..., 0]


def _repeated(x: Array, draws: int) -> Tensor:
    return sklon.broadcast_to(sklon.tensor(x), (draws, *x.shape))


# ---- what must come out
#: what is checked
CLAIMS = {
    "scale": Text(
        "output at inference over the mean output of training",
        "выход на инференсе, делённый на средний выход при обучении",
    ),
    "mean": Text(
        "largest difference between mean and inference, in standard errors",
        "наибольшее расхождение среднего и инференса, в стандартных ошибках",
    ),
    "variance": Text(
        "variance of the output over p/(1 − p)·Σ(wᵢxᵢ)², the ratio farthest from 1",
        "дисперсия выхода, делённая на p/(1 − p)·Σ(wᵢxᵢ)², самое далёкое от 1 отношение",
    ),
    "repeated": Text("difference between two runs of inference", "разница двух проходов на инференсе"),
    "network-differs": Text(
        "network: largest difference between mean and inference, in standard errors",
        "сеть: наибольшее расхождение среднего и инференса, в стандартных ошибках",
    ),
    "network-close": Text(
        "network: that difference in standard deviations of a single mask",
        "сеть: то же расхождение в стандартных отклонениях одной маски",
    ),
}


def checks(record: Record) -> list[Finding]:
    """The linear layer keeps its mean and has the predicted variance; inference is fixed; a network comes close."""
    return [*_of_the_linear_layer(record), *_of_the_network(record)]


def _of_the_linear_layer(record: Record) -> list[Finding]:
    """Mean and variance over the masks, beside inference."""
    linear, evaluated = np.concatenate(record.series("linear")), record["evaluated"]
    mean, ratios = linear.mean(0), linear.var(axis=0, ddof=1) / record["variance"]
    return [
        near("scale", (evaluated @ mean) / (mean @ mean), 1.0, within=0.03),
        below("mean", np.abs((mean - evaluated) / standard_error(linear)).max(), MOST_ERRORS),
        near("variance", ratios[np.argmax(np.abs(ratios - 1))], 1.0, within=0.05),
        equal("repeated", np.abs(evaluated - record["again"]).max(), 0.0),
    ]


def _of_the_network(record: Record) -> list[Finding]:
    """How far the mean over the masks is from inference."""
    network = np.concatenate(record.series("network"))
    off = network.mean(0) - record["network_evaluated"]
    return [
        above("network-differs", np.abs(off / standard_error(network)).max(), MOST_ERRORS),
        between("network-close", np.abs(off / network.std(axis=0, ddof=1)).max(), 0.0, 1.0),
    ]


def figure(record: Record) -> Figure:
    """Outputs over the masks, their mean, and inference: of a linear unit and of a network."""
    linear, network = (np.concatenate(record.series(name)) for name in ("linear", "network"))
    unit = int(np.argmax(np.abs(record["evaluated"])))
    off = np.abs(network.mean(0) - record["network_evaluated"]) / network.std(axis=0)
    case = int(np.argmax(off))
    return Figure(
        caption=Text(
            "The outputs that one input gets from many dropout masks. Left: a linear unit; their mean is the output at "
            "inference, where no mask is drawn. Right: a network with ReLUs; inference lies beside the mean, by less "
            "than the masks' own spread.",
            "Выходы, которые один и тот же вход даёт с разными масками dropout. Слева — линейный нейрон: среднее "
            "совпадает с выходом на инференсе, где масок нет. Справа — сеть с ReLU: выход на инференсе немного "
            "отличается от среднего, но меньше, чем отличаются друг от друга сами маски.",
        ),
        panels=(
            _panel(Text("linear unit", "линейный нейрон"), linear[:, unit], record["evaluated"][unit]),
            _panel(Text("network", "сеть"), network[:, case], record["network_evaluated"][case]),
        ),
    )


def _panel(title: Text, outputs: Array, evaluated: float) -> Panel:
    return Panel(
        title=title,
        x=Text("output", "выход"),
        y=Text("masks", "число масок"),
        marks=(
            histogram(outputs, BINS, Text("with masks", "с масками"), tone=0),
            upright(float(outputs.mean()), Text("their mean", "их среднее"), tone=2),
            upright(evaluated, Text("inference", "инференс"), tone=1),
        ),
    )


E20 = Experiment(
    number="E20",
    title=Text("The mean of the masks", "Среднее по маскам"),
    subject=nn.functional.dropout,
    faults=(
        Fault(
            "scaled-by-p",
            Text(
                "inference multiplies by p instead of 1 − p, as ConvNetJS did",
                "на инференсе умножают на p, а не на 1 − p, как было в ConvNetJS",
            ),
            scaled_by_p,
            breaks=("scale", "mean", "variance"),
        ),
    ),
    run=run,
    claims=CLAIMS,
    checks=checks,
    figure=figure,
    controls=(
        Real(
            "p",
            0.4,
            0.1,
            0.45,
            Text(
                "probability of dropping; at 0.5 the fault would hide", "вероятность зануления; при 0,5 ошибка не видна"
            ),
        ),
    ),
)

EXPERIMENTS = (E20,)
