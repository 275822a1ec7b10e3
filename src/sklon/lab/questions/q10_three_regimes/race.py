"""E10b: who is first at 10 % of the excess loss: counted in examples, in updates, and in seconds.

Logistic regression on two Gaussian classes. All learning rates run side by side as outputs of one layer.
Shapes: inputs [N, features + 1]; targets [N, 1], −1 or 1; weights [rates, features + 1]; excess [rates].
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import TypeAlias

import numpy as np

import sklon
from sklon import Tensor, Trainer, nn
from sklon.lab.apparatus import Array
from sklon.lab.check import Finding, above, below
from sklon.lab.controls import Settings, Whole
from sklon.lab.experiment import Experiment, Fault, Frame, Record
from sklon.lab.figure import Figure, Panel, curve, level
from sklon.lab.text import Text

#: in which order an epoch takes rows with these targets
Order: TypeAlias = Callable[[Array, np.random.Generator], Array]

ROWS = 2048
BATCHES = (1, 32, 256, ROWS)
RATES = 2.0 ** np.arange(-8, 5)
#: the excess loss that is to be reached, as a share of that at the start
GOAL = 0.1
#: the first look at the weights comes after so many examples; how many follow, ever further apart
FIRST_LOOK, LOOKS = 16, 24
#: passes over the rows that the full batch may need
FULL_PASSES = 4
#: orders over which the excess loss is averaged
ORDERS = 3


def shuffled(targets: Array, random: np.random.Generator) -> Array:
    """Any order."""
    return random.permutation(len(targets))


def by_class(targets: Array, random: np.random.Generator) -> Array:
    """The order of a file that was sorted: all rows of one class, then all of the other."""
    return np.argsort(targets[:, 0], kind="stable")


class Logistic(nn.Loss):
    """Σ over outputs of η·ln(1 + exp(−y·output)): a step of rate 1 is a step of rate η for each output's weights."""

    def __init__(self, rates: Array) -> None:
        super().__init__()
        self.rates: Tensor
        self.register_buffer("rates", sklon.tensor(rates))

    def per_sample(self, output: Tensor, target: Tensor) -> Tensor:
        return (self.rates * nn.functional.softplus(-target * output)).sum(1)


def run(subject: Order, controls: Settings, seed: int) -> Iterator[Frame]:
    """Race the batch sizes, each at all rates, and keep the best of each; then clock an update of each."""
    random = np.random.default_rng(seed)
    inputs, targets = _two_classes(controls["features"], random)
    excess = _excess(inputs, targets)
    orders = [subject(targets, random) for _ in range(ORDERS)]
    for i, batch in enumerate(BATCHES):
        courses = [list(_course(inputs[order], targets[order], batch)) for order in orders]
        examples = np.asarray([seen for seen, _ in courses[0]])
        curves = np.mean([[excess(weights) for _, weights in course] for course in courses], axis=0)
        best = _first(curves).argmin()
        reached = _first(curves)[best]
        yield {
            f"examples-{i}": np.concatenate([[0], examples]),
            f"excess-{i}": np.concatenate([[1.0], curves[:, best]]),
            f"needed-{i}": examples[int(reached)] if np.isfinite(reached) else np.inf,
            f"seconds-{i}": _seconds(inputs, targets, batch),
        }


