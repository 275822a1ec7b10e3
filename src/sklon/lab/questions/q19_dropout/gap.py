"""E19b: few points, a large network, with and without dropout: what happens to the gap between the two losses.

Shapes: a curve holds [chunks, kinds, networks], where the kinds are without and with dropout.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import TypeAlias

import numpy as np

from sklon import Tensor, Trainer, nn
from sklon.lab.apparatus import Array, moons
from sklon.lab.check import Finding, above, below
from sklon.lab.controls import Settings
from sklon.lab.experiment import Experiment, Fault, Frame, Record
from sklon.lab.figure import Figure, Panel, curve
from sklon.lab.text import Text

#: makes the layer that drops with a probability
Dropping: TypeAlias = Callable[[float], nn.Module]

NETWORKS, WIDTH = 8, 128
POINTS, HELD_OUT, NOISE = 40, 200, 0.4
KINDS = (0.0, 0.5)  # p without and with dropout
BATCH, LEARNING_RATE = 8, 0.003
EPOCHS, CHUNKS = 25, 4
FEWEST_WINS = NETWORKS - 1


class Unscaled(nn.Module):
    """Dropout without the factor 1/(1 − p)."""

    def __init__(self, p: float) -> None:
        super().__init__()
        self.p = p

    def forward(self, x: Tensor) -> Tensor:
        return nn.functional.dropout(x, self.p, self.training) * (1 - self.p if self.training else 1)


class AlwaysEvaluating(nn.Dropout):
    """Dropout whose switch to training is stuck."""

    def forward(self, x: Tensor) -> Tensor:
        return x


def run(subject: Dropping, controls: Settings, seed: int) -> Iterator[Frame]:
    """Train pairs of networks on the same few points, without and with dropout; look at both losses now and then."""
    pairs = [_pair(subject, seed, i) for i in range(NETWORKS)]
    for chunk in range(CHUNKS):
        losses = np.array([[_train(trainer, *data) for trainer in trainers] for trainers, data in pairs])
        yield {"epoch": EPOCHS * (chunk + 1), "train": losses[..., 0].T, "held_out": losses[..., 1].T}


def _pair(drop: Dropping, seed: int, i: int) -> tuple[list[Trainer], tuple[Array, Array, Array, Array]]:
    """A trainer for each kind, both with the same first weights and the same order of points, and their data."""
    random = np.random.default_rng([seed, i])
    data = (*moons(POINTS, NOISE, random), *moons(HELD_OUT, NOISE, random))
    networks = [_network(drop, p) for p in KINDS]
    networks[1].load_state_dict(networks[0].state_dict())
    trainers = [
        Trainer(network, loss="bce_with_logits", optimizer="adam", lr=LEARNING_RATE, seed=NETWORKS * seed + i)
        for network in networks
    ]
    return trainers, data


def _network(drop: Dropping, p: float) -> nn.Module:
    widths = (2, WIDTH, WIDTH)
    layers: list[nn.Module] = []
    for inputs, outputs in pairwise(widths):
        layers += [nn.Linear(inputs, outputs, dtype="float64"), nn.ReLU(), drop(p)]
    return nn.Sequential(*layers, nn.Linear(WIDTH, 1, dtype="float64"))


def _train(trainer: Trainer, X: Array, y: Array, X_new: Array, y_new: Array) -> tuple[float, float]:
    """Some more epochs; then the loss on the training set and on new points, both without dropout."""
    trainer.fit((X, y), epochs=EPOCHS, batch_size=BATCH)
    return trainer.evaluate(X, y), trainer.evaluate(X_new, y_new)


#: what is checked
CLAIMS = {
    "gap-ratio": Text(
        "median gap with dropout over the one without",
        "медианный разрыв с dropout, делённый на медианный разрыв без dropout",
    ),
    "gap-wins": Text(f"networks of {NETWORKS} whose gap is smaller", f"у скольких сетей из {NETWORKS} разрыв меньше"),
    "held-out-wins": Text(
        f"networks of {NETWORKS} that are better on new points",
        f"сколько сетей из {NETWORKS} лучше на новых точках",
    ),
    "train-loss-ratio": Text(
        "median training loss with dropout over the one without",
        "медиана потерь на обучающих точках с dropout, делённая на медиану без dropout",
    ),
}


def checks(record: Record) -> list[Finding]:
    """The gap shrinks, the loss on new points falls, the loss on the training set rises."""
    train, held_out = record["train"], record["held_out"]
    plain, dropped = held_out - train
    return [
        below("gap-ratio", np.median(dropped) / np.median(plain), 0.8),
        above("gap-wins", np.sum(dropped < plain), FEWEST_WINS),
        above("held-out-wins", np.sum(held_out[1] < held_out[0]), FEWEST_WINS),
        above("train-loss-ratio", np.median(train[1]) / np.median(train[0]), 1.5),
    ]


def figure(record: Record) -> Figure:
    """Median losses over the epochs, and the final gap of every network."""
    epochs = record.series("epoch")
    train, held_out = (np.median(record.series(name), axis=2) for name in ("train", "held_out"))
    plain, dropped = record["held_out"] - record["train"]
    order = np.argsort(plain)
    places = np.arange(1, NETWORKS + 1)
    without, with_dropout = Text("without dropout", "без dropout"), Text("with dropout", "с dropout")
    return Figure(
        caption=Text(
            "Left: medians over eight pairs of networks; solid lines are losses on new points, dashed lines those on "
            "the training points. With dropout the dashed line falls more slowly and the solid one stays lower. Right: "
            "the final gap between both losses for each pair.",
            "Слева: медианы по восьми парам сетей; сплошные линии — потери на новых точках, пунктирные — на "
            "обучающих. С dropout пунктирная линия убывает медленнее, а сплошная остаётся ниже. Справа: итоговый "
            "разрыв между этими потерями для каждой пары.",
        ),
        panels=(
            Panel(
                x=Text("epoch", "эпоха"),
                y=Text("loss", "потери"),
                marks=(
                    curve(epochs, held_out[:, 0], without, tone=1),
                    curve(epochs, train[:, 0], style="dashed", tone=1),
                    curve(epochs, held_out[:, 1], with_dropout, tone=0),
                    curve(epochs, train[:, 1], style="dashed", tone=0),
                ),
            ),
            Panel(
                x=Text("pair of networks", "пара сетей"),
                y=Text("gap at the end", "разрыв в конце"),
                marks=(
                    curve(places, plain[order], without, style="points", tone=1),
                    curve(places, dropped[order], with_dropout, style="points", tone=0),
                ),
            ),
        ),
    )


E19B = Experiment(
    number="E19b",
    title=Text("The gap between both losses", "Разрыв между потерями"),
    subject=nn.Dropout,
    faults=(
        Fault(
            "stuck-in-evaluation",
            Text("the layer passes everything on, in training too", "слой и при обучении пропускает всё без изменений"),
            AlwaysEvaluating,
            breaks=("gap-ratio", "gap-wins", "held-out-wins", "train-loss-ratio"),
        ),
        Fault(
            "not-rescaled",
            Text("what is kept is not divided by 1 − p", "уцелевшие значения не делятся на 1 − p"),
            Unscaled,
            breaks=("gap-ratio", "gap-wins", "held-out-wins"),
        ),
    ),
    run=run,
    claims=CLAIMS,
    checks=checks,
    figure=figure,
)
