"""E9b: does a large batch overfit? The same networks trained by both, for equal epochs and for equal updates.

Shapes: losses [3 runs, seeds, 2], of training and validation.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from sklon import Trainer, nn, optim
from sklon.lab.apparatus import Array, moons, network
from sklon.lab.check import Finding, above, below
from sklon.lab.controls import Settings
from sklon.lab.experiment import Experiment, Fault, Frame, Record
from sklon.lab.figure import Figure, Panel, curve
from sklon.lab.text import Text

from .variance import Divisor, by_batch, by_rows

ROWS, HELD_OUT, NOISE = 256, 2048, 0.3
SMALL, LR, EPOCHS, SEEDS = 8, 0.1, 50, 5
#: updates of an epoch of small batches
UPDATES = ROWS // SMALL
#: how many times the curves are looked at
LOOKS = 10


@dataclass(frozen=True, slots=True)
class _Run:
    """One training, with what it is judged on. An epoch of ``copies`` of the rows is as many epochs at once."""

    trainer: Trainer
    rows: tuple[Array, Array]
    held_out: tuple[Array, Array]
    batch: int
    copies: int

    def go_on(self, epochs: int) -> None:
        """Train; rows that are all in the batch need no shuffling."""
        data = tuple(np.tile(part, (self.copies, 1)) for part in self.rows)
        self.trainer.fit(data, epochs=epochs, batch_size=self.batch, shuffle=self.batch < ROWS)

    def losses(self) -> tuple[float, float]:
        """On the rows and on the held-out ones."""
        return self.trainer.evaluate(*self.rows), self.trainer.evaluate(*self.held_out)


def run(subject: Divisor, controls: Settings, seed: int) -> Iterator[Frame]:
    """Train on two moons by small batches, by the full batch, and by the full batch for as many updates."""
    runs = [_runs(subject, np.random.default_rng((seed, k)), seed=k) for k in range(SEEDS)]
    for look in range(LOOKS + 1):
        for one in (one for several in runs for one in several if look):
            one.go_on(EPOCHS // LOOKS)
        losses = np.asarray([[one.losses() for one in several] for several in runs])
        yield {"epochs": look * EPOCHS // LOOKS, "losses": losses.transpose(1, 0, 2)}


def _runs(divisor: Divisor, random: np.random.Generator, seed: int) -> list[_Run]:
    """Three runs on the same rows from the same weights: small batches, equal epochs, equal updates."""
    rows, held_out = moons(ROWS, NOISE, random), moons(HELD_OUT, NOISE, random)
    start = network([2, 32, 32, 1], nn.ReLU)
    runs = []
    for batch, copies in ((SMALL, 1), (ROWS, 1), (ROWS, UPDATES)):
        model = network([2, 32, 32, 1], nn.ReLU)
        model.load_state_dict(start.state_dict())
        # the Trainer follows the mean over the batch; another divisor of the sum is another learning rate
        rule = optim.SGDRule(lr=LR * batch / divisor(batch, ROWS))
        trainer = Trainer(model, loss="bce_with_logits", optimizer=rule, seed=seed)
        runs.append(_Run(trainer, rows, held_out, batch, copies))
    return runs


#: what is checked
CLAIMS = {
    "train-at-equal-epochs": Text(
        "training loss after equal epochs: full batch over batch of 8, median of 5",
        "потери на обучении после равного числа эпох: во сколько раз больше с полным батчем, чем с батчем из "
        "8; медиана 5 запусков",
    ),
    "validation-at-equal-epochs": Text(
        "validation loss after equal epochs: full batch over batch of 8, median of 5",
        "потери на валидации после равного числа эпох: во сколько раз больше с полным батчем, чем с батчем "
        "из 8; медиана 5 запусков",
    ),
    "validation-at-equal-updates": Text(
        "validation loss after equal updates: full batch over batch of 8, median of 5",
        "потери на валидации после равного числа обновлений: отношение «полный батч / батч из 8», медиана 5 запусков",
    ),
}


def checks(record: Record) -> list[Finding]:
    """After equal epochs the large batch has learned less; after equal updates it generalizes no worse."""
    small, epochs, updates = record["losses"]
    return [
        above("train-at-equal-epochs", np.median(epochs[:, 0] / small[:, 0]), 1.5),
        above("validation-at-equal-epochs", np.median(epochs[:, 1] / small[:, 1]), 1.2),
        below("validation-at-equal-updates", np.median(updates[:, 1] / small[:, 1]), 1.05),
    ]


def figure(record: Record) -> Figure:
    """Training and validation losses over epochs, and over updates."""
    epochs = record.series("epochs")
    small, equal_epochs, equal_updates = np.median(record.series("losses"), axis=2).swapaxes(0, 1)
    return Figure(
        caption=Text(
            "Two moons, medians of five runs; solid: training, dashed: validation. Left: after equal epochs the full "
            "batch has made a fraction of the updates and is behind on both curves, which is underfitting. Right: with "
            "as many updates it has caught up, and its validation loss is no worse.",
            "Два полумесяца, медианы пяти запусков; сплошная линия — обучение, пунктир — валидация. Слева: за те "
            "же эпохи с полным батчем сделана лишь малая доля обновлений, и обе его кривые отстали — это "
            "недообучение. Справа: при том же числе обновлений полный батч догоняет, и на валидации результат не "
            "хуже.",
        ),
        panels=(
            _panel(Text("epochs", "эпохи"), epochs, small, equal_epochs),
            _panel(Text("hundreds of updates", "сотни обновлений"), epochs * UPDATES / 100, small, equal_updates),
        ),
    )


def _panel(axis: Text, x: Array, small: Array, full: Array) -> Panel:
    return Panel(
        x=axis,
        y=Text("loss", "потери"),
        y_limits=(0.1, 0.75),
        marks=(
            curve(x, small[:, 0], Text("batch of 8", "батч из 8"), tone=0),
            curve(x, small[:, 1], style="dashed", tone=0),
            curve(x, full[:, 0], Text("full batch", "полный батч"), tone=1),
            curve(x, full[:, 1], style="dashed", tone=1),
        ),
    )


E9b = Experiment(
    number="E9b",
    title=Text("Do large batches overfit?", "Переобучается ли модель от большого батча?"),
    subject=by_batch,
    faults=(
        Fault(
            "divides-by-all-rows",
            Text(
                "the gradients of a batch are divided by all N rows, so that a small batch takes tiny steps",
                "градиенты батча делятся на число всех примеров N, и с маленьким батчем шаги крошечные",
            ),
            by_rows,
            breaks=("train-at-equal-epochs", "validation-at-equal-epochs"),
        ),
    ),
    run=run,
    claims=CLAIMS,
    checks=checks,
    figure=figure,
)