def _two_classes(features: int, random: np.random.Generator) -> tuple[Array, Array]:
    """As many rows of each class, one unit to both sides of the origin, and a constant input."""
    centre = random.standard_normal(features)
    targets = np.repeat([-1.0, 1.0], ROWS // 2)[:, None]
    inputs = random.standard_normal((ROWS, features)) + targets * centre / np.linalg.norm(centre)
    return np.concatenate([inputs, np.ones((ROWS, 1))], axis=1), targets


def _trainer(inputs: Array, rates: Array) -> Trainer:
    """A trainer of one layer with an output for each rate, from weights 0."""
    layer = nn.Linear(inputs.shape[1], len(rates), bias=False, dtype="float64")
    with sklon.no_grad():
        layer.weight.zero_()
    return Trainer(layer, loss=Logistic(rates), optimizer="sgd", lr=1.0)


def _course(inputs: Array, targets: Array, batch: int) -> Iterator[tuple[int, Array]]:
    """How many examples were seen, and the weights, at each look. Examples come in the order of the rows."""
    trainer = _trainer(inputs, RATES)
    for start, end in pairwise([0, *_looks(batch)]):
        rows = np.arange(start, end) % ROWS
        trainer.fit((inputs[rows], targets[rows]), epochs=1, batch_size=batch, shuffle=False)
        yield end, next(trainer.model.parameters()).numpy()


def _looks(batch: int) -> list[int]:
    """After how many examples the weights are looked at: whole batches, at about equal ratios."""
    stride, last = max(batch, FIRST_LOOK), FULL_PASSES * ROWS if batch == ROWS else ROWS
    return [int(k) * stride for k in np.unique(np.geomspace(1, last / stride, LOOKS).round())]


def _excess(inputs: Array, targets: Array) -> Callable[[Array], Array]:
    """The loss above the lowest one, as a share of what it is above it at weights 0."""
    signed = inputs * targets

    def loss(weights: Array) -> Array:
        return np.asarray(np.logaddexp(0, -signed @ weights.T).mean(0))

    lowest = float(loss(_minimum(signed)))
    return lambda weights: (loss(weights) - lowest) / (np.log(2) - lowest)


def _minimum(signed: Array) -> Array:
    """The weights of the lowest loss, by Newton's method."""
    weights = np.zeros(signed.shape[1])
    for _ in range(20):
        wrong = 1 / (1 + np.exp(signed @ weights))
        curvature = (signed.T * (wrong * (1 - wrong))) @ signed
        weights += np.linalg.solve(curvature, wrong @ signed)
    return weights


def _first(curves: Array) -> Array:
    """At which look each rate is at the goal first; ∞ for one that never is."""
    return np.where((curves <= GOAL).any(0), (curves <= GOAL).argmax(0), np.inf)


def _seconds(inputs: Array, targets: Array, batch: int) -> float:
    """Seconds of an update at a single rate, in the quickest of a few epochs."""
    history = _trainer(inputs, RATES[:1]).fit((inputs, targets), epochs=4, batch_size=batch)
    clock = history.curve("seconds")
    return min(later - earlier for earlier, later in pairwise(clock)) / -(-ROWS // batch)


def _needed(record: Record, batch: int) -> float:
    """Examples that a batch size needed."""
    return float(record[f"needed-{BATCHES.index(batch)}"])


#: what is checked
CLAIMS = {
    "examples-single": Text(
        "examples that B = 1 needs, as a share of those that B = N needs",
        "сколько примеров нужно при B = 1, в долях от нужного при B = N",
    ),
    "examples-mini": Text(
        "examples that B = 32 needs, as a share of those that B = N needs",
        "сколько примеров нужно при B = 32, в долях от нужного при B = N",
    ),
    "updates-single": Text(
        "updates of B = 1 over updates of B = N",
        "во сколько раз больше обновлений нужно при B = 1, чем при B = N",
    ),
}


def checks(record: Record) -> list[Finding]:
    """Single examples win by examples seen; the full batch wins by updates made."""
    return [
        below("examples-single", _needed(record, 1) / _needed(record, ROWS), 0.5),
        below("examples-mini", _needed(record, 32) / _needed(record, ROWS), 0.5),
        above("updates-single", _needed(record, 1) / (_needed(record, ROWS) / ROWS), 100),
    ]


def figure(record: Record) -> Figure:
    """The excess loss of each batch size over examples, updates and seconds."""
    names = ("B = 1", "B = 32", "B = 256", "B = N")

    def panel(axis: Text, unit: Callable[[int], float]) -> Panel:
        curves = [
            # from the first update on: a logarithmic axis has no 0
            curve(
                record[f"examples-{i}"][1:] * unit(i),
                np.maximum(record[f"excess-{i}"][1:], 1e-4),
                Text(name, name) if axis.en == "updates" else None,
                style="line+points" if batch >= 256 else "line",
                tone=i,
            )
            for i, (name, batch) in enumerate(zip(names, BATCHES, strict=True))
        ]
        return Panel(
            x=axis,
            y=Text("share of the excess loss", "доля избыточных потерь"),
            x_scale="log",
            y_scale="log",
            y_limits=(1e-3, 1.5),
            marks=(*curves, level(GOAL)),
        )

    return Figure(
        caption=Text(
            "The same race on three clocks; each batch size runs at its best learning rate, and the dashed line is the "
            "goal. By examples seen, the full batch is last. By updates made, it is first. By seconds, the computer "
            "decides: one row alone does not keep it busy.",
            "Одна и та же гонка по трём часам; у каждого размера батча своя наилучшая скорость обучения, пунктир "
            "— финиш. По числу просмотренных примеров полный батч приходит последним, по числу обновлений — "
            "первым. В секундах всё зависит от компьютера: одним примером его не загрузить.",
        ),
        panels=(
            panel(Text("examples", "примеры"), lambda i: 1.0),
            panel(Text("updates", "обновления"), lambda i: 1 / BATCHES[i]),
            panel(
                Text("seconds (measured here)", "секунды (измерено здесь)"),
                lambda i: record[f"seconds-{i}"] / BATCHES[i],
            ),
        ),
    )


E10b = Experiment(
    number="E10b",
    title=Text("A race on three clocks", "Гонка по трём часам"),
    subject=shuffled,
    faults=(
        Fault(
            "sorted-by-class",
            Text(
                "rows are never shuffled and come sorted by class",
                "примеры не перемешиваются и идут отсортированными по классам",
            ),
            by_class,
            breaks=("examples-single", "examples-mini"),
        ),
    ),
    run=run,
    claims=CLAIMS,
    checks=checks,
    figure=figure,
    controls=(Whole("features", 30, 25, 40, Text("inputs of the model", "входов у модели")),),
)
