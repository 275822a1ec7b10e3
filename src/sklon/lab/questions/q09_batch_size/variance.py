"""E9: the variance of a batch's gradient over the size of the batch.

Shapes: signed [N, d], the rows y·x of a logistic regression; counts [draws, N], how often each row is in each batch;
gradients [draws, d].
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeAlias

import numpy as np

import sklon
from sklon import nn
from sklon.lab.apparatus import Array, leaf, power
from sklon.lab.check import Finding, below, between, near
from sklon.lab.controls import Settings, Whole
from sklon.lab.experiment import Experiment, Fault, Frame, Record
from sklon.lab.figure import Figure, Panel, curve, level, upright
from sklon.lab.text import Text

#: by what the sum of a batch's losses is divided, from the rows of the batch and those of the data set
Divisor: TypeAlias = Callable[[int, int], int]

DRAWS = 4000
#: how far a ratio of variances may be from 1; chance alone moves it by one or two hundredths
TOLERANCE = 0.05


def by_batch(batch: int, rows: int) -> int:
    """The mean over the batch."""
    return batch


def by_rows(batch: int, rows: int) -> int:
    """A sum over the batch, divided by all rows."""
    return rows


def run(subject: Divisor, controls: Settings, seed: int) -> Iterator[Frame]:
    """Draw many batches of each size, with and without replacement, and measure how far their gradients spread."""
    random = np.random.default_rng(seed)
    rows, features = controls["rows"], controls["features"]
    signed = random.choice([-1.0, 1.0], (rows, 1)) * random.standard_normal((rows, features))
    weights = random.standard_normal(features) / np.sqrt(features)
    # the gradient of ln(1 + exp(−y·x·w)) is −yx/(1 + exp(y·x·w))
    single = -signed / (1 + np.exp(signed @ weights))[:, None]
    full, spread = single.mean(0), _distance(single, single.mean(0))
    for batch in sizes(rows, controls["batch_size"]):
        without = random.multivariate_hypergeometric(np.ones(rows, int), batch, DRAWS, method="count")
        distances = [
            _distance(gradients(signed, weights, counts, subject(batch, rows)), full)
            for counts in (without, _replaced(rows, batch, random))
        ]
        yield {
            "batch": batch,
            "without": distances[0],
            "replaced": distances[1],
            "law": spread / batch * (rows - batch) / (rows - 1),
            "replaced_law": spread / batch,
        }


def sizes(rows: int, chosen: int) -> list[int]:
    """Powers of two below the number of rows, the chosen size, and all rows."""
    return sorted({*(2**k for k in range(rows.bit_length()) if 2**k < rows), chosen, rows})


def gradients(signed: Array, weights: Array, counts: Array, divisor: int) -> Array:
    """The gradient of the logistic loss of each batch, all in one backward pass: each batch has weights of its own."""
    copies = leaf(np.tile(weights, (len(counts), 1)))
    losses = nn.functional.softplus(-(copies @ sklon.tensor(signed).T))
    (sklon.tensor(counts.astype(np.float64)) * losses / divisor).sum().backward()
    assert copies.grad is not None
    return copies.grad.numpy()


def _replaced(rows: int, batch: int, random: np.random.Generator) -> Array:
    """How often each row is drawn when every draw is from all rows."""
    drawn = random.integers(rows, size=(DRAWS, batch)) + rows * np.arange(DRAWS)[:, None]
    return np.bincount(drawn.ravel(), minlength=DRAWS * rows).reshape(DRAWS, rows)


def _distance(vectors: Array, centre: Array) -> float:
    """The mean squared distance from a centre."""
    return float(((vectors - centre) ** 2).sum(1).mean())


#: what is checked
CLAIMS = {
    "variance-ratio": Text(
        "variance of the batch's gradient over S/B·(1 − B/N), where it is farthest from 1",
        "отношение дисперсии градиента батча к S/B·(1 − B/N) там, где оно дальше всего от 1",
    ),
    "chosen-size": Text(
        "the same variance over theory at batches of {batch_size}",
        "отношение той же дисперсии к теоретической при батче из {batch_size}",
    ),
    "variance-full": Text(
        "variance of the gradient over all rows (B = N)", "дисперсия градиента по всем примерам (B = N)"
    ),
    "replaced-slope": Text(
        "with replacement the variance is ∝ Bᵖ with p", "при выборе с возвращением дисперсия ∝ Bᵖ, показатель p"
    ),
}


def checks(record: Record) -> list[Finding]:
    """Variance over theory for every batch, nothing left at all rows, and the power law with replacement."""
    batch, without, law = record.series("batch"), record.series("without"), record.series("law")
    ratios = without[:-1] / law[:-1]
    chosen = record.controls["batch_size"]
    return [
        between("variance-ratio", ratios[np.argmax(np.abs(ratios - 1))], 1 - TOLERANCE, 1 + TOLERANCE, predicted=1.0),
        between("chosen-size", ratios[list(batch).index(chosen)], 1 - TOLERANCE, 1 + TOLERANCE, predicted=1.0),
        below("variance-full", without[-1], 1e-20, predicted=0.0),
        near("replaced-slope", power(batch, record.series("replaced")), -1.0, within=0.03),
    ]


def figure(record: Record) -> Figure:
    """Both variances over the batch size with their laws, and how far each is from its law."""
    batch, without, replaced = (record.series(n) for n in ("batch", "without", "replaced"))
    law, replaced_law = record.series("law"), record.series("replaced_law")
    size = Text("batch size B", "размер батча B")
    return Figure(
        caption=Text(
            "How far the gradients of random batches spread around the gradient over all rows. Left: twice as many "
            "rows, half the variance. Without replacement it falls faster near the end and is zero when the batch "
            "holds all rows. Right: measured over predicted.",
            "Разброс градиентов случайных батчей вокруг градиента по всем примерам. Слева: вдвое больше примеров "
            "— вдвое меньше дисперсия. Если примеры не повторяются, ближе к концу она падает быстрее и "
            "обращается в нуль, когда в батч попали все примеры. Справа: отношение измеренного к предсказанному.",
        ),
        panels=(
            Panel(
                x=size,
                y=Text("variance of the gradient", "дисперсия градиента"),
                x_scale="log",
                y_scale="log",
                marks=(
                    curve(batch, replaced_law, Text("law S/B", "закон S/B"), style="dashed", tone=0),
                    curve(batch, replaced, Text("with replacement", "с возвращением"), style="points", tone=0),
                    curve(batch[:-1], law[:-1], Text("law S/B·(1 − B/N)", "закон S/B·(1 − B/N)"), tone=1),
                    curve(
                        batch[:-1],
                        without[:-1],
                        Text("without replacement", "без возвращения"),
                        style="points",
                        tone=1,
                    ),
                ),
            ),
            Panel(
                x=size,
                y=Text("measured / predicted", "измерено / предсказано"),
                x_scale="log",
                y_limits=(0.9, 1.1),
                marks=(
                    curve(batch, replaced / replaced_law, style="line+points", tone=0),
                    curve(batch[:-1], without[:-1] / law[:-1], style="line+points", tone=1),
                    upright(record.controls["batch_size"], Text("chosen size", "выбранный размер"), tone=4),
                    level(1 - TOLERANCE, Text("bounds", "границы")),
                    level(1 + TOLERANCE),
                ),
            ),
        ),
    )


E9 = Experiment(
    number="E9",
    title=Text("The noise of a batch", "Шум батча"),
    subject=by_batch,
    faults=(
        Fault(
            "divides-by-all-rows",
            Text(
                "the sum over the batch is divided by all N rows instead of the B rows of the batch",
                "сумма по батчу делится на число всех примеров N, а не на размер батча B",
            ),
            by_rows,
            breaks=("variance-ratio", "chosen-size", "replaced-slope"),
        ),
    ),
    run=run,
    claims=CLAIMS,
    checks=checks,
    figure=figure,
    controls=(
        Whole("batch_size", 8, 1, 60, Text("rows in a batch, B", "примеров в батче, B")),
        Whole("rows", 512, 64, 512, Text("rows of the data set, N", "примеров в выборке, N")),
        Whole("features", 20, 10, 50, Text("inputs of the model", "входов у модели")),
    ),
)
