"""E21b: the Trainer's parts: the step of the whole batch, with two layers of dropout, weights, a ragged end, clipping.

A difference is ‖Δw − Δw of the whole batch‖/‖Δw of the whole batch‖ after one step. Streams of random numbers, from
which others draw the masks of one part after another, stand beside it. Shapes: masks [rows, units].
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from sklon import Tensor, Trainer, nn, optim
from sklon.graph.node import Node
from sklon.lab.apparatus import Array
from sklon.lab.check import Finding, above, below
from sklon.lab.controls import Real, Settings, Whole
from sklon.lab.experiment import Experiment, Fault, Frame, Record
from sklon.lab.figure import Figure
from sklon.lab.text import Text
from sklon.tensors.modes import random_source, random_words

from .differences import differences

#: makes the layer that drops with a probability
Dropping: TypeAlias = Callable[[float], nn.Module]

ROWS, INPUTS, WIDTH = 64, 6, 32
#: parts of single rows, and parts of which the last is short: 24 + 24 + 16
SINGLE, RAGGED = 1, 24
LIMIT = 0.1
EXACT, LARGE = 1e-13, 0.1


@dataclass(frozen=True, slots=True)
class _WithoutPlace:
    """Random words for a layer that does not know where its rows stand in the batch."""

    given: tuple[Node, Node, Node, Node]

    def words(self) -> tuple[Node, Node, Node, Node]:
        return self.given

    def first_row(self) -> Node | None:
        return None


class OfThePart(nn.Dropout):
    """Dropout whose masks follow from the row's place in its part, and not in the batch."""

    def forward(self, x: Tensor) -> Tensor:
        with random_source(_WithoutPlace(random_words())):
            return super().forward(x)


