"""E23b: patience in a training run: it stops where the recorded curve says, and brings the best weights back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeAlias

import numpy as np

from sklon import Trainer, nn
from sklon.lab.apparatus import Array, moons, network
from sklon.lab.check import Finding, equal, near
from sklon.lab.controls import Settings, Whole
from sklon.lab.experiment import Experiment, Fault, Frame, Record
from sklon.lab.figure import Figure, Panel, curve, level, upright
from sklon.lab.text import Text
from sklon.training.stopping import Curves, Patience, StoppingRule, replay

Data: TypeAlias = tuple[Array, Array]
#: trains with a rule and returns the validation loss after each epoch
Fit: TypeAlias = Callable[[Trainer, Data, Data, StoppingRule], list[float]]

POINTS, HELD_OUT, NOISE = 40, 200, 0.4
WIDTH, BATCH, LEARNING_RATE = 64, 8, 0.001
MOST_EPOCHS = 400


def restoring(trainer: Trainer, data: Data, held_out: Data, rule: StoppingRule) -> list[float]:
    """The Trainer's own early stopping, which puts the best weights back."""
    history = trainer.fit(data, epochs=MOST_EPOCHS, batch_size=BATCH, validation=held_out, early_stopping=rule)
    return list(history.curve("validation_loss"))


def breaking_off(trainer: Trainer, data: Data, held_out: Data, rule: StoppingRule) -> list[float]:
    """A loop of one's own that ends by the same rule and keeps the weights that it has then."""
    losses: list[float] = []
    while len(losses) < MOST_EPOCHS and rule.check(Curves(losses)) is None:
        trainer.fit(data, epochs=1, batch_size=BATCH)
        losses.append(trainer.evaluate(*held_out))
    return losses


def run(subject: Fit, controls: Settings, seed: int) -> Iterator[Frame]:
    """Train a large network on few points until patience ends it; evaluate what it has then."""
    random = np.random.default_rng(seed)
    data, held_out = (moons(count, NOISE, random) for count in (POINTS, HELD_OUT))
    model = network((2, WIDTH, WIDTH, 1), nn.ReLU)
    trainer = Trainer(model, loss="bce_with_logits", optimizer="adam", lr=LEARNING_RATE, seed=seed)
    rule = Patience(controls["patience"])
    watched = subject(trainer, data, held_out, rule)
    found = replay(rule, Curves(watched))
    yield {
        "watched": np.array(watched),
        "replayed": found.epoch,
        "best_epoch": found.best_epoch,
        "kept": trainer.evaluate(*held_out),
    }


#: what is checked
CLAIMS = {
    "stopped-as-replayed": Text(
        "epochs of training, and where the curve says stop", "эпох обучения и где велит остановиться кривая"
    ),
    "too-late": Text("epochs after the best one", "эпох после лучшей"),
    "restored": Text(
        "validation loss of the result / least of the curve", "потери результата на валидации / наименьшие"
    ),
}


def checks(record: Record) -> list[Finding]:
    """Where training ended, how many epochs that was too late, and which weights it has."""
    watched = record["watched"]
    return [
        equal("stopped-as-replayed", len(watched), record["replayed"]),
        equal("too-late", len(watched) - record["best_epoch"], record.controls["patience"]),
        near("restored", record["kept"] / watched.min(), 1.0, within=1e-9),
    ]


def figure(record: Record) -> Figure:
    """The validation loss of the run with its best epoch, its end, and the level of the result."""
    watched = record["watched"]
    return Figure(
        caption=Text(
            "The validation loss of a network on few points. Training ends as many epochs after the best one as "
            "patience allows; the result has the loss of the best epoch and not that of the last.",
            "Потери на валидации у сети, которая учится на немногих точках. Обучение заканчивается через столько эпох "
            "после лучшей, сколько разрешает терпение; у результата потери лучшей эпохи, а не последней.",
        ),
        panels=(
            Panel(
                x=Text("epoch", "эпоха"),
                y=Text("validation loss", "потери на валидации"),
                marks=(
                    curve(np.arange(1, len(watched) + 1), watched, tone=0),
                    upright(record["best_epoch"], Text("best epoch", "лучшая эпоха"), tone=2),
                    upright(len(watched), Text("stop", "остановка"), tone=4),
                    level(record["kept"], Text("result", "результат"), tone=2),
                ),
            ),
        ),
    )


E23B = Experiment(
    number="E23b",
    title=Text("Patience in a training run", "Терпение в настоящем обучении"),
    subject=restoring,
    faults=(
        Fault(
            "breaks-off",
            Text(
                "a loop of one's own breaks off and keeps its last weights",
                "самодельный цикл прерывается и оставляет последние веса",
            ),
            breaking_off,
            breaks=("restored",),
        ),
    ),
    run=run,
    claims=CLAIMS,
    checks=checks,
    figure=figure,
    controls=(Whole("patience", 20, 2, 50, Text("epochs without an improvement", "сколько эпох ждать улучшения")),),
)
