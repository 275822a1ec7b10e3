"""E22b: few points and a large network: the validation loss falls and rises again while the training loss falls on.

Each frame is one network; its curves hold a value for each epoch.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeAlias

import numpy as np

from sklon import Trainer, nn
from sklon.lab.apparatus import Array, moons, network
from sklon.lab.check import Finding, above, below
from sklon.lab.controls import Real, Settings
from sklon.lab.experiment import Experiment, Fault, Frame, Record
from sklon.lab.figure import Figure, Panel, curve, upright
from sklon.lab.text import Text

Data: TypeAlias = tuple[Array, Array]
#: chooses from (training set, held-out points) what is watched while training
Watching: TypeAlias = Callable[[Data, Data], Data]

NETWORKS, WIDTH = 8, 64
POINTS, HELD_OUT, TEST = 40, 200, 1_000
BATCH, EPOCHS, LEARNING_RATE = 8, 150, 0.005


def watch_held_out(training: Data, held_out: Data) -> Data:
    """Points that training does not see."""
    return held_out


def watch_training(training: Data, held_out: Data) -> Data:
    """The points that training fits."""
    return training


def run(subject: Watching, controls: Settings, seed: int) -> Iterator[Frame]:
    """Train networks to the end, watched and unwatched, and try both results on points that nobody has used."""
    for i in range(NETWORKS):
        random = np.random.default_rng([seed, i])
        training, held_out, test = (moons(count, controls["noise"], random) for count in (POINTS, HELD_OUT, TEST))
        watched, unwatched = _trainers(NETWORKS * seed + i)
        history = watched.fit(training, epochs=EPOCHS, batch_size=BATCH, validation=subject(training, held_out))
        unwatched.fit(training, epochs=EPOCHS, batch_size=BATCH)
        yield {
            "train": np.array(history.curve("train_loss")),
            "watched": np.array(history.curve("validation_loss")),
            "kept": watched.evaluate(*test),
            "last": unwatched.evaluate(*test),
        }


def _trainers(seed: int) -> tuple[Trainer, Trainer]:
    """Two trainers that take the same steps: the same first weights, the same order of points."""
    networks = [network((2, WIDTH, WIDTH, 1), nn.ReLU) for _ in range(2)]
    networks[1].load_state_dict(networks[0].state_dict())
    first, second = (
        Trainer(n, loss="bce_with_logits", optimizer="adam", lr=LEARNING_RATE, seed=seed) for n in networks
    )
    return first, second


#: what is checked
CLAIMS = {
    "rise": Text(
        "validation loss at the end over its best, the least of all networks",
        "потери на валидации в конце, делённые на лучшие (минимум по сетям)",
    ),
    "train-falls": Text(
        "training loss at the end over that of the best epoch, the largest of all networks",
        "потери на обучении в конце, делённые на потери лучшей эпохи (максимум по сетям)",
    ),
    "best-epoch": Text(
        f"median of the best epoch, of {EPOCHS}",
        f"медиана номера лучшей эпохи, всего эпох {EPOCHS}",
    ),
    "test-gain": Text(
        "test loss of the last weights over that of the kept ones, the least of all networks",
        "потери на тесте с последними весами, делённые на потери с сохранёнными (минимум по сетям)",
    ),
}


def checks(record: Record) -> list[Finding]:
    """In every network the watched loss turns, the training loss does not, and the weights of the turn are better."""
    train, watched = record.series("train"), record.series("watched")
    turn = watched.argmin(axis=1)
    at_turn = np.take_along_axis(train, turn[:, None], axis=1)[:, 0]
    return [
        above("rise", (watched[:, -1] / watched.min(axis=1)).min(), 1.5),
        below("train-falls", (train[:, -1] / at_turn).max(), 0.9),
        below("best-epoch", np.median(turn) + 1, EPOCHS / 4),
        above("test-gain", (record.series("last") / record.series("kept")).min(), 1.2),
    ]


def figure(record: Record) -> Figure:
    """Median losses over the epochs, and the test losses of every network."""
    train, watched = (np.median(record.series(name), axis=0) for name in ("train", "watched"))
    kept, last = record.series("kept"), record.series("last")
    order, epochs = np.argsort(last), np.arange(1, EPOCHS + 1)
    places = np.arange(1, NETWORKS + 1)
    return Figure(
        caption=Text(
            "Left: medians over eight networks. The training loss keeps falling; the validation loss turns at the "
            "dashed line and rises. Right: each network on points that neither training nor stopping has seen, with "
            "its last weights and with those of its best epoch.",
            "Слева: медианы по восьми сетям. Потери на обучении всё время убывают, а на валидации после пунктирной "
            "линии растут. Справа: каждая сеть на точках, которых не видели ни обучение, ни остановка, — с последними "
            "весами и с весами лучшей эпохи.",
        ),
        panels=(
            Panel(
                x=Text("epoch", "эпоха"),
                x_scale="log",
                y=Text("loss", "потери"),
                y_scale="log",
                marks=(
                    curve(epochs, watched, Text("validation", "валидация"), tone=1),
                    curve(epochs, train, Text("training", "обучение"), tone=0),
                    upright(float(epochs[watched.argmin()]), Text("best epoch", "лучшая эпоха")),
                ),
            ),
            Panel(
                x=Text("network", "сеть"),
                y=Text("test loss", "потери на тесте"),
                marks=(
                    curve(places, last[order], Text("last weights", "последние веса"), style="points", tone=1),
                    curve(places, kept[order], Text("best epoch", "лучшая эпоха"), style="points", tone=2),
                ),
            ),
        ),
    )


E22B = Experiment(
    number="E22b",
    title=Text("The loss that turns", "Потери, которые разворачиваются"),
    subject=watch_held_out,
    faults=(
        Fault(
            "watches-training",
            Text("the training set serves as validation set", "валидацией служит сама обучающая выборка"),
            watch_training,
            breaks=("rise", "train-falls", "best-epoch", "test-gain"),
        ),
    ),
    run=run,
    claims=CLAIMS,
    checks=checks,
    figure=figure,
    controls=(Real("noise", 0.4, 0.35, 0.5, Text("standard deviation of the points", "разброс точек")),),
)