class Masked(nn.Module):
    """The same network; its masks come with the rows."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second, self.last = (
            nn.Linear(inputs, outputs, dtype="float64")
            for inputs, outputs in ((INPUTS, WIDTH), (WIDTH, WIDTH), (WIDTH, 1))
        )

    def forward(self, x: Tensor, first_mask: Tensor, second_mask: Tensor) -> Tensor:
        hidden = nn.functional.tanh(self.first(x)) * first_mask
        output: Tensor = self.last(nn.functional.tanh(self.second(hidden)) * second_mask)
        return output


def run(subject: Dropping, controls: Settings, seed: int) -> Iterator[Frame]:
    """One step on a batch as a whole and in parts of several sizes; with everything; with masks from streams."""
    p, micro = controls["p"], controls["micro_batch"]
    random = np.random.default_rng(seed)
    inputs, targets = random.standard_normal((ROWS, INPUTS)), random.standard_normal((ROWS, 1))
    dropping = _Stepped(_network(subject, p), seed)
    whole = dropping.step((inputs, targets))
    for name, rows in (("dropout", micro), ("single", SINGLE), ("ragged", RAGGED)):
        yield {name: _apart(dropping.step((inputs, targets), rows), whole)}
    everything = _Stepped(dropping.model, seed, clip=optim.ClipNorm(LIMIT))
    data = (inputs, targets, random.uniform(0.2, 2.0, ROWS))
    yield {"everything": _apart(everything.step(data, RAGGED), everything.step(data))}
    masked = _Stepped(Masked(), seed)
    for name, layers in (("one_stream", 1), ("two_streams", 2)):
        steps = [masked.step(((inputs, *_drawn(size, layers, p, seed)), targets)) for size in (micro, ROWS)]
        yield {name: _apart(*steps)}


def _network(drop: Dropping, p: float) -> nn.Sequential:
    return nn.Sequential(
        nn.Linear(INPUTS, WIDTH, dtype="float64"), nn.Tanh(), drop(p),
        nn.Linear(WIDTH, WIDTH, dtype="float64"), nn.Tanh(), drop(p),
        nn.Linear(WIDTH, 1, dtype="float64"),
    )  # fmt: skip


class _Stepped:
    """One step of SGD at a time, always from the same weights, with the same seed."""

    def __init__(self, model: nn.Module, seed: int, **settings: Any) -> None:
        self.model, self.seed, self.settings = model, seed, settings
        self.start = {name: value.copy() for name, value in model.state_dict().items()}

    def step(self, data: Any, micro_batch: int | None = None) -> Array:
        """By how much all weights move in a step on the batch, as a whole or in parts."""
        self.model.load_state_dict(self.start)
        trainer = Trainer(self.model, loss="mse", optimizer="sgd", lr=1.0, seed=self.seed, **self.settings)
        trainer.fit(data, epochs=1, batch_size=ROWS, micro_batch_size=micro_batch, shuffle=False)
        now = self.model.state_dict()
        return np.concatenate([(now[name] - value).ravel() for name, value in self.start.items()])


def _drawn(part: int, layers: int, p: float, seed: int) -> tuple[Array, Array]:
    """Masks of both layers from one stream, part after part and within a part layer after layer."""
    stream = np.random.default_rng([seed, 1])
    masks = np.ones((2, ROWS, WIDTH))
    for start in range(0, ROWS, part):
        rows = slice(start, min(start + part, ROWS))
        for layer in range(layers):
            masks[layer, rows] = (stream.random((rows.stop - start, WIDTH)) >= p) / (1 - p)
    return masks[0], masks[1]


def _apart(found: Array, whole: Array) -> float:
    return float(np.linalg.norm(found - whole) / np.linalg.norm(whole))


#: what is checked
CLAIMS = {
    "dropout-in-parts": Text(
        "two dropout layers in the Trainer, relative difference",
        "два слоя dropout в Trainer, относительное отличие",
    ),
    "single-rows": Text("the same row by row, relative difference", "то же по одному примеру, относительное отличие"),
    "ragged-end": Text(
        "the same with parts of 24, 24 and 16 rows, relative difference",
        "то же при частях по 24, 24 и 16 примеров, относительное отличие",
    ),
    "everything": Text(
        "with row weights, a short last part and clipping besides, relative difference",
        "а ещё с весами примеров, короткой последней частью и обрезкой, относительное отличие",
    ),
    "stream-one-layer": Text(
        "masks from a stream, one dropout layer, relative difference",
        "маски из потока случайных чисел, один слой dropout, относительное отличие",
    ),
    "stream-two-layers": Text(
        "masks from a stream, two dropout layers, relative difference",
        "маски из потока случайных чисел, два слоя dropout, относительное отличие",
    ),
}


def checks(record: Record) -> list[Finding]:
    """In parts the Trainer takes the step of the batch; masks from a stream give it with one dropout layer, not two."""
    return [
        below("dropout-in-parts", record["dropout"], EXACT),
        below("single-rows", record["single"], EXACT),
        below("ragged-end", record["ragged"], EXACT),
        below("everything", record["everything"], EXACT),
        below("stream-one-layer", record["one_stream"], EXACT),
        above("stream-two-layers", record["two_streams"], LARGE),
    ]


#: what is shown
SHOWN = (
    ("single", True, Text("Trainer, 1 row", "Trainer, по 1")),
    ("ragged", True, Text("Trainer, 24 rows", "Trainer, по 24")),
    ("everything", True, Text("Trainer, all at once", "Trainer, всё сразу")),
    ("one_stream", True, Text("stream, 1 layer", "поток, 1 слой")),
    ("two_streams", False, Text("stream, 2 layers", "поток, 2 слоя")),
)


def figure(record: Record) -> Figure:
    """The difference of each way on a logarithmic axis."""
    return Figure(
        caption=Text(
            "One step with two dropout layers, in parts against the whole batch. In the Trainer the difference is "
            "rounding, since a mask follows from the row's place in the batch. Masks that come from one stream of "
            "random numbers, part after part, happen to be those of the whole batch if there is a single dropout "
            "layer: its bar has no height. With two layers they are others.",
            "Один шаг с двумя слоями dropout: по частям и по всему батчу. В Trainer отличие не больше ошибок "
            "округления, потому что маска зависит от места примера в батче. Если маски берутся из одного потока "
            "случайных чисел, часть за частью, то при единственном слое dropout они случайно совпадают с масками "
            "всего батча: у этого столбца нет высоты. При двух слоях маски уже другие.",
        ),
        panels=(
            differences(
                record,
                SHOWN,
                Text("where the masks come from", "откуда берутся маски"),
                EXACT,
                Text("bound", "граница"),
            ),
        ),
    )


E21B = Experiment(
    number="E21b",
    title=Text("Two layers of dropout", "Два слоя dropout"),
    subject=nn.Dropout,
    faults=(
        Fault(
            "place-in-the-part",
            Text(
                "masks follow from the row's place in its part, so all parts have the same ones",
                "маска зависит от места примера в части, и у всех частей маски одинаковы",
            ),
            OfThePart,
            breaks=("dropout-in-parts", "single-rows", "ragged-end", "everything"),
        ),
    ),
    run=run,
    claims=CLAIMS,
    checks=checks,
    figure=figure,
    controls=(
        Whole("micro_batch", 8, 1, 32, Text("rows in a part", "примеров в части")),
        Real("p", 0.3, 0.1, 0.7, Text("probability of dropping a unit", "вероятность занулить нейрон")),
    ),
)
