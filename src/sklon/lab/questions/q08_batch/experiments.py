"""E8: the gradients of an epoch's batches add up to the gradient of all rows, and a random batch's is right on average.

Shapes: X [N, 2]; y [N, 1]; gradients flat, over all P parameters.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

import sklon
from sklon import Trainer, nn
from sklon.data import DataLoader, TensorDataset
from sklon.lab.apparatus import moons, network
from sklon.lab.check import Finding, below, equal
from sklon.lab.controls import Settings, Whole
from sklon.lab.experiment import Experiment, Fault, Frame, Record
from sklon.lab.figure import Figure, Panel, curve, level, upright
from sklon.lab.text import Text

Array: TypeAlias = np.ndarray[Any, Any]

#: a number of rows that batches of 32 do not divide: the last one has 26
ROWS, NOISE, HIDDEN = 250, 0.2, 16
#: weights of the first layer, from which the figure takes the two whose gradients vary most
FIRST_LAYER = 2 * HIDDEN
#: rows of a batch that does divide them
EVEN = 50
#: random batches whose gradients are averaged, and how many standard errors the mean may be off
DRAWS, STANDARD_ERRORS = 400, 5.0
#: below the rounding of double precision: what the figure shows for 0
FLOOR = 1e-17


@dataclass(frozen=True, slots=True)
class Accounting:
    """How the batches of an epoch make up one gradient.

    ``share`` is what a batch counts for, from (its rows, rows in all, batches in all); ``drop_last`` leaves out a last
    batch that is short.
    """

    share: Callable[[int, int, int], float]
    drop_last: bool = False


def by_rows(rows: int, rows_in_all: int, batches: int) -> float:
    """Each row counts the same."""
    return rows / rows_in_all


def by_batches(rows: int, rows_in_all: int, batches: int) -> float:
    """Each batch counts the same, however short it is."""
    return 1 / batches


def undivided(rows: int, rows_in_all: int, batches: int) -> float:
    """Gradients are added and never divided."""
    return 1.0


class Study:
    """One network with frozen weights and its data: gradients of any rows."""

    def __init__(self, random: np.random.Generator) -> None:
        self.inputs, self.labels = moons(ROWS, NOISE, random)
        self.model = network([2, HIDDEN, 1])
        self.loss = nn.BCEWithLogitsLoss()

    def backward(self, inputs: Array, labels: Array, share: float = 1.0) -> None:
        """Add ``share`` of the gradient of the mean loss of these rows to ``.grad``."""
        output = self.model(sklon.tensor(inputs))
        (self.loss(output, sklon.tensor(labels)) * share).backward()

    def gradient(self) -> Array:
        """What has been added up in ``.grad``; zeros before anything was."""
        parts = [
            np.zeros_like(p.detach().numpy()) if p.grad is None else p.grad.numpy() for p in self.model.parameters()
        ]
        return np.concatenate([part.ravel() for part in parts])

    def of(self, rows: Array | slice) -> Array:
        """The gradient of the mean loss of some rows."""
        self.model.zero_grad()
        self.backward(self.inputs[rows], self.labels[rows])
        return self.gradient()

    def epoch(self, batch_size: int, accounting: Accounting, seed: int) -> Iterator[tuple[Array, Array]]:
        """After each batch of a shuffled epoch: its own gradient, and what has been added up so far."""
        data = TensorDataset(self.inputs, self.labels)
        loader = DataLoader(data, batch_size, shuffle=True, drop_last=accounting.drop_last, seed=seed)
        self.model.zero_grad()
        before = self.gradient()
        for inputs, labels in loader:
            share = accounting.share(len(inputs), ROWS, len(loader))
            self.backward(inputs.numpy(), labels.numpy(), share)
            after = self.gradient()
            yield (after - before) / share, after
            before = after


def run(subject: Accounting, controls: Settings, seed: int) -> Iterator[Frame]:
    """Add up an epoch batch by batch; draw random batches; count the updates of a training epoch."""
    batch_size = controls["batch_size"]
    random = np.random.default_rng(seed)
    drawn: Array = random.integers(ROWS, size=(DRAWS, batch_size))
    study = Study(random)
    whole = study.of(slice(None))
    yield {"whole": whole}
    for own, so_far in study.epoch(batch_size, subject, seed):
        yield {"batch": own, "sum": so_far}
    even = np.mean([own for own, _ in study.epoch(EVEN, subject, seed)], axis=0)
    yield {"even": np.abs(even - whole).max()}
    yield {"draws": np.stack([study.of(rows) for rows in drawn])}
    trainer = Trainer(study.model, loss="bce_with_logits", optimizer="sgd")
    data = study.inputs, study.labels
    trainer.fit(data, epochs=1, batch_size=batch_size, drop_last=subject.drop_last)
    yield {"updates": trainer.step}


#: what is checked
CLAIMS = {
    "whole": Text(
        "largest difference between the accumulated gradient and that of all rows",
        "наибольшее расхождение накопленного градиента с градиентом по всем примерам",
    ),
    "even-batches": Text(
        "the same for a plain mean over batches of equal size",
        "то же для простого среднего по батчам одного размера",
    ),
    "unbiased": Text(
        "mean over random batches: largest deviation from the full gradient, in standard errors",
        "среднее по случайным батчам: наибольшее отклонение от полного градиента, в стандартных ошибках",
    ),
    "updates": Text("updates in one epoch of training", "обновлений весов за эпоху обучения"),
}


def checks(record: Record) -> list[Finding]:
    """The parts make the whole; a random part is right on average; the number of updates."""
    whole, draws = record["whole"], record["draws"]
    off = (draws.mean(0) - whole) / (draws.std(0, ddof=1) / np.sqrt(DRAWS))
    return [
        below("whole", np.abs(record["sum"] - whole).max(), 1e-12),
        below("even-batches", record["even"], 1e-12),
        below("unbiased", np.abs(off).max(), STANDARD_ERRORS),
        equal("updates", record["updates"], -(-ROWS // record.controls["batch_size"])),
    ]


def figure(record: Record) -> Figure:
    """The cloud of batch gradients around the full one; and how an epoch's batches add up to it."""
    whole, draws, own = record["whole"], record["draws"], record.series("batch")
    i, j = np.argsort(draws[:, :FIRST_LAYER].std(0))[-2:]
    gaps = np.linalg.norm(record.series("sum") - whole, axis=1) / np.linalg.norm(whole)
    return Figure(
        caption=Text(
            "Left: gradients of random batches in two of the weights: a cloud around the gradient of all rows (where "
            "the dashed lines cross), and those of the batches of one epoch. Right: the batches of an epoch are added "
            "up with the share of their rows; with the last one the difference from the full gradient drops to the "
            "rounding error.",
            "Слева: градиенты случайных батчей по двум весам образуют облако вокруг градиента по всем примерам "
            "(пересечение пунктирных линий); отдельно показаны батчи одной эпохи. Справа: батчи эпохи "
            "складываются с весами, равными доле их примеров; на последнем батче расхождение с полным градиентом "
            "падает до ошибки округления.",
        ),
        panels=(
            Panel(
                x=Text("gradient in one weight", "градиент по одному весу"),
                y=Text("gradient in another", "градиент по другому весу"),
                marks=(
                    curve(draws[:, i], draws[:, j], Text("random batch", "случайный батч"), style="points", tone=0),
                    curve(own[:, i], own[:, j], Text("batch of the epoch", "батч эпохи"), style="points", tone=1),
                    upright(whole[i]),
                    level(whole[j]),
                ),
            ),
            Panel(
                x=Text("batches added up", "сложено батчей"),
                y=Text("difference / full gradient", "расхождение / полный градиент"),
                y_scale="log",
                marks=(curve(np.arange(1, len(gaps) + 1), np.maximum(gaps, FLOOR), style="line+points", tone=1),),
            ),
        ),
    )


E8 = Experiment(
    number="E8",
    title=Text("The parts make the whole", "Целое из частей"),
    subject=Accounting(by_rows),
    faults=(
        Fault(
            "drop-last",
            Text(
                "the short last batch is left out and the others are averaged",
                "неполный последний батч отброшен, остальные усреднены",
            ),
            Accounting(by_batches, drop_last=True),
            breaks=("whole", "updates"),
        ),
        Fault(
            "unweighted",
            Text("the short batch counts as much as a full one", "неполный батч весит столько же, сколько полный"),
            Accounting(by_batches),
            breaks=("whole",),
        ),
        Fault(
            "undivided",
            Text("gradients are added up and never divided", "градиенты сложили, но не разделили"),
            Accounting(undivided),
            breaks=("whole",),
        ),
    ),
    run=run,
    claims=CLAIMS,
    checks=checks,
    figure=figure,
    controls=(Whole("batch_size", 32, 1, ROWS, Text("rows in a batch", "примеров в батче")),),
)

EXPERIMENTS = (E8,)
